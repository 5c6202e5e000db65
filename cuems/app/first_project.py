"""Which project a controller loads at its start, and the show it goes on with after a crash."""

import logging
from pathlib import Path

import anyio.to_process
import anyio.to_thread

from cuems.adapters.files import library_identity
from cuems.adapters.journal_reader import remembered
from cuems.app.config import ConfigError, RunConfig
from cuems.app.opening import FoundHours
from cuems.core.settings import Resume
from cuems.core.stands import Remembered
from cuems.demo.show import is_empty, write_demo

log = logging.getLogger(__name__)


async def show_before(config: RunConfig) -> Remembered | None:
    """The show to go on with, where the controller before has died in the middle of one."""
    if config.resolved.settings.resume == Resume.OFF:
        return None
    found = await anyio.to_thread.run_sync(remembered, config.state / "journal")
    if found is None or not found.stands.project:
        return None
    log.warning("the controller before has died: %s as in run %s", found.stands.project, found.run)
    return found


async def first_project(config: RunConfig, hours: FoundHours) -> str | None:
    """What to load at the start: what was asked for, or the demo where there is nothing at all."""
    await anyio.to_thread.run_sync(library_identity, config.library)  # is it a folder at all?
    has_shows = not await anyio.to_thread.run_sync(is_empty, config.library)
    said = config.load or hours.schedule.auto_start.project or None
    if said is not None or has_shows or not config.embedded:
        return said or await anyio.to_thread.run_sync(_only_project, config.library)
    log.info("the library %s is empty: writing the demo show", config.library)
    try:
        return await anyio.to_process.run_sync(
            write_demo, config.library, config.node, cancellable=True
        )
    except OSError as error:
        place = error.filename or config.library
        raise ConfigError(f"the demo show cannot be written: {place}: {error.strerror}") from error


def _only_project(library: Path) -> str | None:
    projects = [path.parent.name for path in (library / "projects").glob("*/script.xml")]
    return projects[0] if len(projects) == 1 else None
