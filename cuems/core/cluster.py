"""The nodes of a rig as their controller knows them: there, needed, ready, so that GO may pass.

A node that says hello is expected to be heard of again and again; an upstream node never says it,
and is believed until it is needed and silent. Moments are the controller's monotonic clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cuems.core.cues import NodeId
from cuems.core.status import NodeHealth

LATE_NS = 1_000_000_000
LOST_NS = 1_500_000_000  # two heartbeats at 2 Hz and a half: one may be lost on the way

OK, LATE, LOST = "ok", "late", "lost"


@dataclass(slots=True)
class _Node:
    heard_ns: int
    watched: bool = False
    state: str = OK
    name: str = ""
    boot: str = ""
    fresh: bool = False
    armed: bool = False
    waiting: str = ""


class Cluster:
    """Who is there, who is needed, who is ready."""

    def __init__(self) -> None:
        self._nodes: dict[NodeId, _Node] = {}
        self._required: frozenset[NodeId] = frozenset()
        self._everyone = False
        self._load_seq = 0

    def heard(self, node: NodeId, now_ns: int, *, watched: bool = False) -> Iterator[NodeHealth]:
        """A node gave a sign of life."""
        known = self._nodes.get(node)
        if known is None:
            self._nodes[node] = _Node(now_ns, watched=watched)
            yield NodeHealth(node, OK)
            return
        known.heard_ns = now_ns
        known.watched = known.watched or watched
        if known.state != OK:
            known.state = OK
            yield NodeHealth(node, OK)

    def nodes(self) -> set[NodeId]:
        """Every node that was ever heard of."""
        return set(self._nodes)

    def forget(self, node: NodeId) -> None:
        """A node does not belong to the rig any more."""
        self._nodes.pop(node, None)

    def label(self, node: NodeId) -> str:
        """What to call a node when speaking to a person."""
        known = self._nodes.get(node)
        return f"node {known.name}" if known is not None and known.name else f"node {node}"

    def greeted(self, node: NodeId, boot: str, name: str) -> bool:
        """A node said hello; whether it has started since it last did, and knows nothing."""
        known = self._nodes[node]
        known.name = name
        if known.boot == boot:
            return False
        known.boot, known.fresh = boot, True
        known.armed, known.waiting = False, "it has just started"
        return True

    def loads(self, load_seq: int, required: frozenset[NodeId], *, everyone: bool) -> None:
        """Another show is loaded, or none: nobody is ready for it yet.

        It needs the nodes in `required`, and with `everyone` also each one that is there.
        """
        self._load_seq = load_seq
        self._required = required
        self._everyone = everyone
        for node in self._nodes.values():
            node.fresh = True  # what is asked while it fetches, it will have missed
        self.rearms()

    def rearms(self) -> None:
        """What was ready has been stopped."""
        for node in self._nodes.values():
            node.armed, node.waiting = False, ""

    def armed(self, node: NodeId, ready: bool, waiting: str, load_seq: int) -> bool:
        """A node says whether it is ready for the next GO; news of an older load is none.

        Whether this is the first we hear of a node since it started.
        """
        known = self._nodes[node]
        if load_seq not in (0, self._load_seq):
            return False
        known.armed, known.waiting = ready, waiting
        fresh, known.fresh = known.fresh, False
        return fresh

    def why_not_armed(self) -> str:
        """What a GO would have to wait for, nodes named; "" when it may pass."""
        there = {node for node, known in self._nodes.items() if known.state != LOST}
        needed = self._required | there if self._everyone else self._required
        if not needed and not there:
            return "no node is there to play"
        return "; ".join(reason for node in sorted(needed) if (reason := self._why_not(node)))

    def _why_not(self, node: NodeId) -> str:
        known = self._nodes.get(node)
        if known is None:
            return f"{self.label(node)} is missing"
        if known.state == LOST:
            return f"{self.label(node)} is lost"
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
                yield NodeHealth(node, state, f"silent for {silence // 1_000_000} ms")

    def next_wake_ns(self) -> int | None:
        """When to look again."""
        moments = (
            known.heard_ns + (LATE_NS if known.state == OK else LOST_NS)
            for known in self._nodes.values()
            if known.watched and known.state != LOST
        )
        return min(moments, default=None)
