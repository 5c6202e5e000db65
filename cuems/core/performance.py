"""What runs: the cues that had their turn, moved along the timecode line.

One run a cue. Its moments wait on an agenda; `advance` lets those happen that have come due, each
at its exact position, however coarse the steps of the line. A locate is caught up with silently
from the triggers, and what covers the new position is joined in progress.
"""

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from cuems.core.agenda import Agenda
from cuems.core.body import body_flicks, iteration_flicks, plays
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
    Trigger,
)
from cuems.core.standing import Standing
from cuems.core.telling import Telling
from cuems.core.timecode import from_ms
from cuems.core.voices import Voices, authored_level, profile_flicks

PROGRESS_FLICKS = from_ms(250)  # percent moves at most at 4 Hz a cue
TRIGGERS_KEPT = 1024  # to catch up from after a locate; the oldest are the least likely to sound

Act = Callable[[ActionCue | FadeCue, int, int], None]


class ChainTiming(Enum):
    """When the turn of a `go` cue's successor comes (interop.md 13.1)."""

    SEQUENTIAL = "sequential"  # at the cue's start plus its post-wait
    SHARED = "shared"  # at the cue's own arrival


@dataclass(frozen=True, slots=True)
class Scope:
    """Which cues this machine has players for, and which it reports on."""

    plays: Container[CueId]
    tells: Container[CueId]


class Performance:
    """The runs of a show, on one machine. `act` is asked to do what action and fade cues say."""

    def __init__(
        self,
        standing: Standing,
        scope: Scope,
        timing: ChainTiming,
        emit: Callable[[Effect], None],
        act: Act,
    ) -> None:
        self.position: int | None = None
        self.paused = False
        self.telling = Telling(scope.tells, emit)
        self._standing = standing
        self._order = standing.order
        self._timing = timing
        self._act = act
        self._voices = Voices(scope.plays, emit)
        self._runs: dict[CueId, Run] = {}
        self._agenda: Agenda[Moment] = Agenda()
        self._pending: list[Arrive] = []
        self._joining: list[Run] = []
        self._catching_up = False
        self._arrived: dict[CueId, tuple[int, int]] = {}
        self._triggers: list[Trigger] = []
        self._moved = True

    # ---- what others ask

    def run_of(self, cue: CueId) -> Run | None:
        """A cue's run, if it has one."""
        return self._runs.get(cue)

    def runs_within(self, cue: CueId) -> list[Run]:
        """The runs of a cue and, for a list, of everything in it."""
        return [run for run in self._runs.values() if self._order.within(run.cue.id, cue)]

    def next_due(self) -> int | None:
        """The position at which something will happen by itself."""
        return None if self.paused else self._agenda.next_due()

    def has_moved(self) -> bool:
        """Whether a cue has come nearer to its turn or its end since this was last asked."""
        moved, self._moved = self._moved, False
        return moved

    def sounding(self) -> set[CueId]:
        """The cues whose players are in use."""
        return {cue for cue, run in self._runs.items() if run.sounding}

    def upcoming(self) -> Iterator[CueId]:
        """The cues whose turn, or whose body, is still to come, as far as that is settled."""
        for arrive in self._pending:
            yield arrive.cue
        for run in self._runs.values():
            if run.phase is Phase.WAITING:
                yield run.cue.id
            if run.cue.post_go is PostGo.GO_AT_END and not run.handed_over:
                following = self._order.next(run.cue.id, self._standing.enabled)
                yield from () if following is None else (following,)
            if isinstance(run.cue, CueList) and run.plays_left != 1:
                first = self._order.first_child(run.cue.id, self._standing.enabled)
                yield from () if first is None else (first,)

    # ---- the line

    def advance(self, position: int) -> None:
        """The line has rolled on: let what has come due happen."""
        if self.paused:
            return
        self.position = position
        while not self.paused and (taken := self._agenda.take(position)) is not None:
            self._happen(*taken)
        self._join()

    def catch_up(self, position: int, *, jumped: bool) -> None:
        """The line is somewhere else: be where the show would be had it rolled there.

        `jumped` says that the players have to be relocated too, not only those that change.
        """
        before, told = self._runs, self.telling.mute()
        self.position = position
        self._forget_moments()
        self._catching_up = True
        for trigger in self._triggers:
            self._pend_trigger(trigger, silent_until=max(position, trigger.due))
        while (taken := self._agenda.take(position)) is not None:
            self._happen(*taken)
        self._catching_up = False
        for run in before.values():
            if run.frozen_at is not None:
                self._runs[run.cue.id] = run
        self._take_over_players(before, jumped=jumped)
        self._join()
        self.telling.unmute(told, {cue: run.start for cue, run in self._runs.items()})

    def shift(self, position: int) -> None:
        """The line is somewhere else: let everything run on as if the line had rolled there."""
        by = position - (self.position if self.position is not None else position)
        self.position = position
        for run in self._runs.values():
            run.shift(by)
            if run.frozen_at is not None:
                run.frozen_at += by
        self._agenda.shift(by)
        self._triggers = [
            Trigger(cue=t.cue, run_seq=t.run_seq, due=t.due + by, arrival=t.arrival + by)
            for t in self._triggers
        ]

    def _take_over_players(self, before: dict[CueId, Run], *, jumped: bool) -> None:
        for old in before.values():
            new = self._runs.get(old.cue.id)
            if not old.sounding or new is old:
                continue
            if new is None or new.phase is not Phase.PLAYING:
                self._voices.hush(old)
                continue
            new.sounding = True
            if jumped or new.start != old.start:
                self._voices.relocate(new, self._elapsed(new))

    # ---- triggers

    def trigger(self, trigger: Trigger) -> None:
        """Give a cue its turn, and remember it for the next locate."""
        self._triggers = [*self._triggers[-TRIGGERS_KEPT:], trigger]
        self._pend_trigger(trigger, silent_until=trigger.due)
        if self.position is not None:
            self.advance(self.position)

    def stand_by_for_timecode(self) -> None:
        """Let the timecode cues wait for their address on the line."""
        for cue_id in self._order:
            cue = self._order[cue_id]
            if cue.timecode and self._standing.enabled(cue_id):
                trigger = Trigger(cue=cue_id, run_seq=0, due=cue.pre_wait_flicks, arrival=0)
                self._triggers.append(trigger)
                if self.position is not None and trigger.due >= self.position:
                    self._pend_trigger(trigger, silent_until=trigger.due)

    def _pend_trigger(self, trigger: Trigger, silent_until: int) -> None:
        arrive = Arrive(
            cue=trigger.cue,
            run_seq=trigger.run_seq,
            arrival=trigger.arrival,
            silent_until=silent_until,
        )
        self._pend(arrive, trigger.due)

    def _pend(self, arrive: Arrive, due: int) -> None:
        self._pending.append(arrive)
        self._agenda.put(due, arrive)

    # ---- moments

    def _happen(self, due: int, moment: Moment) -> None:
        match moment:
            case Arrive():
                self._moved = True
                if moment in self._pending:
                    self._pending.remove(moment)
                    self._arrive(moment)
                    self._settle_lists(due)
            case FadeStep():
                self._fade_step(moment, due)
            case _:
                if self._holds(moment):
                    self._live(moment, due)

    def _holds(self, moment: RunMoment) -> bool:
        run = moment.run
        return self._runs.get(run.cue.id) is run and run.version == moment.version

    def _live(self, moment: RunMoment, due: int) -> None:
        self._moved = self._moved or not isinstance(moment, Tick)
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
        replaced = self._runs.get(cue_id)
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
        self._runs[cue_id] = run
        self.telling.running(cue_id, run.start)
        self._agenda.put(run.start, Begin(run, run.version))
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
        self._pending = [arrive for arrive in self._pending if arrive.by is not replaced]
        if replaced.sounding and not self._catching_up:
            if run.cue.pre_wait_flicks:
                self._voices.hush(replaced)
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
                if not silent:
                    self._act(cue, run.run_seq, due)
            case _:
                pass
        if self._runs.get(run.cue.id) is not run:
            return  # its own action stopped it
        body = body_flicks(run.cue)
        run.end = None if body is None else run.start + body
        if has_player(run.cue):
            self._joining.append(run)
            if not silent and not self._catching_up:
                self._join()
        self._schedule_body(run)

    def _schedule_body(self, run: Run) -> None:
        if run.end is None or run.body is None:
            return
        self._agenda.put(run.end, BodyOver(run, run.version))
        if run.cue.id in self.telling.tells and run.body:
            due = max(run.start + PROGRESS_FLICKS, run.silent_until)
            self._agenda.put(due, Tick(run, run.version))
        fade_out = profile_flicks(run.cue, FadeDirection.OUT)
        if fade_out:
            self._agenda.put(max(run.start, run.end - fade_out), FadeOutBegins(run, run.version))

    def _body_over(self, run: Run, due: int) -> None:
        run.phase = Phase.TAIL
        run.end = due
        self._voices.hush(run)
        wait = 0 if run.cue.post_go is PostGo.GO else run.cue.post_wait_flicks
        if wait:
            self._agenda.put(due + wait, Finish(run, run.version))
        else:
            self._finish(run, due)

    def _finish(self, run: Run, due: int) -> None:
        del self._runs[run.cue.id]
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
        self._agenda.put(due + max(PROGRESS_FLICKS, run.body // 100), Tick(run, run.version))

    def _hand_over(self, run: Run, arrival: int) -> None:
        """Give the turn to a cue's successor; a chain that leaves a list does so for the list."""
        successor = self._order.successor(run.cue.id)
        if successor is None or run.handed_over:
            return
        for holder in self._order.lists_around(run.cue.id):
            if self._order.within(successor, holder):
                break
            listing = self._runs.get(holder)
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
        self._pend(arrive, arrival)

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
            self._pend(arrive, due)

    def _settle_lists(self, due: int) -> None:
        """End, or begin again, the lists in which nothing is going on any more."""
        for run in list(self._runs.values()):
            if (
                isinstance(run.cue, CueList)
                and run.phase is Phase.PLAYING
                and self._runs.get(run.cue.id) is run
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
            or any(self._order.within(arrive.cue, holder) for arrive in self._pending)
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

    def _elapsed(self, run: Run) -> int:
        at = self.position if run.frozen_at is None else run.frozen_at
        return 0 if at is None else max(0, at - run.start)

    def _join(self) -> None:
        """Start the players of what has begun, each from where it is by now."""
        joining, self._joining = self._joining, []
        for run in joining:
            current = self._runs.get(run.cue.id) is run and run.phase is Phase.PLAYING
            if current and not run.sounding and run.frozen_at is None:
                elapsed = self._elapsed(run)
                self._voices.sound(run, elapsed, joined=run.start < run.silent_until)
                self._fade_in(run, elapsed)

    def _fade_in(self, run: Run, elapsed: int) -> None:
        length = profile_flicks(run.cue, FadeDirection.IN)
        if length > elapsed:
            self.fade_in(run.cue, run.start + elapsed, length - elapsed)

    def _fade_out(self, run: Run, due: int) -> None:
        if run.end is not None:
            self.fade(run.cue, 0.0, due, run.end - due)

    def _fade_step(self, step: FadeStep, due: int) -> None:
        then_stop = self._voices.stops_after(step)
        following = self._voices.step(self._order[step.cue], step, due)
        if following is not None:
            self._agenda.put(following, step)
        elif then_stop:
            self.stop(step.cue)

    # ---- interventions

    def stop(self, cue: CueId) -> bool:
        """End a cue, or all of a list, now; what it would have brought about does not come."""
        runs = self.runs_within(cue)
        for run in runs:
            self._voices.hush(run)
            del self._runs[run.cue.id]
            self.telling.played(run.cue.id)
        self._pending = [
            arrive
            for arrive in self._pending
            if not self._order.within(arrive.cue, cue)
            and (arrive.by is None or arrive.by not in runs)
        ]
        self.settle()
        return bool(runs)

    def freeze(self, cue: CueId) -> bool:
        """Hold a cue, or all of a list, where it is."""
        runs = [run for run in self.runs_within(cue) if run.frozen_at is None]
        for run in runs:
            run.frozen_at = self.position
            run.version += 1
            self._voices.freeze(run)
        return bool(runs)

    def unfreeze(self, cue: CueId) -> bool:
        """Let a frozen cue, or all of a list, go on; it runs that much later from now on."""
        runs = [run for run in self.runs_within(cue) if run.frozen_at is not None]
        for run in runs:
            self._voices.unfreeze(run, self._elapsed(run))
            if self.position is not None and run.frozen_at is not None:
                run.shift(self.position - run.frozen_at)
            run.frozen_at = None
            self._reschedule(run)
        return bool(runs)

    def _reschedule(self, run: Run) -> None:
        run.version += 1
        match run.phase:
            case Phase.WAITING:
                self._agenda.put(run.start, Begin(run, run.version))
            case Phase.PLAYING:
                self._schedule_body(run)
            case Phase.TAIL if run.end is not None:
                self._agenda.put(run.end + run.cue.post_wait_flicks, Finish(run, run.version))
            case _:
                pass

    def devamp(self, cue: CueId) -> bool:
        """Let a looping cue end with the iteration that is running."""
        run = self._runs.get(cue)
        if run is None or self.position is None:
            return False
        if isinstance(run.cue, CueList):
            released, run.plays_left = run.plays_left != 1, 1
            return released
        once = iteration_flicks(run.cue)
        if not once or run.cue.loop == 1 or run.phase is not Phase.PLAYING:
            return False
        end = run.start + (self._elapsed(run) // once + 1) * once
        released, run.end = run.end is None or end < run.end, end
        self._reschedule(run)
        return released

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
        step = self._voices.fade(cue, target, at, duration, curve, then_stop=then_stop)
        self._agenda.put(at, step)

    def fade_in(self, cue: AnyCue, at: int, duration: int) -> None:
        """Let a cue that starts at `at` come up from nothing."""
        self._voices.set_level(cue, 0.0)
        self.fade(cue, authored_level(cue), at, duration)

    def silence_from_here(self, duration: int) -> None:
        """Fade everything out; nothing new has its turn."""
        self._pending.clear()
        for run in list(self._runs.values()):
            if run.phase is Phase.WAITING:
                self.stop(run.cue.id)
            elif run.sounding and self.position is not None:
                self.fade(run.cue, 0.0, self.position, duration)

    def pause(self) -> None:
        """The line stands: hold every player."""
        self.paused = True
        for run in self._runs.values():
            if run.frozen_at is None:
                self._voices.freeze(run)

    def resume(self) -> None:
        """The line rolls on: let every player go on that is not frozen on its own."""
        self.paused = False
        for run in self._runs.values():
            if run.frozen_at is None:
                self._voices.unfreeze(run, self._elapsed(run))

    def clear(self) -> None:
        """Silence everything and forget what was triggered."""
        for run in self._runs.values():
            self._voices.hush(run)
        self._runs = {}
        self._triggers = []
        self.paused = False
        self._forget_moments()
        self.telling.reset_all()
        self.stand_by_for_timecode()

    def _forget_moments(self) -> None:
        self._runs = {}
        self._agenda.clear()
        self._pending.clear()
        self._joining.clear()
        self._arrived.clear()
        self._voices.forget_levels()
