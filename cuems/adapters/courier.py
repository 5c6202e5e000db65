"""One task that sends all WebSocket clients what is yet to be sent to them (adapters/clients.py).

A task for each would wait, linger and be woken for each news: at 500 clients that took four times
as long, and 7 KiB of each. Part of the control port (control.py).
"""

import math
from collections.abc import Sequence
from functools import partial

import anyio
import anyio.lowlevel
from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from cuems.adapters.clients import LINGER_S, STALLED_S, Outbox

FRAMES_AT_ONCE = 16  # those that wait longer can still be replaced
CLIENTS_AT_ONCE = 32  # 0.2 ms


class Courier:
    """Sends every client what is put for it.

    A client that has no room is passed over until it has some, and is cut after STALLED_S.
    """

    def __init__(self) -> None:
        self._outboxes: dict[ServerConnection, Outbox] = {}
        self._ready: dict[ServerConnection, None] = {}
        self._full_since_s: dict[ServerConnection, float] = {}
        self._news = anyio.Event()

    def enter(self, connection: ServerConnection) -> Outbox:
        """Send what is put into this."""
        filled = partial(self.wake, connection)
        outbox = Outbox("WebSocket", connection.transport.abort, filled)
        self._outboxes[connection] = outbox
        return outbox

    def leave(self, connection: ServerConnection) -> None:
        """Forget a connection."""
        for known in (self._outboxes, self._ready, self._full_since_s):
            known.pop(connection, None)

    def wake(self, connection: ServerConnection) -> None:
        """There is something to send to a client, or room for it again."""
        if connection in self._outboxes:
            self._ready[connection] = None
            self._news.set()

    async def serve(self) -> None:
        """Send until cancelled, in turns of FRAMES_AT_ONCE."""
        while True:
            if not self._ready:
                await self._wait()
            turn, self._ready = self._ready, {}
            for number, connection in enumerate(turn, start=1):
                self._send(connection)
                if number % CLIENTS_AT_ONCE == 0:
                    await anyio.lowlevel.checkpoint()
            self._cut_stalled()
            await anyio.lowlevel.checkpoint()

    async def _wait(self) -> None:
        """Until there is news, or somebody has been full for too long."""
        self._news = anyio.Event()
        full_s = min(self._full_since_s.values(), default=math.inf)
        with anyio.CancelScope(deadline=full_s + STALLED_S):
            await self._news.wait()
            await anyio.sleep(LINGER_S)

    def _send(self, connection: ServerConnection) -> None:
        outbox = self._outboxes.get(connection)
        if outbox is None or connection.protocol.state is not State.OPEN:
            return
        if not connection.paused:
            self._full_since_s.pop(connection, None)
            _write(connection, outbox.take_now(FRAMES_AT_ONCE))
        if connection.paused:
            self._full_since_s.setdefault(connection, anyio.current_time())
        elif outbox.waiting:
            self._ready[connection] = None

    def _cut_stalled(self) -> None:
        now_s = anyio.current_time()
        for connection, since_s in tuple(self._full_since_s.items()):
            if now_s - since_s >= STALLED_S:
                del self._full_since_s[connection]
                self._outboxes[connection].drop(f"it took nothing for {STALLED_S:g} s")


def _write(connection: ServerConnection, frames: Sequence[bytes | str]) -> None:
    """Send frames in one write: `connection.send` makes a system call of each."""
    protocol = connection.protocol
    for frame in frames:
        if isinstance(frame, str):
            protocol.send_text(frame.encode())
        else:
            protocol.send_binary(frame)
    connection.transport.write(b"".join(protocol.data_to_send()))
