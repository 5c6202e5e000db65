"""The ecosystem's editor, nodeconf and hwdiscovery as interop.md 4 has them.

Written from that page alone, and sharing no code with cuems, so that they can disagree with it.
"""

import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import anyio.lowlevel
import pynng

EDITOR_PATIENCE_S = 25.0


@dataclass
class Editor:
    """Asks as the editor does: one request socket for each request, and 25 s of patience."""

    folder: Path
    received: list[dict[str, Any]] = field(default_factory=list)

    async def ask(self, action: str, value: object = "", **more: object) -> dict[str, Any]:
        """The whole reply; fails unless it is the reply to this very request."""
        uuid = str(uuid4())
        request = {"action": action, "action_uuid": uuid, "value": value, **more}
        reply = json.loads(await self.say(json.dumps(request).encode()))
        assert reply["action_uuid"] == uuid
        assert reply["type"] in (action, "error")
        self.received.append(reply)
        return dict(reply)

    async def say(self, data: bytes) -> bytes:
        with pynng.Req0(dial=f"ipc://{self.folder}/editor.ipc") as socket:
            with anyio.fail_after(EDITOR_PATIENCE_S):
                await socket.asend(data)
                answer: bytes = await socket.arecv()
        return answer


@dataclass
class Daemon:
    """Replies to one request at a time; `received` are the requests."""

    state: dict[str, bool]
    received: list[Any] = field(default_factory=list)


def _nodeconf_reply(daemon: Daemon, request: Any) -> dict[str, object]:
    """`state` says of each node whether it is online."""
    match request:
        case {"action": "nodelist_modify", "value": uuid, "modify_action": action}:
            if action not in ("ADD", "REMOVE"):
                return {"OK": False, "error": f"Invalid modify_action: {action}"}
            if uuid not in daemon.state:
                return {"OK": False, "error": f"Node {uuid} not found"}
            if action == "ADD" and not daemon.state[uuid]:
                return {"OK": False, "error": f"Cannot adopt node {uuid}: node is offline"}
            return {"OK": True}
        case {"action": action}:
            return {"OK": False, "error": f"unknown action: {action}"}
        case _:
            return {"OK": False, "error": "unknown action: None"}


@asynccontextmanager
async def open_nodeconf(folder: Path, nodes: dict[str, bool]) -> AsyncIterator[Daemon]:
    """nodeconf, which knows these nodes and whether each is online."""
    async with _open_daemon(folder / "nodeconf.ipc", Daemon(nodes), _nodeconf_reply) as daemon:
        yield daemon


@asynccontextmanager
async def open_hwdiscovery(folder: Path, *, works: bool = True) -> AsyncIterator[Daemon]:
    """hwdiscovery: any object with some value "OK" is success."""

    def reply(daemon: Daemon, _: Any) -> dict[str, object]:
        return {"result": "OK" if daemon.state["works"] else "no such card"}

    path, state = folder / "hwdiscovery.ipc", {"works": works}
    async with _open_daemon(path, Daemon(state), reply) as daemon:
        yield daemon


@asynccontextmanager
async def _open_daemon(
    path: Path, daemon: Daemon, reply: Callable[[Daemon, Any], dict[str, object]]
) -> AsyncIterator[Daemon]:
    async def serve(socket: pynng.Rep0) -> None:
        while True:
            try:
                request = json.loads(await socket.arecv())
                daemon.received.append(request)
                await socket.asend(json.dumps(reply(daemon, request)).encode())
            except anyio.get_cancelled_exc_class():
                await anyio.lowlevel.checkpoint_if_cancelled()
                raise

    with pynng.Rep0(listen=f"ipc://{path}") as socket:
        os.chmod(path, 0o666)
        async with anyio.create_task_group() as tg:
            tg.start_soon(serve, socket)
            yield daemon
            tg.cancel_scope.cancel()
