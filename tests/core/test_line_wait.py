"""A GO that came before the line it is for."""

from cuems.core import bus
from cuems.core.cues import CueId, NodeId
from cuems.core.effects import Start, Stop
from cuems.core.events import Advance, Go, Locate, SetNextCue
from cuems.core.follower import Follower
from cuems.core.line import Line
from cuems.core.line_wait import MOST_WAITING, PATIENCE_NS, LineWatch
from cuems.core.node_desk import LineMissed, Moved, NodeEffect, OnLine, Play
from cuems.core.reports import GoRefusedReport
from cuems.core.runs import Trigger
from cuems.core.show_state import ShowState
from cuems.core.timecode import from_ms
from cuems.core.timekeeper import Timekeeper
from tests.build import audio
from tests.core.test_node import NODE_ID, A, B, Stand, played, said

OLD, NEW = 111, 222
S = 1_000_000_000


def stand() -> Stand:
    """A node that stands 20 s into an old line, the news of the new one not come yet."""
    stand = Stand(audio("a"), audio("b"))
    stand.node.handle(OnLine(OLD))
    stand.node.handle(Moved(Locate(from_ms(20_000))))
    return stand


def go(run_seq: int = 1, cue: CueId = A, line: int = NEW) -> Go:
    return Go(run_seq=run_seq, cue=cue, at=from_ms(80), deadline=from_ms(2080), line=line)


def line_comes(stand: Stand) -> tuple[NodeEffect, ...]:
    before = stand.node.handle(Moved(Locate(from_ms(80))))
    return (*before, *stand.node.handle(OnLine(NEW)))


STARTS_A = Start(cue=A, run_seq=1, start=from_ms(80), elapsed=0)


def test_it_waits_for_its_line_and_then_starts_where_it_is_to() -> None:
    it = stand()
    assert said(it.tell(go(), 20_000)) == []
    assert it.node.waits_for_line
    assert STARTS_A in played(line_comes(it))
    assert not it.node.waits_for_line


def test_a_go_for_the_line_that_is_there_or_for_none_does_not_wait() -> None:
    it = stand()
    line_comes(it)
    assert STARTS_A in played(it.tell(go(), 80))
    nameless = stand()
    assert [type(report) for report in said(nameless.tell(go(line=0), 20_000))] == [GoRefusedReport]


def test_what_is_told_after_it_is_done_after_it() -> None:
    it = stand()
    it.tell(go(), 20_000)
    assert it.tell(SetNextCue(A), 20_000) == ()
    line_comes(it)
    assert it.node.armed is not None
    assert it.node.armed.standby == A


def test_a_stop_ends_the_waiting() -> None:
    it = stand()
    it.tell(go(), 20_000)
    it.tell(bus.StopCommand(9), 20_000)
    assert STARTS_A not in played(line_comes(it))


def test_a_line_that_does_not_come_in_time_is_said() -> None:
    it = stand()
    it.tell(go(), 20_000)
    watch = LineWatch()
    assert not watch.missed(5, waits=it.node.waits_for_line)
    assert watch.next_wake_ns() == 5 + PATIENCE_NS
    assert watch.missed(5 + PATIENCE_NS, waits=True)
    refused = GoRefusedReport(1, "the line it is for was not heard of")
    assert said(it.node.handle(LineMissed()))[0] == refused
    assert not watch.missed(6 + PATIENCE_NS, waits=it.node.waits_for_line)


def test_what_waits_is_bounded() -> None:
    it = stand()
    for number in range(MOST_WAITING):
        assert said(it.tell(go(number), 20_000)) == []
    assert [type(report) for report in said(it.tell(go(999), 20_000))] == [GoRefusedReport]


def test_how_the_show_stands_on_a_new_line_is_not_looked_up_on_the_old_one() -> None:
    it = stand()
    trigger = Trigger(cue=A, run_seq=1, given=0, due=from_ms(80), arrival=from_ms(80))
    state = ShowState(at=B, triggers=(trigger,))
    load = bus.LoadCommand(project="show", load_seq=4)
    snapshot = bus.Snapshot(node=NODE_ID, load=load, state=state, line=NEW)
    assert it.tell(snapshot, 20_000) == ()
    assert STARTS_A in played(line_comes(it))


def test_a_node_that_knows_no_line_yet_stands_as_it_is_told_at_once() -> None:
    it = Stand(audio("a"), audio("b"))
    load = bus.LoadCommand(project="show", load_seq=4)
    it.tell(bus.Snapshot(node=NODE_ID, load=load, state=ShowState(at=B), line=NEW))
    assert it.node.armed is not None
    assert it.node.armed.standby == B


def test_a_line_in_a_clock_that_is_not_known_is_not_there_yet() -> None:
    time = Timekeeper(remote=True)
    time.hear_report(Line(0, 5 * S, rolling=True, began_ns=NEW), S)
    assert time.line_at(S) == 0
    time.hear_probe(S, 6 * S, 6 * S, S)
    assert time.line_at(S) == NEW


def test_a_line_from_after_a_stop_is_not_followed_before_that_is_obeyed() -> None:
    """Else what has begun early in the line before would begin again."""
    it = Stand(audio("a", 60_000), audio("b"))
    follower = Follower(NODE_ID, it.node)
    leader = NodeId("leader")
    load = bus.LoadCommand(project="show", load_seq=4)
    welcome = bus.Snapshot(node=NODE_ID, epoch=1, boot="b", load=load)
    list(follower.hear(bus.Envelope(leader, welcome), 0))
    it.tell(go(line=0), 80)
    it.node.handle(Moved(Advance(from_ms(100))))
    line = Line(0, 0, rolling=True, began_ns=NEW)
    assert list(follower.hear_line(bus.LineReport(line, 0))) == []
    obeyed = tuple(follower.hear_line(bus.LineReport(line, 0, stop_generation=1)))
    assert Play(Stop(A)) in obeyed
    assert list(follower.hear_line(bus.LineReport(line, 0, stop_generation=1))) == []
    assert it.node.stop_generation == 1
