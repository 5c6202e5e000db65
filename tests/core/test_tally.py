"""What all nodes say of a cue, taken together."""

from collections.abc import Iterator

from cuems.core.cues import CueId, NodeId
from cuems.core.effects import ActionDone, CueEnded, CueProgress, CueReset, CueStarted, Outcome
from cuems.core.reports import (
    CueEndedReport,
    CueFailedReport,
    CueProgressReport,
    CueResetReport,
    CueStartedReport,
    Pong,
)
from cuems.core.status import CuePlay, CueReason
from cuems.core.tally import CueState, Tally

A, ELSEWHERE = CueId("a"), CueId("elsewhere")
LEFT, RIGHT = NodeId("left"), NodeId("right")


def said(states: Iterator[CueState]) -> list[int | str]:
    """Percentages and reasons, in the order clients hear them."""
    out: list[int | str] = []
    for state in states:
        assert state.cue == A
        out.append(state.percent if isinstance(state, CuePlay) else state.reason)
    return out


def tally() -> Tally:
    return Tally(frozenset({A}))


def test_a_cue_plays_until_the_last_node_has_ended_it() -> None:
    both = tally()
    assert said(both.started(LEFT, A)) == [1]
    assert said(both.started(RIGHT, A)) == []
    assert said(both.progress(LEFT, A, 40)) == [40]
    assert said(both.ended(LEFT, A)) == []
    assert said(both.ended(RIGHT, A)) == [100]


def test_percentages_stay_between_the_ends() -> None:
    one = tally()
    list(one.started(LEFT, A))
    assert said(one.progress(LEFT, A, 0)) == [1]
    assert said(one.progress(LEFT, A, 100)) == [99]


def test_news_from_who_does_not_play_is_none() -> None:
    one = tally()
    assert said(one.progress(LEFT, A, 40)) == []
    assert said(one.ended(LEFT, A)) == []
    list(one.started(RIGHT, A))
    assert said(one.progress(LEFT, A, 40)) == []
    assert said(one.ended(LEFT, A)) == []


def test_a_cue_has_failed_if_it_has_anywhere() -> None:
    both = tally()
    list(both.started(LEFT, A))
    assert said(both.failed(RIGHT, A, "torn")) == [-1, "torn"]
    assert said(both.progress(LEFT, A, 50)) == []
    assert said(both.failed(LEFT, A, "bent")) == [-1, "torn; bent"]
    assert said(both.ended(LEFT, A)) == []


def test_the_same_reason_from_many_is_given_once() -> None:
    both = tally()
    list(both.failed(LEFT, A, "torn"))
    assert said(both.failed(RIGHT, A, "torn")) == [-1, "torn"]


def test_a_cue_mended_on_one_node_is_still_failed_on_the_other() -> None:
    both = tally()
    list(both.failed(LEFT, A, "torn"))
    list(both.failed(RIGHT, A, "bent"))
    assert said(both.reset(LEFT, A)) == ["bent"]
    assert said(both.reset(RIGHT, A)) == ["", 0]


def test_a_cue_mended_on_one_node_while_another_plays_it_is_playing() -> None:
    both = tally()
    list(both.started(LEFT, A))
    list(both.failed(RIGHT, A, "torn"))
    assert said(both.reset(RIGHT, A)) == ["", 1]
    assert said(both.ended(LEFT, A)) == [100]


def test_a_reset_while_another_plays_is_no_news() -> None:
    both = tally()
    list(both.started(LEFT, A))
    list(both.started(RIGHT, A))
    assert said(both.reset(LEFT, A)) == []
    assert said(both.reset(RIGHT, A)) == [0]


def test_what_a_lost_node_played_has_failed_until_it_plays_it_again() -> None:
    both = tally()
    list(both.started(LEFT, A))
    assert said(both.lost(LEFT)) == [-1, "its node is lost"]
    assert said(both.lost(RIGHT)) == []
    assert said(both.started(LEFT, A)) == ["", 1]


def test_an_action_that_was_rejected_is_mended_by_one_that_is_not() -> None:
    own = tally()
    assert said(own.note(CueStarted(A, 0))) == [1]
    rejected = ActionDone(cue=A, outcome=Outcome.REJECTED, reason="no such cue")
    assert said(own.note(rejected)) == [-1, "no such cue"]
    assert said(own.note(CueEnded(A))) == []
    assert said(own.note(CueStarted(A, 0))) == ["", 1]
    assert said(own.note(ActionDone(cue=A, outcome=Outcome.APPLIED))) == []
    assert said(own.note(CueProgress(A, 7))) == [7]
    assert said(own.note(CueEnded(A))) == [100]
    assert said(own.note(CueReset(A))) == [0]


def test_stop_makes_everything_unplayed_and_whole() -> None:
    both = tally()
    list(both.started(LEFT, A))
    list(both.failed(RIGHT, A, "torn"))
    assert said(both.reset_all()) == [""]
    assert said(both.started(RIGHT, A)) == [1]


def test_reports_of_nodes_are_heard_and_others_passed_over() -> None:
    one = tally()
    assert said(one.hear(LEFT, CueStartedReport(A, 0))) == [1]
    assert said(one.hear(LEFT, CueProgressReport(A, 30))) == [30]
    assert said(one.hear(LEFT, CueEndedReport(A))) == [100]
    assert said(one.hear(LEFT, CueFailedReport(A, "torn"))) == [-1, "torn"]
    assert said(one.hear(LEFT, CueResetReport(A))) == ["", 0]
    assert said(one.hear(LEFT, Pong())) == []


def test_cues_of_another_show_are_ignored() -> None:
    one = tally()
    for news in (
        one.started(LEFT, ELSEWHERE),
        one.failed(LEFT, ELSEWHERE, "torn"),
        one.ended(LEFT, ELSEWHERE),
        one.reset(LEFT, ELSEWHERE),
    ):
        assert list(news) == []
    assert CueReason(ELSEWHERE, "") not in list(one.reset_all())


def test_what_a_lost_node_says_of_its_cue_when_it_is_back_holds() -> None:
    for report, percent in ((CueStartedReport(A, 0), 1), (CueEndedReport(A), 100)):
        one = tally()
        list(one.started(LEFT, A))
        assert said(one.lost(LEFT)) == [-1, "its node is lost"]
        assert not one.plays
        assert said(one.hear(LEFT, report)) == ["", percent]
        assert said(one.hear(LEFT, report)) == []


def test_a_cue_that_a_lost_node_has_ended_still_plays_on_another() -> None:
    one = tally()
    list(one.started(LEFT, A))
    list(one.started(RIGHT, A))
    list(one.lost(LEFT))
    assert said(one.hear(LEFT, CueEndedReport(A))) == ["", 1]
    assert said(one.hear(RIGHT, CueEndedReport(A))) == [100]
