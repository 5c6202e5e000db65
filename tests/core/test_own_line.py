"""The timecode line a controller draws itself."""

from cuems.core.events import Advance, LineFound, Locate
from cuems.core.own_line import OwnLine
from cuems.core.timecode import NS_PER_S, from_ms

S = NS_PER_S


def test_it_is_there_from_the_beginning_and_stands() -> None:
    line = OwnLine(5 * S)
    assert line.begin() == (LineFound(0),)
    assert line.wake(9 * S) == ()
    assert line.moment_of(from_ms(1000)) is None
    assert line.next_second_ns(9 * S) is None
    assert line.next_wake_ns() is None
    assert line.fault == ""


def test_restarted_it_rolls_from_zero() -> None:
    line = OwnLine(0)
    assert line.restart(2 * S, rolling=True) == (Locate(0),)
    assert line.wake(5 * S) == (Advance(from_ms(3000)),)
    assert line.moment_of(from_ms(10_000)) == 12 * S
    assert line.next_second_ns(2 * S + 1) == 3 * S


def test_held_it_stands_and_rolls_on_from_there() -> None:
    line = OwnLine(0)
    line.restart(0, rolling=True)
    assert line.hold(4 * S) == ()
    assert line.position_at(60 * S) == from_ms(4000)
    assert line.roll(60 * S) == ()
    assert line.position_at(61 * S) == from_ms(5000)


def test_what_nodes_are_told_is_the_line_itself() -> None:
    line = OwnLine(0)
    line.restart(S, rolling=True)
    told = line.line_at(9 * S)
    assert told.position_at(11 * S) == line.position_at(11 * S)
    assert told.rolling


def test_a_day_and_an_hour_on_it_is_exact() -> None:
    line = OwnLine(0)
    line.restart(0, rolling=True)
    assert line.position_at(25 * 3600 * S) == from_ms(25 * 3600 * 1000)


def test_it_is_taken_up_where_it_was_found_and_can_be_fired_by() -> None:
    line = OwnLine(0)
    assert line.adopt(from_ms(7000), 3 * S, rolling=True) == (Locate(from_ms(7000)),)
    assert line.position_at(4 * S) == from_ms(8000)
    assert line.why_not_go() == ""
