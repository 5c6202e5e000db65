"""Commands that must arrive, the sender's half and the receiver's, and both over a bad network."""

import random
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cuems.core import bus
from cuems.core.bus import Stamp
from cuems.core.cues import CueId, NodeId
from cuems.core.delivery import (
    MOST_PENDING,
    NS_PER_MS,
    RESEND_LOST_NS,
    GivenUp,
    Numbered,
    Resend,
    Sender,
)
from cuems.core.events import Go
from cuems.core.receipt import (
    BUSY,
    FENCED,
    MOST_HELD,
    SAY_HELLO,
    STOPPED,
    TWO_LEADERS,
    WINDOW,
    Deliver,
    Receiver,
    Reply,
    Term,
)

LEFT, RIGHT, LEADER = NodeId("left"), NodeId("right"), NodeId("leader")
PATIENCE_NS = 2_000 * NS_PER_MS


def go(run_seq: int) -> Go:
    return Go(run_seq=run_seq, cue=CueId(f"cue {run_seq}"), at=0)


def stamp(seq: int, *, floor: int = 0, stop: int = 0, epoch: int = 1, boot: str = "b") -> Stamp:
    return Stamp(epoch=epoch, boot=boot, seq=seq, floor=floor, stop_generation=stop)


def member(next_seq: int = 0, stop: int = 0) -> Receiver:
    receiver = Receiver()
    assert receiver.adopt(LEADER, epoch=1, boot="b", next_seq=next_seq, stop_generation=stop)
    return receiver


def post(sender: Sender, command: Numbered, now_ns: int = 0) -> Stamp:
    return sender.post(command, now_ns, deadline_ns=now_ns + PATIENCE_NS, stop_generation=0)


# ---- the sender


def test_what_is_not_answered_is_sent_again_ever_less_often() -> None:
    sender = Sender(1, "b")
    sender.join(LEFT)
    post(sender, go(1))
    moments = []
    for _ in range(9):
        now_ns = sender.next_wake_ns()
        assert now_ns is not None
        assert [(r.node, r.stamp.seq) for r in sender.wake(now_ns)] == [(LEFT, 0)]
        moments.append(now_ns // NS_PER_MS)
    assert moments == [8, 16, 28, 44, 68, 100, 150, 200, 250]


def test_an_answer_ends_it_and_says_how_long_it_took() -> None:
    sender = Sender(1, "b")
    sender.join(LEFT)
    post(sender, go(1), now_ns=5)
    assert sender.answered(LEFT, 0, 1_000_005) == 1_000_000
    assert sender.answered(LEFT, 0, 2_000_000) is None
    assert sender.next_wake_ns() is None


def test_at_the_deadline_it_is_given_up_and_named() -> None:
    sender = Sender(1, "b")
    sender.join(LEFT)
    sender.join(RIGHT)
    post(sender, go(1))
    sender.answered(LEFT, 0, 1)
    assert list(sender.wake(PATIENCE_NS)) == []
    assert sender.take_given_up() == [GivenUp(RIGHT, go(1), "no answer in time")]
    assert sender.take_given_up() == []


def test_a_lost_member_is_only_tried_with_stops() -> None:
    sender = Sender(1, "b")
    sender.join(LEFT)
    post(sender, go(1))
    sender.post(bus.StopCommand(7), 0, deadline_ns=None, stop_generation=6)
    sender.lose(LEFT)
    post(sender, go(2))
    assert [given.command for given in sender.take_given_up()] == [go(1), go(2)]
    again = list(sender.wake(NS_PER_MS * 8))
    assert [resend.command for resend in again] == [bus.StopCommand(7)]
    assert sender.next_wake_ns() == NS_PER_MS * 8 + RESEND_LOST_NS


def test_a_member_that_joins_owes_no_answer_to_what_was_before() -> None:
    sender = Sender(1, "b")
    post(sender, go(1))
    sender.join(LEFT)
    post(sender, go(2))
    assert sender.next_wake_ns() == NS_PER_MS * 8
    sender.answered(LEFT, 1, 1)
    assert sender.join(LEFT) == 2
    assert sender.next_wake_ns() is None


def test_a_member_that_asks_how_things_stand_is_still_sent_what_it_has_not_answered() -> None:
    sender = Sender(1, "b")
    sender.join(LEFT)
    post(sender, go(1))
    assert sender.join(LEFT) == 1
    assert [resend.command for resend in sender.wake(NS_PER_MS * 8)] == [go(1)]


def test_what_waits_for_one_member_is_bounded_and_what_goes_is_named() -> None:
    sender = Sender(1, "b")
    sender.join(LEFT)
    for number in range(MOST_PENDING + 1):
        post(sender, go(number))
    assert sender.take_given_up() == [GivenUp(LEFT, go(0), "too many")]


# ---- the receiver


def test_a_command_is_acted_on_once_and_answered_as_often_as_it_comes() -> None:
    receiver = member()
    assert list(receiver.take(LEADER, stamp(0), go(1))) == [Deliver(0, go(1))]
    assert receiver.done(0, "too late by 3 ms") == Reply(0, "too late by 3 ms")
    assert list(receiver.take(LEADER, stamp(0), go(1))) == [Reply(0, "too late by 3 ms")]
    assert receiver.seen_before == 1


def test_what_comes_early_waits_for_what_was_said_before() -> None:
    receiver = member()
    assert list(receiver.take(LEADER, stamp(2), go(3))) == []
    assert list(receiver.take(LEADER, stamp(1), go(2))) == []
    taken = list(receiver.take(LEADER, stamp(0), go(1)))
    assert taken == [Deliver(0, go(1)), Deliver(1, go(2)), Deliver(2, go(3))]


def test_what_was_given_up_is_waited_for_no_longer() -> None:
    receiver = member()
    assert list(receiver.take(LEADER, stamp(1), go(2))) == []
    taken = list(receiver.take(LEADER, stamp(2, floor=1), go(3)))
    assert taken == [Deliver(1, go(2)), Deliver(2, go(3))]
    assert list(receiver.take(LEADER, stamp(0), go(1))) == [Reply(0)]


def test_a_stop_is_obeyed_at_once_and_kills_the_go_it_overtook() -> None:
    receiver = member()
    stop = bus.StopCommand(1)
    assert list(receiver.take(LEADER, stamp(1), stop)) == [Deliver(1, stop, ahead=True)]
    assert list(receiver.take(LEADER, stamp(1), stop)) == []
    assert list(receiver.take(LEADER, stamp(0), go(1))) == [Reply(0, STOPPED), Deliver(1, stop)]


def test_a_go_after_the_stop_is_obeyed() -> None:
    receiver = member()
    list(receiver.take(LEADER, stamp(0), bus.StopCommand(1)))
    assert list(receiver.take(LEADER, stamp(1, stop=1), go(1))) == [Deliver(1, go(1))]


def test_an_older_leader_is_fenced_and_told_by_which_epoch() -> None:
    receiver = member()
    receiver.meet(NodeId("other"), 5)
    assert list(receiver.take(LEADER, stamp(0), go(1))) == [Reply(0, nak=FENCED, epoch=5)]
    assert receiver.fenced == 1


def test_of_two_leaders_of_one_epoch_the_first_is_obeyed() -> None:
    receiver = member()
    other = NodeId("other")
    assert list(receiver.take(other, stamp(0), go(1))) == [Reply(0, nak=TWO_LEADERS, epoch=1)]
    assert list(receiver.take(LEADER, stamp(0), go(1))) == [Deliver(0, go(1))]


def test_what_was_known_before_a_restart_still_fences() -> None:
    receiver = Receiver(Term(9, LEADER))
    assert list(receiver.take(LEADER, stamp(0, epoch=8), go(1))) == [Reply(0, nak=FENCED, epoch=9)]


def test_a_leader_we_do_not_follow_yet_is_asked_in_but_its_stop_is_obeyed() -> None:
    receiver = Receiver()
    hello = Reply(4, nak=SAY_HELLO, epoch=1)
    assert list(receiver.take(LEADER, stamp(4), go(1))) == [hello]
    stop = bus.StopCommand(3)
    assert list(receiver.take(LEADER, stamp(4), stop)) == [Deliver(4, stop, ahead=True), hello]
    assert list(receiver.take(LEADER, stamp(4), stop)) == [hello]


def test_what_is_older_than_what_we_know_does_not_bring_us_up_to_now() -> None:
    receiver = member()
    list(receiver.take(LEADER, stamp(0), go(1)))
    assert not receiver.adopt(LEADER, epoch=1, boot="b", next_seq=0, stop_generation=0)
    assert receiver.adopt(LEADER, epoch=1, boot="b", next_seq=5, stop_generation=0)
    assert list(receiver.take(LEADER, stamp(5), go(6))) == [Deliver(5, go(6))]


def test_what_waits_is_bounded_and_too_much_comes_again() -> None:
    receiver = member()
    for seq in range(1, MOST_HELD + 1):
        assert list(receiver.take(LEADER, stamp(seq), go(seq))) == []
    over = MOST_HELD + 1
    assert list(receiver.take(LEADER, stamp(over), go(over))) == [Reply(over, nak=BUSY, epoch=1)]


def test_results_are_remembered_for_a_thousand_commands() -> None:
    receiver = member()
    for seq in range(WINDOW + 1):
        list(receiver.take(LEADER, stamp(seq), go(seq)))
        receiver.done(seq, "refused")
    assert list(receiver.take(LEADER, stamp(0), go(0))) == [Reply(0)]
    assert list(receiver.take(LEADER, stamp(1), go(1))) == [Reply(1, "refused")]


# ---- both, over a network that loses, doubles, disorders and cuts, between machines that crash


@dataclass
class Machine:
    """A member that may crash; `fired` is what it acted on since it last started."""

    receiver: Receiver
    fired: list[tuple[int, Numbered]] = field(default_factory=list)
    stopped_by: int = 0


class Unreliable(RuleBasedStateMachine):
    """A leader, two members, and letters that get lost, doubled and out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ns = 0
        self.sender = Sender(1, "b")
        self.machines = {node: Machine(Receiver()) for node in (LEFT, RIGHT)}
        self.letters: list[tuple[NodeId, Stamp, Numbered]] = []
        self.answers: list[tuple[NodeId, Reply]] = []
        self.posted: dict[int, tuple[Numbered, int]] = {}
        self.stop_generation = self.run_seq = 0
        self.joined: dict[NodeId, int] = {}
        self.given_up: list[GivenUp] = []
        for node in self.machines:
            self.join(node)

    def join(self, node: NodeId) -> None:
        next_seq = self.sender.join(node)
        machine = self.machines[node]
        adopted = machine.receiver.adopt(
            LEADER, epoch=1, boot="b", next_seq=next_seq, stop_generation=self.stop_generation
        )
        assert adopted
        self.joined[node] = next_seq

    @rule(stop=st.booleans())
    def give(self, stop: bool) -> None:
        before = self.stop_generation
        if stop:
            self.stop_generation += 1
            command: Numbered = bus.StopCommand(self.stop_generation)
        else:
            self.run_seq += 1
            command = go(self.run_seq)
        deadline_ns = None if stop else self.now_ns + PATIENCE_NS
        posted = self.sender.post(
            command, self.now_ns, deadline_ns=deadline_ns, stop_generation=before
        )
        self.posted[posted.seq] = command, before
        for node in self.machines:
            self.letters.append((node, posted, command))

    @rule(ms=st.integers(1, 400))
    def wait(self, ms: int) -> None:
        self.now_ns += ms * NS_PER_MS
        self.resend()

    def resend(self) -> None:
        for resend in self.sender.wake(self.now_ns):
            self.letters.append((resend.node, resend.stamp, resend.command))
        self.given_up += self.sender.take_given_up()

    @rule(luck=st.randoms(use_true_random=False), keep=st.booleans())
    def deliver_one(self, luck: random.Random, keep: bool) -> None:
        if self.letters:
            at = luck.randrange(len(self.letters))
            letter = self.letters[at] if keep else self.letters.pop(at)
            self.deliver(letter)

    @rule(luck=st.randoms(use_true_random=False))
    def lose_one(self, luck: random.Random) -> None:
        if self.letters:
            self.letters.pop(luck.randrange(len(self.letters)))

    @rule(luck=st.randoms(use_true_random=False), lost=st.booleans())
    def answer_one(self, luck: random.Random, lost: bool) -> None:
        if self.answers:
            node, reply = self.answers.pop(luck.randrange(len(self.answers)))
            if not lost and not reply.nak:
                self.sender.answered(node, reply.seq, self.now_ns)

    @rule(node=st.sampled_from([LEFT, RIGHT]))
    def crash(self, node: NodeId) -> None:
        self.machines[node] = Machine(Receiver(self.machines[node].receiver.term))
        self.join(node)

    def deliver(self, letter: tuple[NodeId, Stamp, Numbered]) -> None:
        node, letter_stamp, command = letter
        machine = self.machines[node]
        for taken in machine.receiver.take(LEADER, letter_stamp, command):
            if isinstance(taken, Reply):
                self.answers.append((node, taken))
                continue
            if isinstance(taken.command, bus.StopCommand):
                machine.stopped_by = max(machine.stopped_by, taken.command.stop_generation or 0)
            if not taken.ahead:
                self.act(machine, taken)
                self.answers.append((node, machine.receiver.done(taken.seq)))

    def act(self, machine: Machine, taken: Deliver) -> None:
        given, before = self.posted[taken.seq]
        assert taken.command == given
        if isinstance(given, Go):  # I2
            assert before >= machine.stopped_by, "a GO from before the stop"
        machine.fired.append((taken.seq, given))

    @invariant()
    def each_once_and_in_order(self) -> None:  # I1
        for machine in self.machines.values():
            numbers = [seq for seq, _ in machine.fired]
            assert numbers == sorted(set(numbers))

    def teardown(self) -> None:
        """The faults cease: what was not given up has been acted on, by all alike (I5, I7)."""
        for _ in range(60):
            letters, self.letters = self.letters, []
            for letter in letters:
                self.deliver(letter)
            answers, self.answers = self.answers, []
            for node, reply in answers:
                if not reply.nak:
                    self.sender.answered(node, reply.seq, self.now_ns)
            self.now_ns += 50 * NS_PER_MS
            self.resend()
        assert self.sender.next_wake_ns() is None
        for node, machine in self.machines.items():
            missing = set(range(self.joined[node], self.sender.next_seq))
            missing -= {seq for seq, _ in machine.fired}
            given_up = {g.command for g in self.given_up if g.node == node}
            for seq in missing:
                command, before = self.posted[seq]
                overtaken = isinstance(command, Go) and before < machine.stopped_by
                assert overtaken or command in given_up


Unreliable.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestUnreliable = Unreliable.TestCase


def test_a_resend_tells_each_member_what_it_alone_may_still_expect() -> None:
    sender = Sender(1, "b")
    sender.join(LEFT)
    sender.join(RIGHT)
    post(sender, go(1))
    sender.answered(LEFT, 0, 1)
    second = post(sender, go(2))
    assert second.floor == 0
    again = {resend.node: resend for resend in sender.wake(NS_PER_MS * 8) if resend.stamp.seq}
    assert again[LEFT] == Resend(LEFT, stamp(1, floor=1), go(2))
    assert sender.stamp_for(RIGHT, second).floor == 0
