"""A line from outside, as a controller follows it."""

from cuems.core.chased_line import ChasedLine
from cuems.core.events import LineEvent, LineFound, LineLost
from cuems.core.line import Line
from cuems.core.mtc import quarter_frame
from cuems.core.timecode import FLICKS_PER_S, NS_PER_S, FrameRate, Timecode, to_ns


class Source:
    """Sends to a line, a quarter-frame apart."""

    def __init__(self) -> None:
        self.line = ChasedLine()
        self.rate = FrameRate.FPS_25
        self.number = 8_000
        self.now_ns = 10**15

    def roll(self, pieces: int) -> None:
        for _ in range(pieces):
            address = Timecode(self.number // 8 * 2, self.rate)
            self.line.hear(quarter_frame(address, self.number % 8), self.now_ns)
            self.number += 1
            self.now_ns += to_ns(self.rate.flicks_per_frame) // 4


def test_f05_after_a_change_of_rate_one_go_is_refused_and_the_next_is_meant() -> None:
    source = Source()
    source.roll(100)
    assert source.line.why_not_go() == ""
    source.rate = FrameRate.FPS_30
    source.roll(100)
    assert source.line.why_not_go() == (
        "rate change: the source went from 25 fps to 30 fps: GO again to go by it"
    )
    assert source.line.why_not_go() == ""


def test_f05_each_change_is_told_once_and_none_when_it_is_over() -> None:
    source = Source()
    for rate in (FrameRate.FPS_25, FrameRate.FPS_30, FrameRate.FPS_24):
        source.rate = rate
        source.roll(120)
        assert (source.line.why_not_go() == "") == (rate is FrameRate.FPS_25)
    source.now_ns += 10**10
    source.number += 24 * 40
    source.roll(100)
    assert source.line.fault == ""
    assert source.line.why_not_go() == ""


def test_a_steady_line_may_wait_and_one_that_is_not_trusted_may_not() -> None:
    source = Source()
    source.roll(10)
    assert not source.line.is_steady
    source.roll(50)
    assert source.line.is_steady
    source.now_ns += 10**9
    source.line.wake(source.now_ns)
    assert not source.line.is_steady


def test_before_anything_is_heard_nothing_is_known() -> None:
    line = ChasedLine()
    assert line.begin() == ()
    assert (line.position_at(5), line.moment_of(5), line.line_at(5)) == (0, None, None)
    assert line.restart(5, rolling=True) == line.adopt(9, 5, rolling=True) == ()
    assert line.next_second_ns(5) is None


def test_where_it_is_and_when_it_comes_to_its_next_second() -> None:
    source = Source()
    source.roll(100)
    now_ns, line = source.now_ns, source.line
    position = line.position_at(now_ns)
    assert line.line_at(now_ns) == Line(position, now_ns, rolling=True)
    next_second = (position // FLICKS_PER_S + 1) * FLICKS_PER_S
    assert line.next_second_ns(now_ns) == line.moment_of(next_second)


def test_nobody_can_move_it_and_a_show_begins_where_it_is() -> None:
    source = Source()
    source.roll(100)
    now_ns, line = source.now_ns, source.line
    position = line.position_at(now_ns)
    assert line.hold(now_ns) == line.roll(now_ns) == ()
    assert line.restart(now_ns, rolling=False) == (LineFound(position),)
    assert line.adopt(7, now_ns, rolling=False) == (LineFound(position),)
    assert line.position_at(now_ns) == position


def test_without_timecode_it_rolls_on_as_long_as_it_is_told_to_and_is_lost() -> None:
    source = Source()
    source.line.freewheel(25)
    source.roll(100)
    line, last_ns = source.line, source.now_ns
    seen: list[LineEvent] = []
    while (wake_ns := line.next_wake_ns()) is not None and LineLost() not in seen:
        assert wake_ns <= last_ns + 2 * NS_PER_S
        seen += line.wake(wake_ns)
    assert LineLost() in seen
    left = line.line_at(last_ns + 2 * NS_PER_S)
    assert left is not None
    assert not left.rolling  # it stands where it was lost
