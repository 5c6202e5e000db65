"""Clients of a control surface in a process of their own: `python -m tests.bench.surface_load …`.

Frames carry the monotonic moment they were sent at, which both processes share. What they took is
told as one line of JSON when the last frame has come, or after PATIENCE_S.
"""

import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from subprocess import PIPE

import anyio
import anyio.abc
from anyio.streams.buffered import BufferedByteReceiveStream
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from cuems.wire.osc import Int64, Osc, OscDecodeError, decode, encode

STAMP = "/stamp"
LAST = "/last"
PATIENCE_S = 60
AT_ONCE = 20  # handshakes


def stamped(number: int) -> tuple[str, bytes]:
    """Address and frame of an update that says when it was sent."""
    address = f"{STAMP}/{number}"
    return address, encode(Osc(address, (Int64(time.monotonic_ns()),)))


async def _read(connection: ClientConnection, delays_ns: list[int]) -> None:
    with suppress(ConnectionClosed):
        async for frame in connection:
            now_ns = time.monotonic_ns()
            try:
                message = decode(frame if isinstance(frame, bytes) else b"")
            except OscDecodeError:
                continue
            if not isinstance(message, Osc) or message.address == LAST:
                return
            if message.address.startswith(STAMP) and isinstance(message.args[0], int):
                delays_ns.append(now_ns - message.args[0])


async def listen(url: str, count: int) -> None:
    """Connect so many clients, say so, and tell what they have heard."""
    delays_ns: list[int] = []
    limiter = anyio.CapacityLimiter(AT_ONCE)
    connections: list[ClientConnection] = []

    async def open_one() -> None:
        async with limiter:
            connections.append(await connect(url, compression=None, proxy=None, ping_interval=None))

    async with anyio.create_task_group() as opening:
        for _ in range(count):
            opening.start_soon(open_one)
    sys.stdout.write("connected\n")
    sys.stdout.flush()
    with anyio.move_on_after(PATIENCE_S):
        async with anyio.create_task_group() as reading:
            for connection in connections:
                reading.start_soon(_read, connection, delays_ns)
    sys.stdout.write(json.dumps(delays_ns) + "\n")
    sys.stdout.flush()
    for connection in connections:
        connection.transport.abort()


async def press(url: str, count: int, every_s: float) -> None:
    """Ask for something that says when it was sent, over and over."""
    async with connect(url, compression=None, proxy=None) as connection:
        sys.stdout.write("connected\n")
        sys.stdout.flush()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_read, connection, [])
            for _ in range(count):
                now = str(time.monotonic_ns())
                await connection.send(encode(Osc("/engine/command/load", (now,))))
                await anyio.sleep(every_s)
            tasks.cancel_scope.cancel()


class Audience:
    """That process, as the bench sees it."""

    def __init__(self, process: anyio.abc.Process) -> None:
        assert process.stdout is not None
        self._lines = BufferedByteReceiveStream(process.stdout)

    async def line(self) -> str:
        """What it says next."""
        return (await self._lines.receive_until(b"\n", 1 << 28)).decode()


@asynccontextmanager
async def open_audience(*arguments: str) -> AsyncIterator[Audience]:
    """Start it; it is there and connected when this returns."""
    command = [sys.executable, "-m", "tests.bench.surface_load", *arguments]
    process = await anyio.open_process(command, stdin=None, stdout=PIPE, stderr=None)
    try:
        audience = Audience(process)
        assert await audience.line() == "connected"
        yield audience
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        with anyio.CancelScope(shield=True):
            await process.wait()


if __name__ == "__main__":
    if sys.argv[1] == "listen":
        anyio.run(listen, sys.argv[2], int(sys.argv[3]))
    else:
        anyio.run(press, sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
