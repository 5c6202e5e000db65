"""What is told of each cue."""

from cuems.core.cues import CueId
from cuems.core.effects import (
    CueEnded,
    CueFailed,
    CueProgress,
    CueReset,
    CueStarted,
    Effect,
)
from cuems.core.telling import Telling

A, B, C = (CueId(name) for name in "abc")


def telling(*cues: CueId) -> tuple[Telling, list[Effect]]:
    told: list[Effect] = []
    return Telling(cues or (A, B, C), told.append), told


def test_a_cue_starts_proceeds_and_ends() -> None:
    tell, told = telling()
    tell.running(A, 7)
    tell.progress(A, 50)
    tell.played(A)
    assert told == [CueStarted(A, 7), CueProgress(A, 50), CueEnded(A)]


def test_of_other_machines_cues_nothing_is_told() -> None:
    tell, told = telling(B)
    tell.running(A, 7)
    tell.failed(A, "gone")
    assert told == []


def test_nought_and_a_hundred_percent_are_other_news() -> None:
    tell, told = telling()
    tell.running(A, 0)
    told.clear()
    tell.progress(A, 0)
    tell.progress(A, 100)
    assert told == []


def test_of_a_cue_that_does_not_run_nothing_proceeds_or_ends() -> None:
    tell, told = telling()
    tell.progress(A, 50)
    tell.played(A)
    tell.reset(A)
    assert told == []


def test_a_failed_cue_stays_failed_until_it_is_mended() -> None:
    tell, told = telling()
    tell.failed(A, "torn")
    tell.running(A, 0)
    tell.progress(A, 50)
    tell.played(A)
    assert told == [CueFailed(A, "torn")]
    tell.mended(A)
    tell.running(A, 9)
    assert told[1:] == [CueReset(A), CueStarted(A, 9)]


def test_what_had_not_failed_is_not_mended() -> None:
    tell, told = telling()
    tell.running(A, 0)
    tell.mended(A)
    assert told == [CueStarted(A, 0)]


def test_a_reset_of_everything_names_each_cue_that_was_told_of() -> None:
    tell, told = telling()
    tell.running(A, 0)
    tell.failed(B, "torn")
    told.clear()
    tell.reset_all()
    assert told == [CueReset(A), CueReset(B)]


def test_after_silence_only_the_difference_is_told() -> None:
    tell, told = telling()
    tell.running(A, 0)
    tell.running(B, 0)
    told.clear()
    before = tell.mute(afresh=True)
    tell.running(B, 0)
    tell.running(C, 5)
    tell.played(C)
    tell.running(C, 6)
    tell.unmute(before, {B: 0, C: 6})
    assert told == [CueReset(A), CueStarted(C, 6)]


def test_silence_that_goes_on_from_what_was_told_forgets_nothing() -> None:
    tell, told = telling()
    tell.running(A, 0)
    tell.running(B, 0)
    told.clear()
    before = tell.mute(afresh=False)
    tell.played(A)
    tell.unmute(before, {B: 0})
    assert told == [CueEnded(A)]


def test_a_failure_outlives_the_silence() -> None:
    tell, told = telling()
    tell.failed(A, "torn")
    told.clear()
    before = tell.mute(afresh=True)
    tell.running(A, 0)
    tell.unmute(before, {A: 0})
    assert told == []


def test_a_cue_that_was_missed_is_told_as_failed_until_it_runs_again() -> None:
    tell, told = telling()
    tell.running(A, 0)
    tell.played(A, 1000 * 705_600)
    assert told == [
        CueStarted(A, 0), CueFailed(A, "missed: it was 1000 ms late, and over by then")
    ]  # fmt: skip
    tell.running(A, 9)
    assert told[2:] == [CueReset(A), CueStarted(A, 9)]


def test_a_cue_that_was_missed_and_is_joined_by_a_jump_plays() -> None:
    tell, told = telling()
    tell.running(A, 0)
    tell.played(A, 1000 * 705_600)
    before = tell.mute(afresh=True)
    tell.running(A, 0)
    tell.unmute(before, {A: 0})
    assert told[2:] == [CueReset(A), CueStarted(A, 0)]


def test_what_was_missed_or_failed_in_silence_is_told_with_its_reason() -> None:
    tell, told = telling()
    tell.running(A, 0)
    told.clear()
    before = tell.mute(afresh=False)
    tell.played(A, 500 * 705_600)
    tell.failed(B, "torn")
    tell.unmute(before, {})
    assert told == [
        CueFailed(A, "missed: it was 500 ms late, and over by then"), CueFailed(B, "torn")
    ]  # fmt: skip
