"""MTC on the wire: never a wrong address, whatever is lost, doubled, mixed in or made up."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cuems.core.mtc import (
    FRAME_RATES,
    PIECES,
    Locate,
    MtcEvent,
    MtcRate,
    Running,
    full_frame,
    mmc_locate,
    quarter_frame,
    quarter_frames,
)
from cuems.core.mtc_decoder import MtcDecoder
from cuems.core.timecode import FrameRate, Timecode, TimecodeError, from_label, from_text
from tests.fuzz.fuzz_timecode import wrong

RATES = pytest.mark.parametrize("rate", FRAME_RATES, ids=str)
FPS_25 = FrameRate.FPS_25
any_rate = st.sampled_from(FRAME_RATES)
LOCK_PIECES = 2 * PIECES  # an address, and every digit of it confirmed


def piece_at(number: int, rate: FrameRate) -> bytes:
    """The piece a source sends when it is `number` quarter-frames from zero, in any direction."""
    group, piece = divmod(number, PIECES)
    return quarter_frame(Timecode(2 * group, rate), piece)


def pieces(numbers: Iterable[int], rate: FrameRate = FPS_25) -> list[bytes]:
    return [piece_at(number, rate) for number in numbers]


def position_of(number: int, rate: FrameRate = FPS_25) -> int:
    return number * rate.flicks_per_frame // 4


def feed(decoder: MtcDecoder, messages: Iterable[bytes]) -> list[MtcEvent | None]:
    return [decoder.feed(message) for message in messages]


def positions(events: Iterable[MtcEvent | None]) -> list[int | None]:
    return [event.position if event else None for event in events]


def right_or_silent(
    heard: Iterable[int], events: Iterable[MtcEvent | None], rate: FrameRate
) -> None:
    day = rate.frames_per_day * rate.flicks_per_frame
    for number, event in zip(heard, events, strict=True):
        assert event is None or event.position % day == position_of(number, rate) % day


# ---- encoding


def test_an_address_is_spelled_as_the_standard_says() -> None:
    spelled = quarter_frames(from_text("21:43:56:17", FPS_25))
    assert [message.hex() for message in spelled] == [
        "f101", "f111", "f128", "f133", "f14b", "f152", "f165", "f173",
    ]  # fmt: skip


def test_full_frame_and_mmc_locate_are_spelled_as_the_standards_say() -> None:
    address = from_text("01:02:03;04", FrameRate.FPS_29_97_DF)
    assert full_frame(address).hex(" ") == "f0 7f 7f 01 01 41 02 03 04 f7"
    assert mmc_locate(address).hex(" ") == "f0 7f 7f 06 44 06 01 41 02 03 04 00 f7"


def test_hours_wrap_at_a_day_on_the_wire() -> None:
    assert full_frame(from_text("25:00:00:00", FPS_25)) == full_frame(
        from_text("01:00:00:00", FPS_25)
    )


@pytest.mark.parametrize("rate", [FrameRate.FPS_50, FrameRate.FPS_29_97], ids=str)
def test_a_rate_without_a_code_is_refused_by_name(rate: FrameRate) -> None:
    for encode in (full_frame, mmc_locate, quarter_frames):
        with pytest.raises(TimecodeError, match=f"'{rate}' is not a timecode: expected one of"):
            encode(Timecode(0, rate))


def test_rate_bits_and_frame_rates_name_each_other() -> None:
    assert [MtcRate.of(rate) for rate in FRAME_RATES] == [0, 1, 2, 3]
    assert [MtcRate(bits).frame_rate for bits in range(4)] == list(FRAME_RATES)
    with pytest.raises(TimecodeError):
        MtcRate.of(FrameRate.FPS_60)


# ---- rolling


@RATES
@pytest.mark.parametrize("joined_at", range(PIECES))
def test_whatever_piece_it_joins_at_the_position_is_exact_at_every_piece_from_lock_on(
    rate: FrameRate, joined_at: int
) -> None:
    numbers = range(joined_at, 800)
    events = feed(MtcDecoder(), pieces(numbers, rate))
    lock = (PIECES - joined_at) % PIECES + LOCK_PIECES - 1
    assert positions(events) == [None] * lock + [
        position_of(number, rate) for number in numbers[lock:]
    ]


def test_a_running_event_says_address_piece_and_direction() -> None:
    events = feed(MtcDecoder(), pieces(range(30)))
    assert events[21] == Running(FPS_25, 5, True, position_of(21))


@RATES
def test_in_reverse_pieces_count_down_and_the_position_is_exact(rate: FrameRate) -> None:
    numbers = range(8_000, 7_000, -1)
    events = feed(MtcDecoder(), pieces(numbers, rate))
    known = [event for event in events if event is not None]
    assert len(known) == len(numbers) - 1 - LOCK_PIECES + 1
    assert not any(event.forward for event in known if isinstance(event, Running))
    right_or_silent(numbers, events, rate)


@RATES
def test_round_midnight_the_position_is_exact_in_both_directions(rate: FrameRate) -> None:
    midnight = rate.frames_per_day * 4
    for numbers in (
        range(midnight - 100, midnight + 100),
        range(midnight + 100, midnight - 100, -1),
    ):
        events = feed(MtcDecoder(), pieces(numbers, rate))
        assert None not in events[PIECES + LOCK_PIECES :]
        right_or_silent(numbers, events, rate)


@RATES
def test_a_day_of_minutes_is_decoded_exactly(rate: FrameRate) -> None:
    """The second round each tenth minute and its neighbours, where drop-frame is irregular."""
    for minute in (0, 1, 9, 10, 59, 60, 719, 1439):
        start = from_label(*divmod(minute, 60), 59, 0, rate).frames // 2 * PIECES
        numbers = range(start, start + 200)
        events = feed(MtcDecoder(), pieces(numbers, rate))
        assert None not in events[LOCK_PIECES:]
        right_or_silent(numbers, events, rate)


def test_a_shuttle_forth_and_back_and_forth_is_never_told_wrong() -> None:
    numbers = [*range(100, 200), *range(199, 120, -1), *range(120, 240)]
    events = feed(MtcDecoder(), pieces(numbers))
    right_or_silent(numbers, events, FPS_25)
    told = [event.forward for event in events if isinstance(event, Running)]
    assert told == sorted(told[:100], reverse=True) + sorted(told[100:])
    assert told.count(False) > 50


# ---- lost, doubled, damaged pieces


def test_a_lost_piece_yields_nothing_rather_than_a_wrong_address() -> None:
    decoder = MtcDecoder()
    spelled = list(quarter_frames(from_label(1, 2, 3, 4, FPS_25)))
    del spelled[3]
    assert feed(decoder, spelled) == [None] * 7


def test_after_a_lost_piece_eight_right_ones_bring_the_position_back() -> None:
    decoder = MtcDecoder()
    feed(decoder, pieces(range(100)))
    events = feed(decoder, pieces(range(101, 140)))
    assert positions(events) == [None] * 7 + [position_of(n) for n in range(108, 140)]
    assert events[7] == Running(FPS_25, 4, True, position_of(108), missed=1)
    assert decoder.counts.missed == 1


@given(
    any_rate,
    st.integers(0, 2_000_000),
    st.lists(st.tuples(st.integers(8, 40), st.integers(1, 60)), max_size=12),
    st.sampled_from([1, -1]),
)
def test_whatever_is_lost_no_wrong_position_is_told(
    rate: FrameRate, start: int, gaps: list[tuple[int, int]], way: int
) -> None:
    """Save whole groups, and one piece less, which looks like a doubled one."""
    number, heard = start + 2_000, list[int]()
    for kept, lost in gaps:
        heard += range(number, number + way * kept, way)
        number += way * (kept + (lost if lost % PIECES not in (0, PIECES - 1) else lost + 2))
    heard += range(number, number + way * 40, way)
    events = feed(MtcDecoder(), pieces(heard, rate))
    right_or_silent(heard, events, rate)
    assert events[-1] is not None


@given(
    any_rate,
    st.integers(0, 8_000_000),
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 200)), max_size=8),
)
def test_even_when_whole_groups_vanish_no_address_is_told_that_was_not_sent(
    rate: FrameRate, number: int, gaps: list[tuple[int, int]]
) -> None:
    """What vanished unseen is at most made up for late, until a digit differs."""
    first, heard = number, list[int]()
    for kept, lost in gaps:
        heard += range(number, number + kept)
        number += kept + lost
    day = 4 * rate.frames_per_day
    for number, event in zip(heard, feed(MtcDecoder(), pieces(heard, rate)), strict=True):
        if isinstance(event, Running):
            told = 4 * event.timecode.frames + event.piece
            assert (told - first) % day <= number - first


@given(any_rate, st.integers(0, 2_000_000), st.lists(st.integers(1, 3), min_size=40, max_size=80))
def test_doubled_pieces_change_nothing(rate: FrameRate, start: int, times: list[int]) -> None:
    heard = [start + at for at, count in enumerate(times) for _ in range(count)]
    decoder = MtcDecoder()
    events = feed(decoder, pieces(heard, rate))
    right_or_silent(heard, events, rate)
    assert len([e for e in events if e]) >= len(times) - PIECES + 1 - LOCK_PIECES
    assert decoder.counts.doubled == len(heard) - len(times)


@given(
    any_rate,
    st.integers(0, 2_000_000),
    st.lists(st.tuples(st.integers(5, 30), st.integers(0, 127)), min_size=1, max_size=8),
)
def test_a_stray_piece_in_between_does_not_break_the_line(
    rate: FrameRate, start: int, strays: list[tuple[int, int]]
) -> None:
    """One that reads as a piece of the line itself may: it might be one, after a gap."""
    decoder, number = MtcDecoder(), start + 40
    feed(decoder, pieces(range(start, number), rate))
    for kept, data in strays:
        messages = pieces(range(number, number + kept), rate)
        between = bytes((0xF1, data))
        if between not in pieces(range(number - 8, number + 8), rate):
            decoder.feed(between)
        assert None not in feed(decoder, messages)
        number += kept
    assert decoder.counts.missed == 0


def test_a_damaged_piece_costs_two_frames_and_no_wrong_position() -> None:
    decoder = MtcDecoder()
    messages = pieces(range(200))
    messages[100] = bytes((0xF1, messages[100][1] ^ 1))
    events = feed(decoder, messages)
    right_or_silent(range(200), events, FPS_25)
    assert positions(events)[109:] == [position_of(n) for n in range(109, 200)]


def test_what_came_too_much_is_told_with_the_next_piece() -> None:
    decoder = MtcDecoder()
    feed(decoder, pieces(range(50)))
    feed(decoder, pieces([49, 30]))
    event = decoder.feed(piece_at(50, FPS_25))
    assert event == Running(FPS_25, 2, True, position_of(50), extra=2)
    assert (decoder.counts.doubled, decoder.counts.stray) == (1, 1)


# ---- other sources, other places


@pytest.mark.parametrize("apart", [1, 2, 3, 100, 4_001])
def test_of_two_interleaved_senders_the_first_keeps_the_line(apart: int) -> None:
    decoder = MtcDecoder()
    feed(decoder, pieces(range(100)))
    for number in range(100, 400):
        event = decoder.feed(piece_at(number, FPS_25))
        if event is not None:
            assert event.position == position_of(number)
        other = decoder.feed(piece_at(number + apart, FPS_25))
        # A rival's piece that reads the same as the one due next passes for it, a little early.
        assert other is None or other.position == position_of(number + 1)
    assert decoder.counts.stray + decoder.counts.doubled > 200


def test_when_the_first_sender_falls_silent_the_other_is_followed() -> None:
    decoder = MtcDecoder()
    feed(decoder, pieces(range(100)))
    events = feed(decoder, pieces(range(50_003, 50_050)))
    assert positions(events)[28:] == [position_of(n) for n in range(50_031, 50_050)]
    right_or_silent(range(50_003, 50_050), events, FPS_25)


def test_a_change_of_rate_is_decoded_anew() -> None:
    decoder = MtcDecoder()
    feed(decoder, pieces(range(80), FPS_25))
    events = feed(decoder, pieces(range(80, 160), FrameRate.FPS_30))
    right_or_silent(range(88, 160), events[8:], FrameRate.FPS_30)
    assert events[-1] is not None


@RATES
def test_a_full_frame_and_an_mmc_locate_are_read_back(rate: FrameRate) -> None:
    timecode = from_label(13, 5, 10, 20, rate)
    expected = Locate(timecode, timecode.flicks)
    assert MtcDecoder().feed(full_frame(timecode)) == expected
    assert MtcDecoder().feed(mmc_locate(timecode)) == expected


def test_mmc_subframes_and_flags_are_understood() -> None:
    timecode = from_text("01:00:00:10", FPS_25)
    half_a_frame = bytes.fromhex("f07f7f06440601 21400 00a32f7".replace(" ", ""))
    assert MtcDecoder().feed(half_a_frame) == Locate(
        timecode, timecode.flicks + FPS_25.flicks_per_frame // 2
    )
    status_follows = bytes.fromhex("f07f7f0644060121 00 00 2a 7f f7".replace(" ", ""))
    assert MtcDecoder().feed(status_follows) == Locate(timecode, timecode.flicks)


def test_a_full_frame_elsewhere_makes_the_line_prove_itself_before_it_is_told_again() -> None:
    decoder = MtcDecoder()
    feed(decoder, pieces(range(104)))
    decoder.feed(full_frame(from_text("10:00:00:00", FPS_25)))
    events = feed(decoder, pieces(range(104, 120)))
    assert positions(events) == [None] * 7 + [position_of(n) for n in range(111, 120)]


def test_a_full_frame_where_the_line_is_disturbs_nothing() -> None:
    decoder = MtcDecoder()
    feed(decoder, pieces(range(104)))
    for frames in (24, 26, 28):
        decoder.feed(full_frame(Timecode(frames, FPS_25)))
    assert None not in feed(decoder, pieces(range(104, 120)))


# ---- garbage


@pytest.mark.parametrize(
    ("message", "counted"),
    [
        ("", "garbage"),
        ("05", "garbage"),
        ("f1", "garbage"),
        ("f180", "garbage"),
        ("f10000", "garbage"),
        ("f0", "garbage"),
        ("f07f7f0101", "garbage"),
        ("f07f7f0101200000f7", "garbage"),
        ("f07f7f01012000000000f7", "garbage"),
        ("f07f7f064406012100000af7", "garbage"),
        ("903c40", "ignored"),
        ("f8", "ignored"),
        ("fe", "ignored"),
        ("f0f7", "ignored"),
        ("f07ff7", "ignored"),
        ("f07e7f0601f7", "ignored"),
        ("f07f7f060101f7", "ignored"),
        ("f07f7f010138000000f7", "impossible"),  # hour 24
        ("f07f7f0101203c0000f7", "impossible"),  # minute 60
        ("f07f7f010120003c00f7", "impossible"),  # second 60
        ("f07f7f010120000019f7", "impossible"),  # frame 25 at 25 fps
        ("f07f7f010140010000f7", "impossible"),  # a label that drop-frame leaves out
        ("f07f7f0101a0000000f7", "impossible"),
        ("f07f7f06440601200000 4000f7", "impossible"),  # before zero
        ("f07f7f06440601200000 0064f7", "impossible"),  # subframe 100
    ],
)
def test_what_is_no_timecode_is_counted_by_kind_and_tells_nothing(
    message: str, counted: str
) -> None:
    decoder = MtcDecoder()
    assert decoder.feed(bytes.fromhex(message)) is None
    counts = decoder.counts
    assert {name: getattr(counts, name) for name in ("ignored", "garbage", "impossible")} == {
        "ignored": 0, "garbage": 0, "impossible": 0, counted: 1,
    }  # fmt: skip


@RATES
def test_an_impossible_address_is_never_told(rate: FrameRate) -> None:
    decoder = MtcDecoder()
    spelled = list(quarter_frames(from_label(1, 2, 3, 4, rate)))
    spelled[5] = b"\xf1\x57"  # minute 114
    assert feed(decoder, spelled * 4) == [None] * 32
    assert decoder.counts.impossible == 4


def test_f02_garbage_raises_nothing_and_between_pieces_moves_nothing() -> None:
    assert wrong("f02", 40_000) == []


def test_f03_exactly_those_full_frames_are_taken_that_name_a_time() -> None:
    assert wrong("f03", 40_000) == []


def test_f02_200_000_random_messages_raise_nothing_and_tell_only_addresses_that_exist() -> None:
    source, decoder = random.Random(8), MtcDecoder()
    heads = (b"", b"\xf1", b"\xf0\x7f\x7f\x01\x01", b"\xf0\x7f\x7f\x06\x44\x06\x01")
    for _ in range(200_000):
        message = source.choice(heads) + source.randbytes(source.randrange(8))
        event = decoder.feed(message + source.choice((b"", b"\xf7")))
        assert event is None or from_text(str(event.timecode), event.timecode.rate)


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=14)))
def test_no_bytes_raise(messages: list[bytes]) -> None:
    feed(MtcDecoder(), messages)
