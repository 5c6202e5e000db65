from hypothesis import given
from hypothesis import strategies as st

from cuems.core.line import Line
from cuems.core.timecode import FLICKS_PER_DAY, FLICKS_PER_S, FrameRate

POSITIONS = st.integers(-FLICKS_PER_DAY, 3 * FLICKS_PER_DAY)
MOMENTS = st.integers(0, 2**62)
LINES = st.builds(Line, POSITIONS, MOMENTS, st.booleans(), st.sampled_from(FrameRate))
AT_TEN = Line(10 * FLICKS_PER_S, 5_000_000_000, rolling=True)


def test_a_rolling_line_moves_one_second_per_second() -> None:
    assert AT_TEN.position_at(7_500_000_000) == 12 * FLICKS_PER_S + FLICKS_PER_S // 2


def test_a_rolling_line_also_tells_where_it_was_before() -> None:
    assert AT_TEN.position_at(4_000_000_000) == 9 * FLICKS_PER_S


def test_a_standing_line_is_where_it_is_and_passes_nothing() -> None:
    line = Line(FLICKS_PER_S, 0, rolling=False)
    assert line.position_at(10**12) == FLICKS_PER_S
    assert line.moment_of(FLICKS_PER_S) is None


def test_a_line_is_not_a_nanosecond_off_after_a_year() -> None:
    year_s = 365 * 24 * 60 * 60
    line = Line(0, 0, rolling=True)
    assert line.position_at(year_s * 10**9) == year_s * FLICKS_PER_S
    assert line.moment_of(year_s * FLICKS_PER_S) == year_s * 10**9


@given(LINES, POSITIONS)
def test_the_moment_of_a_position_is_the_moment_it_is_reached(line: Line, position: int) -> None:
    moment = line.moment_of(position)
    assert (moment is not None) == line.rolling
    if moment is not None:
        assert line.position_at(moment) == position


@given(LINES, MOMENTS)
def test_stopping_keeps_the_position_and_rolling_on_continues_from_it(
    line: Line, at_ns: int
) -> None:
    stopped = line.stopped(at_ns)
    assert not stopped.rolling
    assert stopped.position == line.position_at(at_ns)
    later = stopped.rolled(at_ns + 10**9)
    assert later.rolling
    assert later.position_at(at_ns + 2 * 10**9) == stopped.position + FLICKS_PER_S


@given(LINES, POSITIONS, MOMENTS)
def test_a_locate_moves_the_line_and_nothing_else(line: Line, position: int, at_ns: int) -> None:
    located = line.located(position, at_ns)
    assert located.position_at(at_ns) == position
    assert (located.rolling, located.rate) == (line.rolling, line.rate)


def test_starting_twice_does_not_move_a_rolling_line() -> None:
    assert AT_TEN.rolled(9_000_000_000) == AT_TEN
