"""Media of a node's library that no project uses: surveyed, and deleted only when asked."""

import logging
from pathlib import Path

import anyio.to_thread

from cuems.adapters.staging import Stage, open_stage
from cuems.app.project import load_show
from cuems.core.deploy_meter import mib
from cuems.core.manifest import SCRIPT, needed_files

log = logging.getLogger(__name__)


async def survey_unused(library: Path) -> str:
    """What could be deleted, in a line; each file is logged."""
    async with open_stage(library) as stage:
        unused = await _unused(stage)
    for name, size in sorted(unused.items()):
        log.info("no project uses %s (%s)", name, mib(size))
    return f"{_counted(unused)} could be deleted"


async def remove_unused(library: Path) -> str:
    """Delete it, in a line. Raises CuemsError: with a script that cannot be read, nothing goes."""
    async with open_stage(library) as stage:
        unused = await _unused(stage)
        await anyio.to_thread.run_sync(stage.remove_media, sorted(unused))
    for name, size in sorted(unused.items()):
        log.info("deleted %s (%s), no project uses it", name, mib(size))
    return f"{_counted(unused)} deleted"


async def _unused(stage: Stage) -> dict[str, int]:
    """Whatever a project says, of whichever node: a cue may move to another one."""
    used: set[str] = set()
    for project in await anyio.to_thread.run_sync(_projects, stage.library):
        show = await load_show(stage.library, project)
        used.update(file.name for file in needed_files(project, show))
    return await anyio.to_thread.run_sync(stage.unused_media, used)


def _projects(library: Path) -> list[str]:
    return sorted(path.parent.name for path in (library / "projects").glob(f"*/{SCRIPT}"))


def _counted(unused: dict[str, int]) -> str:
    return f"{len(unused)} files of {mib(sum(unused.values()))} that no project uses"
