"""Scripted timecode, heard through the real decoder and chase."""

from cuems.core.events import Advance, LineEvent, LineFound, LineLost, Locate
from cuems.core.line import Line
from cuems.core.timecode import FLICKS_PER_S, NS_PER_S
from cuems.core.timekeeper import Timekeeper
from cuems.sim.source import DropOut, MidiSource

DAY = 24 * 3600 * FLICKS_PER_S


def heard(source: MidiSource, until_ns: int) -> tuple[Timekeeper, list[LineEvent]]:
    """What a node makes of it: all but the rolling on."""
    time, events = Timekeeper(), list[LineEvent]()
    while (at_ns := source.next_ns()) is not None and at_ns <= until_ns:
        events += time.wake(at_ns)
        for message in source.take(at_ns, into_ns=at_ns):
            events += time.hear_midi(message, at_ns)
    return time, [event for event in events if not isinstance(event, Advance)]


def rolling(position: int, *drop_outs: DropOut) -> MidiSource:
    source = MidiSource(drop_outs)
    source.follow(Line(position, 0, rolling=True), 0)
    return source


def test_a_rolling_line_is_chased_where_it_is() -> None:
    time, events = heard(rolling(FLICKS_PER_S), 2 * NS_PER_S)
    assert [type(event) for event in events] == [LineFound]
    assert time.state == "locked"
    assert time.position_at(2 * NS_PER_S) == 3 * FLICKS_PER_S


def test_a_short_drop_out_is_freewheeled_over() -> None:
    time, events = heard(rolling(0, DropOut(2 * NS_PER_S, NS_PER_S)), 5 * NS_PER_S)
    assert [type(event) for event in events] == [LineFound]
    assert time.position_at(5 * NS_PER_S) == 5 * FLICKS_PER_S


def test_a_long_one_loses_the_line_and_finds_it_again() -> None:
    time, events = heard(rolling(0, DropOut(2 * NS_PER_S, 3 * NS_PER_S)), 7 * NS_PER_S)
    assert [type(event) for event in events] == [LineFound, LineLost, LineFound]
    assert time.state == "locked"


def test_a_jump_is_a_locate() -> None:
    source = rolling(0)
    time, _ = heard(source, NS_PER_S)
    source.follow(Line(60 * FLICKS_PER_S, NS_PER_S, rolling=True), NS_PER_S)
    events = list[LineEvent]()
    while (at_ns := source.next_ns()) is not None and at_ns <= 2 * NS_PER_S:
        for message in source.take(at_ns, into_ns=at_ns):
            events += time.hear_midi(message, at_ns)
    assert [type(event) for event in events if not isinstance(event, Advance)] == [Locate]
    assert time.position_at(2 * NS_PER_S) == 61 * FLICKS_PER_S


def test_midnight_is_rolled_over_without_a_jump() -> None:
    time, events = heard(rolling(DAY - 2 * FLICKS_PER_S), 4 * NS_PER_S)
    assert [type(event) for event in events] == [LineFound]
    assert time.position_at(4 * NS_PER_S) == DAY + 2 * FLICKS_PER_S


def test_a_line_that_stands_sends_where_it_stands_and_no_more() -> None:
    source = MidiSource(())
    source.follow(Line(FLICKS_PER_S, 0, rolling=False), 0)
    assert len(source.take(0, into_ns=0)) == 1
    assert source.next_ns() is None
