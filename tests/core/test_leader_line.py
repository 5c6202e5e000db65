"""A node's line when its leader changes: news of that in any order, and some of it lost."""

from collections.abc import Iterator
from itertools import permutations

import pytest

from cuems.core import bus
from cuems.core.cues import NodeId
from cuems.core.events import LineEvent, LineFound
from cuems.core.follow import OVERDUE_NS
from cuems.core.follower import Follower, FollowerEffect
from cuems.core.leader_line import MOST_EARLY, LeaderLine
from cuems.core.line import Line
from cuems.core.line_wait import PATIENCE_NS
from cuems.core.node import Node
from cuems.core.timecode import from_ns
from cuems.core.timekeeper import Timekeeper

S, MS = 1_000_000_000, 1_000_000
NAME, LEADER = NodeId("node"), NodeId("leader")
OLD, NEW = "old", "new"
AHEAD_NS = {OLD: 7_000 * S, NEW: 90_000 * S}  # of our clock
BEGAN_NS = {OLD: 11, NEW: 22}
POSITION_NS = {OLD: 100 * S, NEW: 500 * S}  # where their lines are at our moment zero

Step = FollowerEffect | LineEvent


class Stand:
    """A node that follows the line of a leader, from moment zero on, until that is lost."""

    def __init__(self) -> None:
        self.time = Timekeeper(remote=True)
        node = Node(NAME)
        self.follower = Follower(NAME, node)
        self.line = LeaderLine(NAME, self.follower, self.time, same_clock=False)
        self.now_ns = 0
        for step in ("welcome", "report", "clock"):
            self.hears(OLD, step)
        assert self.stands_on(OLD)

    def hears(self, boot: str, what: str) -> list[Step]:
        """What a leader says, heard now."""
        self.now_ns += 10 * MS
        self.time.wake(self.now_ns)
        return list(self._hear(boot, what))

    def _hear(self, boot: str, what: str) -> Iterator[Step]:
        remote_ns = self.now_ns + AHEAD_NS[boot]
        match what:
            case "welcome":
                epoch = (OLD, NEW).index(boot) + 1
                message = bus.Snapshot(node=NAME, epoch=epoch, boot=boot)
                yield from self.follower.hear(bus.Envelope(LEADER, message, None, boot), None)
                if self.line.is_led_anew():
                    yield from self.line.catch_up(self.now_ns)
            case "report":
                at = from_ns(self.now_ns + POSITION_NS[boot])
                line = Line(at, remote_ns, rolling=True, began_ns=BEGAN_NS[boot])
                report = bus.LineReport(line, remote_ns)
                yield from self.line.hear(bus.Envelope(LEADER, report, None, boot), self.now_ns)
            case "clock":
                reply = bus.ClockReply(
                    node=NAME, sent_ns=self.now_ns, received_ns=remote_ns, replied_ns=remote_ns
                )
                yield from self.line.hear(bus.Envelope(LEADER, reply, None, boot), self.now_ns)

    def stands_on(self, boot: str) -> bool:
        """Whether the line is that leader's, and where that has it."""
        position = self.time.position_at(self.now_ns)
        return self.time.line_at(self.now_ns) == BEGAN_NS[boot] and position == from_ns(
            self.now_ns + POSITION_NS[boot]
        )


FROM_THE_OLD = ((OLD, "report"), (OLD, "clock"))
FROM_THE_NEW = ((NEW, "welcome"), (NEW, "report"))


@pytest.mark.parametrize("order", list(permutations((*FROM_THE_OLD, *FROM_THE_NEW))))
def test_the_new_leaders_line_is_followed_in_whatever_order_news_of_it_comes(
    order: tuple[tuple[str, str], ...],
) -> None:
    it = Stand()
    for boot, what in order:
        it.hears(boot, what)
        assert it.stands_on(OLD)  # the new one cannot be placed yet, and the old one rolls on
    it.hears(NEW, "clock")  # the node asks for it as soon as it is led anew
    assert it.stands_on(NEW)


@pytest.mark.parametrize("silence_ns", [0, 2 * S, 3 * S, 60 * S])
def test_whatever_is_lost_of_it_the_next_report_and_the_next_answer_mend_it(
    silence_ns: int,
) -> None:
    news = (*FROM_THE_OLD, *FROM_THE_NEW, (NEW, "clock"))
    for kept in range(len(news)):
        for some in permutations(news, kept):
            it = Stand()
            it.now_ns += silence_ns
            for boot, what in some:
                it.hears(boot, what)
            it.hears(NEW, "welcome")  # a hello is said until it is answered
            it.hears(NEW, "report")
            it.hears(NEW, "clock")
            assert it.stands_on(NEW), some
            for boot, what in FROM_THE_OLD:
                it.hears(boot, what)
            assert it.stands_on(NEW), some


def test_an_answer_that_comes_after_the_old_line_was_lost_places_what_was_reported_before() -> None:
    it = Stand()
    it.hears(NEW, "welcome")
    it.now_ns += 2900 * MS
    it.hears(NEW, "report")  # the old line rolls on for another moment
    it.now_ns += 200 * MS
    assert it.time.wake(it.now_ns) != ()
    found = it.hears(NEW, "clock")
    assert [type(step) for step in found] == [LineFound]
    assert it.stands_on(NEW)
    assert it.time.wake(it.now_ns + 10 * MS) != ()
    assert it.time.position_at(it.now_ns + PATIENCE_NS) is not None


def test_a_report_from_before_that_has_grown_old_is_not_followed() -> None:
    it = Stand()
    it.hears(NEW, "report")
    it.now_ns += OVERDUE_NS
    it.hears(NEW, "welcome")
    it.hears(NEW, "clock")
    assert it.time.line_at(it.now_ns) == BEGAN_NS[OLD]
    it.hears(NEW, "report")
    assert it.stands_on(NEW)


def test_of_many_who_speak_early_the_last_ones_are_remembered() -> None:
    it = Stand()
    line = Line(0, 0, rolling=True)
    for number in range(MOST_EARLY):
        said = bus.Envelope(LEADER, bus.LineReport(line, 0), None, f"stranger {number}")
        assert list(it.line.hear(said, it.now_ns)) == []
    it.hears(NEW, "report")
    it.hears(NEW, "welcome")
    it.hears(NEW, "clock")
    assert it.stands_on(NEW)


def test_the_clock_is_asked_for_once_each_time_somebody_else_leads() -> None:
    it = Stand()
    assert not it.line.is_led_anew()
    list(it.follower.hear(_welcome(NEW, 2), None))
    assert [it.line.is_led_anew(), it.line.is_led_anew()] == [True, False]


def _welcome(boot: str, epoch: int) -> bus.Envelope:
    snapshot = bus.Snapshot(node=NAME, epoch=epoch, boot=boot)
    return bus.Envelope(LEADER, snapshot, None, boot)


def test_who_reads_the_controllers_very_clock_takes_its_moments_as_they_are() -> None:
    time = Timekeeper()
    line = LeaderLine(NAME, Follower(NAME, Node(NAME)), time, same_clock=True)
    report = bus.LineReport(Line(0, 5 * S, rolling=True), 5 * S)
    assert list(line.hear(bus.Envelope(LEADER, report, None, "b"), 5 * S)) == [LineFound(0)]
    reply = bus.ClockReply(node=NAME, sent_ns=0, received_ns=S, replied_ns=S)
    assert list(line.hear(bus.Envelope(LEADER, reply, None, "b"), 6 * S)) == []
    assert time.position_at(6 * S) == from_ns(S)
