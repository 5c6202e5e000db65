"""One cue stopped, paused or let go on by the operator: the same on every machine."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cuems.core.chains import ChainTiming, Scope
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import AnyCue, CueId
from cuems.core.effects import CueStarted, Effect, Freeze, HeldChanged, Start, Stop, Unfreeze
from cuems.core.events import (
    Advance,
    Event,
    Go,
    Intervene,
    LineFound,
    LineLost,
    Locate,
    Panic,
    Pause,
    Resume,
    SetEnabled,
    StopAll,
)
from cuems.core.runs import Trigger, Word
from cuems.core.sequencer import Options, Sequencer
from cuems.core.timecode import from_ms
from cuems.sim.show import Performer
from tests.build import audio, cues, order, show
from tests.core.random_shows import contents
from tests.core.test_sequencer_machine import LOCATABLE, heard, performer_of, thoroughly

A, B, C = CueId("a"), CueId("b"), CueId("c")


def machine(*made: AnyCue) -> Sequencer:
    order = RunningOrder(show(*made))
    everything = frozenset(order)
    sequencer = Sequencer(order, Scope(everything, everything))
    sequencer.begin()
    sequencer.handle(LineFound(0))
    return sequencer


def running() -> Sequencer:
    """Two cues that play for ten seconds since the line began; the second is followed by `c`."""
    sequencer = machine(audio("a", 10_000, "g"), audio("b", 10_000, "e"), audio("c", 10_000))
    sequencer.handle(Go(run_seq=1, cue=A, at=0))
    sequencer.handle(Advance(from_ms(1000)))
    return sequencer


def say(word: Word, cue: CueId, at_ms: int, run_seq: int = 2) -> Intervene:
    return Intervene(run_seq=run_seq, cue=cue, word=word, at=from_ms(at_ms))


def at(ms: int) -> Advance:
    return Advance(from_ms(ms))


def done(effects: tuple[Effect, ...]) -> list[Effect]:
    return [e for e in effects if isinstance(e, Start | Stop | Freeze | Unfreeze | HeldChanged)]


def test_a_stop_ends_one_cue_at_its_moment_and_what_was_to_follow_does_not_come() -> None:
    sequencer = running()
    assert done(sequencer.handle(say(Word.STOP, B, 1080))) == []
    assert sequencer.next_due() == from_ms(1080)
    assert done(sequencer.handle(at(1080))) == [Stop(B)]
    assert [e for e in sequencer.handle(at(12_000)) if isinstance(e, Start)] == []


def test_a_paused_cue_goes_on_where_it_was_held_and_ends_that_much_later() -> None:
    sequencer = running()
    sequencer.handle(say(Word.PAUSE, A, 1080))
    assert done(sequencer.handle(at(1080))) == [Freeze(A), HeldChanged(A, True)]
    assert done(sequencer.handle(at(4000))) == []
    sequencer.handle(say(Word.RESUME, A, 4080, 3))
    assert done(sequencer.handle(at(4080))) == [
        Unfreeze(cue=A, start=from_ms(3000), elapsed=from_ms(1080)),
        HeldChanged(A, False),
    ]
    assert Stop(A) not in sequencer.handle(at(12_999))
    assert Stop(A) in sequencer.handle(at(13_000))


def test_a_list_is_stopped_with_all_it_holds() -> None:
    sequencer = machine(cues("l", audio("a", 10_000, "g"), audio("b", 10_000)), audio("c", 1000))
    sequencer.handle(Go(run_seq=1, cue=CueId("l"), at=0))
    assert done(sequencer.handle(say(Word.STOP, CueId("l"), 0))) == [Stop(A), Stop(B)]


def test_the_same_word_coming_twice_is_one() -> None:
    sequencer = running()
    sequencer.handle(say(Word.PAUSE, A, 1000))
    sequencer.handle(say(Word.RESUME, A, 1000, 3))
    assert done(sequencer.handle(say(Word.PAUSE, A, 1000))) == []


def test_in_a_paused_show_a_stop_holds_at_once_and_the_rest_goes_on_without_it() -> None:
    sequencer = running()
    sequencer.handle(Pause())
    assert done(sequencer.handle(say(Word.STOP, A, 1080))) == [Stop(A)]
    assert [e for e in sequencer.handle(Resume()) if isinstance(e, Unfreeze | Start)] == [
        Unfreeze(cue=B, start=0, elapsed=from_ms(1000))
    ]


def test_a_cue_paused_in_a_paused_show_stays_so_when_that_goes_on() -> None:
    sequencer = running()
    sequencer.handle(Pause())
    assert done(sequencer.handle(say(Word.PAUSE, A, 1080))) == [HeldChanged(A, True)]
    assert [e for e in sequencer.handle(Resume()) if isinstance(e, Unfreeze)] == [
        Unfreeze(cue=B, start=0, elapsed=from_ms(1000))
    ]


def test_without_timecode_a_stop_holds_at_once() -> None:
    sequencer = running()
    sequencer.handle(LineLost())
    assert done(sequencer.handle(say(Word.STOP, A, 1080))) == [Stop(A)]


def test_a_panic_is_not_interfered_with() -> None:
    sequencer = running()
    sequencer.handle(Panic())
    assert done(sequencer.handle(say(Word.PAUSE, A, 1000))) == []


def test_why_a_word_would_change_nothing() -> None:
    sequencer = running()
    assert sequencer.why_not_one(Word.STOP, C) == ""  # as a stop of all: always obeyed
    assert sequencer.why_not_one(Word.PAUSE, C) == "it is not running"
    assert sequencer.why_not_one(Word.RESUME, A) == "it is not paused"
    sequencer.handle(say(Word.PAUSE, A, 1000))
    assert sequencer.why_not_one(Word.PAUSE, A) == "it is paused already"
    assert sequencer.why_not_one(Word.RESUME, A) == ""
    sequencer.handle(Pause())
    assert sequencer.why_not_one(Word.RESUME, A) == "the show is paused: resume that first"
    sequencer.handle(Resume())
    sequencer.handle(Panic())
    assert sequencer.why_not_one(Word.RESUME, A) == "panic: everything is being faded out"


def test_after_a_jump_back_and_forth_a_stopped_cue_stays_stopped() -> None:
    sequencer = running()
    sequencer.handle(say(Word.STOP, A, 1000))
    effects = sequencer.handle(Locate(from_ms(500)))
    assert [e.cue for e in effects if isinstance(e, Start)] == [A]  # it was on then
    assert Stop(A) in sequencer.handle(at(1000))
    effects = sequencer.handle(Locate(from_ms(5000)))
    assert A not in [e.cue for e in effects if isinstance(e, Start)]


def test_who_joins_late_has_what_is_stopped_and_paused_as_the_others() -> None:
    sequencer = running()
    sequencer.handle(say(Word.PAUSE, A, 1000))
    sequencer.handle(say(Word.STOP, B, 1000, 3))
    sequencer.handle(at(3000))
    late = machine(audio("a", 10_000, "g"), audio("b", 10_000, "e"), audio("c", 10_000))
    late.handle(LineFound(from_ms(3000)))
    assert HeldChanged(A, True) in late.restore(sequencer.state)
    assert late.state == sequencer.state
    assert late.why_not_one(Word.PAUSE, B) == "it is not running"


def test_what_changed_nothing_is_not_kept() -> None:
    sequencer = running()
    before = sequencer.state
    for run_seq in range(2, 2000):
        sequencer.handle(say(Word.STOP, C, 1000, run_seq))
    assert sequencer.state == before


def test_what_changes_nothing_is_not_kept_by_who_learns_of_it_with_all_the_rest() -> None:
    sequencer = running()
    before = sequencer.state
    word = Trigger(cue=C, run_seq=9, given=0, due=from_ms(1500), arrival=0, word=Word.STOP)
    late = machine(audio("a", 10_000, "g"), audio("b", 10_000, "e"), audio("c", 10_000))
    late.handle(Advance(from_ms(4000)))
    late.restore(replace(before, triggers=(*before.triggers, word)))
    assert late.state.runs_as(before)


def test_what_a_stop_of_all_has_ended_does_not_come_back_by_a_late_word() -> None:
    """Timecode from outside rolls on under a stop."""
    sequencer = machine(audio("a", 10_000, pre=500, timecode=True), audio("b", 10_000))
    sequencer.handle(at(1000))
    sequencer.handle(StopAll())
    sequencer.handle(Go(run_seq=1, cue=B, at=from_ms(1000)))
    sequencer.handle(at(2000))
    assert done(sequencer.handle(say(Word.STOP, B, 1900))) == [Stop(B)]


def test_a_word_that_comes_late_undoes_nothing_of_what_was_done_to_others_since() -> None:
    sequencer = running()
    sequencer.handle(SetEnabled(A, False))
    sequencer.handle(at(3000))
    assert done(sequencer.handle(say(Word.PAUSE, B, 2999))) == [Freeze(B), HeldChanged(B, True)]


def test_at_one_position_a_word_comes_last_in_time_or_late() -> None:
    for late_ms in (0, 1):
        sequencer = running()
        sequencer.handle(at(9000 + late_ms))  # `b` ends at 10 s, and `c` begins
        if late_ms:
            sequencer.handle(at(10_001))
            assert done(sequencer.handle(say(Word.STOP, C, 10_000))) == [Stop(C)]
        else:
            sequencer.handle(say(Word.STOP, C, 10_000))
            sequencer.handle(at(10_001))
        assert sequencer.running() == ()


def test_timecode_that_was_set_back_over_a_stop_starts_its_cues_for_good() -> None:
    sequencer = machine(
        audio("a", 60_000, pre=4000, timecode=True), audio("b", 60_000), audio("c", 1000)
    )
    sequencer.handle(at(10_000))
    sequencer.handle(StopAll())
    sequencer.handle(Locate(from_ms(3000)))
    sequencer.handle(Go(run_seq=1, cue=B, at=from_ms(5000)))
    sequencer.handle(at(12_000))
    state = replace(sequencer.state, triggers=sequencer.state.triggers[:0])
    assert Stop(A) not in sequencer.restore(state)


def test_a_machine_whose_line_was_lost_does_not_guess_for_good() -> None:
    others, alone = running(), running()
    alone.handle(LineLost())
    others.handle(at(10_500))  # `b` is over there, and `c` has begun
    for sequencer in (others, alone):
        sequencer.handle(say(Word.STOP, B, 10_600))
    others.handle(at(11_000))
    alone.handle(LineFound(from_ms(11_000)))
    assert alone.running() == others.running() == (CueStarted(C, from_ms(10_000)),)


def sounding(performer: Performer) -> tuple[dict[CueId, object], set[CueId]]:
    """What plays, and which cues are held; a held cue may have a player, or have let it go."""
    held: dict[CueId, bool] = {}
    for happening in performer.log:
        if isinstance(happening.effect, HeldChanged):
            held[happening.effect.cue] = happening.effect.held
    plays = {cue: player for cue, player in heard(performer).items() if player[0] == "playing"}
    return {**plays}, {cue for cue, still in held.items() if still}


SAID = st.tuples(
    st.integers(0, 120), st.sampled_from((Word.STOP, Word.PAUSE, Word.RESUME)), st.integers(0, 9)
)


@thoroughly
@given(
    made=contents(LOCATABLE),
    goes=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 4)), min_size=1, max_size=3),
    words=st.lists(SAID, min_size=1, max_size=3),
    late_ms=st.sampled_from((1, 40, 700)),
    timing=st.sampled_from(ChainTiming),
)
def test_a_word_that_comes_late_comes_to_the_same(
    made: list[AnyCue],
    goes: list[tuple[int, int]],
    words: list[tuple[int, Word, int]],
    late_ms: int,
    timing: ChainTiming,
) -> None:
    ids = list(order(*made))

    def script(after_ms: int) -> list[tuple[int, Event]]:
        fired = [
            (50 * n, Go(run_seq=i, cue=ids[number % len(ids)], at=from_ms(50 * n)))
            for i, (n, number) in enumerate(sorted(goes))
        ]
        said = [
            (50 * n + 25 + after_ms, say(word, ids[number % len(ids)], 50 * n + 25, 10 + i))
            for i, (n, word, number) in enumerate(sorted(words, key=lambda each: each[0]))
        ]
        return sorted([*fired, *said], key=lambda each: each[0])

    def performed(after_ms: int) -> Performer:
        performer = performer_of(made, Options(chain_timing=timing))
        for at_ms, event in script(after_ms):
            performer.roll(from_ms(at_ms))
            performer.tell(event)
        performer.roll(from_ms(8000))
        performer.tell(LineFound(from_ms(8000)))  # levels to the flick, not the step before
        return performer

    assert sounding(performed(late_ms)) == sounding(performed(0))
