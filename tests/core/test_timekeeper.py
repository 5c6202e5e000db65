"""Two sources of timecode, MIDI and the controller's line, and which of them counts."""

import pytest

from cuems.core.events import Advance, LineEvent, LineFound, Locate
from cuems.core.line import Line
from cuems.core.mtc import quarter_frame
from cuems.core.timecode import FLICKS_PER_DAY, FLICKS_PER_S, FrameRate, Timecode, from_ms, from_ns
from cuems.core.timekeeper import Timekeeper

S, MS = 1_000_000_000, 1_000_000
FPS_25 = FrameRate.FPS_25
QUARTER_NS = 10 * MS
FRAME = FPS_25.flicks_per_frame
BEGIN_NS = 1000 * S
LOCKED_NS = S  # by then MIDI leads


class Rig:
    """A node that hears MIDI and the controller's line; both rolled past zero at BEGIN_NS."""

    def __init__(self) -> None:
        self.time = Timekeeper(remote=True)
        self.time.hear_probe(BEGIN_NS, BEGIN_NS, BEGIN_NS, BEGIN_NS)
        self.number = 0
        self.now_ns = BEGIN_NS
        self.ahead = 0  # of MIDI, flicks

    def roll(self, for_ns: int, *, midi: bool = True, line: bool = True) -> list[LineEvent]:
        events: list[LineEvent] = []
        for step in range(for_ns // QUARTER_NS):
            if midi:
                frames = self.ahead // FRAME * 4 + self.number
                address = Timecode(frames // 8 * 2, FPS_25).within_day
                piece = quarter_frame(address, frames % 8)
                events += self.time.hear_midi(piece, self.now_ns)
            if line and step % 100 == 0:
                events += self.report()
            events += self.time.wake(self.now_ns)
            self.number += 1
            self.now_ns += QUARTER_NS
        return [event for event in events if not isinstance(event, Advance)]

    def report(self, position: int = 0) -> tuple[LineEvent, ...]:
        return self.time.hear_report(Line(position, BEGIN_NS, rolling=True), self.now_ns)


def test_midi_takes_over_where_the_line_is_without_a_jump() -> None:
    rig = Rig()
    assert rig.roll(LOCKED_NS) == [LineFound(0)]
    assert rig.time.quality(rig.now_ns).source == "midi"
    assert rig.time.state == "locked"
    assert rig.time.fault == ""


def test_the_line_steps_in_where_midi_is_lost() -> None:
    rig = Rig()
    rig.roll(2 * S)
    events = rig.roll(3 * S, midi=False)
    assert [type(event) for event in events] == [LineFound]
    assert rig.time.quality(rig.now_ns).source == "bus"
    assert rig.time.position_at(rig.now_ns) == from_ns(rig.now_ns - BEGIN_NS)


@pytest.mark.parametrize(("frames", "way"), [(50, "ahead of"), (-2, "behind")])
def test_sources_that_stay_more_than_a_frame_apart_are_an_alarm_until_they_agree(
    frames: int, way: str
) -> None:
    rig = Rig()
    rig.number = 400
    rig.now_ns += 4 * S
    rig.ahead = frames * FRAME
    rig.roll(LOCKED_NS)
    rig.roll(2 * S)
    fault = rig.time.fault
    assert fault.startswith(f"timecode disagreement: MIDI is {abs(frames)}.0 frames {way} the")
    rig.ahead = 0
    rig.roll(3 * S)
    assert rig.time.fault == ""


def test_a_locate_that_reaches_midi_later_than_the_bus_is_no_alarm() -> None:
    rig = Rig()
    rig.roll(2 * S)
    rig.report(FLICKS_PER_S)
    rig.now_ns += 100 * MS
    rig.number += 10
    rig.report(FLICKS_PER_S)
    rig.ahead = 25 * FRAME
    rig.now_ns -= 100 * MS
    rig.number -= 10
    rig.roll(S, line=False)
    rig.report(FLICKS_PER_S)
    assert rig.time.fault == ""


def test_less_than_a_frame_apart_is_no_alarm() -> None:
    rig = Rig()
    rig.ahead = FRAME
    rig.now_ns += 3 * MS  # of that frame the wire takes so much
    rig.roll(4 * S)
    assert rig.time.fault == ""


def test_what_the_clock_may_be_wrong_by_is_not_held_against_midi() -> None:
    rig = Rig()
    rig.time.led_by("another")
    rig.time.hear_probe(BEGIN_NS - 200 * MS, BEGIN_NS, BEGIN_NS, BEGIN_NS)
    rig.roll(4 * S)
    assert rig.time.fault == ""


def test_midi_counts_no_days_but_the_line_does() -> None:
    rig = Rig()
    rig.now_ns += QUARTER_NS * 800
    rig.number = 800

    def report() -> tuple[LineEvent, ...]:
        line = Line(2 * FLICKS_PER_DAY, BEGIN_NS, rolling=True)
        return rig.time.hear_report(line, rig.now_ns)

    assert report() == (LineFound(2 * FLICKS_PER_DAY + 8 * FLICKS_PER_S),)
    assert rig.roll(LOCKED_NS, line=False) == []
    report()
    assert rig.time.state == "locked"
    assert rig.time.fault == ""
    position = rig.time.position_at(rig.now_ns)
    assert position is not None
    assert abs(position - 2 * FLICKS_PER_DAY - 9 * FLICKS_PER_S) < from_ms(1)


def test_a_fault_is_told_in_the_same_words_as_long_as_it_lasts() -> None:
    rig = Rig()
    rig.ahead = 100 * FRAME
    rig.roll(3 * S)
    first = rig.time.fault
    rig.ahead = 60 * FRAME
    rig.roll(3 * S)
    assert first
    assert rig.time.fault == first


def test_the_clocks_figures_are_part_of_the_quality() -> None:
    time = Timekeeper(remote=True)
    time.hear_probe(0, 5, 5, 4 * MS)
    quality = time.quality(4 * MS)
    assert (quality.source, quality.clock_error_ns, quality.round_trip_ns) == (
        "bus",
        2 * MS,
        4 * MS,
    )


def test_a_report_before_the_first_probe_locks_with_it() -> None:
    time = Timekeeper(remote=True)
    line = Line(0, 500 * S, rolling=True)
    assert time.hear_report(line, S) == ()
    assert time.state == "locking"
    events = time.hear_probe(S, 501 * S, 501 * S, S)
    assert events == (LineFound(FLICKS_PER_S),)
    assert time.state == "locked"


def test_a_locate_of_the_line_moves_whoever_follows_it() -> None:
    rig = Rig()
    rig.report()
    assert rig.report(FLICKS_PER_S) == (Locate(FLICKS_PER_S),)


def test_midi_is_on_a_new_line_when_it_has_got_there_or_has_had_the_time_to() -> None:
    rig = Rig()
    rig.roll(2 * S)
    here = from_ns(rig.now_ns - BEGIN_NS)
    nearby = Line(here, rig.now_ns, rolling=True, began_ns=7)
    rig.time.hear_report(nearby, rig.now_ns)
    assert rig.time.line_at(rig.now_ns) == 7
    rig.time.hear_report(Line(0, rig.now_ns, rolling=True, began_ns=8), rig.now_ns)
    assert rig.time.line_at(rig.now_ns) == 7
    again_ns = rig.time.next_line_ns()
    assert again_ns is not None
    assert rig.time.line_at(again_ns) == 8
    assert rig.time.next_line_ns() is None
