"""Every stream between tasks, with its capacity, in one place (house.md 3)."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from cuems.adapters.clients import ClientId
from cuems.core.bus import BusStalledError, Peers, Snapshot
from cuems.core.cues import NodeId
from cuems.core.desk import ControllerEvent
from cuems.core.node_desk import NodeEvent
from cuems.core.operator import OperatorCommand
from cuems.core.reports import Hello, NodeReport

log = logging.getLogger(__name__)

# One ordered inbox each for controller and node: the writer waits. A controller's has no ranks, for
# an operator's words mean what they mean in their order: a GO after the standby was put elsewhere,
# a STOP after a GO. Nobody waits for more than these, as a client that floods is read no further.
EVENTS = 64
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


def bell(inbox: MemoryObjectSendStream[Rang]) -> Callable[[], None]:
    """What wakes the loop of an inbox; it never waits."""

    def ring() -> None:
        with suppress(anyio.WouldBlock):  # a full inbox is being worked on: that looks at the clock
            inbox.send_nowait(Rang())

    return ring


class Called:
    """Something was heard, and waits (core/heard_inbox.py)."""


NodeItem = NodeEvent | Rang | Called


class Asker:
    """Somebody in this process who waits for what becomes of a command; `name` is its own."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._answered = anyio.Event()
        self._reason = ""

    def __str__(self) -> str:
        return self.name or "this machine"

    def answer(self, reason: str) -> None:
        """It is done ("" as reason), or why not."""
        self._reason = reason
        self._answered.set()

    async def answered(self) -> str:
        """The reason why not, or ""."""
        await self._answered.wait()
        return self._reason


@dataclass(frozen=True, slots=True)
class Caller:
    """A client that is told what becomes of its commands: the address, and "" or why not."""

    client: ClientId
    tell: Callable[[str, str], None]

    def __str__(self) -> str:
        return str(self.client)


@dataclass(frozen=True, slots=True)
class Asks:
    """Somebody asks; `address` is what it called the command."""

    client: Caller | Asker | None
    address: str
    command: OperatorCommand


@dataclass(frozen=True, slots=True)
class AsksTogether:
    """Several things at once: nothing comes in between."""

    asks: tuple[Asks, ...]


@dataclass(frozen=True, slots=True)
class NodeSaid:
    """A node said something, and when it came; `by_bus`: not by lane X."""

    node: NodeId
    report: NodeReport
    received_ns: int
    by_bus: bool = False


class Visit:
    """A node that asked on lane R, and waits for the answer to its hello."""

    def __init__(self) -> None:
        self._answered = anyio.Event()
        self._snapshot: Snapshot | None = None

    def answer(self, snapshot: Snapshot) -> None:
        """The answer is there."""
        self._snapshot = snapshot
        self._answered.set()

    async def answered(self) -> Snapshot:
        """Wait for it."""
        await self._answered.wait()
        assert self._snapshot is not None
        return self._snapshot


@dataclass(frozen=True, slots=True)
class Greets:
    """A node said hello on lane R, and when that came."""

    node: NodeId
    hello: Hello
    received_ns: int


ControllerItem = ControllerEvent | Asks | AsksTogether | NodeSaid | Greets | Rang


async def send_all(outbox: MemoryObjectReceiveStream[bytes], link: Bus) -> None:
    """Send what comes, for ever; what a stalled bus does not take is lost, and said."""
    async for data in outbox:
        try:
            await link.send(data)
        except BusStalledError as error:
            log.warning("%s", error)
