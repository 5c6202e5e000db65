"""A stage full of sACN receivers: a real socket that keeps every packet it hears."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from sacn.messages.data_packet import DataPacket

from cuems.wire.dmx_option import DmxOut, DmxProtocol

CID = bytes(range(16))


class DmxReceiver:
    """Hears datagrams at `address`; `received` is all of them so far, decoded."""

    def __init__(self, bound: socket.socket) -> None:
        self._bound = bound
        self.address: tuple[str, int] = bound.getsockname()
        self.received: list[DataPacket] = []

    def out(self, **more: object) -> DmxOut:
        """An sACN destination that is this receiver."""
        return DmxOut(
            protocol=DmxProtocol.SACN,
            cid=CID,
            destinations=(self.address,),
            **more,  # type: ignore[arg-type]
        )

    async def datagram(self) -> bytes:
        """The next datagram."""
        await anyio.wait_readable(self._bound)
        return self._bound.recv(2048)

    async def packet(self) -> DataPacket:
        """The next packet."""
        self.received.append(DataPacket.make_data_packet(await self.datagram()))
        return self.received[-1]

    async def until(self, universe: int, *levels: int, terminated: bool = False) -> DataPacket:
        """The next packet of a universe whose first slots show these levels."""
        while True:
            packet = await self.packet()
            shown = packet.dmxData[: len(levels)] == levels
            ended = packet.option_StreamTerminated == terminated
            if packet.universe == universe and shown and ended:
                return packet


@contextmanager
def open_dmx_receiver() -> Iterator[DmxReceiver]:
    """Listen on a free port of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as bound:
        bound.bind(("127.0.0.1", 0))
        yield DmxReceiver(bound)
