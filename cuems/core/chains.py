"""Chains of cues: each run taken through its moments, and the turn handed to its successor.

One run a cue. What is to come waits on an agenda at its exact position. Which chains there are and
where the line goes is core/performance.py's business.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, assert_never

from cuems.core.agenda import Agenda
from cuems.core.body import body_flicks, plays
from cuems.core.cuelist import has_player
from cuems.core.cues import (
    ActionCue,
    AnyCue,
    CueId,
    CueList,
    Curve,
    FadeCue,
    FadeDirection,
    PostGo,
)
from cuems.core.effects import Effect
from cuems.core.runs import (
    Arrive,
    Begin,
    BodyOver,
    FadeOutBegins,
    FadeStep,
    Finish,
    Moment,
    Phase,
    Run,
    RunMoment,
    Tick,
)
from cuems.core.standing import Standing
from cuems.core.telling import Telling
from cuems.core.timecode import from_ms
from cuems.core.voices import Voices, authored_level, profile_flicks

PROGRESS_FLICKS = from_ms(250)  # percent moves at most at 4 Hz a cue


class Act(Protocol):
    """Does what an action or fade cue says, at a position, as part of a run."""

    def __call__(self, cue: ActionCue | FadeCue, run_seq: int, at: int, *, silent: bool) -> None:
        """`silent`: in the past of a line that jumped; only levels still matter."""


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
    """The runs of a show at `position`, and the moments to come."""

    def __init__(
        self,
        standing: Standing,
        scope: Scope,
        timing: ChainTiming,
        emit: Callable[[Effect], None],
        act: Act,
    ) -> None:
        self.position: int | None = None
        self.runs: dict[CueId, Run] = {}
        self.agenda: Agenda[Moment] = Agenda()
        self.pending: list[Arrive] = []
        self.catching_up = False
        self.moved = True  # has a cue come nearer to its turn or its end?
        self.telling = Telling(scope.tells, emit)
        self.voices = Voices(scope.plays, emit)
        self._standing = standing
        self._order = standing.order
        self._timing = timing
        self._act = act
        self._joining: list[Run] = []
        self._arrived: dict[CueId, tuple[int, int]] = {}

    def runs_within(self, cue: CueId) -> list[Run]:
        """The runs of a cue and, for a list, of everything in it."""
        return [run for run in self.runs.values() if self._order.within(run.cue.id, cue)]

    def pend(self, arrive: Arrive, due: int) -> None:
        """Let a turn come at a position."""
        self.pending.append(arrive)
        self.agenda.put(due, arrive)

    # ---- moments

    def happen(self, due: int, moment: Moment) -> None:
        """Let a moment that has come due happen."""
        match moment:
            case Arrive():
                self.moved = True
                if moment in self.pending:
                    self.pending.remove(moment)
                    self._arrive(moment)
                    self._settle_lists(due)
            case FadeStep():
                self._fade_step(moment, due)
            case _:
                if self._holds(moment):
                    self._live(moment, due)

    def _holds(self, moment: RunMoment) -> bool:
        run = moment.run
        return self.runs.get(run.cue.id) is run and run.version == moment.version

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

    def _arrive(self, arrive: Arrive) -> None:
        enabled = self._standing.enabled
        cue_id: CueId | None = arrive.cue
        if arrive.by is not None:
            cue_id = self._order.first_taking_part(cue_id, enabled)
        if cue_id is None or not enabled(cue_id) or not self._is_first(cue_id, arrive):
            return
        cue = self._order[cue_id]
        replaced = self.runs.get(cue_id)
        if replaced is not None and replaced.run_seq == arrive.run_seq and arrive.by is not None:
            return  # one GO starts a cue once, however many chains lead to it
        run = Run(
            cue=cue,
            run_seq=arrive.run_seq,
            start=arrive.arrival + cue.pre_wait_flicks,
            silent_until=arrive.silent_until,
            plays_left=plays(cue.loop),
        )
        self._replace(replaced, run)
        self.runs[cue_id] = run
        self.telling.running(cue_id, run.start)
        self.agenda.put(run.start, Begin(run, run.version))
        if cue.post_go is PostGo.GO:
            shared = self._timing is ChainTiming.SHARED
            self._hand_over(run, arrive.arrival if shared else run.start + cue.post_wait_flicks)

    def _is_first(self, cue: CueId, arrive: Arrive) -> bool:
        """Whether a chain has not brought a cue to this very moment before: it would never end."""
        again = self._arrived.get(cue) == (arrive.arrival, arrive.run_seq)
        self._arrived[cue] = (arrive.arrival, arrive.run_seq)
        return not again

    def _replace(self, replaced: Run | None, run: Run) -> None:
        if replaced is None:
            return
        self.pending = [arrive for arrive in self.pending if arrive.by is not replaced]
        if replaced.sounding and not self.catching_up:
            if run.cue.pre_wait_flicks:
                self.voices.hush(replaced)
            else:
                run.taken_over = True

    def _begin(self, run: Run, due: int) -> None:
        run.phase = Phase.PLAYING
        silent = due < run.silent_until
        match run.cue:
            case CueList():
                self._enter_list(run, due)
                self._settle_lists(due)
                return
            case ActionCue() | FadeCue() as cue:
                if not silent or isinstance(cue, FadeCue):
                    self._act(cue, run.run_seq, due, silent=silent)
            case _:
                pass
        if self.runs.get(run.cue.id) is not run:
            return  # its own action stopped it
        body = body_flicks(run.cue)
        run.end = None if body is None else run.start + body
        if has_player(run.cue):
            self._joining.append(run)
            if not silent and not self.catching_up:
                self.join()
        self._schedule_body(run)

    def _schedule_body(self, run: Run) -> None:
        if run.end is None or run.body is None:
            return
        self.agenda.put(run.end, BodyOver(run, run.version))
        if run.cue.id in self.telling.tells and run.body:
            due = max(run.start + PROGRESS_FLICKS, run.silent_until)
            self.agenda.put(due, Tick(run, run.version))
        fade_out = profile_flicks(run.cue, FadeDirection.OUT)
        if fade_out:
            self.agenda.put(max(run.start, run.end - fade_out), FadeOutBegins(run, run.version))

    def _body_over(self, run: Run, due: int) -> None:
        run.phase = Phase.TAIL
        run.end = due
        self.voices.hush(run)
        wait = 0 if run.cue.post_go is PostGo.GO else run.cue.post_wait_flicks
        if wait:
            self.agenda.put(due + wait, Finish(run, run.version))
        else:
            self._finish(run, due)

    def _finish(self, run: Run, due: int) -> None:
        del self.runs[run.cue.id]
        self.telling.played(run.cue.id)
        if run.cue.post_go is PostGo.GO_AT_END:
            self._hand_over(run, due)
        self._settle_lists(due)

    def _tick(self, run: Run, due: int) -> None:
        if run.body is None or run.phase is not Phase.PLAYING:
            return
        percent = (due - run.start) * 100 // run.body
        if percent > run.percent:
            run.percent = percent
            self.telling.progress(run.cue.id, percent)
        self.agenda.put(due + max(PROGRESS_FLICKS, run.body // 100), Tick(run, run.version))

    def _hand_over(self, run: Run, arrival: int) -> None:
        """Give the turn to a cue's successor; a chain that leaves a list does so for the list."""
        successor = self._order.successor(run.cue.id)
        if successor is None or run.handed_over:
            return
        for holder in self._order.lists_around(run.cue.id):
            if self._order.within(successor, holder):
                break
            listing = self.runs.get(holder)
            if listing is not None:
                if listing.handed_over or listing.plays_left != 1:
                    return
                listing.handed_over = True
        run.handed_over = True
        arrive = Arrive(
            cue=successor,
            run_seq=run.run_seq,
            arrival=arrival,
            silent_until=run.silent_until,
            by=run,
        )
        self.pend(arrive, arrival)

    # ---- lists

    def _enter_list(self, run: Run, due: int) -> None:
        run.iteration_start = due
        child = self._order.first_child(run.cue.id, self._standing.enabled)
        if child is not None:
            arrive = Arrive(
                cue=child,
                run_seq=run.run_seq,
                arrival=due,
                silent_until=run.silent_until,
                by=run,
            )
            self.pend(arrive, due)

    def _settle_lists(self, due: int) -> None:
        """End, or begin again, the lists in which nothing is going on any more."""
        for run in list(self.runs.values()):
            if (
                isinstance(run.cue, CueList)
                and run.phase is Phase.PLAYING
                and self.runs.get(run.cue.id) is run
                and not self._goes_on_inside(run.cue.id)
            ):
                self._iteration_over(run, due)

    def settle(self) -> None:
        """The standby pointer moved: a list may have nothing more to come."""
        if self.position is not None:
            self._settle_lists(self.position)

    def _goes_on_inside(self, holder: CueId) -> bool:
        standby = self._standing.standby
        return (
            (standby is not None and self._order.within(standby, holder))
            or any(self._order.within(arrive.cue, holder) for arrive in self.pending)
            or len(self.runs_within(holder)) > 1
        )

    def _iteration_over(self, run: Run, due: int) -> None:
        if run.plays_left is not None:
            run.plays_left -= 1
        if run.plays_left == 0 or due == run.iteration_start:
            self._body_over(run, due)
        else:
            self._enter_list(run, due)

    # ---- players

    def elapsed(self, run: Run) -> int:
        """How far into its body a run is, held ones included."""
        at = self.position if run.frozen_at is None else run.frozen_at
        return 0 if at is None else max(0, at - run.start)

    def join(self) -> None:
        """Start the players of what has begun, each from where it is by now."""
        joining, self._joining = self._joining, []
        for run in joining:
            current = self.runs.get(run.cue.id) is run and run.phase is Phase.PLAYING
            if current and not run.sounding and run.frozen_at is None:
                elapsed = self.elapsed(run)
                self.voices.sound(run, elapsed, joined=run.start < run.silent_until)
                self._fade_in(run, elapsed)

    def _fade_in(self, run: Run, elapsed: int) -> None:
        length = profile_flicks(run.cue, FadeDirection.IN)
        if length > elapsed:
            self.fade_in(run.cue, run.start + elapsed, length - elapsed)

    def _fade_out(self, run: Run, due: int) -> None:
        if run.end is not None:
            self.fade(run.cue, 0.0, due, run.end - due)

    def _fade_step(self, step: FadeStep, due: int) -> None:
        then_stop = self.voices.stops_after(step)
        following = self.voices.step(self._order[step.cue], step, due)
        if following is not None:
            self.agenda.put(following, step)
        elif then_stop:
            self.stop(step.cue)

    def reschedule(self, run: Run) -> None:
        """Put a run's moments on the agenda anew; those before do not hold any more."""
        run.version += 1
        match run.phase:
            case Phase.WAITING:
                self.agenda.put(run.start, Begin(run, run.version))
            case Phase.PLAYING:
                self._schedule_body(run)
            case Phase.TAIL if run.end is not None:
                self.agenda.put(run.end + run.cue.post_wait_flicks, Finish(run, run.version))
            case _:
                pass

    def fade(
        self,
        cue: AnyCue,
        target: float,
        at: int,
        duration: int,
        curve: Curve = Curve.LINEAR,
        *,
        then_stop: bool = False,
    ) -> None:
        """Move a cue's level from its current value to `target`."""
        step = self.voices.fade(cue, target, at, duration, curve, then_stop=then_stop)
        here = min(at + duration, self.position) if self.position is not None else at
        self.agenda.put(max(at, here) if self.catching_up else at, step)

    def fade_in(self, cue: AnyCue, at: int, duration: int) -> None:
        """Let a cue that starts at `at` come up from nothing."""
        self.voices.set_level(cue, 0.0)
        self.fade(cue, authored_level(cue), at, duration)

    def stop(self, cue: CueId) -> bool:
        """End a cue, or all of a list, now; what it would have brought about does not come."""
        runs = self.runs_within(cue)
        for run in runs:
            self.voices.hush(run)
            del self.runs[run.cue.id]
            self.telling.played(run.cue.id)
        self.pending = [
            arrive
            for arrive in self.pending
            if not self._order.within(arrive.cue, cue)
            and (arrive.by is None or arrive.by not in runs)
        ]
        self.settle()
        return bool(runs)

    def forget(self) -> None:
        """Forget every run, moment and level, telling nobody."""
        self.runs = {}
        self.agenda.clear()
        self.pending.clear()
        self._joining.clear()
        self._arrived.clear()
        self.voices.forget_levels()
