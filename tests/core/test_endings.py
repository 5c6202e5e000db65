"""What a node says again of cues that are over."""

from cuems.core.cues import CueId
from cuems.core.endings import MOST_KEPT, Endings
from cuems.core.reports import (
    CueEndedReport,
    CueFailedReport,
    CueResetReport,
    CueStartedReport,
    Pong,
)

A, B = CueId("a"), CueId("b")


def test_the_newest_ending_of_each_cue_is_kept_until_it_runs_again() -> None:
    endings = Endings()
    for report in (
        CueEndedReport(A),
        CueFailedReport(B, "mpv was killed"),
        CueEndedReport(A),
        Pong(),
    ):
        endings.note(report)
    assert list(endings) == [CueFailedReport(B, "mpv was killed"), CueEndedReport(A)]
    endings.note(CueStartedReport(A, 0))
    endings.note(CueResetReport(B))
    assert list(endings) == []


def test_only_so_many_are_kept() -> None:
    endings = Endings()
    for number in range(MOST_KEPT + 2):
        endings.note(CueEndedReport(CueId(str(number))))
    assert next(iter(endings)) == CueEndedReport(CueId("2"))
    assert len(list(endings)) == MOST_KEPT
