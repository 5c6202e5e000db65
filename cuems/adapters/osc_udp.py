"""Datagrams to a player on this machine, and the UDP ports players may take.

A connected UDP socket on loopback hears at once, as ECONNREFUSED, that nobody has the port. A
player that answers nothing cannot be asked how it is; but one that does not read what it was sent
hangs, and one whose socket is another than before has begun anew: proc(5), /proc/net/udp.
"""

import errno
import socket
import struct
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from cuems.core.errors import CuemsError

LOOPBACK = "127.0.0.1"
PROBE_PAUSE_S = 0.02  # the kernel tells nobody that a port was bound, so it is asked again
SEND_DEADLINE_S = 1.0
READ_DEADLINE_S = 2.0  # a player reads its port within a ms, on a busy machine within a few hundred
READ_PAUSE_S = 0.1  # the kernel tells nobody that it was read either
TABLES = (Path("/proc/net/udp"), Path("/proc/net/udp6"))
LOCAL, QUEUES, INODE = 1, 4, 9  # their columns
MAPPED = b"\0" * 10 + b"\xff\xff"  # before an IPv4 address in an IPv6 one: RFC 4291, 2.5.5.2


class NoFreePortError(CuemsError):
    """Every UDP port of a range is in use."""

    def __init__(self, first: int, last: int) -> None:
        super().__init__(f"no UDP port from {first} to {last} is free for a player")
        self.first = first
        self.last = last


class PortTakenError(CuemsError):
    """Somebody else took a player's port before the player could."""

    def __init__(self, port: int) -> None:
        super().__init__(f"UDP port {port} was taken by another program")
        self.port = port


class PlayerStalledError(CuemsError):
    """A player's datagrams pile up in the kernel."""

    def __init__(self, port: int, for_s: float = SEND_DEADLINE_S) -> None:
        super().__init__(f"the player at UDP port {port} took nothing for {for_s:g} s")
        self.port = port


@dataclass(frozen=True, slots=True)
class Listener:
    """Whoever has a port: the kernel's number of the socket, and what waits in it."""

    socket: int
    unread_bytes: int


def look_at_port(port: int) -> Listener | None:
    """Who hears what is sent to a UDP port on loopback, as the kernel chooses; None: nobody.

    Raises:
        OSError: the kernel does not tell.
    """
    found: dict[str, Listener] = {}
    for table in TABLES:
        for line in table.read_text().splitlines()[1:]:
            columns = line.split()
            unread = int(columns[QUEUES].partition(":")[2], 16)
            found.setdefault(columns[LOCAL], Listener(int(columns[INODE]), unread))
    there = (found.get(f"{address}:{port:04X}") for address in _HEARING)
    return next((listener for listener in there if listener is not None), None)


def _in_table(address: bytes) -> str:
    """An address as the tables have it: words of 32 bits, each a number of this machine."""
    return "".join(f"{word:08X}" for word in struct.unpack(f"={len(address) // 4}I", address))


_OURS = socket.inet_aton(LOOPBACK)
_HEARING = tuple(map(_in_table, (_OURS, MAPPED + _OURS, bytes(4), bytes(16))))


class Reservation:
    """A port that we hold bound, so that nobody gets it, until its player is about to be started.

    The player has to bind it itself, so it is free for the moment of its start; who loses it to a
    stranger then says so (PortTakenError) and reserves the next one.
    """

    def __init__(self, port: int, held: socket.socket) -> None:
        self.port = port
        self._held = held

    def hand_over(self) -> int:
        """Let go of the port: its player is started now."""
        self._held.close()
        return self.port


class Ports:
    """UDP ports for players: given out when they can be bound, until they are given back."""

    def __init__(self, first: int, last: int, excluded: Set[int] = frozenset()) -> None:
        self._range = range(first, last + 1)
        self._taken = set(excluded)
        self._next = 0  # a port just given back may not be free yet

    @contextmanager
    def reserve(self) -> Iterator[Reservation]:
        """A port nobody has, ours until the block is left, when its player is gone.

        Raises:
            NoFreePortError: there is none.
        """
        reservation = self._find()
        self._taken.add(reservation.port)
        try:
            yield reservation
        finally:
            reservation.hand_over()
            self._taken.discard(reservation.port)

    def _find(self) -> Reservation:
        for step in range(len(self._range)):
            port = self._range[(self._next + step) % len(self._range)]
            held = None if port in self._taken else _bound(port)
            if held is not None:
                self._next += step + 1
                return Reservation(port, held)
        raise NoFreePortError(self._range.start, self._range.stop - 1)


def _bound(port: int) -> socket.socket | None:
    held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        held.bind(("", port))
    except OSError as error:
        held.close()
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            return None
        raise
    return held


class OscSender:
    """Sends datagrams to one player's port."""

    def __init__(self, connected: socket.socket, port: int) -> None:
        self._socket = connected
        self.port = port
        self.reads = False  # whether it was seen to read: some take minutes to begin with that

    async def send(self, datagram: bytes) -> None:
        """Send one datagram, at once unless the kernel's buffer is full.

        Raises:
            PlayerStalledError: it stayed full for SEND_DEADLINE_S.
        """
        with anyio.move_on_after(SEND_DEADLINE_S):
            while not self._try(datagram):
                await anyio.wait_writable(self._socket)
            return
        raise PlayerStalledError(self.port)

    def _try(self, datagram: bytes) -> bool:
        # Reading SO_ERROR clears the refusal of an earlier datagram, which would eat this one.
        self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        try:
            self._socket.send(datagram)
        except BlockingIOError:
            return False
        return True

    async def send_and_hear(self, datagram: bytes) -> bool:
        """Send one; whether there was somebody to take it."""
        await self.send(datagram)
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0

    async def wait_for_listener(self, probe: bytes) -> None:
        """Wait until some process has the port; it gets `probe`, perhaps more than once."""
        while True:
            await self.send(probe)
            if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                return
            await anyio.sleep(PROBE_PAUSE_S)

    async def who(self) -> Listener | None:
        """Who has the port; None: nobody. Raises OSError where the kernel does not tell."""
        found = await anyio.to_thread.run_sync(look_at_port, self.port)
        self.reads = self.reads or (found is not None and not found.unread_bytes)
        return found

    async def prove(self, probe: bytes | None = None) -> Listener | None:
        """See that what is sent here is read, and who reads it; None: nobody has the port.

        Raises:
            PlayerStalledError: one that `reads` leaves something unread for READ_DEADLINE_S.
            OSError: the kernel does not tell.
        """
        if probe is not None:
            await self.send(probe)
        found: Listener | None = None
        with anyio.move_on_after(READ_DEADLINE_S) as deadline:
            while (found := await self.who()) is not None and found.unread_bytes:  # noqa: ASYNC110
                await anyio.sleep(READ_PAUSE_S)
        if deadline.cancelled_caught and self.reads:
            raise PlayerStalledError(self.port, READ_DEADLINE_S)
        return found


@contextmanager
def open_osc_sender(port: int) -> Iterator[OscSender]:
    """Send to a port of this machine until the block is left."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as connected:
        connected.connect((LOOPBACK, port))
        yield OscSender(connected, port)
