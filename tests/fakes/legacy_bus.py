"""How an upstream controller or node uses the bus (interop.md 3.1, 3.2): five keys, NNG's defaults.

Written from that page alone, and sharing no code with cuems, so that it can disagree with it.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.lowlevel
import pynng

KINDS = {"cue", "player", "command", "status"}
ACTIONS = {"add", "remove", "update"}
KEYS = ("type", "action", "sender", "target", "data")

Operation = dict[str, Any]


class LegacyBus:
    """One upstream end. `received` are the operations it took, `dropped` why it took others not."""

    def __init__(self, socket: pynng.Bus0, uuid: str) -> None:
        self.uuid = uuid
        self.received: list[Operation] = []
        self.dropped: list[str] = []
        self._socket = socket
        self._changed = anyio.Event()

    async def send(self, kind: str, action: str, target: str, data: object) -> None:
        operation = dict(zip(KEYS, (kind, action, self.uuid, target, data), strict=True))
        await self._socket.asend(json.dumps(operation).encode())

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to become true of this end, by a message it hears."""
        while not condition():
            await self._changed.wait()

    async def serve(self, react: Callable[[Operation], Awaitable[None]]) -> None:
        """Take messages as upstream does, for ever; a reaction is finished before the next."""
        while True:
            try:
                data = await self._socket.arecv()
            except anyio.get_cancelled_exc_class():
                await anyio.lowlevel.checkpoint_if_cancelled()
                raise
            await self._take(data, react)
            self._changed.set()
            self._changed = anyio.Event()

    async def _take(self, data: bytes, react: Callable[[Operation], Awaitable[None]]) -> None:
        try:
            operation = json.loads(data)
        except ValueError:
            operation = {"raw_data": data}
        if not isinstance(operation, dict):
            self.dropped.append("not an object")
        elif operation.get("__type__") == "ping":
            await self._pong(operation)
        elif "__type__" not in operation:
            await self._operate(operation, react)

    async def _pong(self, ping: Operation) -> None:
        now = datetime.now(UTC).isoformat()
        pong = {"__type__": "pong", "timestamp": now, "ping_timestamp": ping.get("timestamp")}
        await self._socket.asend(json.dumps(pong).encode())

    async def _operate(
        self, operation: Operation, react: Callable[[Operation], Awaitable[None]]
    ) -> None:
        missing = [key for key in KEYS if key not in operation]
        if missing:
            self.dropped.append(f"KeyError {missing[0]}")
        elif operation["type"] not in KINDS:
            self.dropped.append(f"ValueError {operation['type']}")
        elif operation["action"] not in ACTIONS:
            self.dropped.append(f"ValueError {operation['action']}")
        else:
            taken = {key: operation[key] for key in KEYS}
            self.received.append(taken)
            await react(taken)


@asynccontextmanager
async def serving(
    bus: LegacyBus, react: Callable[[Operation], Awaitable[None]]
) -> AsyncIterator[None]:
    """The bus serves while the block runs."""
    async with anyio.create_task_group() as tg:
        tg.start_soon(bus.serve, react)
        yield
        tg.cancel_scope.cancel()
