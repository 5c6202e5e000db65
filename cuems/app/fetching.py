"""What a node does so that a project is in its library: nothing, where it is the controller's."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from cuems.adapters.files import cluster_key_path, read_deploy_key, read_small_file
from cuems.adapters.hashes import FileHashes
from cuems.app import legacy_deploy
from cuems.app.deploy import Deployment, Report, check, deploy
from cuems.app.project import load_show
from cuems.app.unused import remove_unused, survey_unused
from cuems.core import bus
from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError
from cuems.core.reports import DeployReport
from cuems.core.status import DeployProgress
from cuems.wire.rsync import Source, derive_secret

ASK_AGAIN_S = 2.0  # for a turn: an answer may be lost
LEGACY_PORT, LEGACY_USER, LEGACY_MODULE = 873, "cuems_library_rsync", "cuems"

log = logging.getLogger(__name__)


class NoKeyError(CuemsError):
    """This node cannot fetch from a controller whose rig it does not belong to."""

    def __init__(self, state: Path) -> None:
        super().__init__(
            f"{cluster_key_path(state)} is missing, so no files can be fetched: give this machine"
            " the rig's key (cuems key show on the controller, cuems key new --stdin here)"
        )


class NothingServedError(CuemsError):
    """The controller serves no files."""

    def __init__(self) -> None:
        super().__init__("the controller serves no files: install rsync there")


class SameLibraryError(CuemsError):
    """What may be deleted from a copy may not be deleted from the original."""

    def __init__(self) -> None:
        super().__init__("this node's library is the controller's own: nothing is deleted there")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A node's library and how it gets there. `library_identity` is adapters/files.py's.

    `legacy_secret` is a file with the password of an upstream controller's rsync daemon.
    """

    node: NodeId
    library: Path
    library_identity: str
    state: Path
    bus_url: Callable[[], str]
    legacy_secret: Path | None = None


class Fetching:
    """A node's way to a project's files: one deploy at a time, one turn at a time."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._hashes = FileHashes(place.library, place.state / "hashes")
        self._one_at_a_time = anyio.Lock()
        self._my_turn = False
        self._turn_told = anyio.Event()

    async def fetch(self, load: bus.LoadCommand, report: Callable[[Report], None]) -> None:
        """Bring what a load needs; raises CuemsError, and what was there before stays whole."""
        source = load.source
        if source is None:
            await self._fetch_legacy(load.project, report)
            return
        if source.library == self._place.library_identity:
            return
        if source.port and not source.project_hash:
            report(DeployReport(0, "the controller looks at its files", "preparing"))
            await anyio.sleep_forever()  # another load tells, and cancels this one
        async with self._one_at_a_time:
            deployment = await self._deployment(load.project, source, report)
            missing = await deploy(deployment)
        report(_done(0, missing))

    async def obey(
        self, command: bus.DeployCommand, report: Callable[[Report], None]
    ) -> DeployReport:
        """Do what is asked of a project's files; what is to be told at the end."""
        async with self._one_at_a_time:
            try:
                return await self._obey(command, report)
            except CuemsError as error:
                log.warning("deploy of %s: %s", command.project, error)
                return DeployReport(0, str(error), "failed", command.deploy_seq)

    async def _obey(
        self, command: bus.DeployCommand, report: Callable[[Report], None]
    ) -> DeployReport:
        seq, ours = command.deploy_seq, command.source.library == self._place.library_identity
        match command.verb:
            case "check" | "deploy" if ours:
                return DeployReport(100, "the library is the controller's own", "done", seq)
            case "check":
                await check(await self._deployment(command.project, command.source, report, seq))
                return DeployReport(100, "", "done", seq)
            case "deploy":
                deployment = await self._deployment(command.project, command.source, report, seq)
                return _done(seq, await deploy(deployment))
            case "unused" | "gc":
                if ours:
                    raise SameLibraryError
                act = survey_unused if command.verb == "unused" else remove_unused
                return DeployReport(100, await act(self._place.library), "done", seq)
            case _:
                raise UnknownVerbError(command.verb)

    async def _deployment(
        self,
        project: str,
        source: bus.Source,
        report: Callable[[Report], None],
        deploy_seq: int = 0,
    ) -> Deployment:
        place = self._place
        if source.port == 0:
            raise NothingServedError
        key = await anyio.to_thread.run_sync(lambda: read_deploy_key(place.state, make=False))
        if key is None:
            raise NoKeyError(place.state)
        return Deployment(
            project=project,
            project_hash=source.project_hash,
            node=place.node,
            source=Source(host=self._host(), port=source.port, secret=derive_secret(key)),
            library=place.library,
            hashes=self._hashes,
            turn=self._turn,
            report=report,
            deploy_seq=deploy_seq,
        )

    def _host(self) -> str:
        return urlsplit(self._place.bus_url()).hostname or "127.0.0.1"

    # ---- turns

    def told_turn(self, turn: bus.DeployTurn) -> None:
        """The controller says who may transfer."""
        self._my_turn = self._place.node in turn.nodes
        self._turn_told.set()
        self._turn_told = anyio.Event()

    @asynccontextmanager
    async def _turn(self, ask: Callable[[], None]) -> AsyncIterator[None]:
        self._my_turn = False
        while not self._my_turn:
            ask()
            with anyio.move_on_after(ASK_AGAIN_S):
                while not self._my_turn:
                    await self._turn_told.wait()
        yield

    # ---- an upstream controller

    async def _fetch_legacy(self, project: str, report: Callable[[Report], None]) -> None:
        place = self._place
        if place.legacy_secret is None:
            return
        log.warning("files come from an upstream controller's daemon: nothing is verified")
        data = await anyio.to_thread.run_sync(read_small_file, place.legacy_secret)
        deployment = legacy_deploy.Deployment(
            project=project,
            node=place.node,
            source=Source(
                host=self._host(),
                port=LEGACY_PORT,
                secret=data.decode(errors="replace").strip(),
                user=LEGACY_USER,
                module=LEGACY_MODULE,
            ),
            library=place.library,
        )

        async def read_media(folder: Path) -> Sequence[str]:
            return legacy_deploy.media_names(
                await load_show(place.library, folder.name), place.node
            )

        def progress(status: DeployProgress) -> None:
            state = "done" if status.percent == 100 else "fetching"
            report(DeployReport(status.percent, f"{status.detail} (not verified)", state))

        await legacy_deploy.deploy_project(deployment, read_media, progress)


def _done(deploy_seq: int, missing: Sequence[str]) -> DeployReport:
    if not missing:
        return DeployReport(100, "", "done", deploy_seq)
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    detail = f"{missing[0]}{more} not in the controller's library: put it there and load again"
    return DeployReport(100, detail, "incomplete", deploy_seq)


class UnknownVerbError(CuemsError):
    """A later controller wants something that this node does not know."""

    def __init__(self, verb: str) -> None:
        super().__init__(f"this node does not know the deploy verb {verb!r:.40}: update it")
