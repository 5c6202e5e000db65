"""The mail between a simulated controller and its nodes: what is under way, and when it arrives."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from heapq import heappop, heappush

from cuems.core import bus
from cuems.core.cues import NodeId
from cuems.core.reports import Heartbeat, NodeReport
from cuems.sim.transport import Connection, Datagrams


class Way(Enum):
    """The directions of a connection."""

    DOWN = "down"
    UP = "up"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message between the controller and a node."""

    node: NodeId
    way: Way
    message: bus.NodeCommand | NodeReport
    stamp: bus.Stamp | None = None

    @property
    def matters(self) -> bool:
        """Whether something may come of it that time alone would not bring."""
        return not isinstance(self.message, Heartbeat | bus.Beat | bus.LineReport)


class Post:
    """A connection and datagrams for each node, both ways. `perfect`: nothing takes any time.

    `letters` counts all that were sent; of those `under_way` something may come.
    """

    def __init__(self, nodes: Iterable[NodeId], *, seed: int, loss: float, perfect: bool) -> None:
        self.letters = 0
        self.under_way = 0
        self._ways: dict[tuple[NodeId, Way], Connection] = {}
        self._datagrams: dict[tuple[NodeId, Way], Datagrams] = {}
        for node in nodes:
            for way in Way:
                seeded = f"{way} {node}"
                self._ways[node, way] = Connection(f"{seed} {seeded}", loss, perfect=perfect)
                self._datagrams[node, way] = Datagrams(f"{seed} X {seeded}", loss)
        self._mail: list[tuple[int, int, Letter]] = []

    def post(self, letter: Letter, now_ns: int) -> None:
        """By TCP: it arrives."""
        self._send(letter, self._ways[letter.node, letter.way].arrival_ns(now_ns))

    def cast(self, letter: Letter, now_ns: int) -> None:
        """By lane X: it may not arrive."""
        at_ns = self._datagrams[letter.node, letter.way].arrival_ns(now_ns)
        if at_ns is not None:
            self._send(letter, at_ns)

    def _send(self, letter: Letter, at_ns: int) -> None:
        self.letters += 1
        self.under_way += letter.matters
        heappush(self._mail, (at_ns, self.letters, letter))

    def next_ns(self) -> int | None:
        """When the next letter arrives."""
        return self._mail[0][0] if self._mail else None

    def take(self, now_ns: int) -> Letter | None:
        """The first letter that has arrived by now."""
        if not self._mail or self._mail[0][0] > now_ns:
            return None
        letter = heappop(self._mail)[2]
        self.under_way -= letter.matters
        return letter

    def cut(self, node: NodeId, until_ns: int) -> None:
        """Nothing passes between the controller and a node until then."""
        for way in Way:
            self._ways[node, way].cut_until_ns = until_ns
            self._datagrams[node, way].cut_until_ns = until_ns

    def heal(self) -> None:
        """From now on nothing is lost any more."""
        carriers: list[Connection | Datagrams] = [*self._ways.values(), *self._datagrams.values()]
        for carrier in carriers:
            carrier.loss = carrier.cut_until_ns = 0
