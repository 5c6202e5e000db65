"""Lane X: datagrams between the controller and a node, for what must be on time.

What waits to be read is bounded by anyio (100 datagrams, the oldest go). A datagram that cannot
be sent is one that was lost on its way: whoever needs an answer sends it again.
"""

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import SocketAttribute, UDPSocket

from cuems.core.errors import CuemsError

Address = tuple[str, int]


class LaneError(CuemsError):
    """Datagrams cannot be received at this address."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"lane X at {host} port {port} (UDP): {reason}")


class Lane:
    """One end of lane X; `port` is the real one."""

    def __init__(self, socket: UDPSocket) -> None:
        self.port: int = socket.extra(SocketAttribute.local_port)
        self._socket = socket
        self._sending = anyio.Lock()

    async def send(self, datagram: bytes, address: Address) -> None:
        """Send it off, after those of other tasks."""
        async with self._sending:
            await self._socket.sendto(datagram, *address)

    async def receive(self) -> tuple[bytes, Address]:
        """The next datagram, and where it came from."""
        data, (host, port) = await self._socket.receive()
        return data, (host, port)


@asynccontextmanager
async def open_lane(host: str, port: int = 0) -> AsyncIterator[Lane]:
    """Open it; port 0 takes a free one. LaneError if that cannot be."""
    try:
        socket = await anyio.create_udp_socket(local_host=host, local_port=port)
    except OSError as error:
        raise LaneError(host, port, (error.strerror or str(error)).lower()) from error
    async with socket:
        yield Lane(socket)


async def resolve(host: str) -> str:
    """The address datagrams to a host go to."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        found = await anyio.getaddrinfo(host, None)
        return str(found[0][4][0])
