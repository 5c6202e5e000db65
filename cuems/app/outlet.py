"""OSC on its way to one player of the node, in order, without anybody waiting for it.

Levels that are set faster than they leave are worth only their newest, and leave together, in as
few datagrams as possible; everything else leaves as it was put in.
"""

from collections import deque
from typing import Protocol

import anyio

from cuems.wire.osc import IMMEDIATELY, Osc, OscBundle, OscPacket, encode

WAITING_PACKETS = 1024  # what a show of 500 layers says at once; more wait only where nobody takes
TOGETHER_MESSAGES = 64  # of levels in a datagram; a player's buffer is small


class Sender(Protocol):
    """Whoever takes datagrams."""

    async def send(self, datagram: bytes) -> None:
        """Send one."""


class Outlet:
    """What is to be sent to a player."""

    def __init__(self) -> None:
        self._packets: deque[OscPacket] = deque()
        self._levels: dict[str, Osc] = {}
        self._news = anyio.Event()
        self.dropped_packets = 0

    def send(self, *packets: OscPacket) -> None:
        """Send these, after all that was put in before. Never waits; the oldest are dropped."""
        self._flush_levels()
        self._packets.extend(packets)
        while len(self._packets) > WAITING_PACKETS:
            self._packets.popleft()
            self.dropped_packets += 1
        self._news.set()

    def set(self, *levels: Osc) -> None:
        """Set these; of an address only the newest counts."""
        self._levels |= {level.address: level for level in levels}
        self._news.set()

    def forget(self) -> None:
        """What has not left is not wanted any more."""
        self._packets.clear()
        self._levels.clear()

    def _flush_levels(self) -> None:
        levels, self._levels = list(self._levels.values()), {}
        for first in range(0, len(levels), TOGETHER_MESSAGES):
            together = levels[first : first + TOGETHER_MESSAGES]
            alone = len(together) == 1
            self._packets.append(together[0] if alone else OscBundle(IMMEDIATELY, tuple(together)))

    async def serve(self, sender: Sender) -> None:
        """Send until cancelled."""
        while True:
            self._flush_levels()
            while self._packets:
                await sender.send(encode(self._packets.popleft()))
            if not self._levels:
                self._news = anyio.Event()
                await self._news.wait()
