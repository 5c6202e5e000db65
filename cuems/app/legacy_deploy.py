"""Deploy from an upstream controller's daemon, which serves files and no manifest.

Project files first, since they say which media are needed (interop.md 9). What exists is asked
before anything is fetched, so that a missing file is named and nothing is half there. What has
come cannot be verified.
"""

import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from cuems.adapters.rsync import STALL_S, STARTUP_S, Fetch, fetch, list_present
from cuems.core.cuelist import is_played_by, walk
from cuems.core.cues import AudioCue, NodeId, Show, VideoCue
from cuems.core.manifest import INDEXED_SUFFIXES, OPTIONAL_FILES, SCRIPT
from cuems.core.status import DeployProgress
from cuems.wire.rsync import (
    Progress,
    RsyncNameError,
    Source,
    check_name,
)
from cuems.wire.rsync_errors import (
    DeployError,
    missing_diagnosis,
)

PROJECT_S = 60.0  # a few small files; more means that something is wrong
MEDIA_S = 4 * 3600.0  # a terabyte on a gigabit line; a stall is seen long before
SPARE_BYTES = 1 << 30  # a node whose disk is full cannot even write its log

ReadMedia = Callable[[Path], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A project (by its folder's name) that `node` is to have in its library."""

    project: str
    node: NodeId
    source: Source
    library: Path
    limit_kib_per_s: int = 0
    startup_s: float = STARTUP_S
    stall_s: float = STALL_S
    project_s: float = PROJECT_S
    media_s: float = MEDIA_S


def media_names(show: Show, node: NodeId) -> tuple[str, ...]:
    """The media of the cues that `node` plays, each once, sorted."""
    return tuple(
        sorted(
            {
                cue.media.file_name
                for cue in walk(show.cue_list)
                if isinstance(cue, AudioCue | VideoCue)
                and cue.media is not None
                and is_played_by(cue, node)
            }
        )
    )


async def deploy_project(
    deployment: Deployment,
    read_media: ReadMedia,
    on_progress: Callable[[DeployProgress], None],
) -> None:
    """Bring a project's files, then its media.

    `read_media` is given the project's local folder once its files are there, and returns the
    bare names of the media this node needs. Progress rises from 0 and ends at 100. Raises
    DeployError, RsyncNameError; without a script at the source nothing local has changed.
    """
    on_progress(DeployProgress(deployment.node, 0, "project files"))
    await _in_time(deployment, deployment.project_s, lambda: fetch_project(deployment))
    folder = deployment.library / "projects" / deployment.project
    names = await read_media(folder)
    percent = 0

    def report(progress: Progress) -> None:
        nonlocal percent
        percent = max(percent, min(progress.percent, 99))  # 100 is for the end of everything
        on_progress(DeployProgress(deployment.node, percent, _speed(progress)))

    await _in_time(deployment, deployment.media_s, lambda: fetch_media(deployment, names, report))
    on_progress(DeployProgress(deployment.node, 100, ""))


async def fetch_project(deployment: Deployment) -> None:
    """Bring the script, and mappings and settings where the source has them."""
    folder = f"projects/{_bare(deployment.project)}"
    script = f"{folder}/{SCRIPT}"
    wanted = (script, *(f"{folder}/{name}" for name in OPTIONAL_FILES))
    present = await list_present(_fetch(deployment, wanted))
    _check_present(deployment, (script,), present)
    await fetch(_fetch(deployment, tuple(present)), lambda _: None)


async def fetch_media(
    deployment: Deployment, names: Sequence[str], on_progress: Callable[[Progress], None]
) -> None:
    """Bring media files, given by bare name, and the video indexes that the source has."""
    media = tuple(f"media/{_bare(name)}" for name in names)
    if not media:
        return
    indexes = tuple(
        f"media/indexes/{name}.idx" for name in names if name.lower().endswith(INDEXED_SUFFIXES)
    )
    present = await list_present(_fetch(deployment, media + indexes))
    _check_present(deployment, media, present)
    await anyio.to_thread.run_sync(_check_space, deployment, present)
    await fetch(_fetch(deployment, tuple(present)), on_progress)


def _bare(name: str) -> str:
    if "/" in check_name(name):
        raise RsyncNameError(name, "expected a bare name, found a path")
    return name


def _fetch(deployment: Deployment, names: tuple[str, ...]) -> Fetch:
    return Fetch(
        node=deployment.node,
        source=deployment.source,
        names=names,
        library=deployment.library,
        limit_kib_per_s=deployment.limit_kib_per_s,
        startup_s=deployment.startup_s,
        stall_s=deployment.stall_s,
    )


async def _in_time(
    deployment: Deployment, deadline_s: float, transfer: Callable[[], Awaitable[None]]
) -> None:
    with anyio.move_on_after(deadline_s) as scope:
        await transfer()
    if scope.cancelled_caught:
        raise DeployError(
            node=deployment.node,
            what=f"{deployment.project} has not arrived in {deadline_s:g} s",
            remedy="check the network and load again; what came stays for the next time",
        )


def _check_present(
    deployment: Deployment, needed: Sequence[str], present: Mapping[str, int]
) -> None:
    missing = [name for name in needed if name not in present]
    if missing:
        found = missing_diagnosis(missing)
        raise DeployError(
            node=deployment.node, what=found.what, remedy=found.remedy, file=found.file
        )


def _check_space(deployment: Deployment, present: Mapping[str, int]) -> None:
    """Raises DeployError when what differs in size would fill the disk."""
    needed = sum(size for name, size in present.items() if _size(deployment.library / name) != size)
    free = shutil.disk_usage(deployment.library).free
    if needed and free < needed + SPARE_BYTES:
        raise DeployError(
            node=deployment.node,
            what=f"{_mib(needed)} are to come and {_mib(free)} are free",
            remedy=f"free {_mib(needed + SPARE_BYTES - free)} in {deployment.library}",
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _mib(size_bytes: int) -> str:
    return f"{-(-size_bytes // (1 << 20))} MiB"


def _speed(progress: Progress) -> str:
    return f"{_mib(progress.bytes_per_s)}/s, {progress.eta_s} s left"
