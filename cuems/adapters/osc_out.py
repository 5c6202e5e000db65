"""OSC to other equipment: datagrams, or packets in a stream.

A stream is kept open from one message to the next and opened anew when the other end has closed
it. Whatever the equipment answers is read and dropped, so that it never waits for us.
"""

import errno
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
from anyio.abc import SocketStream

from cuems.core.errors import CuemsError
from cuems.core.messages import OscTransport

SEND_DEADLINE_S = 2.0  # name, connection and packet together
DROPPED_BYTES = 65_536
SLIP_END, SLIP_ESCAPE = b"\xc0", b"\xdb"


class CannotSendError(CuemsError):
    """A message that does not reach its equipment; `problem` says why."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.problem = problem


def framed(transport: OscTransport, packet: bytes) -> bytes:
    """A packet as it stands in a stream."""
    if transport is OscTransport.TCP:
        return len(packet).to_bytes(4, "big") + packet
    escaped = packet.replace(SLIP_ESCAPE, b"\xdb\xdd").replace(SLIP_END, b"\xdb\xdc")
    return SLIP_END + escaped + SLIP_END


class OscOut:
    """One destination."""

    def __init__(self, transport: OscTransport, host: str, port: int) -> None:
        self._transport = transport
        self._host = host
        self._port = port
        self._where = f"{host}:{port} ({transport})"

    async def send(self, packet: bytes) -> None:
        """Send a packet.

        Raises:
            CannotSendError: it was refused, or there is no way to the host, or no answer in time.
        """
        with anyio.move_on_after(SEND_DEADLINE_S):
            try:
                await self._send(packet)
            except OSError as error:
                raise CannotSendError(self._where, _problem(error)) from error
            except anyio.BrokenResourceError as error:
                raise CannotSendError(self._where, "the connection was closed") from error
            return
        raise CannotSendError(self._where, f"no connection within {SEND_DEADLINE_S:g} s")

    async def _send(self, packet: bytes) -> None:
        raise NotImplementedError


class _Datagrams(OscOut):
    async def _send(self, packet: bytes) -> None:
        found = await anyio.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind | socket.SOCK_NONBLOCK, protocol) as connected:
            connected.connect(address)
            connected.send(packet)
            # Nobody there: on this machine the kernel has said so by now.
            refused = connected.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if refused:
            raise OSError(refused, os.strerror(refused))


class _Stream(OscOut):
    def __init__(self, transport: OscTransport, host: str, port: int) -> None:
        super().__init__(transport, host, port)
        self._stream: SocketStream | None = None
        self._wanted = anyio.Event()

    async def _send(self, packet: bytes) -> None:
        if self._stream is None:
            self._stream = await anyio.connect_tcp(self._host, self._port)
            self._wanted.set()
        try:
            await self._stream.send(framed(self._transport, packet))
        except anyio.BrokenResourceError:
            self._stream = None
            raise

    async def drain(self) -> None:
        """Read what comes back, for ever."""
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            stream = self._stream
            if stream is None:
                continue
            async with stream:
                try:
                    while True:
                        await stream.receive(DROPPED_BYTES)
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    if self._stream is stream:
                        self._stream = None


@asynccontextmanager
async def open_osc_out(transport: OscTransport, host: str, port: int) -> AsyncIterator[OscOut]:
    """Send to a destination until the block is left; nothing is opened before the first message."""
    if transport is OscTransport.UDP:
        yield _Datagrams(transport, host, port)
        return
    stream = _Stream(transport, host, port)
    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(anyio.create_task_group())
        tasks.start_soon(stream.drain)
        yield stream
        tasks.cancel_scope.cancel()


def _problem(error: OSError) -> str:
    cause = error.__cause__  # of several addresses that were tried, what the only one said
    error = cause if isinstance(cause, OSError) else error
    if error.errno == errno.ECONNREFUSED:
        return "nobody listens there"
    return error.strerror or str(error)
