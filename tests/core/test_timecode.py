"""Show time: labels, texts, conversions; exact over days and over ten thousand loops."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from timecode.timecode import Timecode as Oracle

from cuems.core.timecode import (
    FLICKS_PER_DAY,
    FLICKS_PER_MS,
    FLICKS_PER_S,
    FrameRate,
    Timecode,
    TimecodeError,
    frame_at,
    from_duration_text,
    from_flicks,
    from_label,
    from_ms,
    from_ns,
    from_text,
    to_duration_text,
    to_ms,
    to_ns,
)

RATES = pytest.mark.parametrize("rate", FrameRate, ids=str)
DROP_RATES = pytest.mark.parametrize("rate", [r for r in FrameRate if r.drop], ids=str)
any_rate = st.sampled_from(FrameRate)

# What the `timecode` package calls the rates. Its 23.976 and 59.94 are not asked about drop-frame.
ORACLE_RATES = {
    FrameRate.FPS_23_976: ("23.976", False),
    FrameRate.FPS_24: ("24", False),
    FrameRate.FPS_25: ("25", False),
    FrameRate.FPS_29_97_DF: ("29.97", False),
    FrameRate.FPS_29_97: ("29.97", True),
    FrameRate.FPS_30: ("30", False),
    FrameRate.FPS_50: ("50", False),
    FrameRate.FPS_59_94_DF: ("59.94", False),
    FrameRate.FPS_59_94: ("59.94", True),
    FrameRate.FPS_60: ("60", False),
}


def walk_a_day(rate: FrameRate) -> int:
    """Count a day as a clock does, every label checked both ways; the number of labels."""
    frame = 0
    for minute in range(24 * 60):
        hours, minutes = divmod(minute, 60)
        first = rate.nominal // 15 if rate.drop and minutes % 10 else 0
        for seconds in range(60):
            for frames in range(0 if seconds else first, rate.nominal):
                label = (hours, minutes, seconds, frames)
                timecode = from_label(*label, rate)
                if timecode.frames != frame or timecode.label != label:
                    pytest.fail(f"frame {frame} at {rate} is {timecode}, not {label}")
                frame += 1
    return frame


@pytest.mark.parametrize(
    "rate",
    [
        pytest.param(rate, marks=[] if rate is FrameRate.FPS_29_97_DF else [pytest.mark.slow])
        for rate in FrameRate
    ],
    ids=str,
)
def test_every_label_of_a_full_day_names_its_frame_and_comes_back(rate: FrameRate) -> None:
    """29.97 drop-frame in every run; all the rates take a minute and a half."""
    assert walk_a_day(rate) == rate.frames_per_day


@RATES
def test_every_second_of_a_day_comes_back_from_its_text(rate: FrameRate) -> None:
    wrong = [
        frame
        for frame in range(0, rate.frames_per_day, rate.nominal)
        if from_text(str(Timecode(frame, rate)), rate).frames != frame
    ]
    assert wrong == []


@RATES
def test_labels_are_those_of_an_independent_library(rate: FrameRate) -> None:
    """Its frames count from 1. 23.976 and 59.94 non-drop it knows; a day beyond 24 h it wraps."""
    name, non_drop = ORACLE_RATES[rate]
    step = rate.frames_per_day // 997
    for frame in range(0, rate.frames_per_day, step):
        oracle = Oracle(name, frames=frame + 1, force_non_drop_frame=non_drop)
        label = (oracle.hrs, oracle.mins, oracle.secs, oracle.frs)
        assert Timecode(frame, rate).label == label, f"frame {frame}"


@DROP_RATES
def test_drop_frame_leaves_out_the_first_labels_of_every_minute_but_each_tenth(
    rate: FrameRate,
) -> None:
    first = rate.dropped_per_minute
    last_of_minute = Timecode(60 * rate.nominal - 1, rate)
    assert last_of_minute.label == (0, 0, 59, rate.nominal - 1)
    assert last_of_minute.plus(1).label == (0, 1, 0, first)
    assert Timecode(rate.frames_per_ten_minutes, rate).label == (0, 10, 0, 0)
    with pytest.raises(TimecodeError, match=f"00:01:00;00.*{first} to {rate.nominal - 1}"):
        from_label(0, 1, 0, 0, rate)


@given(any_rate, st.integers(-(10**9), 10**9))
def test_any_frame_comes_back_from_its_text(rate: FrameRate, frames: int) -> None:
    assert from_text(str(Timecode(frames, rate)), rate) == Timecode(frames, rate)


@given(any_rate, st.integers(-(10**12), 10**12))
def test_any_frame_comes_back_from_its_flicks(rate: FrameRate, frames: int) -> None:
    timecode = Timecode(frames, rate)
    assert from_flicks(timecode.flicks, rate) == timecode
    assert frame_at(timecode.flicks, rate) == timecode
    assert frame_at(timecode.flicks + rate.flicks_per_frame - 1, rate) == timecode
    assert frame_at(timecode.flicks - 1, rate) == timecode.plus(-1)


def test_texts_read_as_a_person_would_write_them() -> None:
    assert str(Timecode(90_000 * 25, FrameRate.FPS_25)) == "25:00:00:00"
    assert str(Timecode(-26, FrameRate.FPS_25)) == "-00:00:01:01"
    assert str(Timecode(1800, FrameRate.FPS_29_97_DF)) == "00:01:00;02"
    assert from_text("100:00:00:00", FrameRate.FPS_24).frames == 100 * 3600 * 24


@pytest.mark.parametrize(
    "text",
    ["", "1:00:00:00", "00:60:00:00", "00:00:60:00", "00:00:00:25", "00:00:00;00", "00:00:00.00",
     " 00:00:00:00", "00:00:00:00\n", "\u0660\u0660:00:00:00", "0" * 40 + ":00:00:00"],
)  # fmt: skip
def test_what_is_no_timecode_is_refused_by_name(text: str) -> None:
    with pytest.raises(TimecodeError, match=r"is not a timecode: expected .* at 25 fps") as error:
        from_text(text, FrameRate.FPS_25)
    assert "\n" not in str(error.value)


def test_a_drop_frame_text_needs_its_semicolon() -> None:
    with pytest.raises(TimecodeError, match=r"HH:MM:SS;FF at 29\.97 fps drop-frame"):
        from_text("00:00:00:00", FrameRate.FPS_29_97_DF)


def test_negative_fields_are_no_label() -> None:
    with pytest.raises(TimecodeError):
        from_label(-1, 0, 0, 0, FrameRate.FPS_25)
    with pytest.raises(TimecodeError):
        from_label(0, 0, 0, -1, FrameRate.FPS_25)


def test_rates_say_their_names() -> None:
    assert [str(rate) for rate in FrameRate] == [
        "23.976 fps", "24 fps", "25 fps", "29.97 fps drop-frame", "29.97 fps", "30 fps", "50 fps",
        "59.94 fps drop-frame", "59.94 fps", "60 fps",
    ]  # fmt: skip


def test_only_addresses_of_one_rate_add_up() -> None:
    one, two = Timecode(1, FrameRate.FPS_25), Timecode(2, FrameRate.FPS_25)
    assert (one + two).frames == 3
    assert (one - two).frames == -1
    with pytest.raises(TimecodeError, match=r"00:00:00:01 at 24 fps.*expected one at 25 fps"):
        _ = one + Timecode(1, FrameRate.FPS_24)
    with pytest.raises(TimecodeError):
        _ = one - Timecode(1, FrameRate.FPS_24)


def test_a_conversion_names_the_rate_and_takes_the_nearest_frame() -> None:
    assert Timecode(25, FrameRate.FPS_25).at(FrameRate.FPS_30).frames == 30
    assert Timecode(1, FrameRate.FPS_30).at(FrameRate.FPS_60).frames == 2
    assert Timecode(1, FrameRate.FPS_50).at(FrameRate.FPS_25).frames == 1  # half, upward
    assert Timecode(-1, FrameRate.FPS_50).at(FrameRate.FPS_25).frames == 0


@RATES
def test_the_day_carries_to_whichever_day_is_nearest(rate: FrameRate) -> None:
    day = rate.frames_per_day
    last, first = Timecode(day - 1, rate), Timecode(0, rate)
    assert first.carried(last) == Timecode(day, rate)
    assert last.carried(first) == Timecode(-1, rate)
    assert Timecode(5, rate).carried(Timecode(3 * day + 7, rate)) == Timecode(3 * day + 5, rate)
    assert Timecode(day, rate).within_day == first
    assert Timecode(-1, rate).within_day == last


@RATES
def test_25_hours_of_frames_add_up_exactly(rate: FrameRate) -> None:
    frames = 25 * 3600 * rate.nominal
    assert Timecode(frames, rate).flicks == frames * FLICKS_PER_S * rate.denominator // (
        rate.numerator
    )
    assert FLICKS_PER_S * rate.denominator % rate.numerator == 0


@RATES
def test_ten_thousand_loops_end_where_one_long_play_ends(rate: FrameRate) -> None:
    loop = Timecode(7 * rate.nominal + 3, rate)
    position = 0
    for _ in range(10_000):
        position += loop.flicks
    assert position == Timecode(10_000 * loop.frames, rate).flicks


def test_milliseconds_and_every_audio_rate_are_whole_flicks() -> None:
    assert FLICKS_PER_S % 1000 == 0
    assert [r for r in (44_100, 48_000, 88_200, 96_000, 192_000) if FLICKS_PER_S % r] == []
    assert from_ms(24 * 3600 * 1000) == FLICKS_PER_DAY


def test_rounding_is_to_the_nearest_halves_upward() -> None:
    half_ms = FLICKS_PER_MS // 2
    assert [to_ms(half_ms - 1), to_ms(half_ms), to_ms(-half_ms), to_ms(-half_ms - 1)] == [
        0, 1, 0, -1,
    ]  # fmt: skip
    assert from_ns(to_ns(FLICKS_PER_MS)) == FLICKS_PER_MS


@given(st.integers(-(10**12), 10**12))
def test_nanoseconds_are_fine_enough_to_come_back(flicks: int) -> None:
    assert from_ns(to_ns(flicks)) == flicks


@pytest.mark.parametrize(
    ("text", "ms"),
    [("00:00:01.3", 1003), ("00:00:01.30", 1030), ("00:00:01.300", 1300), ("-00:00:00.001", -1),
     ("123:00:00.000", 123 * 3_600_000), ("01:02:03.004", 3_723_004)],
)  # fmt: skip
def test_a_duration_counts_its_last_field_as_milliseconds(text: str, ms: int) -> None:
    assert from_duration_text(text) == from_ms(ms)


@pytest.mark.parametrize(
    "text", ["", "00:00:01", "00:00:01.", "00:00:01.0000", "0:00:01.000", "00:60:00.000",
             "00:00:60.000", "00:00:00:00", "9" * 40 + ":00:00.000"],
)  # fmt: skip
def test_what_is_no_duration_is_refused_by_name(text: str) -> None:
    with pytest.raises(TimecodeError, match=r"expected HH:MM:SS\.mmm"):
        from_duration_text(text)


@given(st.integers(-(10**10), 10**10))
def test_any_millisecond_comes_back_from_its_text(ms: int) -> None:
    assert from_duration_text(to_duration_text(from_ms(ms))) == from_ms(ms)


def test_a_duration_is_written_to_the_nearest_millisecond() -> None:
    assert to_duration_text(from_ms(3_723_004) + FLICKS_PER_MS // 2 - 1) == "01:02:03.004"
    assert to_duration_text(-1) == "00:00:00.000"
