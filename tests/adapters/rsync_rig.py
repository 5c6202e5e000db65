"""Two libraries and real rsync between them, for the tests of both ends."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cuems.adapters.rsync import Fetch
from cuems.adapters.rsync_daemon import open_rsync_daemon
from cuems.core.cues import NodeId
from cuems.wire.rsync import Progress, Source

SECRET = "open sesame"


def make_library(library: Path) -> Path:
    """A controller's library with a project of one sound."""
    (library / "projects/demo").mkdir(parents=True)
    (library / "media").mkdir()
    (library / "projects/demo/script.xml").write_text("<script/>")
    (library / "media/rain.wav").write_bytes(os.urandom(3_000_000))
    return library


@asynccontextmanager
async def serving(library: Path) -> AsyncIterator[Source]:
    async with open_rsync_daemon(
        library=library, state=library.parent / "state", secret=SECRET
    ) as daemon:
        yield daemon.source


def wanted(source: Source, library: Path, *names: str) -> Fetch:
    return Fetch(node=NodeId("n1"), source=source, names=names, library=library)


def ignore(_: Progress) -> None:
    pass


def descendants() -> list[int]:
    """Processes of this test run that rsync started or is."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
                parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[1]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if command.startswith(b"rsync") and int(parent) == os.getpid():
                found.append(int(entry.name))
    return found


def shown(pid: int, part: str) -> bytes:
    return Path(f"/proc/{pid}/{part}").read_bytes()


def daemon_child() -> int:
    (found,) = [pid for pid in descendants() if b"--daemon" in shown(pid, "cmdline")]
    return found


def received(library: Path) -> list[str]:
    """Every file of a library, in whatever folder."""
    return sorted(str(p.relative_to(library)) for p in library.rglob("*") if p.is_file())
