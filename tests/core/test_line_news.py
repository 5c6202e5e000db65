from cuems.core.events import Advance, LineFound, LineLost, Locate
from cuems.core.line_news import MOST_EVENTS, LineNews


def test_rolling_on_is_no_news_and_only_the_newest_of_it_is_kept() -> None:
    news = LineNews()
    assert not news.put((Advance(1), Advance(2)))
    assert not news.put((Advance(3),))
    assert news.take() == (Advance(3),)
    assert news.take() == ()


def test_a_jump_stays_between_the_rolling_before_and_after_it() -> None:
    news = LineNews()
    news.put((Advance(1),))
    assert news.put((Locate(100),))
    news.put((Advance(101), Advance(102)))
    assert news.take() == (Advance(1), Locate(100), Advance(102))


def test_of_jumps_in_a_row_the_last_counts() -> None:
    news = LineNews()
    assert all(news.put((Locate(place),)) for place in range(1000))
    assert news.take() == (Locate(999),)


def test_losing_and_finding_the_line_are_never_merged() -> None:
    news = LineNews()
    assert news.put((LineLost(), LineFound(4), LineLost(), LineFound(8)))
    assert news.take() == (LineLost(), LineFound(4), LineLost(), LineFound(8))


def test_what_gathers_is_bounded_and_the_newest_stays() -> None:
    news = LineNews()
    for place in range(MOST_EVENTS):
        news.put((LineFound(place), LineLost()))
    events = news.take()
    assert len(events) == MOST_EVENTS
    assert events[-2:] == (LineFound(MOST_EVENTS - 1), LineLost())


def test_a_jump_is_not_superseded_by_what_is_only_heard_late() -> None:
    news = LineNews()
    jump, late = Locate(100), Locate(130, late=True)
    assert news.put((jump, late))
    assert news.take() == (jump, late)
