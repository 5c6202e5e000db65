"""What a node hears of its controllers: no order in which that comes fires wrongly."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

import pytest

from cuems.core import bus
from cuems.core.cues import CueId, NodeId
from cuems.core.delivery import Sender
from cuems.core.effects import Arm, Start, Stop
from cuems.core.events import Advance, CueArmed, Go, LineFound, SetNextCue
from cuems.core.follower import Follower, FollowerEffect
from cuems.core.heard_inbox import Heard, HeardInbox
from cuems.core.inbox import MOST_EVER, MOST_WAITING
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
    message: bus.BusMessage,
    seq: int | None = None,
    *,
    stops: int = 0,
    boot: str = BOOT,
    floor: int = 0,
    epoch: int = 1,
) -> Heard:
    stamp = None
    if seq is not None:
        stamp = bus.Stamp(epoch=epoch, boot=boot, seq=seq, floor=floor, stop_generation=stops)
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


def test_the_leaders_stop_waits_for_no_fader_and_the_rest_keeps_its_order() -> None:
    inbox = kept(*(fader(number / 10_000) for number in range(10_000)))
    beat = bus.Beat(epoch=1, boot=BOOT)
    for heard in (said(NEW, 1), said(beat), said(GO, 2), said(STOP, 3)):
        inbox.put(heard)
    last = bus.PlayerControlCommand(VOLUME, (0.9999,))
    assert messages(inbox) == [NEW, beat, GO, STOP, last]


def test_what_an_ecosystems_controller_says_keeps_its_order() -> None:
    load, go, stop = bus.LoadCommand(project="show"), bus.GoStandbyCommand(), bus.StopCommand()
    inbox = kept(said(load, boot=""), said(go, boot=""), said(stop, boot=""), said(go, boot=""))
    assert messages(inbox) == [load, go, stop, go]


@pytest.mark.parametrize(
    "path", ["audio/mixer/0/1/volume", "audio/cue/c/master/volume", "audiomixer/master"]
)
@pytest.mark.parametrize("prefix", ["/", "/engine/players/"])
def test_of_a_volume_the_newest_setting_counts(prefix: str, path: str) -> None:
    address = f"{prefix}{NODE}/{path}"
    inbox = kept(fader(0.1, address), fader(0.5, address, boot="another"), fader(0.2, address))
    values = [m.values for m in messages(inbox) if isinstance(m, bus.PlayerControlCommand)]
    assert values == [(0.5,), (0.2,)]  # nobody else's stands in its way


@pytest.mark.parametrize(
    "path",
    [
        "dmx/mixer/frame",
        "dmx/mixer/blackout",
        "video/videocomposer/layer/1/pause",
        "video/videocomposer/layer/1/opacity",
        "video/videocomposer/layer/volume/reset",
        "audio",
        "",
    ],
)
def test_of_what_is_no_volume_each_is_obeyed_and_in_its_order(path: str) -> None:
    address = f"/{NODE}/{path}"
    said_in_order = [fader(1, address), said(STOP, 1), fader(2, address), fader(1, address)]
    assert messages(kept(*said_in_order)) == [heard.said.message for heard in said_in_order]


def test_a_welcome_takes_no_setting_of_a_fader_away() -> None:
    now = bus.PlayerControlCommand(VOLUME, (0.7,))
    for node in (ME, NodeId("other")):
        welcome = bus.Snapshot(node=node, boot=BOOT, controls=(now,))
        assert len(messages(kept(fader(0.1), said(welcome)))) == 2


def full_of(message: bus.BusMessage, count: int) -> HeardInbox:
    inbox = HeardInbox()
    for number in range(count):
        assert inbox.put(said(message, number, boot="somebody")) is None
    return inbox


def test_a_go_that_finds_no_room_is_answered_and_the_leader_says_it_again() -> None:
    inbox = full_of(GO, MOST_EVER)
    assert inbox.put(said(GO, 99)) == Receipt(BOOT, 99, nak=BUSY, epoch=1)
    assert inbox.put(said(STOP, 100)) == Receipt(BOOT, 100, nak=BUSY, epoch=1)
    assert not inbox.take_missed()


def test_a_welcome_or_an_ecosystems_stop_that_finds_no_room_is_missed() -> None:
    for message in (bus.Snapshot(node=ME, boot=BOOT), bus.StopCommand()):
        inbox = full_of(GO, MOST_EVER)
        assert inbox.put(said(message)) is None
        assert inbox.take_missed()
        assert inbox.waiting.dropped == 1


@pytest.mark.parametrize("seq", [None, 7])
def test_where_state_is_missed_the_node_asks_how_the_show_stands(seq: int | None) -> None:
    inbox = full_of(SetNextCue(A), MOST_WAITING)
    assert not inbox.take_missed()
    assert inbox.put(said(SetNextCue(A), seq)) is None
    assert [inbox.take_missed(), inbox.take_missed()] == [True, False]
    assert inbox.waiting.dropped == 1


def test_a_strangers_flood_throws_no_welcome_and_no_stop_of_the_leader_away() -> None:
    welcome = bus.Snapshot(node=ME, boot=BOOT, load=OLD)
    inbox = HeardInbox()
    for number in range(3 * MOST_WAITING):
        inbox.put(said(bus.Beat(epoch=0, boot="stranger"), boot="stranger"))
        if number == MOST_WAITING:
            assert inbox.put(said(welcome)) is None
            assert inbox.put(said(STOP, 1)) is None
    assert messages(inbox)[:2] == [welcome, STOP]


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
@pytest.mark.parametrize("floors", [(0, 0, 0), (1, 1, 1), (1, 1, 2), (1, 1, 3)])
def test_no_order_fires_a_go_before_its_load_or_past_its_stop(
    fetched_after: int, at_once: bool, floors: tuple[int, int, int]
) -> None:
    told = (
        said(NEW, 1, floor=floors[0]),
        said(GO, 2, floor=floors[1]),
        said(STOP, 3, stops=1, floor=floors[2]),
    )
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
        assert floors[2] > 1 or rig.load_seq == 2  # else the leader has given the load up
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


def together_and_one_by_one(*heard: Heard) -> Iterator[Rig]:
    at_once = Rig()
    at_once.hear(*heard)
    yield at_once
    in_turn = Rig()
    for each in heard:
        in_turn.hear(each)
    yield in_turn


def test_a_go_that_gives_up_on_its_load_is_not_fired_in_the_show_before() -> None:
    """The node was lost, and done without: the leader gave the load up, and both come at last."""
    sender = Sender(1, BOOT)
    sender.next_seq = 1
    sender.join(ME)
    load = sender.post(NEW, 0, deadline_ns=None, stop_generation=0)
    sender.lose(ME)
    go = sender.post(GO, 2 * 10**9, deadline_ns=4 * 10**9, stop_generation=0)
    assert go.floor > load.seq
    heard = [
        Heard(bus.Envelope(LEADER, message, stamp, BOOT, 1), 0)
        for message, stamp in ((NEW, load), (GO, go))
    ]
    for rig in together_and_one_by_one(*heard):
        assert rig.fired == []
        assert rig.fetching == [NEW]


def test_what_is_said_once_more_with_less_still_to_come_does_not_go_ahead_by_that() -> None:
    for rig in together_and_one_by_one(said(GO, 2), said(NEW, 1), said(GO, 2, floor=2)):
        assert rig.fired == []
        assert rig.fetching == [NEW]


def new_leader(*, epoch: int = 2) -> Heard:
    welcome = bus.Snapshot(node=ME, epoch=epoch, boot="new", next_seq=1, load=OLD)
    return Heard(bus.Envelope(NodeId("second"), welcome, None, "new", 1), 0)


def test_a_go_of_a_leader_that_is_fenced_off_by_then_is_not_fired() -> None:
    for rig in together_and_one_by_one(new_leader(), said(GO, 1)):
        assert rig.fired == []


def test_a_new_leaders_first_go_is_fired_also_if_it_comes_with_the_welcome() -> None:
    go = replace(said(GO, 1, boot="new", epoch=2).said, sender=NodeId("second"))
    for rig in together_and_one_by_one(new_leader(), Heard(go, 0)):
        assert rig.fired == [1]


def test_a_go_that_comes_before_the_line_it_is_for_waits_for_that() -> None:
    rig = Rig()
    rig.hear(said(Go(run_seq=1, cue=A, at=0, deadline=10**12, line=5), 1))
    assert rig.node.waits_for_line
    assert rig.fired == []
