"""Which nodes belong to the rig: the others are shown, and neither told what to play nor believed.

The list is the ecosystem's (network_map.xml, kept by nodeconf); what was changed by our own wish
holds until the list says the same. Without a list every node that comes belongs to the rig.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cuems.core.cues import NodeId
from cuems.core.desk import Asked
from cuems.core.operator import AdoptNode
from cuems.core.reports import Hello

NOT_ADOPTED = "not adopted"
ON_BUS, SILENT = "it is on the bus", "it was on the bus, and is silent"
SILENT_NS = 1_500_000_000  # as long as a node of the rig takes to be lost
NOBODY = NodeId("nobody")
STRANGERS = 256  # that are remembered


@dataclass(slots=True)
class _Outsider:
    """Somebody who waits outside. One that never said hello may be silent as it likes."""

    hello: Hello | None = None
    heard_ns: int = 0
    silent: bool = False


class Adoption:
    """Who is in, and who waits outside."""

    def __init__(self, adopted: tuple[NodeId, ...] | None = None) -> None:
        self._listed = None if adopted is None else frozenset(adopted)
        self._wishes: dict[NodeId, bool] = {}
        self._outside: dict[NodeId, _Outsider] = {}
        self._asked: dict[int, tuple[Asked, AdoptNode]] = {}
        self._seq = 0

    @property
    def only(self) -> tuple[NodeId, ...]:
        """Who is to obey a load; () is everybody."""
        if self._listed is None:
            return ()
        return tuple(sorted(self._members(self._listed))) or (NOBODY,)

    def admits(self, node: NodeId) -> bool:
        """Whether a node belongs to the rig."""
        return self._listed is None or node in self._members(self._listed)

    def _members(self, listed: frozenset[NodeId]) -> frozenset[NodeId]:
        left = frozenset(node for node, adopt in self._wishes.items() if not adopt)
        return listed - left | frozenset(node for node, adopt in self._wishes.items() if adopt)

    def turned_away(self, node: NodeId, hello: Hello | None, now_ns: int = 0) -> bool:
        """A node that does not belong to the rig speaks; whether that is news."""
        known = self._outside.get(node)
        news = known is None or known.silent
        if known is None:
            if len(self._outside) >= STRANGERS:
                return False
            known = self._outside[node] = _Outsider()
        known.hello, known.heard_ns, known.silent = hello or known.hello, now_ns, False
        return news

    def silent(self, now_ns: int) -> Iterator[NodeId]:
        """Who outside has fallen silent."""
        for node, known in self._outside.items():
            if known.hello and not known.silent and now_ns >= known.heard_ns + SILENT_NS:
                known.silent = True
                yield node

    def next_wake_ns(self) -> int | None:
        """When to look again."""
        watched = (known for known in self._outside.values() if known.hello and not known.silent)
        return min((known.heard_ns + SILENT_NS for known in watched), default=None)

    def listed(self, adopted: tuple[NodeId, ...] | None) -> None:
        """The list was read."""
        self._listed = None if adopted is None else frozenset(adopted)
        if adopted is not None:
            said = self._wishes.items()
            self._wishes = {node: wish for node, wish in said if (node in adopted) != wish}

    def ask(self, asked: Asked, wish: AdoptNode) -> int:
        """Somebody wants a node in or out; the number of the change."""
        self._seq += 1
        self._asked[self._seq] = (asked, wish)
        return self._seq

    def answered(self, seq: int, reason: str) -> Asked:
        """A change is made ("" as reason), which the list need not say yet, or is not."""
        asked, wish = self._asked.pop(seq)
        if not reason and self._listed is not None:
            self._wishes[wish.node] = wish.adopt
        return asked

    def let_in(self) -> list[tuple[NodeId, Hello | None]]:
        """Those that waited outside and belong to the rig now, with what they said."""
        inside = [node for node in self._outside if self.admits(node)]
        return [(node, self._outside.pop(node).hello) for node in inside]
