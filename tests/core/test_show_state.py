"""A machine that is told how a show stands takes its place in it."""

from cuems.core.chains import Scope
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import AnyCue, CueId
from cuems.core.effects import Arm, CueProgress, Effect, EnabledChanged, Start, Stop
from cuems.core.events import (
    Advance,
    Go,
    LineFound,
    Locate,
    Panic,
    Pause,
    Resume,
    SetEnabled,
    SetNextCue,
    StopAll,
)
from cuems.core.sequencer import Sequencer
from cuems.core.show_state import ShowState
from cuems.core.timecode import from_ms
from tests.build import audio, show

A, B, C = CueId("a"), CueId("b"), CueId("c")


def machine(*contents: AnyCue, at_ms: int | None = 0) -> Sequencer:
    order = RunningOrder(show(*contents))
    everything = frozenset(order)
    sequencer = Sequencer(order, Scope(everything, everything))
    sequencer.begin()
    if at_ms is not None:
        sequencer.handle(LineFound(from_ms(at_ms)))
    return sequencer


def contents() -> list[AnyCue]:
    return [audio("a", 10_000, "e"), audio("b", 10_000), audio("c", 10_000)]


def running(ms: int = 4000) -> Sequencer:
    """A show whose first cue has been playing since one second."""
    sequencer = machine(*contents())
    sequencer.handle(Advance(from_ms(1000)))
    sequencer.handle(Go(run_seq=1, cue=A, at=from_ms(1000)))
    sequencer.handle(Advance(from_ms(ms)))
    return sequencer


def starts(effects: tuple[Effect, ...]) -> list[tuple[CueId, int, int]]:
    return [(e.cue, e.start, e.elapsed) for e in effects if isinstance(e, Start)]


def test_it_joins_what_plays_at_the_right_place() -> None:
    late = machine(*contents(), at_ms=4000)
    effects = late.restore(running().state)
    assert starts(effects) == [(A, from_ms(1000), from_ms(3000))]
    assert Arm(cue=A, elapsed=from_ms(3000)) in effects or late.standby == C


def test_it_joins_also_what_an_auto_follow_has_started_since() -> None:
    late = machine(*contents(), at_ms=13_000)
    assert starts(late.restore(running(13_000).state)) == [(B, from_ms(11_000), from_ms(2000))]


def test_a_machine_that_does_not_know_the_line_yet_joins_when_it_does() -> None:
    late = machine(*contents(), at_ms=None)
    assert starts(late.restore(running().state)) == []
    assert starts(late.handle(LineFound(from_ms(5000)))) == [(A, from_ms(1000), from_ms(4000))]


def test_it_goes_on_like_the_machine_it_was_told_by() -> None:
    first, late = running(), machine(*contents(), at_ms=4000)
    late.restore(first.state)
    for event in (Advance(from_ms(12_000)), SetNextCue(C), Advance(from_ms(30_000))):
        mine = [e for e in late.handle(event) if isinstance(e, Start | Stop)]
        assert mine == [e for e in first.handle(event) if isinstance(e, Start | Stop)]
    assert late.state.runs_as(first.state)


def test_what_plays_alike_is_left_alone() -> None:
    sequencer = running()
    assert sequencer.restore(sequencer.state) == ()


def test_what_should_not_play_is_stopped() -> None:
    silent = running()
    silent.handle(StopAll())
    late = running()
    assert Stop(A) in late.restore(silent.state)


def test_pointer_flags_and_pause_are_taken_over() -> None:
    first = running()
    first.handle(SetEnabled(B, False))
    first.handle(SetNextCue(C))
    first.handle(Pause())
    late = machine(*contents(), at_ms=4000)
    effects = late.restore(first.state)
    assert late.state == first.state
    assert EnabledChanged(B, False) in effects
    assert starts(effects) == []
    assert starts(late.handle(Resume())) == [(A, from_ms(1000), from_ms(3000))]


def test_how_far_a_cue_is_is_known_also_where_the_line_stands() -> None:
    first = running(6000)  # it has told 47 % last
    first.handle(Pause())
    for late in (machine(*contents(), at_ms=6000), machine(*contents(), at_ms=None)):
        effects = (*late.restore(first.state), *late.handle(LineFound(from_ms(6000))))
        assert [e.percent for e in effects if isinstance(e, CueProgress)] == [47]


def test_nobody_joins_a_show_that_is_being_faded_out() -> None:
    first = running()
    first.handle(Panic())
    assert starts(machine(*contents(), at_ms=4000).restore(first.state)) == []


def test_the_same_go_coming_after_all_is_none() -> None:
    late = machine(*contents(), at_ms=4000)
    late.restore(running().state)
    assert starts(late.handle(Go(run_seq=1, cue=A, at=from_ms(1000)))) == []


def test_a_controller_that_is_told_before_it_knows_the_line_is_where_the_show_is() -> None:
    anew = machine(*contents())
    anew.restore(running().state)
    anew.handle(Locate(from_ms(4000)))
    assert anew.state.runs_as(running().state)
    assert anew.standby == running().standby


def by_timecode() -> list[AnyCue]:
    """A minute from address 1 s, another from 20 s, and one that is fired."""
    return [
        audio("a", 60_000, pre=1000, timecode=True),
        audio("b", 60_000, pre=20_000, timecode=True),
        audio("c", 10_000),
    ]


def stopped(at_ms: int = 5000) -> Sequencer:
    """A show under outside timecode that was stopped."""
    sequencer = machine(*by_timecode())
    sequencer.handle(Advance(from_ms(at_ms)))
    sequencer.handle(StopAll())
    sequencer.handle(Advance(from_ms(8000)))
    return sequencer


def test_what_timecode_had_started_before_a_stop_does_not_play_for_who_joins_after_it() -> None:
    late = machine(*by_timecode(), at_ms=8000)
    assert Stop(A) in late.restore(stopped().state)
    unaware = machine(*by_timecode(), at_ms=None)
    unaware.restore(stopped().state)
    assert starts(unaware.handle(LineFound(from_ms(8000)))) == []
    for joined in (late, unaware):
        assert starts(joined.handle(Advance(from_ms(20_000)))) == [(B, from_ms(20_000), 0)]


def test_whose_line_is_a_little_behind_the_place_of_a_stop_joins_nothing_from_before_it() -> None:
    late = machine(*by_timecode(), at_ms=None)
    late.restore(stopped().state)
    assert starts(late.handle(LineFound(from_ms(4950)))) == []


def test_a_stop_that_was_obeyed_a_little_elsewhere_on_the_line_is_the_same_stop() -> None:
    other = stopped(5100)
    assert other.restore(stopped().state) == ()


def test_who_does_not_say_where_it_was_stopped_changes_nothing_of_that() -> None:
    older = ShowState(at=A)
    assert stopped().restore(older) == ()


def test_a_machine_that_has_the_show_anew_starts_nothing_from_before_a_stop_it_knows_of() -> None:
    order = RunningOrder(show(*by_timecode()))
    anew = Sequencer(order, Scope(frozenset(order), frozenset(order)))
    anew.begin(timecode_from=from_ms(5000))
    assert starts(anew.handle(LineFound(from_ms(8000)))) == []
    assert starts(anew.handle(Locate(from_ms(2000)))) == [(A, from_ms(1000), from_ms(1000))]


def test_who_knows_of_no_stop_says_that_timecode_counts_from_the_top() -> None:
    fresh = machine(*by_timecode(), at_ms=None)
    assert fresh.state.begun_at == 0
    behind = stopped()
    assert starts(behind.restore(fresh.state)) == [(A, from_ms(1000), from_ms(7000))]
    assert behind.state.begun_at == fresh.state.begun_at
