"""A line from outside, as a controller follows it."""

from cuems.core.chased_line import ChasedLine
from cuems.core.mtc import quarter_frame
from cuems.core.timecode import FrameRate, Timecode, to_ns


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
