"""Random shows, random commands: what holds whatever happens.

CUEMS_EXAMPLES=5000 tries that many of each; without it, what a machine checks in some seconds.
"""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from cuems.core.body import body_flicks
from cuems.core.chains import ChainTiming, Scope
from cuems.core.cuelist import RunningOrder, has_player
from cuems.core.cues import Action, AnyCue, AudioCue, CueId, CueList, PostGo, VideoCue
from cuems.core.effects import (
    ActionDone,
    Arm,
    CueEffect,
    CueEnded,
    CueFailed,
    CueProgress,
    CueStarted,
    Disarm,
    Effect,
    EnabledChanged,
    Freeze,
    FreezeLine,
    ReleaseLine,
    Relocate,
    SetLevel,
    ShowStopped,
    Start,
    Stop,
    Unfreeze,
)
from cuems.core.events import (
    Advance,
    CueArmed,
    CueBroken,
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
    SetNextCue,
    StopAll,
)
from cuems.core.runs import Word
from cuems.core.sequencer import OnLocate, Options, Sequencer
from cuems.core.timecode import from_ms
from cuems.sim.show import Performer
from tests.build import action, audio, cues, order
from tests.core.random_shows import EVERYTHING, ON_CUES, Ingredients, contents

MOMENTS_MS = st.integers(0, 120).map(lambda n: n * 50)
PLAIN = Ingredients()
OPTIONS = st.builds(
    Options, chain_timing=st.sampled_from(ChainTiming), on_locate=st.sampled_from(OnLocate)
)
EXAMPLES = int(os.environ.get("CUEMS_EXAMPLES", "100"))
thoroughly = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
NOTHING: frozenset[CueId] = frozenset()


class PlayersError(AssertionError):
    """A player was asked for what it cannot do in the state it is in."""


@dataclass
class Players:
    """What the players of a machine are doing, as far as they were told."""

    state: dict[CueId, str] = field(default_factory=dict)
    level: dict[CueId, float] = field(default_factory=dict)
    start: dict[CueId, int] = field(default_factory=dict)

    def _must(self, cue: CueId, *states: str) -> None:
        if self.state.get(cue, "idle") not in states:
            raise PlayersError(f"{cue} is {self.state.get(cue, 'idle')}, not {states}")

    def ask(self, effect: Effect) -> None:
        match effect:
            case Arm(cue=cue):
                self._must(cue, "idle", "armed", "broken")
                self.state[cue] = "armed"
            case Disarm(cue):
                self._must(cue, "armed", "broken")
                self._free(cue)
            case Start(cue=cue, start=start):
                self._must(cue, "armed", "broken")  # which is tried again, and late if it comes
                self.state[cue], self.start[cue] = "playing", start
            case Relocate(cue=cue, start=start):
                self._must(cue, "playing", "frozen")
                self.start[cue] = start
            case Freeze(cue):
                self._must(cue, "playing")
                self.state[cue] = "frozen"
            case Unfreeze(cue=cue, start=start):
                self._must(cue, "frozen")
                self.state[cue], self.start[cue] = "playing", start
            case Stop(cue):
                self._must(cue, "playing", "frozen")
                self._free(cue)
            case SetLevel(cue, _, value):
                self._must(cue, "armed", "playing", "frozen", "broken")
                self.level[cue] = value
            case _:
                pass

    def break_down(self, cue: CueId) -> None:
        """A player is gone by itself, if there was one."""
        if self.state.get(cue, "idle") != "idle":
            self._free(cue)
            self.state[cue] = "broken"

    def _free(self, cue: CueId) -> None:
        self.state[cue] = "idle"
        self.level.pop(cue, None)
        self.start.pop(cue, None)

    def sounding(self) -> dict[CueId, str]:
        return {cue: state for cue, state in self.state.items() if state in ("playing", "frozen")}


def sequencer_of(running_order: RunningOrder, options: Options, scope: Scope) -> Sequencer:
    return Sequencer(running_order, scope, options)


def plain(effects: Iterable[Effect]) -> list[Effect]:
    """What is missed is over as well: what plays nothing tells no more than that."""
    return [
        CueEnded(effect.cue)
        if isinstance(effect, CueFailed) and effect.reason.startswith("missed")
        else effect
        for effect in effects
    ]


class Rehearsal(RuleBasedStateMachine):
    """One show, and everything an operator, a line and the players may do to it."""

    @initialize(made=contents(EVERYTHING), options=OPTIONS)
    def load(self, made: list[AnyCue], options: Options) -> None:
        self.order, self.options = order(*made), options
        self.cues = list(self.order)
        everything = frozenset(self.order)
        self.sequencer = Sequencer(self.order, Scope(everything, everything), options)
        self.teller = Sequencer(self.order, Scope(NOTHING, everything), options)
        self.stranger = Sequencer(self.order, Scope(NOTHING, NOTHING), options)
        self.players = Players()
        self.events: list[Event] = []
        self.log: list[tuple[Effect, ...]] = []
        self.position = self.runs = 0
        self.silent_since_stop = False
        self.starts: Counter[tuple[CueId, int, int]] = Counter()
        self.jumped = False
        self.heard: set[CueId] = set()
        self._note(self.sequencer.begin())
        self.teller.begin()
        self.stranger.begin()
        self.tell(LineFound(0))

    def _note(self, effects: tuple[Effect, ...]) -> None:
        self.log.append(effects)
        for effect in effects:
            self.players.ask(effect)
            if isinstance(effect, ShowStopped):
                self.heard.clear()
                assert self.players.sounding() == {}
                self.silent_since_stop = True
                self.starts.clear()
            if isinstance(effect, Start | CueStarted) and self.silent_since_stop:
                assert self.order[effect.cue].timecode or self._begun_by_timecode()
            if isinstance(effect, Start):
                self.starts[(effect.cue, effect.run_seq, effect.start)] += 1
                self.heard.add(effect.cue)
            if isinstance(effect, CueEnded):
                cue = self.order[effect.cue]
                silent = not has_player(cue) or isinstance(cue, CueList) or body_flicks(cue) == 0
                assert silent or effect.cue in self.heard, "it never sounded here"

    def _begun_by_timecode(self) -> bool:
        return any(self.order[cue].timecode for cue in self.order)

    def tell(self, event: Event) -> tuple[Effect, ...]:
        self.events.append(event)
        effects = self.sequencer.handle(event)
        self._note(effects)
        due = self.teller.next_due()
        told = self.teller.handle(event)
        turns = [e for e in told if isinstance(e, CueStarted)]
        also = [e for e in effects if isinstance(e, CueStarted)]
        if isinstance(event, Locate | LineFound):  # what differs after a jump is told in any order
            turns.sort(key=lambda e: e.cue)
            also.sort(key=lambda e: e.cue)
        assert turns == also
        ends = {e for e in told if isinstance(e, CueEnded)}
        if (turns or ends) and isinstance(event, Advance):  # a machine that tells it wakes for it
            assert due is not None
            assert due <= event.position
        assert [e for e in told if isinstance(e, CueEffect)] == []
        assert [e for e in self.stranger.handle(event) if isinstance(e, CueEffect)] == []
        return effects

    @rule(more_ms=st.sampled_from((0, 10, 50, 333, 1000, 5000)))
    def roll(self, more_ms: int) -> None:
        if not self.sequencer.paused:
            self.position += from_ms(more_ms)
            self.tell(Advance(self.position))

    @rule()
    def roll_to_what_is_due(self) -> None:
        due = self.sequencer.next_due()
        if due is not None and not self.sequencer.paused:
            self.position = max(self.position, due)
            self.tell(Advance(self.position))

    @rule(into_ms=st.sampled_from((0, 0, 0, 700)), lead_ms=st.sampled_from((-60, 0, 0, 80)))
    def go(self, into_ms: int, lead_ms: int) -> None:
        if self.sequencer.standby is not None:
            self.go_to(self.sequencer.standby, into_ms, lead_ms)

    @rule(number=st.integers(0, 20))
    def go_anywhere(self, number: int) -> None:
        self.go_to(self.cues[number % len(self.cues)], 0, 0)

    def go_to(self, cue: CueId, into_ms: int, lead_ms: int) -> None:
        self.runs += 1
        self.silent_since_stop = False
        at = self.position + from_ms(lead_ms)
        self.tell(Go(run_seq=self.runs, cue=cue, at=at, into=from_ms(into_ms)))

    @precondition(lambda self: self.runs > 0)
    @rule()
    def the_last_go_arrives_again(self) -> None:
        goes = [event for event in self.events if isinstance(event, Go)]
        if not goes:
            return
        again = goes[-1]
        effects = self.tell(again)
        assert not [e for e in effects if isinstance(e, CueStarted | Start)]

    @rule(
        number=st.integers(0, 20),
        word=st.sampled_from((Word.STOP, Word.PAUSE, Word.RESUME)),
        lead_ms=st.sampled_from((-60, 0, 80)),
    )
    def a_word_on_one_cue(self, number: int, word: Word, lead_ms: int) -> None:
        self.runs += 1
        cue, at = self.cues[number % len(self.cues)], self.position + from_ms(lead_ms)
        self.tell(Intervene(run_seq=self.runs, cue=cue, word=word, at=at))

    @rule()
    def stop(self) -> None:
        effects = self.tell(StopAll())
        assert ShowStopped() in effects
        assert self.players.sounding() == {}
        assert not self.sequencer.paused

    @rule()
    def panic(self) -> None:
        self.tell(Panic())

    @rule()
    def pause(self) -> None:
        self.tell(Pause())
        assert self.sequencer.fading_out or "playing" not in self.players.sounding().values()

    @rule()
    def resume(self) -> None:
        self.tell(Resume())

    @rule(to_ms=MOMENTS_MS)
    def locate(self, to_ms: int) -> None:
        self.position = from_ms(to_ms)
        self.tell(Locate(self.position))

    @rule(gone_ms=st.sampled_from((-30, 0, 400, 3000)))
    def lose_and_find(self, gone_ms: int) -> None:
        self.tell(LineLost())
        before = len(self.log)
        self.tell(Advance(self.position + 1))
        assert not [e for effects in self.log[before:] for e in effects if isinstance(e, Start)]
        self.position = max(0, self.position + from_ms(gone_ms))
        self.tell(LineFound(self.position))

    @rule(number=st.integers(0, 20), enabled=st.booleans())
    def enable(self, number: int, enabled: bool) -> None:
        self.tell(SetEnabled(self.cues[number % len(self.cues)], enabled))

    @rule(number=st.integers(0, 20))
    def set_next(self, number: int) -> None:
        self.tell(SetNextCue(self.cues[number % len(self.cues)]))

    @rule(ms=st.sampled_from((0, 300, 1500)))
    def load_to_time(self, ms: int) -> None:
        self.tell(LoadToTime(from_ms(ms)))

    @rule(number=st.integers(0, 20), broken=st.booleans())
    def a_player_reports(self, number: int, broken: bool) -> None:
        cue = self.cues[number % len(self.cues)]
        if broken:
            self.players.break_down(cue)
        elif self.players.state.get(cue) == "broken":
            return  # a player that is gone proves nothing
        self.tell(CueBroken(cue, "it is torn") if broken else CueArmed(cue))

    @invariant()
    def every_machine_is_of_one_mind(self) -> None:
        for other in (self.teller, self.stranger):
            assert other.standby == self.sequencer.standby
            assert other.paused == self.sequencer.paused
            assert other.trusted == self.sequencer.trusted
            assert [other.enabled(c) for c in self.cues] == [
                self.sequencer.enabled(c) for c in self.cues
            ]

    @invariant()
    def what_stands_by_can_be_fired(self) -> None:
        standby = self.sequencer.standby
        assert standby is None or self.order.takes_part(standby, self.sequencer.enabled)

    def teardown(self) -> None:
        """The same events give the same effects."""
        if not hasattr(self, "order"):
            return
        everything = frozenset(self.order)
        again = Sequencer(self.order, Scope(everything, everything), self.options)
        assert [again.begin(), *map(again.handle, self.events)] == self.log


TestRehearsal = Rehearsal.TestCase
TestRehearsal.settings = settings(
    thoroughly,
    stateful_step_count=25,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)


# ---- one performance, compared with another


def performer_of(made: list[AnyCue], options: Options | None = None) -> Performer:
    running_order = order(*made)
    everything = frozenset(running_order)
    sequencer = Sequencer(running_order, Scope(everything, everything), options)
    performer = Performer(sequencer)
    performer.tell(LineFound(0))
    return performer


def effects_of(performer: Performer, *kinds: type[Effect]) -> list[tuple[int, Effect]]:
    return [(h.at, h.effect) for h in performer.log if isinstance(h.effect, kinds)]


def expected_starts(made: list[AnyCue], first: int, at: int, timing: ChainTiming) -> dict[str, int]:
    """When each cue starts after one GO: the rule of show.md, written down as naively as can be."""
    starts: dict[str, int] = {}
    arrival: int | None = at
    for cue in made[first:]:
        if not cue.enabled:
            continue
        if arrival is None:
            break
        starts[cue.id] = start = arrival + cue.pre_wait_flicks
        assert isinstance(cue, AudioCue | VideoCue)
        assert cue.media is not None
        end = start + cue.media.duration_flicks
        match cue.post_go:
            case PostGo.PAUSE:
                arrival = None
            case PostGo.GO_AT_END:
                arrival = end + cue.post_wait_flicks
            case PostGo.GO if timing is ChainTiming.SEQUENTIAL:
                arrival = start + cue.post_wait_flicks
    return starts


@thoroughly
@given(
    made=contents(PLAIN),
    number=st.integers(0, 4),
    at_ms=MOMENTS_MS,
    timing=st.sampled_from(ChainTiming),
)
def test_starts_are_exactly_arrival_plus_waits(
    made: list[AnyCue], number: int, at_ms: int, timing: ChainTiming
) -> None:
    first = number % len(made)
    assume(made[first].enabled)
    performer = performer_of(made, Options(chain_timing=timing))
    performer.roll(from_ms(at_ms))
    performer.tell(Go(run_seq=1, cue=made[first].id, at=from_ms(at_ms)))
    performer.roll(from_ms(60_000))
    told = {
        e.cue: e.start for _, e in effects_of(performer, CueStarted) if isinstance(e, CueStarted)
    }
    assert told == expected_starts(made, first, from_ms(at_ms), timing)
    sounded = {
        e.cue: (at, e.start) for at, e in effects_of(performer, Start) if isinstance(e, Start)
    }
    bodies = {c.id for c in made if isinstance(c, AudioCue | VideoCue) and c.media is not None
              and c.media.duration_flicks}  # fmt: skip
    assert sounded == {cue: (start, start) for cue, start in told.items() if cue in bodies}


ONCE = Ingredients(lists=True, timecode=True, fades=True)


@thoroughly
@given(
    made=contents(ONCE),
    goes=st.lists(st.tuples(MOMENTS_MS, st.integers(0, 9)), min_size=1, max_size=5),
    timing=st.sampled_from(ChainTiming),
)
def test_no_cue_has_two_turns_for_one_go(
    made: list[AnyCue], goes: list[tuple[int, int]], timing: ChainTiming
) -> None:
    performer = performer_of(made, Options(chain_timing=timing))
    ids = list(order(*made))
    for run_seq, (at_ms, number) in enumerate(sorted(goes), start=1):
        performer.roll(from_ms(at_ms))
        go = Go(run_seq=run_seq, cue=ids[number % len(ids)], at=from_ms(at_ms))
        performer.tell(go)
        performer.tell(go)
    performer.roll(from_ms(60_000))
    starts = Counter((e.cue, e.run_seq) for _, e in effects_of(performer, Start)
                     if isinstance(e, Start))  # fmt: skip
    assert set(starts.values()) <= {1}


def reference_next(made: list[AnyCue], at: int) -> int | None:
    """Upstream's get_next_cue, as interop.md 6.4 puts it."""
    following = next((i for i in range(at + 1, len(made)) if made[i].enabled), None)
    if made[at].post_go is PostGo.PAUSE or following is None:
        return following
    return reference_next(made, following)


@thoroughly
@given(made=contents(PLAIN), goes=st.lists(st.integers(0, 4), min_size=1, max_size=5))
def test_the_pointer_follows_the_rule(made: list[AnyCue], goes: list[int]) -> None:
    performer = performer_of(made)
    sequencer = Sequencer(order(*made), Scope(NOTHING, NOTHING))
    sequencer.handle(LineFound(0))
    for run_seq, number in enumerate(goes):
        fired = number % len(made)
        sequencer.handle(Go(run_seq=run_seq, cue=made[fired].id, at=0))
        expected = reference_next(made, fired)
        assert sequencer.standby == (None if expected is None else made[expected].id)
    assert performer.position == 0


UNPAUSED = Ingredients(
    actions=tuple(ON_CUES), fades=True, lists=True, loops=True, targets=True, timecode=True
)


@thoroughly
@given(
    made=contents(UNPAUSED),
    paused_ms=MOMENTS_MS,
    held_ms=st.sampled_from((1, 777, 10_000)),
    timing=st.sampled_from(ChainTiming),
)
def test_a_pause_moves_all_that_follows_by_its_length(
    made: list[AnyCue], paused_ms: int, held_ms: int, timing: ChainTiming
) -> None:
    held, until = from_ms(held_ms), from_ms(9000)
    logs = []
    for pause in (False, True):
        performer = performer_of(made, Options(chain_timing=timing))
        performer.tell(Go(run_seq=1, cue=made[0].id, at=0))
        performer.roll(from_ms(paused_ms))
        before = len(performer.log)
        if pause:
            performer.tell(Pause())
            performer.roll(from_ms(paused_ms) + held)
            performer.tell(Resume())
        performer.roll(until + (held if pause else 0))
        by = held if pause else 0
        logs.append([
            (h.at - (by if number >= before else 0), h.effect)
            for number, h in enumerate(performer.log)
            if not isinstance(h.effect, Freeze | Unfreeze | FreezeLine | ReleaseLine)
        ])  # fmt: skip
    assert logs[0] == logs[1]


def heard(performer: Performer) -> dict[CueId, tuple[str, int, float]]:
    """What sounds: playing or frozen, since when, and how loud."""
    players = Players()
    for happening in performer.log:
        players.ask(happening.effect)
    return {
        cue: (state, players.start[cue], players.level.get(cue, 1.0))
        for cue, state in players.sounding().items()
    }


def told_of_cues(performer: Performer) -> list[Effect]:
    """What is told of cues, in order; what is ready meanwhile is another matter."""
    kinds = CueStarted, CueProgress, CueEnded, CueFailed, ActionDone, EnabledChanged
    return plain(effect for _, effect in effects_of(performer, *kinds))


def playing(performer: Performer) -> dict[CueId, int]:
    """What plays, and since when; a cue held in the very step that passed it never began."""
    return {cue: start for cue, (state, start, _) in heard(performer).items() if state == "playing"}


@thoroughly
@given(
    made=contents(UNPAUSED),
    steps_ms=st.lists(st.sampled_from((1, 40, 333, 2000)), min_size=1, max_size=40),
    timing=st.sampled_from(ChainTiming),
)
def test_coarse_steps_of_the_line_tell_the_same_as_fine_ones(
    made: list[AnyCue], steps_ms: list[int], timing: ChainTiming
) -> None:
    options = Options(chain_timing=timing)
    coarse = performer_of(made, options)
    fine = performer_of(made, options)
    for performer in (coarse, fine):
        performer.tell(Go(run_seq=1, cue=made[0].id, at=0))
    for step_ms in steps_ms:
        coarse.now += from_ms(step_ms)
        coarse.tell(Advance(coarse.now))
    fine.roll(coarse.now)
    assert told_of_cues(coarse) == told_of_cues(fine)
    assert playing(coarse) == playing(fine)


LOCATABLE = Ingredients(
    actions=tuple(ON_CUES), fades=True, lists=True, loops=True, timecode=True, disabled=True
)


AT_ONE_MOMENT: list[AnyCue] = [
    cues("c0", post="g", wait=50),
    action("c1", Action.PLAY, "c0", "g"),
    audio("c2", 100),
]


@example(
    made=AT_ONE_MOMENT,
    goes=[(0, 0), (100, 1)],
    here_ms=150,
    there_ms=100,
    timing=ChainTiming.SEQUENTIAL,
)
@thoroughly
@given(
    made=contents(LOCATABLE),
    goes=st.lists(st.tuples(MOMENTS_MS, st.integers(0, 4)), min_size=1, max_size=3),
    here_ms=MOMENTS_MS,
    there_ms=st.integers(0, 6000),
    timing=st.sampled_from(ChainTiming),
)
def test_after_a_locate_the_same_sounds_as_had_the_line_rolled_there(
    made: list[AnyCue],
    goes: list[tuple[int, int]],
    here_ms: int,
    there_ms: int,
    timing: ChainTiming,
) -> None:
    there = from_ms(there_ms)
    goes = [(at, number) for at, number in sorted(goes) if at <= here_ms]

    def fired(until_ms: int) -> Performer:
        performer = performer_of(made, Options(chain_timing=timing))
        for run_seq, (at_ms, number) in enumerate(goes):
            if at_ms <= until_ms:
                performer.roll(from_ms(at_ms))
                cue = made[number % len(made)].id
                performer.tell(Go(run_seq=run_seq, cue=cue, at=from_ms(at_ms)))
        return performer

    located, rolled = fired(here_ms), fired(min(here_ms, there_ms))
    located.roll(from_ms(here_ms))
    located.tell(Locate(there))
    rolled.roll(there)
    rolled.tell(LineFound(there))  # levels to the flick, not the step before
    assert heard(located) == heard(rolled)
