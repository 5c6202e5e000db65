"""F08: two senders on one port, of which the line's is kept; with losses, in any phase."""

import random
from dataclasses import dataclass, field

import pytest

from cuems.core.chase import ChaseState
from cuems.core.events import Advance, LineEvent, LineLost, Locate
from cuems.core.mtc import FRAME_RATES, full_frame
from cuems.core.timecode import FrameRate, Timecode, to_ns
from tests.core.mtc_source import FPS_25, Source
from tests.fuzz.fuzz_meetings import LOSSES, held

RATES = pytest.mark.parametrize("rate", FRAME_RATES, ids=str)
FREEWHEEL_PIECES = 200
DUPLICATE = "duplicate source: a second sender, or this one wired twice"


@dataclass
class Pair:
    """The one that is locked, and another that sends a piece a moment after each of its own."""

    first: Source
    other: int = 800_005
    dice: random.Random = field(default_factory=lambda: random.Random(8))
    loss: float = 0.0

    def roll(self, pieces: int, *, first: bool = True, other: bool = True) -> list[LineEvent]:
        """What is told; a sender that is not heard rolls on all the same."""
        source, events = self.first, list[LineEvent]()
        quarter_ns = to_ns(source.rate.flicks_per_frame) // 4
        for _ in range(pieces):
            events += source.chase.wake(source.now_ns)
            if first and self.dice.random() >= self.loss:
                events += source.send(source.piece(source.number))
            source.now_ns += quarter_ns // 3
            if other and self.dice.random() >= self.loss:
                events += source.send(source.piece(self.other))
            source.now_ns += quarter_ns - quarter_ns // 3
            source.number += 1
            self.other += 1
        return events

    def full_frame(self, number: int) -> tuple[LineEvent, ...]:
        return self.first.send(full_frame(Timecode(number // 4, self.first.rate)))

    @property
    def other_position(self) -> int:
        return self.other * self.first.rate.flicks_per_frame // 4


def meeting(rate: FrameRate = FPS_25, loss: float = 0.0) -> Pair:
    """Two that have been heard together for a while."""
    pair = Pair(Source(rate=rate, number=8_000).locked(), loss=loss)
    assert others(pair.roll(60)) == []
    assert pair.first.chase.fault == DUPLICATE
    return pair


def others(events: list[LineEvent]) -> list[LineEvent]:
    return [event for event in events if not isinstance(event, Advance)]


@pytest.mark.parametrize("loss", LOSSES)
def test_f08_in_meetings_with_losses_nothing_comes_of_the_other_and_the_alarm_is_in_time(
    loss: float,
) -> None:
    """Ten thousand of each: python -m tests.fuzz.fuzz_meetings."""
    counts, news = held(40, loss)
    assert news == []
    for scene, count in counts.items():
        assert (count["late"], count["lost"]) == (0, 0)
        assert count["away"] == 0 or scene not in ("goes on", "unheard")


@RATES
def test_f08_a_piece_in_ten_is_lost_and_the_line_stays_locked_to_the_flick(rate: FrameRate) -> None:
    pair = meeting(rate, loss=0.1)
    quarter = rate.flicks_per_frame // 4
    events = pair.roll(3_000)
    assert others(events) == []
    assert pair.first.state() is ChaseState.LOCKED
    positions = [event.position for event in events if isinstance(event, Advance)]
    exact = [position for position in positions if position % quarter == 0]
    assert len(exact) > 1_500  # the others come of freewheeling, a few pieces at a time
    here = pair.first.chase.position_at(pair.first.now_ns)
    assert here is not None
    assert abs(here - pair.first.position) <= quarter


@pytest.mark.parametrize("unheard", [20, 100, 150])
def test_f08_the_first_unheard_for_less_than_the_freewheel_is_the_one_that_is_locked_again(
    unheard: int,
) -> None:
    pair = meeting()
    assert others(pair.roll(unheard, first=False)) == []
    assert pair.first.state() is ChaseState.FREEWHEELING
    assert others(pair.roll(100)) == []
    assert pair.first.state() is ChaseState.LOCKED


def test_f08_the_other_is_followed_when_the_first_is_silent_for_longer_than_the_freewheel() -> None:
    pair = meeting()
    assert others(pair.roll(FREEWHEEL_PIECES - 10, first=False)) == []
    located = [event for event in pair.roll(60, first=False) if isinstance(event, Locate)]
    assert len(located) == 1
    assert abs(located[0].position - pair.other_position) < 20 * FPS_25.flicks_per_frame
    pair.roll(100, first=False)
    assert pair.first.chase.fault == ""


def test_f08_where_the_first_goes_elsewhere_neither_is_believed_until_one_is_alone() -> None:
    pair = meeting()
    pair.first.number = 2_000_002
    assert others(pair.roll(1_000)) == [LineLost()]
    assert pair.first.chase.fault == DUPLICATE
    events = pair.roll(400, other=False)
    located = [event for event in events if isinstance(event, Locate)]
    assert len(located) == 1
    assert abs(located[0].position - pair.first.position) < 400 * FPS_25.flicks_per_frame // 4
    assert pair.first.state() is ChaseState.LOCKED
    assert pair.first.chase.fault == ""


def test_f08_full_frames_of_the_other_move_nothing_whether_the_first_is_heard_or_not() -> None:
    pair = meeting()
    for heard in (True, False, True, False):
        assert pair.full_frame(pair.other) == ()
        assert others(pair.roll(60, first=heard)) == []
        assert pair.full_frame(pair.other) == ()
    assert others(pair.roll(100)) == []
    assert pair.first.state() is ChaseState.LOCKED


def test_f08_a_full_frame_elsewhere_is_the_firsts_once_its_pieces_have_stopped() -> None:
    pair = meeting()
    assert pair.full_frame(2_000_000) == ()
    (located,) = others(pair.roll(30, first=False))
    assert located == Locate(2_000_000 * FPS_25.flicks_per_frame // 4)
    assert others(pair.roll(100, first=False)) == []
    assert pair.first.state() is not ChaseState.LOCKED


def test_f08_the_other_left_a_moment_ago_and_the_first_that_jumps_is_followed_at_once() -> None:
    pair = meeting()
    assert others(pair.roll(30, other=False)) == []
    assert pair.first.chase.fault == ""
    pair.first.number = 2_000_002
    (event,) = others(pair.roll(50, other=False))
    assert isinstance(event, Locate)
    assert pair.first.state() is ChaseState.LOCKED


@pytest.mark.parametrize("jump", [100, -1_000, 8_000, 360_000])
def test_a_sender_alone_that_jumps_to_much_the_same_digits_is_followed_at_once(jump: int) -> None:
    source = Source(number=800_000).locked()
    source.number += jump
    (event,) = others(source.roll(60))
    assert isinstance(event, Locate)
    assert source.state() is ChaseState.LOCKED


@pytest.mark.parametrize("jump", [100, -1_000, 400, 8_000, 360_000])
def test_a_sender_alone_that_locates_is_there_when_its_pieces_no_longer_come_from_here(
    jump: int,
) -> None:
    source = Source(number=800_000).locked()
    source.send(source.piece(source.number))
    source.number += jump
    there = Timecode(source.number // 4, FPS_25)
    events = list(source.send(full_frame(there)))
    while not events or isinstance(events[-1], Advance):
        events += source.chase.wake(source.now_ns)
        events += source.roll(1)
    assert events[-1] == Locate(there.flicks)
    assert source.number <= 800_200 + jump + 12


def test_a_sender_wired_twice_that_jumps_is_followed_at_once() -> None:
    source, events = Source(number=8_000).locked(), list[LineEvent]()
    for n in range(160):
        source.number += 4_000 * (n == 100)
        events += source.send(source.piece(source.number))
        events += source.roll(1)
    (event,) = others(events)
    assert isinstance(event, Locate)
    assert source.state() is ChaseState.LOCKED


@pytest.mark.parametrize("lost", [1, 2, 3, 5, 6])
def test_a_sender_alone_goes_on_after_a_gap_with_its_very_next_piece(lost: int) -> None:
    source = Source(number=8_003).locked()
    source.number += lost
    source.now_ns += lost * to_ns(FPS_25.flicks_per_frame) // 4
    assert source.roll(1) == [Advance(source.position - FPS_25.flicks_per_frame // 4)]
    assert source.chase.quality.missed_pieces == lost
    assert source.chase.fault == ""
