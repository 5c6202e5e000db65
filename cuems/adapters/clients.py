"""Everybody who is told what happens, whichever way they are connected, and what is yet to be sent.

A client that stops reading must not hold up anybody (limits.md A5 and B b): each has an outbox of
its own with one place for each address, and nothing that is published ever waits. Like the mailbox
this is no door to the world: the doors (control.py, osc_server.py) share it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Protocol

import anyio

OUTBOX_FRAMES = 65_536  # the dump of 10 000 cues fits; one fact has one place
TAKE_BYTES = 16_384  # a client has to have room for what is taken at once
IN_ORDER_TAKES = 4  # a client that keeps up is never behind by more
LINGER_S = 0.001  # what made the news goes first: players do not wait until clients are told
IGNORED_MAX_ADDRESSES = 4096
MESSAGES_PER_S = 200  # a flood beyond it costs the loop 49 ms, at this rate 1.2 ms (limits.md B b)
BURST_MESSAGES = 200
STALLED_S = 2.0


@dataclass(frozen=True, slots=True)
class ClientId:
    """One connection; `peer` is where it comes from, HOST:PORT."""

    number: int
    peer: str

    def __str__(self) -> str:
        return f"client {self.number} ({self.peer})"

    @property
    def host(self) -> str:
        """Where it comes from, without the port."""
        return self.peer.rpartition(":")[0].strip("[]")


def peer_name(address: tuple[str, int] | tuple[str, int, int, int] | None) -> str:
    """A socket's address as text."""
    host, port, *_ = address or ("?", 0)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Surface(Protocol):
    """Whoever speaks with the clients."""

    def connected(self, client: ClientId) -> Iterable[tuple[str, bytes]] | None:
        """The state a newcomer is told first, as (address, frame); what follows is published.

        None: it is told nothing before `Clients.admit`.
        """

    async def received(self, client: ClientId, data: bytes) -> None:
        """A packet; this client's next one comes when this returns."""

    def disconnected(self, client: ClientId, reason: str) -> None:
        """A client is gone; `reason` says why we dropped it, "" when it left."""

    def refused(self, peer: str, reason: str) -> None:
        """Somebody was not let in."""


class Outbox:
    """What is yet to be sent to one client; `cut` ends its connection at once.

    `door` says how it is connected, for a person. `filled` is told where one task sends for many;
    else whoever sends waits in `take`.
    """

    def __init__(
        self, door: str, cut: Callable[[], None], filled: Callable[[], None] | None = None
    ) -> None:
        self.door = door
        self.reply_port: int | None = None
        self.dropped = ""
        self.is_told = False
        self.hears_news = False
        self.ignored: set[str] = set()
        self._cut = cut
        self._frames: OrderedDict[tuple[str, int], tuple[bytes | str, int]] = OrderedDict()
        self._takes = 0
        self._news = None if filled else anyio.Event()
        self._filled = filled

    def put(self, address: str, frame: bytes | str, serial: int = 0) -> None:
        """Send a frame, instead of an unsent one of the same address and serial. Never waits.

        It takes its own place in the order; that of the unsent one where it says the same, and
        where the client is so far behind that a fact which keeps changing would never have its
        turn. A str goes as a text frame.
        """
        if len(self._frames) >= OUTBOX_FRAMES:
            self.drop(f"{OUTBOX_FRAMES} frames are waiting for it")
            return
        key, since = (address, serial), self._takes
        waiting = self._frames.get(key)
        if waiting is not None:
            since = waiting[1]
            if waiting[0] != frame and self._takes - since < IN_ORDER_TAKES:
                self._frames.move_to_end(key)
        self._frames[key] = frame, since
        if self._filled is not None:
            self._filled()
        elif self._news is not None:
            self._news.set()

    def drop(self, reason: str) -> None:
        """End the connection at once."""
        self.dropped = self.dropped or reason
        self._frames.clear()
        self._cut()

    @property
    def waiting(self) -> int:
        """Frames that are yet to be sent."""
        return len(self._frames)

    async def take(self, most: int) -> list[bytes | str]:
        """The frames that have waited longest, as soon as there is one."""
        while not self._frames:
            self._news = anyio.Event()
            await self._news.wait()
            await anyio.sleep(LINGER_S)
        return self.take_now(most)

    def take_now(self, most: int) -> list[bytes | str]:
        """The frames that have waited longest, if any."""
        self._takes += 1
        taken: list[bytes | str] = []
        size = 0
        while self._frames and len(taken) < most and size < TAKE_BYTES:
            frame, _ = self._frames.popitem(last=False)[1]
            taken.append(frame)
            size += len(frame)
        return taken


class Clients:
    """Everybody who is connected. Loop thread only."""

    def __init__(self) -> None:
        self._outboxes: dict[ClientId, Outbox] = {}
        self.cut = 0  # how many were too slow
        self._numbers = count(1)
        self._serials = count(1)

    @property
    def count(self) -> int:
        """How many are connected."""
        return len(self._outboxes)

    def publish(self, address: str, frame: bytes, *, in_full: bool = False) -> None:
        """Tell all; a frame of the same address that a slow client has not got yet is replaced.

        Not so where all there is of an address is told, `in_full`.
        """
        serial = next(self._serials) if in_full else 0
        for outbox in tuple(self._outboxes.values()):
            if outbox.is_told and address not in outbox.ignored:
                outbox.put(address, frame, serial)

    def announce(self, text: str) -> None:
        """Tell those who have sent text frames; to others (the ecosystem's) one would be fatal."""
        for outbox in tuple(self._outboxes.values()):
            if outbox.hears_news:
                outbox.put("", text, next(self._serials))

    def listen(self, client: ClientId, address: str) -> None:
        """Publish an address to a client again, which all are from the start; and the news."""
        outbox = self._outboxes.get(client)
        if outbox is not None:
            outbox.hears_news = True
            outbox.ignored.discard(address)

    def ignore(self, client: ClientId, address: str) -> bool:
        """Publish an address to a client no more; False when it ignores too many already."""
        outbox = self._outboxes.get(client)
        if outbox is not None:
            if len(outbox.ignored) >= IGNORED_MAX_ADDRESSES:
                return False
            outbox.hears_news = True
            outbox.ignored.add(address)
        return True

    def send(self, client: ClientId, address: str, frame: bytes) -> None:
        """Tell one, if still there. Nothing replaces it: an answer is not a state."""
        outbox = self._outboxes.get(client)
        if outbox is not None:
            outbox.put(address, frame, next(self._serials))

    def tell(self, client: ClientId, address: str, frame: bytes) -> None:
        """Tell one a state: it replaces an unsent one of the same address."""
        outbox = self._outboxes.get(client)
        if outbox is not None:
            outbox.put(address, frame)

    def reply_to(self, client: ClientId, port: int) -> None:
        """Where one that sends datagrams wants its answers."""
        outbox = self._outboxes.get(client)
        if outbox is not None:
            outbox.reply_port = port

    def door(self, client: ClientId) -> str:
        """How one is connected."""
        outbox = self._outboxes.get(client)
        return "" if outbox is None else outbox.door

    def drop(self, client: ClientId, reason: str) -> None:
        """End one client's connection at once."""
        outbox = self._outboxes.get(client)
        if outbox is not None:
            outbox.drop(reason)

    def admit(self, client: ClientId, state: Iterable[tuple[str, bytes]]) -> None:
        """Tell one the state, and from now on what is published, with nothing lost in between."""
        outbox = self._outboxes.get(client)
        if outbox is not None:
            outbox.is_told = True
            for address, frame in state:
                outbox.put(address, frame)

    def enter(self, outbox: Outbox, peer: str, surface: Surface) -> ClientId:
        """Count a newcomer in."""
        client = ClientId(next(self._numbers), peer)
        self._outboxes[client] = outbox
        state = surface.connected(client)
        if state is not None:
            self.admit(client, state)
        return client

    def leave(self, client: ClientId) -> None:
        """Forget a client."""
        self.cut += bool(self._outboxes.pop(client).dropped)

    @property
    def waiting(self) -> int:
        """Frames that are yet to be sent to the one who is farthest behind."""
        return max((outbox.waiting for outbox in self._outboxes.values()), default=0)


class Allowance:
    """How long a client must be left unread so that it says no more than MESSAGES_PER_S."""

    def __init__(self) -> None:
        self._paid_until_s = 0.0

    def spend(self, now_s: float) -> float:
        """Count one message; the seconds to wait before it is obeyed."""
        paid_from_s = max(self._paid_until_s, now_s - BURST_MESSAGES / MESSAGES_PER_S)
        self._paid_until_s = paid_from_s + 1 / MESSAGES_PER_S
        return max(0.0, self._paid_until_s - now_s)
