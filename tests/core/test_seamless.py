"""Players that are stopped and started in one breath."""

from cuems.core.cues import CueId
from cuems.core.effects import Effect, Relocate, ShowStopped, Start, Stop, Unfreeze
from cuems.core.seamless import seamless

A, B = CueId("a"), CueId("b")


def start(cue: CueId) -> Start:
    return Start(cue=cue, run_seq=1, start=100, elapsed=7)


def test_a_player_that_is_started_again_goes_on_elsewhere_without_a_stop() -> None:
    asked = seamless([Stop(A), start(B), start(A)])
    assert asked == [start(B), Relocate(cue=A, start=100, elapsed=7)]


def test_a_held_player_that_is_started_again_is_only_let_go() -> None:
    on = Unfreeze(cue=A, start=0, elapsed=0)
    assert seamless([Stop(A), on]) == [on]


def test_what_is_started_and_then_stopped_is_both() -> None:
    both: list[Effect] = [start(A), Stop(A)]
    assert seamless(both) == both


def test_each_stop_makes_up_for_one_start() -> None:
    asked = seamless([Stop(A), start(A), Stop(A)])
    assert asked == [Relocate(cue=A, start=100, elapsed=7), Stop(A)]


def test_what_concerns_different_cues_is_left_alone() -> None:
    both: list[Effect] = [Stop(A), start(B), Unfreeze(cue=B, start=0, elapsed=0)]
    assert seamless(both) == both


def test_a_stop_of_the_show_is_heard_although_timecode_starts_a_cue_again_at_once() -> None:
    asked: list[Effect] = [Stop(A), ShowStopped(), start(A)]
    assert seamless(asked) == asked
