"""Following a source: each rule of the chase is a sentence here."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cuems.core.chase import Chase, ChaseState, Quality
from cuems.core.events import Advance, LineEvent, LineFound, LineLost, Locate
from cuems.core.mtc import FRAME_RATES, Running, full_frame
from cuems.core.mtc_decoder import MtcDecoder
from cuems.core.timecode import (
    FLICKS_PER_S,
    NS_PER_S,
    FrameRate,
    Timecode,
    from_ms,
    from_text,
    to_ns,
)
from tests.core.mtc_source import FRAME_NS, QUARTER_NS, Source
from tests.fakes.mtc_encoder import FRAMES_PER_S, RATE_BITS, Encoder
from tests.fuzz.fuzz_timecode import wrong

RATES = pytest.mark.parametrize("rate", FRAME_RATES, ids=str)
FPS_25 = FrameRate.FPS_25
HALF_FRAME = FPS_25.flicks_per_frame // 2
LOCK_PIECES = 17  # an address, its confirmation, and the first piece of the next


def at(text: str, rate: FrameRate = FPS_25) -> int:
    return from_text(text, rate).flicks


def fired(events: list[LineEvent]) -> list[int]:
    return [event.position for event in events if isinstance(event, Advance)]


def others(events: list[LineEvent]) -> list[LineEvent]:
    return [event for event in events if not isinstance(event, Advance)]


# ---- lock


@pytest.mark.parametrize("rate", RATE_BITS)
def test_the_position_is_that_of_a_reference_encoder_within_half_a_frame(rate: str) -> None:
    """Counted by another library, across a minute and an hour, heard with 4 ms of jitter."""
    dice, chase = random.Random(3), Chase()
    decoder = MtcDecoder(chase.recognise)
    encoder = Encoder(rate, "00:59:50:00")
    half_frame = FLICKS_PER_S / FRAMES_PER_S[rate] / 2
    locked = 0
    for number, message in zip(range(75 * 100), encoder.pieces(), strict=False):
        received_ns = encoder.due_ns(number) + dice.randrange(4_000_000)
        event = decoder.feed(message, received_ns)
        if event is not None:
            chase.feed(event, received_ns)
        here = chase.position_at(received_ns)
        if chase.state is ChaseState.LOCKED and here is not None:
            locked += 1
            assert abs(here - encoder.position_s(received_ns) * FLICKS_PER_S) <= half_frame
    assert locked > 7000


def test_before_anything_is_heard_nothing_is_known() -> None:
    chase = Chase()
    assert chase.state is ChaseState.STOPPED
    assert (chase.position_at(0), chase.moment_of(0), chase.next_wake_ns()) == (None, None, None)
    assert (chase.rate, chase.fault, chase.quality) == (None, "", Quality())
    assert chase.wake(NS_PER_S) == ()


def test_nothing_is_told_before_two_consecutive_addresses_agree() -> None:
    source = Source(number=8_000)
    assert source.roll(LOCK_PIECES - 1) == []
    assert source.state() is ChaseState.LOCKING
    assert source.chase.moment_of(source.position) is None
    here = source.position
    assert source.roll(1) == [Locate(here)]
    assert source.state() is ChaseState.LOCKED
    assert source.chase.rate is FPS_25


@RATES
def test_locked_every_piece_tells_exactly_where_the_source_is(rate: FrameRate) -> None:
    source = Source(rate=rate, number=12_345 * 8)
    events = source.roll(2_000)
    first = 12_345 * 8 + LOCK_PIECES
    assert fired(events) == [n * rate.flicks_per_frame // 4 for n in range(first, source.number)]
    assert source.chase.fault == ""


def test_an_address_alone_and_then_silence_is_no_lock() -> None:
    source = Source()
    source.roll(LOCK_PIECES - 1)
    assert source.wait(3) == []
    assert source.state() is ChaseState.STOPPED
    assert source.chase.next_wake_ns() is None


def test_a_source_that_starts_where_it_was_parked_just_goes_on() -> None:
    source = Source(number=8_000)
    assert source.full_frame("00:01:20:00") == (Locate(source.position),)
    assert source.chase.position_at(source.now_ns) == source.position
    assert source.state() is ChaseState.STOPPED
    assert others(source.roll(100)) == []


def test_a_parked_source_that_repeats_itself_says_nothing_new() -> None:
    source = Source()
    assert source.full_frame("00:01:20:00") == (Locate(at("00:01:20:00")),)
    assert source.full_frame("00:01:20:00") == ()


# ---- wild addresses, bursts, jitter


def test_one_wild_address_never_fires() -> None:
    source = Source(number=8_000).locked()
    for number in (8_000_000, 100, 40_000):
        event = Source(number=number)
        running = [event.decoder.feed(event.piece(number + n)) for n in range(24)][-1]
        assert running is not None
        assert source.chase.feed(running, source.now_ns) == ()
        assert others(source.roll(10)) == []
    assert source.state() is ChaseState.LOCKED


def test_a_wild_piece_of_another_rate_or_direction_never_fires() -> None:
    source = Source(number=8_000).locked()
    for rate, forward in ((FrameRate.FPS_24, True), (FPS_25, False), (FrameRate.FPS_30, False)):
        wild = Running(rate, 0, forward, source.position)
        assert source.chase.feed(wild, source.now_ns) == ()
    assert others(source.roll(10)) == []
    assert source.state() is ChaseState.LOCKED


def test_the_same_piece_told_twice_steers_but_does_not_fire_twice() -> None:
    source = Source(number=8_000).locked()
    event = source.decoder.feed(source.piece(source.number))
    assert event is not None
    assert source.chase.feed(event, source.now_ns) == (Advance(source.position),)
    assert source.chase.feed(event, source.now_ns) == ()


def test_a_burst_after_a_stall_moves_nothing() -> None:
    source = Source(number=8_000).locked()
    stalled = [source.piece(source.number + n) for n in range(30)]
    source.wait(7)
    events = [event for message in stalled for event in source.send(message)]
    source.number += 2
    source.now_ns += 2 * QUARTER_NS
    events += source.roll(100)
    assert others(events) == []
    assert fired(events) == sorted(fired(events))
    assert source.state() is ChaseState.LOCKED


def test_a_piece_that_is_late_by_more_than_half_a_frame_fires_nothing() -> None:
    source = Source(number=8_000).locked()
    assert source.roll(1, late_ns=25_000_000) == []
    assert len(fired(source.roll(1))) == 1


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.sampled_from(FRAME_RATES), st.integers(0, 15_000_000))
def test_f09_under_jitter_the_position_stays_within_half_a_frame_and_5_ms_p99(
    seed: int, rate: FrameRate, jitter_ns: int
) -> None:
    dice, source, mean_ns = random.Random(seed), Source(rate=rate, number=8_000), jitter_ns // 2
    errors: list[int] = []
    events: list[LineEvent] = []
    for n in range(600):
        events += source.roll(1, late_ns=dice.randrange(jitter_ns + 1))
        if n > 40:
            here = source.chase.position_at(source.now_ns + mean_ns)
            assert here is not None
            errors.append(abs(here - source.position))
    assert max(errors) <= rate.flicks_per_frame // 2
    assert sorted(errors)[len(errors) * 99 // 100] <= from_ms(5)
    assert fired(events) == sorted(set(fired(events)))
    assert len(others(events)) == 1


def test_a_new_delay_on_the_way_is_taken_up_without_a_locate() -> None:
    source = Source(number=8_000).locked()
    source.now_ns += 30_000_000
    assert others(source.roll(200)) == []
    assert source.chase.position_at(source.now_ns) == pytest.approx(source.position, abs=1000)


# ---- between two pieces


@given(st.integers(0, 10 * 705_600_000))
def test_the_moment_of_a_position_is_the_first_at_which_the_line_is_there(ahead: int) -> None:
    source = Source(number=8_000).locked(100)
    moment_ns = source.chase.moment_of(source.position + ahead)
    assert moment_ns is not None
    assert abs(moment_ns - source.now_ns - to_ns(ahead)) < 1_000
    there = source.chase.position_at(moment_ns)
    assert there is not None
    assert source.position + ahead <= there <= source.position + ahead + 2


def test_waking_between_two_pieces_fires_on_time_and_pieces_do_not_fire_it_again() -> None:
    source = Source(number=8_000).locked()
    due = source.position - HALF_FRAME // 4
    moment_ns = source.chase.moment_of(due)
    assert moment_ns is not None
    (event,) = source.chase.wake(moment_ns)
    assert isinstance(event, Advance)
    assert due <= event.position <= due + 2
    assert source.chase.wake(moment_ns) == ()
    assert source.roll(1) == [Advance(source.position - HALF_FRAME // 2)]


# ---- loss


def test_two_frames_without_a_piece_are_freewheeled_and_cues_still_fire_on_time() -> None:
    source = Source(number=8_000).locked()
    events = source.wait(3)
    assert source.state() is ChaseState.FREEWHEELING
    assert len(fired(events)) >= 1
    assert source.chase.position_at(source.now_ns) == pytest.approx(source.position, abs=1000)
    assert source.chase.moment_of(source.position) == pytest.approx(source.now_ns, abs=1000)


@RATES
def test_f01_mtc_that_stops_is_shown_within_250_ms_and_found_again_within_a_frame(
    rate: FrameRate,
) -> None:
    source = Source(rate=rate, number=8_000).locked()
    stopped_ns = source.now_ns
    shown_ns = source.chase.next_wake_ns()
    assert shown_ns is not None
    assert shown_ns - stopped_ns <= 250_000_000
    source.chase.wake(shown_ns)
    assert source.state() is ChaseState.FREEWHEELING
    gone_ns = 10 * NS_PER_S
    assert LineLost() in source.chase.wake(stopped_ns + gone_ns)
    source.now_ns += gone_ns
    source.number += gone_ns * 4 // to_ns(rate.flicks_per_frame)
    assert LineFound in {type(event) for event in source.roll(60)}
    here = source.chase.position_at(source.now_ns)
    assert here is not None
    assert abs(here - source.position) <= rate.flicks_per_frame


def test_a_freewheeling_line_tells_every_frame_and_is_lost_after_fifty() -> None:
    source = Source(number=8_000).locked()
    last = source.position - HALF_FRAME // 2
    events = source.wait(60)
    assert len(fired(events)) >= 47
    assert events[-1] == LineLost()
    assert fired(events)[-1] == pytest.approx(last + 50 * FPS_25.flicks_per_frame, abs=1000)
    assert source.state() is ChaseState.LOST
    assert source.chase.moment_of(source.position) is None
    assert source.chase.position_at(source.now_ns) == fired(events)[-1]
    assert source.chase.next_wake_ns() is None


def test_nobody_needs_to_wake_the_chase_for_it_to_know_that_it_was_lost() -> None:
    source = Source(number=8_000).locked()
    source.now_ns += 10 * NS_PER_S
    source.number += 1_000
    events = source.roll(60)
    assert isinstance(events[0], Advance)
    assert events[1] == LineLost()
    assert [type(event) for event in events[2:4]] == [LineFound, Advance]


def test_without_freewheel_a_lost_line_is_lost_at_once() -> None:
    source = Source(chase=Chase(freewheel_frames=0), number=8_000).locked()
    assert others(source.wait(3)) == [LineLost()]


@RATES
def test_back_within_the_freewheel_it_locks_again_without_a_glitch(rate: FrameRate) -> None:
    source = Source(rate=rate, number=8_000).locked()
    source.chase.wake(source.now_ns + 3 * FRAME_NS)
    source.now_ns += 10 * to_ns(rate.flicks_per_frame)
    source.number += 40
    events = source.roll(100)
    assert others(events) == []
    assert fired(events) == sorted(fired(events))
    assert source.state() is ChaseState.LOCKED


def test_back_a_frame_and_a_half_aside_it_locks_again_without_a_locate_or_a_step_back() -> None:
    for aside_ns in (60_000_000, -60_000_000):
        source = Source(number=8_000).locked()
        events = source.wait(10)
        source.now_ns += aside_ns
        events += source.roll(100)
        assert others(events) == []
        assert fired(events) == sorted(set(fired(events)))
        assert source.chase.position_at(source.now_ns) == pytest.approx(source.position, abs=1000)


def test_back_elsewhere_it_is_a_locate() -> None:
    source = Source(number=8_000).locked()
    source.wait(10)
    source.number = 80_000
    (event,) = others(source.roll(60))
    assert isinstance(event, Locate)
    assert at("00:13:20:00") < event.position <= source.position


def test_lost_and_found_where_it_should_be_the_line_is_found_and_not_located() -> None:
    source = Source(number=8_000).locked()
    source.wait(100)
    (event,) = others(source.roll(60))
    assert isinstance(event, LineFound)
    assert source.state() is ChaseState.LOCKED


def test_lost_and_found_elsewhere_the_line_is_located_and_found() -> None:
    source = Source(number=8_000).locked()
    source.wait(100)
    source.number = 800
    located, found = others(source.roll(60))
    assert isinstance(located, Locate)
    assert found == LineFound(located.position)


def test_a_few_pieces_from_a_lost_source_are_not_enough() -> None:
    source = Source(number=8_000).locked()
    source.wait(100)
    source.roll(LOCK_PIECES - 1)
    assert source.state() is ChaseState.LOCKING
    assert source.wait(4) == []
    assert source.state() is ChaseState.LOST


def test_a_source_that_stops_is_freewheeled_and_then_lost_though_it_says_where_it_stands() -> None:
    source = Source(number=8_000).locked()
    here = Timecode(source.number // 4, FPS_25)
    assert source.full_frame(str(here)) == ()
    assert others(source.wait(60)) == [LineLost()]


def test_a_lost_source_that_says_where_it_stands_is_found_there() -> None:
    source = Source(number=8_000).locked()
    source.wait(100)
    there = at("10:00:00:00")
    assert source.full_frame("10:00:00:00") == (Locate(there), LineFound(there))
    assert source.state() is ChaseState.STOPPED


# ---- locate, resync


def test_a_full_frame_within_a_frame_of_the_line_is_a_resync() -> None:
    source = Source(number=8_000).locked()
    for frames in (-1, 0, 1):
        assert source.full_frame(str(Timecode(source.number // 4 + frames, FPS_25))) == ()
    assert others(source.roll(50)) == []


def test_a_full_frame_elsewhere_is_a_locate_once_the_pieces_have_stopped() -> None:
    source = Source(number=8_000).locked()
    assert source.full_frame("10:00:00:00") == ()
    assert others(source.wait(3)) == [Locate(at("10:00:00:00"))]
    assert source.state() is ChaseState.STOPPED
    assert source.chase.position_at(source.now_ns) == at("10:00:00:00")
    source.number = at("10:00:00:00") // (FPS_25.flicks_per_frame // 4)
    assert others(source.roll(60)) == []


def test_a_full_frame_while_freewheeling_is_a_locate_at_once() -> None:
    source = Source(number=8_000).locked()
    source.wait(10)
    assert source.full_frame("10:00:00:00") == (Locate(at("10:00:00:00")),)


def test_a_full_frame_elsewhere_while_the_pieces_go_on_is_another_sender_and_ignored() -> None:
    source = Source(number=8_000).locked()
    for _ in range(5):
        assert source.full_frame("10:00:00:00") == ()
        assert others(source.roll(200)) == []


@pytest.mark.parametrize("jump", [-4_000, -12, 12, 4_000])
def test_an_address_that_disagrees_by_more_than_two_frames_is_a_locate_once_confirmed(
    jump: int,
) -> None:
    source = Source(number=8_000).locked()
    source.number += jump
    (event,) = others(source.roll(60))
    assert isinstance(event, Locate)
    assert source.state() is ChaseState.LOCKED
    assert fired(source.roll(1)) == [source.position - HALF_FRAME // 2]


def test_f04_jumps_forth_and_back_fire_nothing_in_between() -> None:
    assert wrong("f04", 200) == []


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 8_000_000), st.integers(40, 120)), max_size=5))
def test_jumps_never_fire_a_position_in_between(jumps: list[tuple[int, int]]) -> None:
    source, here = Source(), 0
    for number, pieces in jumps:
        source.number = number
        for event in source.roll(pieces):
            if isinstance(event, Advance):
                assert 0 < event.position - here <= 20 * FPS_25.flicks_per_frame
            elif not isinstance(event, LineLost):
                assert number <= event.position / (FPS_25.flicks_per_frame / 4) < source.number
            here = getattr(event, "position", here)


# ---- reverse, 24 h


def test_f06_however_often_the_source_turns_nothing_fires_in_reverse() -> None:
    assert wrong("f06", 100) == []


def test_f06_in_reverse_the_position_follows_and_nothing_fires() -> None:
    source = Source(number=8_000).locked()
    events = source.roll(200, way=-1)
    forward_on = 200 * HALF_FRAME // 2
    assert others(events) == []
    assert all(position < source.position + 2 * forward_on for position in fired(events))
    assert fired(source.roll(200, way=-1)) == []
    assert source.state() is ChaseState.LOCKING
    assert source.chase.moment_of(source.position) is None
    assert source.chase.wake(source.now_ns) == ()
    assert source.chase.position_at(source.now_ns) == pytest.approx(source.position, abs=1000)


def test_forward_again_after_reverse_is_a_locate() -> None:
    source = Source(number=8_000).locked()
    source.roll(200, way=-1)
    (event,) = others(source.roll(100))
    assert isinstance(event, Locate)
    assert source.state() is ChaseState.LOCKED


def test_a_source_that_stops_in_reverse_is_lost_too() -> None:
    source = Source(number=8_000).locked()
    source.roll(200, way=-1)
    assert source.wait(60) == [LineLost()]


@RATES
def test_f07_the_line_does_not_wrap_at_24_h_but_a_locate_does(rate: FrameRate) -> None:
    day = rate.frames_per_day * 4
    source = Source(rate=rate, number=day - 100)
    events = source.roll(300)
    quarter = rate.flicks_per_frame // 4
    assert len(others(events)) == 1
    assert fired(events)[-1] == (day + 199) * quarter
    source.full_frame("00:00:00:00" if not rate.drop else "00:00:00;00")
    (event,) = source.chase.wake(source.now_ns + NS_PER_S)
    assert event == Locate(0)


def test_f07_two_hours_with_a_midnight_are_exact_to_the_flick() -> None:
    """The 86.4 ms that drop-frame is off a day included; 72 hours: tests/fuzz/fuzz_timecode.py."""
    chase, rate = Chase(), FrameRate.FPS_29_97_DF
    group, group_ns = 2 * rate.flicks_per_frame, to_ns(2 * rate.flicks_per_frame)
    groups, first = 2 * 3600 * 15, rate.frames_per_day // 2 - 3600 * 15
    wrong_groups = 0
    for number in range(first, first + groups):
        address = Timecode(2 * number % rate.frames_per_day, rate)
        events = chase.feed(Running(address.rate, 0, True, address.flicks), number * group_ns)
        wrong_groups += number > first + 1 and events != (Advance(number * group),)
    assert wrong_groups == 0
    assert chase.quality.rate_error_ppm == 0


# ---- faults, quality


def test_f05_a_change_of_rate_is_named_within_a_second_and_followed() -> None:
    source = Source(number=8_000).locked()
    source.rate = FrameRate.FPS_30
    source.roll(120)
    assert source.chase.rate is FrameRate.FPS_30
    assert source.chase.fault == "rate change: the source went from 25 fps to 30 fps"
    source.wait(100)
    source.roll(120)
    assert source.chase.fault == ""


def test_f05_a_source_that_begins_with_a_locate_at_another_rate_has_changed_it_too() -> None:
    source = Source(number=8_000).locked()
    source.wait(100)
    source.rate = FrameRate.FPS_30
    source.send(full_frame(Timecode(2_000, FrameRate.FPS_30)))
    source.roll(60)
    assert source.state() is ChaseState.LOCKED
    assert source.chase.fault == "rate change: the source went from 25 fps to 30 fps"
    source.wait(4)
    source.send(full_frame(Timecode(9_000, FrameRate.FPS_30)))
    assert source.chase.fault == ""


def test_f08_nothing_comes_of_a_second_sender_wherever_it_is() -> None:
    assert wrong("f08", 40) == []


def test_f08_a_second_sender_is_named_within_300_ms_and_the_first_keeps_the_lock() -> None:
    source, other = Source(number=8_000).locked(), Source(number=800_003)
    noticed = None
    for n in range(100):
        events = source.roll(1)
        assert events == [Advance(source.position - HALF_FRAME // 2)]
        source.send(other.piece(other.number + n))
        if noticed is None and source.chase.fault:
            noticed = n
    assert source.chase.fault == "duplicate source: a second sender, or this one wired twice"
    assert noticed is not None
    assert noticed * QUARTER_NS <= 300_000_000
    source.roll(40)
    assert source.chase.fault == ""


def test_a_source_wired_twice_is_named_and_followed() -> None:
    source = Source(number=8_000).locked()
    for _ in range(100):
        source.send(source.piece(source.number))
        source.roll(1)
    assert source.chase.fault.startswith("duplicate source")
    assert source.state() is ChaseState.LOCKED


@pytest.mark.parametrize("ppm", [-100, 0, 100])
def test_quality_tells_missed_pieces_jitter_and_rate_error(ppm: int) -> None:
    source = Source(number=8_000)
    for n in range(3_000):
        source.roll(1)
        source.now_ns -= ppm * QUARTER_NS // 1_000_000
        if n in (1_000, 2_000):
            source.number += 3
            source.now_ns += 3 * QUARTER_NS
    quality = source.chase.quality
    assert quality.missed_pieces == 6
    assert quality.jitter_p99_ns <= 200_000
    assert quality.rate_error_ppm == pytest.approx(ppm, abs=2)
    assert source.chase.fault == ""


def test_jitter_is_measured() -> None:
    dice, source = random.Random(1), Source(number=8_000)
    for _ in range(2_000):
        source.roll(1, late_ns=dice.randrange(4_000_000))
    assert 1_500_000 <= source.chase.quality.jitter_p99_ns <= 2_500_000


def test_a_pulled_down_source_is_named() -> None:
    source = Source(rate=FrameRate.FPS_30, number=8_000)
    for _ in range(1_000):
        source.roll(1)
        source.now_ns += to_ns(FrameRate.FPS_30.flicks_per_frame) // 4000
    assert source.chase.fault.startswith("rate error: the source runs -")
    assert source.chase.fault.endswith("ppm off its 30 fps")


def test_quality_begins_again_with_each_lock() -> None:
    source = Source(number=8_000).locked()
    source.number += 1
    source.now_ns += QUARTER_NS
    source.roll(50)
    assert source.chase.quality.missed_pieces == 1
    source.wait(100)
    source.roll(50)
    assert source.chase.quality.missed_pieces == 0
