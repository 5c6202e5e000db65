"""What is told of how a node follows timecode, and when."""

from cuems.core.chase_news import QUALITY_NS, ChaseNews
from cuems.core.line import Line
from cuems.core.timecode import FrameRate
from cuems.core.timekeeper import Timekeeper


def test_a_change_is_told_at_once_and_the_rest_now_and_then() -> None:
    timekeeper = Timekeeper()
    news = ChaseNews(timekeeper)
    first = news.take(0)
    assert first is not None
    assert news.take(QUALITY_NS - 1) is None
    timekeeper.hear_line(Line(0, 0, rolling=True, rate=FrameRate.FPS_25), QUALITY_NS - 1)
    second = news.take(QUALITY_NS - 1)
    assert second is not None
    assert second.state != first.state
    assert news.take(2 * QUALITY_NS - 2) is None
    assert news.take(2 * QUALITY_NS - 1) is not None


def test_somebody_new_is_told_though_nothing_has_changed() -> None:
    news = ChaseNews(Timekeeper())
    first = news.take(0)
    news.forget()
    assert news.take(1) == first
