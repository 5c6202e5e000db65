"""What the ecosystem's editor asks of a controller, and what it is answered (interop.md 4).

Every request is answered once: within ANSWER_S, or with the reason why not. A load is answered
when its outcome is known, which is when the project is read, found sound and told to the nodes;
what then keeps it from being armed is on the control surface. `project_deploy` is the same: a node
fetches what it is told to load. The editor itself gives up after 25 s.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectSendStream

from cuems.adapters.files import read_small_file
from cuems.adapters.ipc import IpcError, request, serve_requests
from cuems.app.links import Asker, Asks, ControllerItem
from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError
from cuems.core.operator import LoadProject, OperatorCommand, PressGo, UnloadProject
from cuems.core.status import Loaded, NodeHealth, Running, StatusBoard
from cuems.wire import ipc
from cuems.wire.network_map_xml import read_network_map

ANSWER_S = 2.0
PEER_S = 1.5  # nodeconf, hwdiscovery: the editor is to hear of their silence within ANSWER_S
LOAD_S = 20.0
RETRY_S = 5.0  # until the place where the editor finds us is free

log = logging.getLogger(__name__)


class NotDoneError(CuemsError):
    """What the editor asked for is not done; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorParts:
    """What is needed to serve an editor. `folder` holds the sockets; `board` is what clients see.

    `network_map` is the file that says who belongs to the rig, None where there is none.
    """

    controller: NodeId
    folder: Path
    network_map: Path | None
    board: StatusBoard
    send: MemoryObjectSendStream[ControllerItem]

    def url(self, name: str) -> str:
        """Where one of the ecosystem's sockets is."""
        return f"ipc://{self.folder / name}.ipc"


async def serve_editor(parts: EditorParts) -> None:
    """Serve the editor until cancelled; where that cannot be, say so and try again."""
    desk = EditorDesk(parts)
    told = ""
    while True:
        try:
            async with anyio.create_task_group() as tg:
                url = await tg.start(serve_requests, parts.url("editor"), desk.reply)
                log.info("the editor is served at %s", url)
                told = ""
        except* IpcError as group:
            if str(group.exceptions[0]) != told:
                told = str(group.exceptions[0])
                log.warning("the editor cannot be served: %s", told)
        await anyio.sleep(RETRY_S)


class EditorDesk:
    """Answers requests; several at the same time."""

    def __init__(self, parts: EditorParts) -> None:
        self._parts = parts

    async def reply(self, data: bytes) -> bytes:
        """The answer to a request, whatever it is."""
        try:
            asked = ipc.read_editor_request(data)
        except ipc.EditorRequestError as error:
            log.warning("request of the editor refused: %s", error)
            return ipc.not_done(error.action, error.uuid, str(error))
        try:
            return ipc.done(asked, await self._do(asked))
        except CuemsError as error:
            log.info("the editor's %s is refused: %s", asked.action, error)
            return ipc.not_done(asked.action, asked.uuid, str(error))

    async def _do(self, asked: ipc.EditorRequest) -> str | Mapping[str, object]:
        match asked.wish:
            case ipc.ProjectReady(project) | ipc.ProjectDeploy(project):
                await self._load(asked.action, project)
            case ipc.ProjectUnload():
                await self._command(asked.action, UnloadProject(), ANSWER_S)
            case ipc.GoScript():
                await self._command(asked.action, PressGo(), ANSWER_S)
            case ipc.ProjectStatus():
                return self._project_status()
            case ipc.ClusterStatus():
                return await self._cluster_status()
            case ipc.HwDiscovery(value):
                await self._ask("hwdiscovery", ipc.to_request(value))
            case ipc.Nodeconf():
                await self._ask("nodeconf", ipc.nodeconf(asked.wish))
            case ipc.NodelistModify():
                await self._ask("nodeconf", ipc.nodelist_modify(asked.wish))
            case _:
                assert_never(asked.wish)
        return ipc.OK

    async def _load(self, action: str, project: str) -> None:
        try:
            await self._command(action, LoadProject(project), LOAD_S)
        except NotDoneError as error:
            raise NotDoneError(f"Project script error: {error}") from error

    async def _command(self, action: str, command: OperatorCommand, deadline_s: float) -> None:
        """Have the controller do it; NotDoneError with its reason."""
        asker = Asker()
        with anyio.move_on_after(deadline_s) as deadline:
            await self._parts.send.send(Asks(asker, f"the editor's {action}", command))
            reason = await asker.answered()
        if deadline.cancelled_caught:
            raise NotDoneError(f"no outcome within {deadline_s:g} s: it may be done or not")
        if reason:
            raise NotDoneError(reason)

    async def _ask(self, name: str, data: bytes) -> None:
        """Have one of the ecosystem's daemons do it; IpcError or NotDoneError."""
        reason = ipc.why_not_done(await request(self._parts.url(name), data, PEER_S))
        if reason:
            raise NotDoneError(f"{name}: {reason}")

    def _project_status(self) -> dict[str, object]:
        running = any(status.value for status in self._parts.board.of(Running))
        script = "".join(status.script for status in self._parts.board.of(Loaded))
        return ipc.project_status(running=running, script=script)

    async def _cluster_status(self) -> dict[str, object]:
        health = self._parts.board.of(NodeHealth)
        return ipc.cluster_status(
            alive=frozenset(status.node for status in health if status.state in ("ok", "late")),
            adopted=await self._adopted(),
            controller=self._parts.controller,
        )

    async def _adopted(self) -> frozenset[NodeId]:
        """The controller belongs to the rig without being told."""
        path = self._parts.network_map
        if path is None:
            return frozenset({self._parts.controller})
        data = await anyio.to_thread.run_sync(read_small_file, path)
        nodes = read_network_map(data, str(path)).nodes
        return frozenset({self._parts.controller, *(node.uuid for node in nodes if node.adopted)})
