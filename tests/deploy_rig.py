"""Two libraries with a real rsync daemon between them, for tests and benches of deploy."""

import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from cuems.adapters.hashes import FileHashes
from cuems.adapters.rsync_daemon import Daemon, open_rsync_daemon
from cuems.app.deploy import Deployment, Report, deploy
from cuems.app.manifests import make_manifest, publish_manifest
from cuems.core.cues import AudioCue, AudioOutput, CueId, CueList, Media, NodeId, Show
from cuems.core.reports import DeployPlanReport, DeployReport

NODE = NodeId("7f1f6ae0-5d2b-4a5e-9d33-0d6d3f2b9a10")


@asynccontextmanager
async def at_once(ask: Callable[[], None]) -> AsyncIterator[None]:
    """It is this node's turn."""
    yield


@dataclass
class Rig:
    """A controller's library and a node's, with a daemon between them."""

    folder: Path
    daemon: Daemon
    reports: list[Report] = field(default_factory=list)
    media: list[str] = field(default_factory=lambda: ["rain.wav"])
    news: anyio.Event = field(default_factory=anyio.Event)

    def take(self, report: Report) -> None:
        self.reports.append(report)
        self.news.set()
        self.news = anyio.Event()

    async def has_come(self, size_bytes: int) -> None:
        """Wait until so many bytes of it all have arrived."""
        while not any(report.done_bytes > size_bytes for report in self.progress()):
            await self.news.wait()

    @property
    def source(self) -> Path:
        return self.folder / "controller"

    @property
    def node(self) -> Path:
        return self.folder / "node"

    def write(self, name: str, data: bytes) -> Path:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    async def published(self) -> str:
        """The hash of the project as it is at the controller now."""
        cues = tuple(
            AudioCue(
                id=CueId(name),
                media=Media(file_name=name),
                outputs=(AudioOutput(output_name=f"{NODE}_0"),),
            )
            for name in self.media
        )
        show = Show(id="s", name="s", cue_list=CueList(id=CueId("l"), contents=cues))
        hashes = FileHashes(self.source, self.folder / "source-hashes")
        manifest = await make_manifest(hashes, "demo", show)
        return await publish_manifest(self.daemon.manifests, manifest)

    def deployment(self, project_hash: str) -> Deployment:
        return Deployment(
            project="demo",
            project_hash=project_hash,
            node=NODE,
            source=self.daemon.source,
            library=self.node,
            hashes=FileHashes(self.node, self.folder / "node-hashes"),
            turn=at_once,
            report=self.take,
        )

    async def deploy(self) -> tuple[str, ...]:
        with anyio.fail_after(60):
            return await deploy(self.deployment(await self.published()))

    def plan(self) -> DeployPlanReport:
        """The newest that was reported."""
        return [report for report in self.reports if isinstance(report, DeployPlanReport)][-1]

    def progress(self) -> list[DeployReport]:
        return [report for report in self.reports if isinstance(report, DeployReport)]


@asynccontextmanager
async def open_rig(folder: Path) -> AsyncIterator[Rig]:
    library = folder / "controller"
    (library / "projects/demo").mkdir(parents=True)
    (library / "media").mkdir()
    (library / "projects/demo/script.xml").write_text("<one/>")
    (library / "media/rain.wav").write_bytes(os.urandom(3_000_000))
    async with open_rsync_daemon(library=library, state=folder / "rsync", secret="s") as daemon:
        yield Rig(folder, daemon)


def files_of(library: Path) -> dict[str, bytes]:
    """What is in a library's place, not on its stage."""
    return {
        str(path.relative_to(library)): path.read_bytes()
        for path in sorted(library.rglob("*"))
        if path.is_file() and not str(path.relative_to(library)).startswith(".")
    }


def children(command: bytes) -> list[int]:
    """The processes of this run whose command begins so."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes()
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if line.startswith(command) and parent == os.getpid():
            found.append(int(entry.name))
    return found


def daemon_children() -> list[int]:
    """The processes that send a library's files."""
    return children(b"rsync\0--daemon")


def clients() -> list[int]:
    """The processes that fetch files."""
    return children(b"rsync\0--times")


def sent_each(rig: Rig) -> list[int]:
    """What the daemon sent, transfer by transfer."""
    log = (rig.folder / "rsync/rsyncd.log").read_text()
    return [int(found) for found in re.findall(r"sent (\d+) bytes", log)]
