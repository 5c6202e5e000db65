"""Every stream between tasks, with its capacity, in one place (house.md 3)."""

from typing import Protocol

from cuems.core.bus import Peers

EVENTS = 64  # one ordered inbox each for controller and node: the writer waits
OUTBOX_MESSAGES = 128  # towards the bus: the writer waits


class Bus(Protocol):
    """One end of the node bus (adapters/bus.py, adapters/memory_bus.py); `url` names it."""

    url: str

    async def send(self, data: bytes) -> None:
        """To everyone linked."""

    async def receive(self) -> bytes:
        """The next message; hand it on without an await in between."""

    async def peers_changed(self) -> Peers:
        """Wait until who is linked differs from what the last call told."""


class Rang:
    """The alarm went off: what is due is due."""
