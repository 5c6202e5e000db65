"""A node that follows a leader: whom it obeys, what it asks for, and what it answers."""

from collections.abc import Iterable

from cuems.core import bus
from cuems.core.cues import CueId, NodeId
from cuems.core.effects import Stop
from cuems.core.events import Advance, CueArmed, Go, Intervene, LineFound, SetEnabled
from cuems.core.follower import NO_COMMAND, Follower, FollowerEffect, KeepTerm, SayHello
from cuems.core.line import Line
from cuems.core.node import Node
from cuems.core.node_desk import Fetched, Moved, Play, Proved, Say, Told
from cuems.core.receipt import Deliver, Receiver, Term
from cuems.core.reports import Heartbeat, Pong, Receipt
from cuems.core.runs import Word
from tests.build import NODE, audio, show

ME, LEADER, OTHER = NodeId(NODE), NodeId("leader"), NodeId("other")
A = CueId("a")
BOOT = "first"


class Rig:
    """A node with one long cue, and what leaders say to it."""

    def __init__(self, term: Term | None = None) -> None:
        self.node = Node(ME)
        load = bus.LoadCommand(project="show")
        self.node.handle(Moved(LineFound(0)))
        self.node.handle(Moved(Advance(0)))
        self.node.handle(Told(load, 0))
        self.node.handle(Fetched(load, show(audio("a", 60_000))))
        self.node.handle(Proved(CueArmed(A)))
        self.follower = Follower(ME, self.node, term)

    def hears(
        self,
        message: bus.BusMessage,
        *,
        seq: int | None = None,
        epoch: int = 1,
        sender: NodeId = LEADER,
        boot: str = BOOT,
        stop_generation: int = 0,
    ) -> list[FollowerEffect]:
        stamp = None
        if seq is not None:
            stamp = bus.Stamp(
                epoch=epoch, boot=boot, seq=seq, floor=0, stop_generation=stop_generation
            )
        return list(self.follower.hear(bus.Envelope(sender, message, stamp, boot, 1), 0))

    def joins(self, *, epoch: int = 1, boot: str = BOOT, next_seq: int = 1) -> list[FollowerEffect]:
        snapshot = bus.Snapshot(
            node=ME, epoch=epoch, boot=boot, next_seq=next_seq, stop_generation=0
        )
        return self.hears(snapshot, epoch=epoch, boot=boot)


def receipts(effects: Iterable[FollowerEffect]) -> list[Receipt]:
    return [it.report for it in effects if isinstance(it, Say) and isinstance(it.report, Receipt)]


def hellos(effects: Iterable[FollowerEffect]) -> int:
    return sum(isinstance(it, SayHello) for it in effects)


def played(effects: Iterable[FollowerEffect]) -> list[object]:
    return [it.effect for it in effects if isinstance(it, Play)]


GO = Go(run_seq=1, cue=A, at=0, deadline=10**9)


def test_until_it_is_led_a_numbered_command_is_asked_to_wait_and_a_stop_is_obeyed() -> None:
    rig = Rig()
    effects = rig.hears(GO, seq=1)
    assert played(effects) == []
    assert hellos(effects) == 1
    assert receipts(effects) == [Receipt(BOOT, 1, nak="hello", epoch=1)]
    rig.hears(bus.GoStandbyCommand())  # a controller of the ecosystem starts it
    stopped = rig.hears(bus.StopCommand(1), seq=2, stop_generation=1)
    assert Stop(A) in played(stopped)


def test_whom_it_follows_is_written_down_before_anything_else() -> None:
    rig = Rig()
    assert not rig.follower.led
    effects = rig.joins(epoch=7)
    assert effects[0] == KeepTerm(Term(7, LEADER))
    assert (rig.follower.led, rig.follower.boot) == (True, BOOT)
    assert played(rig.hears(GO, seq=1, epoch=7)) != []


def test_each_command_is_obeyed_once_and_answered_each_time() -> None:
    rig = Rig()
    rig.joins()
    first, again = rig.hears(GO, seq=1), rig.hears(GO, seq=1)
    assert len(played(first)) > 0
    assert played(again) == []
    assert receipts(first) == receipts(again) == [Receipt(BOOT, 1)]


def test_a_word_on_one_cue_from_before_a_stop_is_dead_though_it_comes_after() -> None:
    rig = Rig()
    rig.joins()
    rig.hears(bus.StopCommand(1), seq=2, stop_generation=1)
    word = Intervene(run_seq=2, cue=A, word=Word.STOP, at=0)
    late = rig.hears(word, seq=1, stop_generation=0)
    assert receipts(late)[0] == Receipt(BOOT, 1, refusal="stopped meanwhile")


def test_why_it_would_not_is_in_the_answer() -> None:
    rig = Rig()
    rig.joins()
    nobody = Go(run_seq=1, cue=CueId("none"), at=0)
    [answer] = receipts(rig.hears(nobody, seq=1))
    assert answer.refusal != ""


def test_a_leader_that_was_fenced_off_is_told_so() -> None:
    rig = Rig(Term(5, OTHER))
    assert rig.hears(bus.Beat(epoch=4, boot=BOOT, wanted=(), asks=False)) == [
        Say(Receipt(BOOT, NO_COMMAND, nak="fenced", epoch=5))
    ]
    said = bus.Envelope(
        LEADER, GO, bus.Stamp(epoch=4, boot=BOOT, seq=1, floor=0, stop_generation=0), BOOT, 1
    )
    assert rig.follower.fences_off(said)
    assert rig.joins(epoch=4) == []


def test_a_beat_is_answered_and_hello_is_said_to_a_leader_not_known_yet() -> None:
    rig = Rig()
    beat = bus.Beat(epoch=1, boot=BOOT, wanted=(), asks=True)
    asked = rig.hears(beat)
    assert hellos(asked) == 1
    assert [it for it in asked if isinstance(it, Say)] == [Say(Heartbeat(armed=rig.node.armed))]
    rig.joins()
    assert hellos(rig.hears(beat)) == 0
    assert hellos(rig.hears(bus.Beat(epoch=1, boot=BOOT, wanted=(ME,), asks=False))) == 1
    assert hellos(rig.hears(bus.Beat(epoch=1, boot="second", wanted=(), asks=False))) == 1


def test_a_snapshot_older_than_what_is_known_is_not_believed() -> None:
    rig = Rig()
    rig.joins()
    rig.hears(GO, seq=1)
    assert hellos(rig.joins(next_seq=1)) == 1
    other = bus.Snapshot(node=OTHER, epoch=9, boot="x", next_seq=1, stop_generation=0)
    assert rig.hears(other, epoch=9) == []


def test_once_led_a_controller_that_numbers_nothing_is_not_obeyed() -> None:
    rig = Rig()
    rig.joins()
    assert rig.hears(bus.GoStandbyCommand(), sender=OTHER, boot="") == []


def test_the_line_is_taken_from_its_leader_and_never_an_older_report() -> None:
    rig = Rig()
    rig.joins()

    def follows(sent_ns: int, boot: str = BOOT) -> bool:
        report = bus.LineReport(Line(0, 0, rolling=True), sent_ns)
        return rig.follower.follows(bus.Envelope(LEADER, report, None, boot, 1))

    assert [follows(5), follows(4), follows(6), follows(7, "elsewhere")] == [
        True, False, True, False,
    ]  # fmt: skip
    assert rig.follower.follows(bus.Envelope(LEADER, Pong(), None, BOOT, 1))


def test_a_snapshot_of_one_who_is_fenced_off_or_of_before_is_not_adopted() -> None:
    receiver = Receiver()

    def adopts(next_seq: int, *, epoch: int = 2, stops: int = 0) -> bool:
        return receiver.adopt(
            LEADER, epoch=epoch, boot=BOOT, next_seq=next_seq, stop_generation=stops
        )

    assert adopts(5, stops=1)
    assert not adopts(5, epoch=1, stops=1)
    assert not adopts(4, stops=1)
    assert not adopts(5, stops=0)
    ahead = bus.Stamp(epoch=2, boot=BOOT, seq=7, floor=0, stop_generation=1)
    assert list(receiver.take(LEADER, ahead, SetEnabled(A, False))) == []
    assert adopts(8, stops=1)  # it knows all that was held here
    after = bus.Stamp(epoch=2, boot=BOOT, seq=8, floor=0, stop_generation=1)
    told = list(receiver.take(LEADER, after, SetEnabled(A, True)))
    assert told == [Deliver(8, SetEnabled(A, True))]
