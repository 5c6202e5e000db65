"""The show as a state machine: `handle(event)` says what must now happen, in order.

It never waits and knows no clock. Every machine of a rig runs one over the same show and the same
commands, so that all of them know every start to the flick; its scope says for which cues this
machine has the players, and on which it reports. The same events give the same effects.
"""

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from cuems.core.actions import Actions
from cuems.core.arming import LOOK_AHEAD_STOPS, Arming, LookAhead
from cuems.core.chains import ChainTiming, Scope
from cuems.core.cuelist import RunningOrder, has_player
from cuems.core.cues import ActionCue, CueId, FadeCue
from cuems.core.effects import (
    ArmedChanged,
    CueStarted,
    Effect,
    EnabledChanged,
    FreezeLine,
    GoRefused,
    HeldChanged,
    ReleaseLine,
    SendMessage,
    ShowStopped,
    StandbyChanged,
    Start,
    Stop,
)
from cuems.core.events import (
    Advance,
    Command,
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
from cuems.core.performance import Performance
from cuems.core.rehearsal import rehearsed
from cuems.core.runs import Run, Word
from cuems.core.seamless import seamless
from cuems.core.show_state import ShowState
from cuems.core.standing import Pointer, Standing
from cuems.core.timecode import from_ms, to_ms

RUNS_REMEMBERED = 1024  # a GO that comes twice comes within a few of its neighbours
PANIC = "panic: everything is being faded out"
SAME_PLACE_FLICKS = from_ms(80)  # two frames: a line found again this near has not jumped


class OnLocate(Enum):
    """What a jump of the timecode line does to what runs."""

    CHASE = "chase"  # everything is where it would be had the line rolled there
    TRIGGER = "trigger"  # timecode only triggers: what runs goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a show is run, beyond what its file says."""

    chain_timing: ChainTiming = ChainTiming.SEQUENTIAL
    on_locate: OnLocate = OnLocate.CHASE
    panic_flicks: int = from_ms(2000)
    look_ahead_stops: int = LOOK_AHEAD_STOPS
    own_line: bool = True  # False: timecode comes from outside, and cannot be held here


class Sequencer:
    """One machine's view of a running show.

    `options` may be changed while it runs; its waits and its look-ahead are those it began with.
    """

    def __init__(self, order: RunningOrder, scope: Scope, options: Options | None = None) -> None:
        self.options = options or Options()
        self._effects: list[Effect] = []
        self._order = order
        self._scope = scope
        self._standing = Standing(order)
        self._performance = Performance(
            self._standing, scope, self.options.chain_timing, self._emit, self._act
        )
        self._actions = Actions(self._standing, self._performance)
        self._arming = Arming()
        self._ahead = LookAhead(self._standing, self.options.look_ahead_stops)
        self._trusted = False
        self._into = 0
        self._covered: tuple[tuple[int, int], dict[CueId, int]] = (0, 0), {}
        self._panic_over: int | None = None
        self._run_seqs: dict[int, None] = {}
        self._told_standby: CueId | None = None
        self._told_armed: ArmedChanged | None = None
        self._told_held: dict[CueId, None] = {}

    # ---- what others may ask

    @property
    def standby(self) -> CueId | None:
        """The cue the next GO fires."""
        return self._standing.standby

    @property
    def into(self) -> int:
        """How far into the standby cue's chain the next GO starts it, flicks."""
        return self._into

    @property
    def paused(self) -> bool:
        """Whether the show holds."""
        return self._performance.paused

    @property
    def fading_out(self) -> bool:
        """Whether everything is being faded out, and stopped then."""
        return self._panic_over is not None

    @property
    def trusted(self) -> bool:
        """Whether the line is known, so that a GO would be obeyed."""
        return self._trusted

    def enabled(self, cue: CueId) -> bool:
        """Whether a cue takes part now."""
        return self._standing.enabled(cue)

    def next_due(self) -> int | None:
        """The position at which something will happen by itself; None when nothing will."""
        if not self._trusted:
            return None
        dues = (self._performance.next_due(), self._panic_over)
        return min((due for due in dues if due is not None), default=None)

    @property
    def next_is_exact(self) -> bool:
        """Whether what is due next wants its very moment: no step of a fade, and no percentage."""
        return self._performance.next_is_exact

    def begin(self, timecode_from: int | None = None) -> tuple[Effect, ...]:
        """What a freshly loaded show asks for: the first cues armed.

        What timecode was to start before `timecode_from` has been stopped.
        """
        self._performance.begin_at(timecode_from)
        self._settle()
        return self._taken()

    def handle(self, event: Event) -> tuple[Effect, ...]:
        """Apply one event; what must now happen, in order."""
        match event:
            case Advance(position):
                self._advance(position)
            case Locate() | LineFound():
                self._jump(event)
            case LineLost():
                self._lose_line()
            case CueArmed(cue):
                self._arming.proved(cue)
                self._performance.telling.mended(cue)
            case CueBroken(cue, reason):
                self._arming.broke(cue)
                self._performance.broke(cue)
                self._performance.telling.failed(cue, reason)
            case _:
                self._command(event)
        moved = self._performance.has_moved()
        self._settle_players()
        if moved or not isinstance(event, Advance):
            self._settle()
        return self._taken()

    # ---- another machine's place in the show

    @property
    def goes_on(self) -> bool:
        """Whether anything runs or is to have its turn."""
        return self._performance.goes_on()

    @property
    def state(self) -> ShowState:
        """The show as it stands."""
        pointer = self._standing.pointer
        fading = self._panic_over is not None
        return ShowState(
            at=pointer.at,
            after_go_of=pointer.after_go_of,
            into=self._into,
            paused=self._performance.paused,
            enabled=self._standing.overrides,
            kept_loaded=tuple(sorted(self._standing.kept_loaded)),
            triggers=() if fading else self._performance.triggers,
            begun_at=self._performance.begun_at,
        )

    def running(self) -> tuple[CueStarted, ...]:
        """What runs, as it was told when it began: for somebody who did not hear it."""
        return tuple(
            CueStarted(cue, run.start)
            for cue in self._order
            if cue in self._scope.tells and (run := self._performance.run_of(cue)) is not None
        )

    def restore(self, state: ShowState) -> tuple[Effect, ...]:
        """Take the place in the show that another machine has; what runs alike is left alone."""
        overrides = dict(state.enabled)
        was = {cue: self._standing.enabled(cue) for cue in self._order}
        self._standing.restore(overrides, state.kept_loaded)
        if state.paused:
            self._pause()
        if not (self.state.runs_as(state) and self._performance.begins_as(state.begun_at)):
            self._panic_over = None
            triggers = [trigger for trigger in state.triggers if trigger.cue in self._order]
            self._performance.restore(triggers, state.begun_at, stays=state.paused)
            self._run_seqs |= dict.fromkeys(trigger.run_seq for trigger in state.triggers)
            self._standing.restore(overrides, state.kept_loaded)  # whatever the past has changed
        for cue, before in was.items():
            if self._standing.enabled(cue) != before:
                self._emit(EnabledChanged(cue, not before))
        if not state.paused:
            self._resume()
        at = state.at if state.at is None or state.at in self._order else self._standing.standby
        self._standing.put(Pointer(at, state.after_go_of))
        self._settle_players()
        self._settle()
        self._into = state.into
        self._settle()
        return self._taken()

    def _command(self, event: Command) -> None:
        match event:
            case Go():
                self._go(event)
            case Intervene():
                self._intervene(event)
            case SetNextCue(cue):
                self._set_next(cue)
            case SetEnabled(cue, enabled):
                self._set_enabled(cue, enabled)
            case StopAll():
                self._stop_all()
            case Panic():
                self._panic()
            case Pause():
                self._pause()
            case Resume():
                self._resume()
            case LoadToTime(into):
                self._into = max(0, into)
            case _:
                assert_never(event)

    # ---- the line

    def _advance(self, position: int) -> None:
        before = self._performance.position
        if not self._trusted or before is None or position < before:
            return
        if self._panic_over is not None and position >= self._panic_over:
            self._performance.advance(self._panic_over)
            self._stop_all()
            return
        self._performance.advance(position)

    def _jump(self, event: Locate | LineFound) -> None:
        position, before = event.position, self._performance.position
        jumped, late = isinstance(event, Locate), isinstance(event, Locate) and event.late
        self._trusted = True
        if self._panic_over is not None:
            self._stop_all()
        if before is not None and not jumped and 0 <= before - position <= SAME_PLACE_FLICKS:
            position = before
        triggers = self.options.on_locate is OnLocate.TRIGGER
        if jumped and not late and before is not None and triggers:
            self._performance.shift(position)
        else:
            self._performance.catch_up(position, jumped=jumped, late=late)

    def _lose_line(self) -> None:
        """Nothing new fires; a panic, whose fade stands with the line, is over at once."""
        self._trusted = False
        if self._panic_over is not None:
            self._stop_all()

    # ---- commands

    def _is_new(self, run_seq: int) -> bool:
        """Whether a numbered word comes for the first time."""
        if run_seq in self._run_seqs:
            return False
        self._run_seqs[run_seq] = None
        if len(self._run_seqs) > RUNS_REMEMBERED:
            del self._run_seqs[next(iter(self._run_seqs))]
        return True

    def _go(self, go: Go) -> None:
        if not self._is_new(go.run_seq):
            return
        reason = self.why_not(go)
        if reason:
            self._emit(GoRefused(go.run_seq, reason))
            return
        self._into = 0
        self._standing.move_past(go.cue)
        self._performance.go(go.cue, run_seq=go.run_seq, at=go.at, into=go.into)

    def _intervene(self, word: Intervene) -> None:
        """While everything is being faded out, it all comes to its end anyway."""
        if self._is_new(word.run_seq) and word.cue in self._order and self._panic_over is None:
            self._performance.intervene(
                word.word, word.cue, run_seq=word.run_seq, at=word.at, stands=not self._trusted
            )

    @property
    def stands(self) -> bool:
        """Whether the line is not rolling on for this show: it is paused, or timecode is lost."""
        return self._performance.paused or not self._trusted

    def why_not_one(self, word: Word, cue: CueId) -> str:
        """Why a word on one cue would change nothing now; "" where it would, or may."""
        held, runs = self._performance.held(), self._performance.runs_within(cue)
        match word:
            case Word.PAUSE | Word.RESUME if self._panic_over is not None:
                return PANIC
            case Word.PAUSE if all(run.cue.id in held for run in runs):
                return "it is paused already" if runs else "it is not running"
            case Word.RESUME if not any(run.cue.id in held for run in runs):
                return "it is not paused"
            case Word.RESUME if self._performance.paused:
                return "the show is paused: resume that first"
            case Word.RESUME if not self._trusted:
                return "timecode is lost"
            case _:
                return ""

    def _set_next(self, cue: CueId) -> None:
        if cue in self._order:  # where it is not, the show it is meant for is not here yet
            self._standing.move_to(cue)
            self._into = 0

    def _set_enabled(self, cue: CueId, enabled: bool) -> None:
        if cue in self._order and self._standing.set_enabled(cue, enabled):
            self._emit(EnabledChanged(cue, enabled))

    def why_not(self, go: Go) -> str:
        """Why a GO would be refused now; "" when it would be obeyed."""
        position = self._performance.position
        if go.cue not in self._order:
            return f"no cue {go.cue!r} in the loaded show"
        if position is None or not self._trusted:
            return "timecode is lost" if position is not None else "no timecode yet"
        if self._performance.paused:
            return "the show is paused: resume first"
        if self._panic_over is not None:
            return PANIC
        if go.deadline is not None and position > go.deadline:
            return f"too late by {to_ms(position - go.deadline)} ms"
        return ""

    def _stop_all(self) -> None:
        self._panic_over = None
        self._into = 0
        self._performance.clear()
        self._arming.forget_broken()
        self._standing.move_to_top()
        self._told_armed = None  # told again, changed or not: a STOP has been obeyed
        self._emit(ShowStopped())

    def _panic(self) -> None:
        position = self._performance.position
        fades = self._trusted and not self._performance.paused and self._performance.goes_on()
        if self._panic_over is not None or position is None or not fades:
            self._stop_all()
        else:
            self._panic_over = position + self.options.panic_flicks
            self._performance.silence_from_here(self.options.panic_flicks)

    def _pause(self) -> None:
        """While everything is being faded out nothing holds that up."""
        if not (self._performance.paused or self.fading_out):
            self._performance.pause()
            self._emit(FreezeLine())

    def _resume(self) -> None:
        if self._performance.paused:
            self._performance.resume(trusted=self._trusted)
            self._emit(ReleaseLine())

    def _act(self, cue: ActionCue | FadeCue, run: Run, at: int, *, silent: bool) -> None:
        if silent:
            self._actions.make_up_for(cue, run, at)
            return
        paused, target = self._performance.paused, cue.action_target
        known = None if target is None or target not in self._order else target
        enabled = known is not None and self._standing.enabled(known)
        done = self._actions.do(cue, run, at, own_line=self.options.own_line)
        if cue.id in self._scope.tells:
            self._emit(done)
            if isinstance(cue, ActionCue) and cue.message is not None:
                self._emit(SendMessage(cue.id, cue.message))
        if known is not None and self._standing.enabled(known) != enabled:
            self._emit(EnabledChanged(known, not enabled))
        if self._performance.paused and not paused:
            self._emit(FreezeLine())

    # ---- what follows from every event

    def _settle_players(self) -> None:
        """Let players go on that would be stopped and started; arm those that start unforeseen."""
        asked = seamless(self._effects)
        surprises: list[Effect] = []
        stopped = 0
        for number, effect in enumerate(asked, 1):
            match effect:
                case Stop(cue):
                    self._arming.used(cue)
                    self._performance.left(cue)
                case Start(cue=cue, elapsed=elapsed):
                    surprises += self._arming.surprised(cue, elapsed)
                case ShowStopped():
                    stopped = number
                case _:
                    pass
        self._effects = asked[:stopped] + surprises + asked[stopped:]

    def _settle(self) -> None:
        """Arm what may come next, and tell what has come to differ."""
        self._performance.settle()
        standby = self._standing.standby
        if standby != self._told_standby:
            self._told_standby = standby
            self._into = 0
            self._emit(StandbyChanged(standby))
        self._tell_held()
        ahead = self._ahead.of(standby)
        mine = {cue: into for cue, into in self._wanted(standby).items() if self._is_mine(cue)}
        for effect in self._arming.want(mine, self._performance.sounding()):
            self._emit(effect)
        gate = [cue for cue, automatic in ahead if automatic and cue in mine]
        waiting = self._arming.waiting_for(gate)
        armed = ArmedChanged(self._trusted and not waiting, waiting)
        if armed != self._told_armed:
            self._told_armed = armed
            self._emit(armed)

    def _tell_held(self) -> None:
        held, told = self._performance.held(), self._told_held
        self._told_held = held
        for cue in [*told, *held]:
            if (cue in held) is not (cue in told):
                self._emit(HeldChanged(cue, cue in held))

    def _wanted(self, standby: CueId | None) -> dict[CueId, int]:
        """The cues to have ready, each with how far into its body."""
        wanted = {cue: 0 for cue, _ in self._ahead.of(standby)}
        for follower in self._performance.upcoming():
            for cue, _ in self._ahead.of(follower):
                wanted[cue] = 0
        wanted |= dict.fromkeys(self._standing.kept_loaded, 0)
        if self._into and standby is not None:
            wanted |= self._covering(standby)
        return wanted

    def _covering(self, standby: CueId) -> dict[CueId, int]:
        """What a GO of `standby` starts with, loaded to time, each with how far into its body."""
        asked = self._standing.version, self._into
        if self._covered[0] != asked:
            timing = self.options.chain_timing
            self._covered = asked, rehearsed(self._standing, timing, standby, self._into)
        return self._covered[1]

    def _is_mine(self, cue: CueId) -> bool:
        return cue in self._scope.plays and has_player(self._order[cue])

    def _emit(self, effect: Effect) -> None:
        self._effects.append(effect)

    def _taken(self) -> tuple[Effect, ...]:
        effects, self._effects = tuple(self._effects), []
        return effects
