"""Every stream between tasks, with its capacity, in one place (house.md 3)."""

from collections.abc import Callable
from typing import Protocol

EVENTS = 64  # one ordered inbox each for controller and node: the writer waits
OUTBOX_MESSAGES = 128  # towards the bus: the writer waits


class Bus(Protocol):
    """One end of the node bus (adapters/bus.py, adapters/memory_bus.py)."""

    async def send(self, data: bytes) -> None:
        """To everyone linked."""

    async def receive(self) -> bytes:
        """The next message; hand it on without an await in between."""


class Alarm(Protocol):
    """Rings once at a moment (adapters/clock.py)."""

    def set(self, at_ns: int | None) -> None:
        """Ring then; None: not at all."""


Clock = Callable[[], int]


class Rang:
    """The alarm went off: what is due is due."""
