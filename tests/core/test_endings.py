"""What a node says again of cues that are over."""

from cuems.core import bus
from cuems.core.cues import CueId
from cuems.core.endings import MOST_KEPT, Endings

A, B = CueId("a"), CueId("b")


def test_the_newest_ending_of_each_cue_is_kept_until_it_runs_again() -> None:
    endings = Endings()
    for report in (
        bus.CueEndedReport(A),
        bus.CueFailedReport(B, "mpv was killed"),
        bus.CueEndedReport(A),
        bus.Pong(),
    ):
        endings.note(report)
    assert list(endings) == [bus.CueFailedReport(B, "mpv was killed"), bus.CueEndedReport(A)]
    endings.note(bus.CueStartedReport(A, 0))
    endings.note(bus.CueResetReport(B))
    assert list(endings) == []


def test_only_so_many_are_kept() -> None:
    endings = Endings()
    for number in range(MOST_KEPT + 2):
        endings.note(bus.CueEndedReport(CueId(str(number))))
    assert next(iter(endings)) == bus.CueEndedReport(CueId("2"))
    assert len(list(endings)) == MOST_KEPT
