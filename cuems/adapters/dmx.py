"""Levels of lights to the network: sACN or Art-Net datagrams out of one socket.

Sending never waits: what the kernel has no room for is dropped and counted, because the next
frame, at most 23 ms later, holds newer levels.
"""

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from cuems.core.dmx_stream import Packet
from cuems.core.errors import CuemsError
from cuems.wire import artnet
from cuems.wire.dmx_option import PORTS, Address, DmxOut, DmxProtocol
from cuems.wire.sacn import SacnEncoder, multicast_group


class DmxUnreachableError(CuemsError):
    """Levels cannot be sent to where they were to go; the text says where and why."""

    def __init__(self, out: DmxOut, address: Address, problem: str) -> None:
        host, port = address
        super().__init__(f"{out.protocol} to {host}:{port}: {problem}; check the network and --dmx")
        self.address = address


class DmxSender:
    """Sends packets to where an option says."""

    def __init__(self, out: DmxOut, sender: socket.socket) -> None:
        self._out = out
        self._socket = sender
        self._sacn = SacnEncoder(out)
        self.dropped_packets = 0

    def prove(self, universes: Iterable[int]) -> None:
        """Find out whether there is a way to the receivers of universes, sending nothing.

        Raises:
            DmxUnreachableError: there is none.
        """
        for address in sorted({to for universe in universes for to in self._addresses(universe)}):
            try:
                with _open_socket(self._out) as probe:
                    probe.connect(address)
            except OSError as error:
                raise DmxUnreachableError(self._out, address, _problem(error)) from error

    def send(self, packets: Iterable[Packet]) -> None:
        """Send the packets of one frame.

        Raises:
            DmxUnreachableError: some could not be sent; the others were.
        """
        failed: list[DmxUnreachableError] = []
        universes = []
        for packet in packets:
            datagram = self._datagram(packet)
            failed += self._send(datagram, self._addresses(packet.universe))
            universes.append(packet.universe)
        if self._out.sync and universes:
            failed += self._send(self._sacn.synchronization(), self._addresses(self._out.sync))
        if failed:
            raise failed[0]

    def _datagram(self, packet: Packet) -> bytes:
        if self._out.protocol is DmxProtocol.SACN:
            return self._sacn.datagram(packet)
        return artnet.datagram(packet)

    def _send(
        self, datagram: bytes, addresses: tuple[Address, ...]
    ) -> Iterator[DmxUnreachableError]:
        for address in addresses:
            try:
                self._socket.sendto(datagram, address)
            except BlockingIOError:
                self.dropped_packets += 1
            except OSError as error:
                yield DmxUnreachableError(self._out, address, _problem(error))

    def _addresses(self, universe: int) -> tuple[Address, ...]:
        if self._out.destinations:
            return self._out.destinations
        port = PORTS[self._out.protocol]
        if self._out.protocol is DmxProtocol.SACN:
            return ((multicast_group(universe), port),)
        return ((artnet.EVERYBODY, port),)


def _problem(error: OSError) -> str:
    return error.strerror or str(error)


def _open_socket(out: DmxOut) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        if out.protocol is DmxProtocol.ARTNET:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if out.bind:
            opened.bind((out.bind, 0))
            interface = socket.inet_aton(out.bind)
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
    except OSError:
        opened.close()
        raise
    return opened


@contextmanager
def open_dmx_sender(out: DmxOut) -> Iterator[DmxSender]:
    """Send levels until the block is left.

    Raises:
        DmxUnreachableError: our own address is none of this machine's.
    """
    try:
        opened = _open_socket(out)
    except OSError as error:
        raise DmxUnreachableError(out, (out.bind, 0), f"bind: {_problem(error)}") from error
    with opened:
        yield DmxSender(out, opened)
