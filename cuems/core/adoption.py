"""Which nodes belong to the rig: the others are shown, and neither told what to play nor believed.

The list is the ecosystem's (network_map.xml, kept by nodeconf); what was changed by our own wish
holds until the list says the same. Without a list every node that comes belongs to the rig.
"""

from cuems.core.bus import Hello
from cuems.core.cues import NodeId
from cuems.core.desk import Asked
from cuems.core.operator import AdoptNode

NOT_ADOPTED = "not adopted"
NOBODY = NodeId("nobody")
STRANGERS = 256  # that are remembered


class Adoption:
    """Who is in, and who waits outside."""

    def __init__(self, adopted: tuple[NodeId, ...] | None = None) -> None:
        self._listed = None if adopted is None else frozenset(adopted)
        self._wishes: dict[NodeId, bool] = {}
        self._outside: dict[NodeId, Hello | None] = {}
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

    def turned_away(self, node: NodeId, hello: Hello | None) -> bool:
        """A node that does not belong to the rig speaks; whether that is news."""
        news = node not in self._outside
        if news and len(self._outside) >= STRANGERS:
            return False
        self._outside[node] = hello or self._outside.get(node)
        return news

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
        return [(node, self._outside.pop(node)) for node in inside]
