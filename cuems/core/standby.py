"""A standby controller's judgement: does the active one still lead, and may we take its place?

The active one's lease is renewed by every answer of it. It is lost by silence, never by never
having been heard: two machines that start together are no reason to take over. By itself a standby
takes over only where more than half of the nodes miss their leader too: a cable between the two
controllers is not the end of a show. Moments are the standby's monotonic clock.
"""

from enum import StrEnum

from cuems.core.cues import NodeId

ACTIVE, STANDBY, STEPPED_DOWN = "active", "standby", "stepped down"
LEASE_NS = 1_500_000_000
NS_PER_MS = 1_000_000
RESTARTS = 1000  # epochs between two take-overs: so many starts do not outrank one


class Takeover(StrEnum):
    """When a standby takes over: by itself, or when somebody says so."""

    AUTO = "auto"
    ASK = "ask"


def takeover_epoch(seen: int) -> int:
    """An epoch that fences off the leader of `seen`, however often that starts again."""
    return (seen // RESTARTS + 1) * RESTARTS


class Lease:
    """How long ago the active controller gave a sign of life, and who else misses it."""

    def __init__(self) -> None:
        self.lag_ns: int | None = None
        self._heard_ns: int | None = None
        self._asked_ns: int | None = None
        self._votes: set[NodeId] = set()

    def asked(self, now_ns: int) -> None:
        """A sign of life was asked for; only the oldest open question counts."""
        if self._asked_ns is None:
            self._asked_ns = now_ns

    def answered(self, now_ns: int) -> None:
        """It answered."""
        if self._asked_ns is not None:
            self.lag_ns = now_ns - self._asked_ns
        self._asked_ns = None
        self._heard_ns = now_ns
        self._votes.clear()

    def interrupted(self) -> None:
        """The connection is gone; what was asked on it is not answered any more."""
        self._asked_ns = None

    @property
    def ends_ns(self) -> int | None:
        """When it is lost, unless it is renewed; None where it never began."""
        return None if self._heard_ns is None else self._heard_ns + LEASE_NS

    def is_lost(self, now_ns: int) -> bool:
        """Whether the active controller has been silent for too long."""
        return self._heard_ns is not None and now_ns >= self._heard_ns + LEASE_NS

    def missed_by(self, node: NodeId) -> None:
        """A node misses its leader as well: it asks us in."""
        self._votes.add(node)

    def may_take_over(self, now_ns: int, nodes: frozenset[NodeId]) -> bool:
        """Whether it is lost for more than half of the nodes as well; without nodes it never is."""
        return self.is_lost(now_ns) and 2 * len(self._votes & nodes) > len(nodes)
