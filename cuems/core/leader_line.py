"""The timecode line and the clock of whoever leads, in whatever order news of them comes.

A leader that takes over, or has started again, says its line before a node knows that it leads:
that report is kept until the node does. Moments of a line are in its leader's clock, so another
leader's line is placed by nothing that was learnt of the clock before.
"""

from collections.abc import Iterator

from cuems.core import bus
from cuems.core.cues import NodeId
from cuems.core.events import LineEvent
from cuems.core.follow import OVERDUE_NS
from cuems.core.follower import Follower, FollowerEffect
from cuems.core.timekeeper import Timekeeper

MOST_EARLY = 4  # controllers that speak at once: one leads, one stands by, one was fenced off


class LeaderLine:
    """What a node takes of lines and clocks. `same_clock`: it reads its controller's very clock."""

    def __init__(
        self, name: NodeId, follower: Follower, timekeeper: Timekeeper, *, same_clock: bool
    ) -> None:
        self._name = name
        self._follower = follower
        self._time = timekeeper
        self._same_clock = same_clock
        self._boot = ""
        self._early: dict[str, tuple[bus.Envelope, int]] = {}

    def hear(self, said: bus.Envelope, received_ns: int) -> Iterator[FollowerEffect | LineEvent]:
        """A controller has said its line, or what its clock shows; what comes of it, in order."""
        message = said.message
        if not self._follower.follows(said):
            if isinstance(message, bus.LineReport):
                self._keep(said, received_ns)
            return
        self._time.led_by(said.boot)
        if isinstance(message, bus.LineReport):
            yield from self._follower.hear_line(message)
            hear = self._time.hear_line if self._same_clock else self._time.hear_report
            yield from hear(message.line, received_ns)
        elif isinstance(message, bus.ClockReply):
            yield from self._hear_clock(message, received_ns)

    def _hear_clock(self, reply: bus.ClockReply, received_ns: int) -> Iterator[LineEvent]:
        if reply.node == self._name and not self._same_clock:
            yield from self._time.hear_probe(
                reply.sent_ns, reply.received_ns, reply.replied_ns, received_ns
            )

    def is_led_anew(self) -> bool:
        """Whether somebody else leads than when this was last asked: ask for the clock."""
        before, self._boot = self._boot, self._follower.boot
        return self._boot != before

    def catch_up(self, now_ns: int) -> Iterator[FollowerEffect | LineEvent]:
        """What the leader has said of its line before it was known to lead."""
        early = self._early.pop(self._follower.boot, None)
        self._early.clear()
        if early is not None and now_ns < early[1] + OVERDUE_NS:
            yield from self.hear(*early)

    def _keep(self, said: bus.Envelope, received_ns: int) -> None:
        self._early.pop(said.boot, None)
        if len(self._early) >= MOST_EARLY:
            del self._early[next(iter(self._early))]
        self._early[said.boot] = said, received_ns
