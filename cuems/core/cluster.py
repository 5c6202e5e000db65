"""The nodes of a rig as their controller knows them: there, needed, ready, so that GO may pass.

A node that says hello is expected to be heard of again and again; an upstream node never says it,
and is believed until it is needed and silent. A node that the operator has waived is done without.
Moments are the controller's monotonic clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cuems.core.cues import CueId, NodeId
from cuems.core.status import NodeHealth

LATE_NS = 600_000_000  # two heartbeats at 4 Hz are missing
LOST_NS = 1_500_000_000
ASK_NS, ASK_AGAIN_NS = 350_000_000, 25_000_000  # a bad network loses some heartbeats, never so many

OK, LATE, LOST = "ok", "late", "lost"
NO_LINE = "it has no timecode yet"  # all that is left where no cue is waited for
STARTED, RETURNED = "it has just started", "it was lost, and is told how the show stands"


@dataclass(slots=True)
class _Node:
    heard_ns: int
    asked_ns: int = 0
    watched: bool = False
    state: str = OK
    name: str = ""
    boot: str = ""
    welcome: int = 0
    member: bool = False
    armed: bool = False
    waiting: str = ""
    standby: str | None = None


class Cluster:
    """Who is there, who is needed, who is ready.

    Welcomes are numbered from `first_welcome`: what a node says it says since one of them.
    """

    def __init__(self, first_welcome: int = 0) -> None:
        self._first_welcome = first_welcome
        self._nodes: dict[NodeId, _Node] = {}
        self._required: frozenset[NodeId] = frozenset()
        self._everyone = False
        self._load_seq = 0
        self._waived: set[NodeId] = set()

    def heard(self, node: NodeId, now_ns: int, *, watched: bool = False) -> Iterator[NodeHealth]:
        """A node gave a sign of life."""
        known = self._nodes.get(node)
        if known is None:
            self._nodes[node] = _Node(now_ns, watched=watched, welcome=self._first_welcome)
            yield NodeHealth(node, OK)
            return
        known.heard_ns = now_ns
        known.watched = known.watched or watched
        if known.state != OK:
            known.state = OK
            yield NodeHealth(node, OK)

    @property
    def waived(self) -> tuple[NodeId, ...]:
        """The nodes that are done without."""
        return tuple(sorted(self._waived))

    def waive(self, node: NodeId, *, waived: bool) -> None:
        """Do without a node, whatever becomes of it, or not."""
        if waived:
            self._waived.add(node)
        else:
            self._waived.discard(node)

    def is_lost(self, node: NodeId) -> bool:
        """Whether a node has been silent for so long that it has missed what was told."""
        return node in self._nodes and self._nodes[node].state == LOST

    def is_member(self, node: NodeId) -> bool:
        """Whether a node speaks our protocol, and not just the ecosystem's."""
        return node in self._nodes and self._nodes[node].member

    def nodes(self) -> set[NodeId]:
        """Every node that was ever heard of."""
        return set(self._nodes)

    def forget(self, node: NodeId) -> None:
        """A node does not belong to the rig any more."""
        self._nodes.pop(node, None)

    def there(self) -> set[NodeId]:
        """Every node that is there now."""
        return {node for node, known in self._nodes.items() if known.state != LOST}

    def label(self, node: NodeId) -> str:
        """What to call a node when speaking to a person."""
        known = self._nodes.get(node)
        return f"node {known.name}" if known is not None and known.name else f"node {node}"

    def greeted(self, node: NodeId, boot: str, name: str) -> bool:
        """A node said hello; whether it has started since it last did, and knows nothing."""
        known = self._nodes[node]
        known.name, known.member = name, True
        if known.boot == boot:
            return False
        known.boot = boot
        _forget(known, STARTED)
        return True

    def welcome(self, node: NodeId) -> int:
        """The number of the welcome after which a node's word counts."""
        known = self._nodes.get(node)
        return self._first_welcome if known is None else known.welcome

    def loads(self, load_seq: int, required: frozenset[NodeId], *, everyone: bool) -> None:
        """Another show is loaded, or none: nobody is ready for it yet.

        It needs the nodes in `required`, and with `everyone` also each one that is there.
        """
        self._load_seq = load_seq
        self._required = required
        self._everyone = everyone
        self.rearms()

    def rearms(self) -> None:
        """What was ready has been stopped."""
        for node in self._nodes.values():
            node.armed, node.waiting, node.standby = False, "", None

    def armed(
        self,
        node: NodeId,
        ready: bool,
        waiting: str,
        load_seq: int,
        standby: str | None = None,
        welcome: int | None = None,
    ) -> None:
        """A node says whether it is ready for the next GO, that of `standby` (None: not said).

        News of an older load is none, nor what it said before it was lost.
        """
        known = self._nodes[node]
        if load_seq in (0, self._load_seq) and welcome in (None, known.welcome):
            known.armed, known.standby = ready, standby
            known.waiting = waiting or ("" if ready else NO_LINE)

    def why_not_armed(self) -> str:
        """What a GO would have to wait for, nodes named; "" when it may pass."""
        there = {node for node, known in self._nodes.items() if known.state != LOST}
        if not self._required and not there:
            return "no node is there to play"
        needed = sorted(self._needed())
        return "; ".join(reason for node in needed if (reason := self._why_not(node)))

    def away(self) -> tuple[tuple[NodeId, ...], tuple[NodeId, ...]]:
        """Of the nodes that the show needs: which have never come, and which are lost."""
        needed = sorted(self._required - self._waived)
        missing = tuple(node for node in needed if node not in self._nodes)
        return missing, tuple(node for node in needed if self.is_lost(node))

    def unheard(self, standby: CueId | None) -> str:
        """Which nodes are ready, but for another cue than now stands by; "" where none is.

        A moment after the pointer has moved that is so: they have not spoken again yet. Of one
        that has been silent for long no word is waited for.
        """
        waited = (
            self.label(node)
            for node in sorted(self._needed())
            if (known := self._nodes.get(node)) is not None
            and known.state not in (LATE, LOST)
            and known.standby not in (None, standby or "")
        )
        return ", ".join(waited)

    def _needed(self) -> set[NodeId]:
        there = {node for node, known in self._nodes.items() if known.state != LOST}
        needed = self._required | there if self._everyone else self._required
        return set(needed) - self._waived

    def _why_not(self, node: NodeId) -> str:
        known = self._nodes.get(node)
        if known is None:
            return f"{self.label(node)} is missing"
        if known.state in (LATE, LOST):
            return f"{self.label(node)} is {known.state}"
        if known.armed:
            return ""
        return f"{self.label(node)} is not ready: {known.waiting or 'loading'}"

    def wake(self, now_ns: int) -> Iterator[NodeHealth]:
        """Notice who has been silent for too long."""
        for node, known in self._nodes.items():
            silence = now_ns - known.heard_ns
            state = LOST if silence >= LOST_NS else LATE if silence >= LATE_NS else OK
            if known.watched and state != known.state:
                known.state = state
                if state == LOST:
                    _forget(known, RETURNED)
                yield NodeHealth(node, state, f"silent for {silence // 1_000_000} ms")

    def silent(self, now_ns: int) -> Iterator[NodeId]:
        """Who is to be asked for a sign of life."""
        for node, known in self._nodes.items():
            if known.watched and known.state != LOST and now_ns >= _ask_ns(known):
                known.asked_ns = now_ns
                yield node

    def next_wake_ns(self) -> int | None:
        """When to look again."""
        moments = (
            min(_ask_ns(known), known.heard_ns + (LATE_NS if known.state == OK else LOST_NS))
            for known in self._nodes.values()
            if known.watched and known.state != LOST
        )
        return min(moments, default=None)


def _forget(known: _Node, why: str) -> None:
    """What a node has said counts no longer: it has to be welcomed, and to say it again."""
    known.armed, known.waiting = False, why
    known.welcome += 1


def _ask_ns(known: _Node) -> int:
    return max(known.heard_ns + ASK_NS, known.asked_ns + ASK_AGAIN_NS)
