"""What a machine says it has played it has played, whatever way it learnt of the cue."""

import pytest

from cuems.core.chains import Scope
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import AnyCue, CueId
from cuems.core.effects import (
    CueEnded,
    CueFailed,
    CueReset,
    CueStarted,
    Effect,
    Relocate,
    Start,
    Unfreeze,
)
from cuems.core.events import (
    Advance,
    Event,
    Go,
    Intervene,
    LineFound,
    LineLost,
    LoadToTime,
    Locate,
    Panic,
    Pause,
    Resume,
    SetEnabled,
    StopAll,
)
from cuems.core.runs import Word
from cuems.core.sequencer import OnLocate, Options, Sequencer
from cuems.core.timecode import from_ms
from tests.build import audio, show

A, B, C = CueId("a"), CueId("b"), CueId("c")
TOLD = CueStarted | CueEnded | CueFailed | CueReset


class Machine:
    """A sequencer, and what it has told of cues."""

    def __init__(self, *contents: AnyCue, at_ms: int = 0, options: Options | None = None) -> None:
        order = RunningOrder(show(*contents))
        everything = frozenset(order)
        self.sequencer = Sequencer(order, Scope(everything, everything), options)
        self.effects: list[Effect] = [*self.sequencer.begin()]
        self.hear(LineFound(from_ms(at_ms)))

    def hear(self, *events: Event) -> "Machine":
        for event in events:
            self.effects += self.sequencer.handle(event)
        return self

    def roll(self, to_ms: int) -> "Machine":
        to = from_ms(to_ms)
        while (due := self.sequencer.next_due()) is not None and due < to:
            self.hear(Advance(due))
        return self.hear(Advance(to))

    def stand_as(self, other: "Machine") -> "Machine":
        self.effects += self.sequencer.restore(other.sequencer.state)
        return self

    def told(self, cue: CueId) -> list[str]:
        return [
            type(e).__name__ if not isinstance(e, CueFailed) else e.reason
            for e in self.effects
            if isinstance(e, TOLD) and e.cue == cue
        ]

    def starts(self) -> list[tuple[CueId, int, int]]:
        return [(e.cue, e.elapsed, e.late) for e in self.effects if isinstance(e, Start)]


def go(at_ms: int, cue: CueId = A, run_seq: int = 1) -> Go:
    return Go(run_seq=run_seq, cue=cue, at=from_ms(at_ms))


def missed(ms: int) -> str:
    return f"missed: it was {ms} ms late, and over by then"


def contents() -> list[AnyCue]:
    return [audio("a", 500, "e"), audio("b", 1000, "e"), audio("c", 10_000)]


def played(to_ms: int) -> Machine:
    return Machine(*contents()).hear(go(1000)).roll(to_ms)


def test_a_machine_that_was_there_says_what_it_has_missed_when_it_is_told_how_the_show_stands() -> (
    None
):
    cut_off = Machine(*contents()).roll(4000).stand_as(played(4000))
    assert cut_off.told(A) == [missed(3000)]
    assert cut_off.told(B) == [missed(2500)]
    assert cut_off.told(C) == ["CueStarted"]
    assert cut_off.starts() == [(C, from_ms(1500), 0)]


def test_a_machine_that_has_just_come_says_nothing_of_what_was_over_before() -> None:
    rebooted = Machine(*contents(), at_ms=2000).roll(4000).stand_as(played(4000))
    assert rebooted.told(A) == []
    assert rebooted.told(B) == [missed(2500)]


def test_what_it_has_played_it_has_played_whatever_it_is_told_later() -> None:
    there = played(2000)
    other = Machine(*contents()).hear(go(1000), SetEnabled(C, False)).roll(2000)
    other.hear(go(1800, C, run_seq=2))
    there.stand_as(other)
    assert there.told(A) == ["CueStarted", "CueEnded"]


def test_a_late_word_does_not_make_played_what_was_missed() -> None:
    late = Machine(audio("a", 300, "e"), audio("b", 9000)).roll(2000).hear(go(1000))
    assert late.told(A) == ["CueStarted", missed(1000)]
    late.hear(Intervene(run_seq=2, cue=B, word=Word.STOP, at=from_ms(1500)))
    assert late.told(A) == ["CueStarted", missed(1000)]
    assert late.told(B) == ["CueStarted", "CueEnded"]


def test_a_word_that_comes_late_and_ends_what_it_found_playing_leaves_it_played() -> None:
    late = Machine(audio("a", 300, "e"), audio("b", 9000)).hear(go(1000)).roll(2000)
    late.hear(Intervene(run_seq=2, cue=B, word=Word.STOP, at=from_ms(1800)))
    assert late.told(B) == ["CueStarted", "CueEnded"]


def test_what_a_jump_of_the_line_goes_past_is_unplayed() -> None:
    jumped = Machine(*contents()).hear(go(1000)).roll(1200).hear(Locate(from_ms(3000)))
    assert jumped.told(A) == ["CueStarted", "CueEnded"]
    assert jumped.told(B) == []
    assert jumped.starts()[-1] == (C, from_ms(500), 0)


def test_what_had_its_turn_and_is_jumped_over_is_unplayed_again() -> None:
    jumped = Machine(audio("a", 500, pre=1000)).hear(go(0)).hear(Locate(from_ms(9000)))
    assert jumped.told(A) == ["CueStarted", "CueReset"]


def test_a_missed_cue_stays_so_when_the_line_jumps_past_it_again() -> None:
    late = Machine(audio("a", 300)).roll(2000).hear(go(1000))
    late.hear(Locate(0), Locate(from_ms(3000)))
    assert late.told(A) == ["CueStarted", missed(1000), "CueReset"]


@pytest.mark.parametrize("on_locate", OnLocate)
def test_what_the_line_has_come_past_unheard_is_missed(on_locate: OnLocate) -> None:
    late = Machine(*contents(), options=Options(on_locate=on_locate)).hear(go(1000))
    late.hear(Locate(from_ms(2000), late=True))
    assert late.told(A) == [missed(1000)]
    assert late.starts() == [(B, from_ms(500), 0)]


def test_what_came_and_went_while_timecode_was_lost_is_missed() -> None:
    lost = Machine(*contents()).hear(go(1000), LineLost(), LineFound(from_ms(3000)))
    assert (lost.told(A), lost.told(B)) == ([missed(2000)], [missed(1500)])


def test_who_hears_late_that_the_show_goes_on_joins_it() -> None:
    late = Machine(*contents()).hear(go(1000)).roll(1400).hear(Pause())
    late.roll(4000).hear(Resume())
    assert late.told(A) == ["CueStarted", "CueEnded"]
    assert late.told(B) == [missed(2500)]
    assert late.starts()[1:] == [(C, from_ms(1500), 0)]


def test_who_hears_late_that_the_show_goes_on_lets_players_go_on_at_the_right_place() -> None:
    late = Machine(audio("a", 9000)).hear(go(0)).roll(1000).hear(Pause()).roll(4000).hear(Resume())
    unfreezes = [e.elapsed for e in late.effects if isinstance(e, Unfreeze)]
    assert unfreezes == [from_ms(4000)]


def test_who_hears_at_once_that_the_show_goes_on_has_missed_nothing() -> None:
    prompt = Machine(*contents()).hear(go(1000)).roll(1400).hear(Pause()).roll(1405)
    prompt.hear(Resume()).roll(1500)
    assert prompt.starts()[1:] == [(B, 0, 0)]


def test_what_was_stopped_before_it_began_is_unplayed() -> None:
    stopped = Machine(audio("a", 500, pre=1000), audio("b", 9000)).hear(go(0)).roll(100)
    stopped.hear(Intervene(run_seq=2, cue=A, word=Word.STOP, at=from_ms(200))).roll(300)
    assert stopped.told(A) == ["CueStarted", "CueReset"]


def test_a_chain_that_is_begun_in_its_middle_has_not_played_what_lies_before() -> None:
    loaded = Machine(*contents()).hear(LoadToTime(from_ms(700)))
    loaded.hear(Go(run_seq=1, cue=A, at=0, into=from_ms(700)))
    assert loaded.told(A) == ["CueStarted", "CueReset"]
    assert loaded.starts() == [(B, from_ms(200), 0)]


def test_a_pause_does_not_hold_up_what_is_faded_out() -> None:
    fading = Machine(audio("a", 9000)).hear(go(0), Panic()).hear(Pause()).roll(2000)
    assert fading.told(A) == ["CueStarted", "CueReset"]


def test_a_cue_that_plays_on_for_another_run_has_been_heard_in_that() -> None:
    first = Machine(audio("a", 3000)).hear(go(0)).roll(1000)
    other = Machine(audio("a", 3000)).hear(go(0)).roll(500).hear(go(500, run_seq=2)).roll(1000)
    assert first.stand_as(other).roll(9000).told(A) == ["CueStarted", "CueEnded"]


def test_who_hears_that_the_show_goes_on_without_timecode_starts_nothing_until_that_is_found() -> (
    None
):
    lost = Machine(audio("a", 9000, "g", wait=500), audio("b", 9000)).hear(go(0)).roll(100)
    lost.hear(Pause()).roll(3000).hear(LineLost(), Resume())
    assert lost.starts() == [(A, 0, 0)]
    lost.hear(LineFound(from_ms(5000)))
    assert lost.starts()[1:] == [(B, from_ms(4500), 0)]
    relocated = [e.elapsed for e in lost.effects if isinstance(e, Relocate)]
    assert relocated == [from_ms(5000)]


def test_who_is_told_that_the_show_goes_on_and_what_was_fired_since_has_both_in_their_place() -> (
    None
):
    late = Machine(audio("a", 9000), audio("b", 9000)).hear(go(0)).roll(1000).hear(Pause())
    other = Machine(audio("a", 9000), audio("b", 9000)).hear(go(0)).roll(2000)
    late.roll(4000).stand_as(other.hear(go(2000, B, run_seq=2)).roll(4000)).roll(4001)
    assert [e.elapsed for e in late.effects if isinstance(e, Unfreeze)] == [from_ms(4000)]
    assert late.starts()[1:] == [(B, from_ms(2000), 0)]


def test_what_a_jump_went_past_is_not_missed_by_a_later_word_either() -> None:
    jumped = Machine(*contents()).hear(go(1000)).roll(1200).hear(Locate(from_ms(3000))).roll(4000)
    jumped.hear(Intervene(run_seq=2, cue=C, word=Word.STOP, at=from_ms(2600))).roll(4100)
    assert jumped.told(B) == []


def test_a_second_pass_of_a_timecode_cue_that_nobody_heard_is_missed() -> None:
    twice = Machine(audio("a", 500, pre=1000, timecode=True)).roll(2000)
    twice.hear(Locate(0)).roll(500).hear(LineLost(), LineFound(from_ms(3000)))
    assert twice.told(A) == ["CueStarted", "CueEnded", "CueReset", missed(2000)]


def test_after_a_stop_nothing_has_been_heard() -> None:
    again = Machine(audio("a", 300)).hear(go(0)).roll(500).hear(StopAll()).roll(3000)
    again.hear(go(2000, run_seq=1 + 1))
    assert again.told(A)[-1] == missed(1000)
