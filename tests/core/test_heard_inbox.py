"""What a node hears of its controllers, by rank: no order in which it is acted on fires wrongly."""

from collections.abc import Iterator
from itertools import permutations

import pytest

from cuems.core import bus
from cuems.core.cues import CueId, NodeId
from cuems.core.effects import Arm, Start, Stop
from cuems.core.events import Advance, CueArmed, Go, LineFound, SetNextCue
from cuems.core.follower import Follower, FollowerEffect
from cuems.core.heard_inbox import Heard, HeardInbox
from cuems.core.inbox import MOST_STATE, MOST_URGENT
from cuems.core.line import Line
from cuems.core.node import Node
from cuems.core.node_desk import Fetch, Fetched, Moved, Play, Prepare, Proved, Say, Told
from cuems.core.receipt import BUSY
from cuems.core.reports import Receipt
from tests.build import NODE, audio, show

ME, LEADER = NodeId(NODE), NodeId("leader")
A = CueId("a")
BOOT = "boot"
OLD = bus.LoadCommand(project="show", load_seq=1)
NEW = bus.LoadCommand(project="show", load_seq=2)  # the same once more: its cues are named alike
GO = Go(run_seq=1, cue=A, at=0, deadline=10**12)
STOP = bus.StopCommand(1)
VOLUME = f"/{NODE}/audio/mixer/0/master/volume"


def said(
    message: bus.BusMessage, seq: int | None = None, *, stops: int = 0, boot: str = BOOT
) -> Heard:
    stamp = None
    if seq is not None:
        stamp = bus.Stamp(epoch=1, boot=boot, seq=seq, floor=0, stop_generation=stops)
    return Heard(bus.Envelope(LEADER, message, stamp, boot, 1), 0)


def fader(value: float, address: str = VOLUME, boot: str = BOOT) -> Heard:
    return said(bus.PlayerControlCommand(address, (value,)), boot=boot)


def messages(inbox: HeardInbox) -> list[bus.BusMessage]:
    found = []
    while (heard := inbox.take()) is not None:
        found.append(heard.said.message)
    return found


def kept(*heard: Heard) -> HeardInbox:
    inbox = HeardInbox()
    for each in heard:
        assert inbox.put(each) is None
    return inbox


def test_the_leaders_stop_goes_before_ten_thousand_faders_and_all_state() -> None:
    inbox = kept(*(fader(number / 10_000) for number in range(10_000)))
    beat = bus.Beat(epoch=1, boot=BOOT)
    for heard in (said(NEW, 1), said(beat), said(GO, 2), said(STOP, 3)):
        inbox.put(heard)
    last = bus.PlayerControlCommand(VOLUME, (0.9999,))
    assert messages(inbox) == [GO, STOP, NEW, beat, last]


def test_what_an_ecosystems_controller_says_keeps_its_order() -> None:
    load, go, stop = bus.LoadCommand(project="show"), bus.GoStandbyCommand(), bus.StopCommand()
    inbox = kept(said(load, boot=""), said(go, boot=""), said(stop, boot=""), said(go, boot=""))
    assert messages(inbox) == [load, go, stop, go]


def test_a_faders_newest_setting_counts_and_nobody_elses_stands_in_its_way() -> None:
    inbox = kept(fader(0.1), fader(0.5, boot="another"), fader(0.2), fader(0.3, "/other"))
    values = [
        (command.address, command.values)
        for command in messages(inbox)
        if isinstance(command, bus.PlayerControlCommand)
    ]
    assert values == [(VOLUME, (0.2,)), (VOLUME, (0.5,)), ("/other", (0.3,))]


def test_a_welcome_that_says_how_a_fader_stands_is_not_undone_by_an_older_setting() -> None:
    now = bus.PlayerControlCommand(VOLUME, (0.7,))
    welcome = bus.Snapshot(node=ME, boot=BOOT, controls=(now,))
    assert messages(kept(fader(0.1), said(welcome))) == [welcome]
    assert len(messages(kept(said(welcome), fader(0.9)))) == 2


def test_a_go_that_finds_no_room_is_answered_and_the_leader_says_it_again() -> None:
    inbox = kept(*(said(GO, seq) for seq in range(MOST_URGENT)))
    assert inbox.put(said(GO, 99)) == Receipt(BOOT, 99, nak=BUSY, epoch=1)
    assert inbox.put(said(STOP, 100)) == Receipt(BOOT, 0, nak=BUSY, epoch=1)
    assert not inbox.take_missed()
    assert messages(inbox)[-1] == STOP


@pytest.mark.parametrize("seq", [None, 7])
def test_state_that_finds_no_room_has_the_node_ask_how_the_show_stands(seq: int | None) -> None:
    beat = bus.Beat(epoch=1, boot=BOOT)
    inbox = kept(*(said(beat) for _ in range(MOST_STATE)))
    assert not inbox.take_missed()
    assert inbox.put(said(SetNextCue(A), seq)) is None
    assert [inbox.take_missed(), inbox.take_missed()] == [True, False]
    assert inbox.waiting.dropped == 1
    assert inbox.put(said(STOP, 8)) is None  # room of its own


# ---- no order fires a cue of the show before, or before its load, or after its stop


class Rig:
    """A node that is led, with a show; `fired` are the starts, each with the load it was of."""

    def __init__(self) -> None:
        self.node = Node(ME)
        self.follower = Follower(ME, self.node)
        self.inbox = HeardInbox()
        self.load_seq = 0
        self.fired: list[int] = []
        self.stopped = 0
        self.fetching: list[bus.LoadCommand] = []
        for event in (Moved(LineFound(0)), Moved(Advance(0)), Told(OLD, 0)):
            self.follow(self.node.handle(event))
        self.fetch()
        welcome = bus.Snapshot(node=ME, epoch=1, boot=BOOT, next_seq=1, load=OLD)
        self.hear(said(welcome))
        self.fired.clear()

    def hear(self, *heard: Heard) -> None:
        """Things that have all come before the node looks."""
        for each in heard:
            assert self.inbox.put(each) is None
        while (each_heard := self.inbox.take()) is not None:
            self.follow(self.follower.hear(each_heard.said, 0))

    def fetch(self) -> None:
        """The files that are being fetched are here."""
        for load in self.fetching:
            self.follow(self.node.handle(Fetched(load, show(audio("a", 60_000)))))
        self.fetching.clear()

    def follow(self, effects: Iterator[FollowerEffect] | tuple[FollowerEffect, ...]) -> None:
        for effect in effects:
            match effect:
                case Fetch(load):
                    self.fetching.append(load)
                case Prepare():
                    self.load_seq += 1
                case Play(Arm(cue=cue)):
                    self.follow(self.node.handle(Proved(CueArmed(cue))))
                case Play(Start()):
                    self.fired.append(self.load_seq)
                case Play(Stop()):
                    self.stopped += 1
                case Say() | _:
                    pass


@pytest.mark.parametrize("fetched_after", range(4))
@pytest.mark.parametrize("at_once", [True, False])
def test_no_order_fires_a_go_before_its_load_or_past_its_stop(
    fetched_after: int, at_once: bool
) -> None:
    told = (said(NEW, 1), said(GO, 2), said(STOP, 3, stops=1))
    for order in permutations(told):
        rig = Rig()
        if at_once:
            rig.hear(*order)
            rig.fetch()
        for number, heard in enumerate(() if at_once else order):
            if number == fetched_after:
                rig.fetch()
            rig.hear(heard)
        rig.fetch()
        assert 1 not in rig.fired, order  # it is not for the show before
        assert rig.load_seq == 2
        assert len(rig.fired) <= rig.stopped, order


@pytest.mark.parametrize("at_once", [True, False])
def test_a_go_after_its_load_is_fired_once_the_show_is_here(at_once: bool) -> None:
    rig = Rig()
    rig.hear(said(NEW, 1))
    rig.fetch()
    assert rig.load_seq == 2
    later = (said(GO, 3), said(SetNextCue(A), 2), said(GO, 3))
    for heard in (later,) if at_once else tuple((each,) for each in later):
        rig.hear(*heard)
    assert rig.fired == [2]


def test_a_go_in_the_clock_of_a_line_waits_for_that_also_if_it_goes_before_news_of_it() -> None:
    """The line itself is no command: it waits in its rank, and the GO then for it."""
    report = bus.LineReport(Line(0, 0, rolling=True, began_ns=5), 0)
    go = Go(run_seq=1, cue=A, at=0, deadline=10**12, line=5)
    inbox = kept(said(report), said(go, 1))
    assert messages(inbox) == [go, report]
    rig = Rig()
    rig.hear(said(go, 1))
    assert rig.node.waits_for_line
    assert rig.fired == []
