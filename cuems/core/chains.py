"""Chains of cues: each run taken through its moments, and the turn handed to its successor.

One run a cue. What is to come waits on an agenda at its exact position. Which chains there are and
where the line goes is core/performance.py's business.
"""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, assert_never

from cuems.core.body import body_flicks, plays
from cuems.core.cuelist import has_player, wait_before
from cuems.core.cues import (
    ActionCue,
    AnyCue,
    CueId,
    CueList,
    DmxCue,
    FadeCue,
    FadeDirection,
    PostGo,
)
from cuems.core.effects import Effect
from cuems.core.levels import Levels, profile_flicks
from cuems.core.looks import Looks
from cuems.core.roster import Roster
from cuems.core.runs import (
    Arrive,
    Begin,
    BodyOver,
    ChainMoment,
    FadeOutBegins,
    FadeStep,
    Finish,
    Phase,
    Run,
    RunMoment,
    Tick,
    Turn,
)
from cuems.core.standing import Standing
from cuems.core.telling import Telling
from cuems.core.timecode import from_ms
from cuems.core.voices import Voices

PROGRESS_FLICKS = from_ms(250)  # percent moves at most at 4 Hz a cue


class Act(Protocol):
    """Does what the action or fade cue of a run says, at a position."""

    def __call__(self, cue: ActionCue | FadeCue, run: Run, at: int, *, silent: bool) -> None:
        """`silent`: in the past of a line that jumped, or of a chain begun in the middle."""


class ChainTiming(Enum):
    """When the turn of a `go` cue's successor comes (interop.md 13.1)."""

    SEQUENTIAL = "sequential"  # at the cue's start plus its post-wait
    SHARED = "shared"  # at the cue's own arrival


@dataclass(frozen=True, slots=True)
class Scope:
    """Which cues this machine has players for, and which it reports on."""

    plays: Container[CueId]
    tells: Container[CueId]


class Chains:
    """What happens to the runs of a roster as the line comes to `position`.

    `silent` while moments in the past of a jump are caught up with, `rewound` where that begins
    at the top. What was over by `passed` then, this machine cannot have missed.
    """

    def __init__(
        self,
        standing: Standing,
        scope: Scope,
        timing: ChainTiming,
        emit: Callable[[Effect], None],
        act: Act,
    ) -> None:
        self.position: int | None = None
        self.silent = self.rewound = False
        self.passed: int | None = None
        self.moved = True  # has a cue come nearer to its turn or its end?
        self.roster = Roster(standing)
        self.telling = Telling(scope.tells, emit)
        self.voices = Voices(scope.plays, emit)
        self.levels = Levels(self.roster.agenda.put, self.voices.show, scope.plays)
        self.looks = Looks()
        self._standing = standing
        self._order = standing.order
        self._shared = timing is ChainTiming.SHARED
        self._act = act
        self._joining: list[Run] = []
        self._arrived: dict[CueId, tuple[int, int]] = {}

    def elapsed(self, run: Run) -> int:
        """How far into its body a run is, held ones included."""
        at = self.position if run.frozen_at is None else run.frozen_at
        return 0 if at is None else max(0, at - run.start)

    # ---- moments

    def happen(self, due: int, moment: ChainMoment) -> None:
        """Let a moment that has come due happen."""
        match moment:
            case Arrive(turn, version):
                if self.roster.take(turn, version):
                    self.moved = True
                    self._arrive(turn)
                    self.settle(due)
            case FadeStep(cue=cue):
                quiet_until = self.position if self.silent else None
                if self.levels.step(self._order[cue], moment, due, quiet_until):
                    self.stop(cue, due)
            case _:
                if self.roster.holds(moment.run) and moment.run.version == moment.version:
                    self._live(moment, due)

    def _live(self, moment: RunMoment, due: int) -> None:
        self.moved = self.moved or not isinstance(moment, Tick)
        match moment:
            case Begin(run):
                self._begin(run, due)
            case BodyOver(run):
                self._body_over(run, due)
            case Finish(run):
                self._finish(run, due)
            case Tick(run):
                self._tick(run, due)
            case FadeOutBegins(run):
                self._fade_out(run, due)
            case _:
                assert_never(moment)

    def _quiet_until(self, run: Run) -> int | None:
        return self.position if self.silent else run.silent_until

    # ---- a turn

    def _arrive(self, turn: Turn) -> None:
        if turn.go and self.rewound:
            self._standing.move_past(turn.cue)
        elif turn.go:
            self.roster.close(turn.cue)
        cue_id = self._whose(turn)
        if cue_id is None or not self._is_first(cue_id, turn):
            return
        replaced = self.roster.runs.get(cue_id)
        if replaced is not None:
            if turn.by is not None and replaced.run_seq >= turn.run_seq:
                return  # a chain does not start again what its own GO, or a newer one, has started
            self._replace(replaced, turn.due)
        self._enrol(self._order[cue_id], turn)

    def _whose(self, turn: Turn) -> CueId | None:
        """Who has a turn: the cue it was meant for or, that being transparent, who follows."""
        enabled = self._standing.enabled
        if turn.by is None:
            return turn.cue if enabled(turn.cue) else None
        cue = self._order.first_taking_part(turn.cue, enabled)
        if cue is None or (cue != turn.cue and not self.roster.leave_lists(turn.cue, cue)):
            return None
        return cue

    def _is_first(self, cue: CueId, turn: Turn) -> bool:
        """Whether a chain has not brought a cue to this very moment before: it would never end."""
        again = self._arrived.get(cue) == (turn.arrival, turn.run_seq)
        self._arrived[cue] = (turn.arrival, turn.run_seq)
        return not again

    def _replace(self, run: Run, at: int) -> None:
        """A cue begins anew: its run is over, and what was to follow it does not come."""
        inside = [inner for inner in self.roster.runs_within(run.cue.id) if inner is not run]
        self._cut([run, *inside])
        for inner in inside:
            self._tell_over(inner, at)

    def _enrol(self, cue: AnyCue, turn: Turn) -> None:
        run = Run(
            cue=cue,
            run_seq=turn.run_seq,
            start=turn.arrival + wait_before(cue),
            silent_until=turn.silent_until,
            by=turn.by,
            plays_left=plays(cue.loop),
        )
        self.roster.runs[cue.id] = run
        self.telling.running(cue.id, run.start)
        self.roster.agenda.put(run.start, Begin(run, run.version))
        if cue.post_go is PostGo.GO:
            self._hand_over(run, turn.arrival if self._shared else run.start + cue.post_wait_flicks)

    def _hand_over(self, run: Run, arrival: int) -> None:
        """Give the turn to a cue's successor."""
        successor = self._order.successor(run.cue.id)
        if successor is None or run.handed_over:
            return
        if self.roster.leave_lists(run.cue.id, successor):
            run.handed_over = True
            self.roster.turn_by(run, successor, arrival)

    # ---- a run

    def _begin(self, run: Run, due: int) -> None:
        run.phase = Phase.PLAYING
        run.joined = silent = self.silent or due < run.silent_until
        cue = run.cue
        if isinstance(cue, CueList):
            self._enter_list(run, due)
            return
        body = body_flicks(cue)
        run.end = None if body is None else run.start + body
        if isinstance(cue, ActionCue | FadeCue):
            self._act(cue, run, due, silent=silent)
            if not self.roster.holds(run) or run.frozen_at is not None:
                return  # its own action stopped it, or holds it
        self._schedule_body(run, due)
        if has_player(cue):
            self._sound(run, silent=silent)

    def _sound(self, run: Run, *, silent: bool) -> None:
        fade_in = profile_flicks(run.cue, FadeDirection.IN)
        if fade_in:
            self.levels.rise(run.cue, run.start, fade_in, quiet_until=self._quiet_until(run))
        if isinstance(run.cue, DmxCue):
            self.looks.come(run.cue.id, run.start)
        self._joining.append(run)
        if not silent:
            self.join()

    def join(self, also: Iterable[Run] = ()) -> None:
        """Start the players of what has begun, each from where it is by now."""
        joining, self._joining = [*self._joining, *also], []
        if any(isinstance(run.cue, DmxCue) for run in joining):
            self.light()
        for run in joining:
            current = self.roster.holds(run) and run.phase is Phase.PLAYING
            if current and run.frozen_at is None and run.cue.id not in self.voices.playing:
                elapsed = self.elapsed(run)
                in_time = self.voices.sound(run, elapsed, self.level(run.cue))
                run.missed_by = 0 if in_time or run.joined else elapsed

    def light(self, *, paused: bool = False) -> None:
        """Bring on the looks that should be on and are not, and take away the others."""
        for cue in self.voices.take_away_looks(self.looks):
            run = self.roster.runs.get(cue)
            if run is None or run.phase is not Phase.PLAYING:
                self.voices.light(cue, self.looks.start(cue), self.position or 0)
            elif run.frozen_at is None and not paused:
                self.voices.sound(run, self.elapsed(run), self.level(run.cue))

    def level(self, cue: AnyCue) -> float:
        """A cue's level here and now."""
        return self.levels.level(cue, 0 if self.position is None else self.position)

    def _schedule_body(self, run: Run, since: int) -> None:
        """Put what is to come of a body on the agenda; it is `since` by now."""
        if run.end is None or run.body is None:
            return
        agenda = self.roster.agenda
        agenda.put(run.end, BodyOver(run, run.version))
        if run.cue.id in self.telling.tells and run.body:
            agenda.put(max(since, run.silent_until) + PROGRESS_FLICKS, Tick(run, run.version))
        fade_out = profile_flicks(run.cue, FadeDirection.OUT)
        if fade_out and not run.fading_out:
            agenda.put(max(since, run.end - fade_out), FadeOutBegins(run, run.version))

    def reschedule(self, run: Run, since: int) -> None:
        """Put a run's moments on the agenda anew; those before do not hold any more."""
        run.version += 1
        if run.phase is Phase.WAITING:
            self.roster.agenda.put(run.start, Begin(run, run.version))
        elif run.phase is Phase.PLAYING:
            self._schedule_body(run, since)
        else:
            finish = (since if run.end is None else run.end) + run.cue.post_wait_flicks
            self.roster.agenda.put(finish, Finish(run, run.version))

    def _tick(self, run: Run, due: int) -> None:
        if run.body is None or run.phase is not Phase.PLAYING:
            return
        percent = (due - run.start) * 100 // run.body
        if percent > run.percent:
            run.percent = percent
            self.telling.progress(run.cue.id, percent)
        following = due + max(PROGRESS_FLICKS, run.body // 100)
        self.roster.agenda.put(following, Tick(run, run.version))

    def _fade_out(self, run: Run, due: int) -> None:
        assert run.end is not None, "of a body without an end no fade-out is awaited"
        run.fading_out = True
        quiet_until = self._quiet_until(run)
        self.levels.fade_to(run.cue, 0.0, due, run.end - due, quiet_until=quiet_until)

    def _body_over(self, run: Run, due: int) -> None:
        run.phase = Phase.TAIL
        run.end = due
        self._hush(run)
        wait = 0 if run.cue.post_go is PostGo.GO else run.cue.post_wait_flicks
        if wait:
            self.roster.agenda.put(due + wait, Finish(run, run.version))
        else:
            self._finish(run, due)

    def _finish(self, run: Run, due: int) -> None:
        del self.roster.runs[run.cue.id]
        self._tell_over(run, due)
        if run.cue.post_go is PostGo.GO_AT_END:
            self._hand_over(run, due)
        self.settle(due)

    def _hush(self, run: Run) -> None:
        self.levels.forget(run.cue.id)
        if run.phase is not Phase.TAIL:
            self.looks.go(run.cue.id)
        self.voices.hush(run)

    # ---- lists

    def _enter_list(self, run: Run, due: int) -> None:
        run.iteration_start = due
        child = self._order.first_child(run.cue.id, self._standing.enabled)
        if child is not None:
            self.roster.turn_by(run, child, due)
        self.settle(due)

    def settle(self, due: int) -> None:
        """End, or begin again, the lists in which nothing is going on any more."""
        for run in self.roster.lists():
            ready = run.phase is Phase.PLAYING and run.frozen_at is None
            if ready and self.roster.holds(run) and not self.roster.goes_on_inside(run):
                self._iteration_over(run, due)

    def _iteration_over(self, run: Run, due: int) -> None:
        if run.plays_left is not None:
            run.plays_left -= 1
        if run.plays_left == 0 or due == run.iteration_start:
            self._body_over(run, due)
            return
        if not self.rewound:
            self._standing.begin_again(run.cue.id)
        self._enter_list(run, due)

    # ---- endings

    def stop(self, cue: CueId, at: int) -> bool:
        """End a cue, or all of a list, now; what it would have brought about does not come.

        Under shared timing that is also what waits in the same chain: its turn came with this one.
        """
        runs, turns = self.roster.runs_within(cue), self.roster.turns_within(cue)
        if self._shared:
            runs = self.roster.with_descendants(runs)
        self._cut(runs)
        for turn in turns:
            self.roster.turns.pop(turn, None)
        for run in runs:
            self._tell_over(run, at)
        self.moved = True
        self.settle(at)
        return bool(runs or turns)

    def _tell_over(self, run: Run, at: int) -> None:
        """A run is over: what of it was to be heard here, and has been."""
        cue = run.cue.id
        if run.phase is Phase.WAITING:
            self.telling.never_began(cue)
        elif cue in self.looks or not self.voices.is_unheard(run):
            self.telling.played(cue)
        elif not self.silent:
            self._tell_unheard(run)
        elif self.passed is not None and at <= self.passed:
            self.telling.passed(cue)
        else:
            self.telling.played(cue, missed_by=self.elapsed(run))

    def _tell_unheard(self, run: Run) -> None:
        """One that was held before it was heard has not begun, for those who listen."""
        if run.missed_by:
            self.telling.played(run.cue.id, run.missed_by)
        else:
            self.telling.never_began(run.cue.id)

    def _cut(self, runs: list[Run]) -> None:
        self.roster.cut(runs)
        for run in runs:
            self._hush(run)

    def forget(self) -> None:
        """Forget every run, moment and level, telling nobody."""
        self.roster.forget()
        self._joining.clear()
        self._arrived.clear()
        self.levels.forget_all()
        self.looks.clear()

    def shift(self, by: int) -> None:
        """Move everything that goes on along the line."""
        self.roster.shift(by)
        self.looks.shift(by)
        self._arrived = {cue: (at + by, seq) for cue, (at, seq) in self._arrived.items()}
        self.levels.shift(by)
