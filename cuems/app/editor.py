"""What the ecosystem's editor asks of a controller, and what it is answered (interop.md 4).

Every request is answered once: within ANSWER_S, or with the reason why not. A load is answered
when its outcome is known, which is when the project is read, found sound and told to the nodes;
what then keeps it from being armed is on the control surface. `project_deploy` is the same: a node
fetches what it is told to load. The editor itself gives up after 25 s.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from cuems.adapters.ipc import WHO_MAY, IpcError, serve_requests
from cuems.app.links import Asker, Asks, ControllerItem
from cuems.app.nodelist import Nodelist, NotDoneError, url
from cuems.core.errors import CuemsError
from cuems.core.operator import AdoptNode, LoadProject, OperatorCommand, PressGo, UnloadProject
from cuems.core.status import Loaded, NodeHealth, Running
from cuems.core.status_board import StatusBoard
from cuems.wire import ipc

ANSWER_S = 2.0
LOAD_S = 20.0
RETRY_S = 5.0  # until the place where the editor finds us is free

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorParts:
    """What it takes to serve an editor, in the folder of the sockets; `board` is all statuses.

    It runs as one of the nodelist's `users`; a `stranger` is counted, by a name and why it is one.
    """

    folder: Path
    nodelist: Nodelist
    board: StatusBoard
    send: MemoryObjectSendStream[ControllerItem]
    stranger: Callable[[str, str], None]


async def serve_editor(parts: EditorParts) -> None:
    """Serve the editor until cancelled; where that cannot be, say so and try again."""
    desk = EditorDesk(parts)
    told = ""
    while True:
        try:
            async with anyio.create_task_group() as tg:
                at = url(parts.folder, "editor")
                place = await tg.start(serve_requests, at, desk.reply, desk.refuse)
                log.info("the editor is served at %s", place)
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

    def refuse(self, data: bytes, user: int | None) -> bytes | None:
        """The answer to somebody who is not the editor; None where it may be."""
        users = self._parts.nodelist.users
        if users is None or user in users:
            return None
        text = f"a program of user {user} asks in the editor's place: {WHO_MAY}"
        self._parts.stranger(f"user {user}", text)
        try:
            asked = ipc.read_editor_request(data)
        except ipc.EditorRequestError as error:
            return ipc.not_done(error.action, error.uuid, text)
        return ipc.not_done(asked.action, asked.uuid, text)

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
                await self._parts.nodelist.ask("hwdiscovery", ipc.to_request(value))
            case ipc.Nodeconf():
                await self._parts.nodelist.ask("nodeconf", ipc.nodeconf(asked.wish))
            case ipc.NodelistModify(node, modify):
                wish = AdoptNode(node, adopt=modify is ipc.Modify.ADD)
                await self._command(asked.action, wish, ANSWER_S)
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

    def _project_status(self) -> dict[str, object]:
        running = any(status.value for status in self._parts.board.of(Running))
        script = "".join(status.script for status in self._parts.board.of(Loaded))
        return ipc.project_status(running=running, script=script)

    async def _cluster_status(self) -> dict[str, object]:
        own = self._parts.nodelist.own
        health = self._parts.board.of(NodeHealth)
        alive = frozenset(status.node for status in health if status.state in ("ok", "late"))
        adopted = await self._parts.nodelist.adopted()
        return ipc.cluster_status(
            alive=alive,
            adopted=alive | {own} if adopted is None else frozenset(adopted),
            controller=own,
        )
