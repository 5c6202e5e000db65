"""What runs: the cues that had their turn, taken along the timecode line.

`advance` lets everything happen that has come due, each at its exact position, however coarse the
steps of the line. A locate is caught up with silently from the triggers, and what covers the new
position is joined in progress.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from cuems.core.body import iteration_flicks
from cuems.core.chains import Act, Chains, ChainTiming, Scope
from cuems.core.cues import AnyCue, CueId, CueList, Curve, PostGo
from cuems.core.effects import Effect
from cuems.core.runs import Arrive, Phase, Run, Trigger
from cuems.core.standing import Standing
from cuems.core.telling import Telling

TRIGGERS_KEPT = 1024  # to catch up from after a locate; the oldest are the least likely to sound


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
        self.paused = False
        self._standing = standing
        self._order = standing.order
        self._chains = Chains(standing, scope, timing, emit, act)
        self._triggers: list[Trigger] = []

    # ---- what others ask

    @property
    def position(self) -> int | None:
        """Where the line is; None before it was found."""
        return self._chains.position

    @property
    def telling(self) -> Telling:
        """What is told of cues."""
        return self._chains.telling

    def run_of(self, cue: CueId) -> Run | None:
        """A cue's run, if it has one."""
        return self._chains.runs.get(cue)

    def next_due(self) -> int | None:
        """The position at which something will happen by itself."""
        return None if self.paused else self._chains.agenda.next_due()

    def has_moved(self) -> bool:
        """Whether a cue has come nearer to its turn or its end since this was last asked."""
        moved, self._chains.moved = self._chains.moved, False
        return moved

    def sounding(self) -> set[CueId]:
        """The cues whose players are in use."""
        return {cue for cue, run in self._chains.runs.items() if run.sounding}

    def upcoming(self) -> Iterator[CueId]:
        """The cues whose turn, or whose body, is still to come, as far as that is settled."""
        for arrive in self._chains.pending:
            yield arrive.cue
        for run in self._chains.runs.values():
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
        self._chains.position = position
        while not self.paused and (taken := self._chains.agenda.take(position)) is not None:
            self._chains.happen(*taken)
        self._chains.join()

    def place(self, position: int) -> None:
        """The line stands somewhere else while the show is paused: what runs is not moved."""
        self._chains.position = position

    def catch_up(self, position: int, *, jumped: bool) -> None:
        """The line is somewhere else: be where the show would be had it rolled there.

        `jumped` says that the players have to be relocated too, not only those that change.
        """
        before, told = self._chains.runs, self._chains.telling.mute()
        self._chains.position = position
        self._chains.forget()
        self._chains.catching_up = True
        for trigger in self._triggers:
            self._pend_trigger(trigger, silent_until=max(position, trigger.due))
        while (taken := self._chains.agenda.take(position)) is not None:
            self._chains.happen(*taken)
        self._chains.catching_up = False
        for run in before.values():
            if run.frozen_at is not None:
                self._chains.runs[run.cue.id] = run
        self._take_over_players(before, jumped=jumped)
        self._chains.join()
        starts = {cue: run.start for cue, run in self._chains.runs.items()}
        self._chains.telling.unmute(told, starts)

    def shift(self, position: int) -> None:
        """The line is somewhere else: let everything run on as if the line had rolled there."""
        by = position - (self._chains.position if self._chains.position is not None else position)
        self._chains.position = position
        for run in self._chains.runs.values():
            run.shift(by)
            if run.frozen_at is not None:
                run.frozen_at += by
        self._chains.agenda.shift(by)
        self._triggers = [
            replace(trigger, due=trigger.due + by, arrival=trigger.arrival + by)
            for trigger in self._triggers
        ]

    def _take_over_players(self, before: dict[CueId, Run], *, jumped: bool) -> None:
        for old in before.values():
            new = self._chains.runs.get(old.cue.id)
            if not old.sounding or new is old:
                continue
            if new is None or new.phase is not Phase.PLAYING:
                self._chains.voices.hush(old)
                continue
            new.sounding = True
            if jumped or new.start != old.start:
                self._chains.voices.relocate(new, self._chains.elapsed(new))

    # ---- triggers

    def trigger(self, trigger: Trigger) -> None:
        """Give a cue its turn, and remember it for the next locate."""
        self._triggers = [*self._triggers[-TRIGGERS_KEPT:], trigger]
        self._pend_trigger(trigger, silent_until=trigger.due)
        if self._chains.position is not None:
            self.advance(self._chains.position)

    def stand_by_for_timecode(self) -> None:
        """Let the timecode cues wait for their address on the line."""
        for cue_id in self._order:
            cue = self._order[cue_id]
            if cue.timecode and self._standing.enabled(cue_id):
                trigger = Trigger(cue=cue_id, run_seq=0, due=cue.pre_wait_flicks, arrival=0)
                self._triggers.append(trigger)
                if self._chains.position is not None and trigger.due >= self._chains.position:
                    self._pend_trigger(trigger, silent_until=trigger.due)

    def _pend_trigger(self, trigger: Trigger, silent_until: int) -> None:
        arrive = Arrive(
            cue=trigger.cue,
            run_seq=trigger.run_seq,
            arrival=trigger.arrival,
            silent_until=silent_until,
        )
        self._chains.pend(arrive, trigger.due)

    # ---- interventions

    def runs_within(self, cue: CueId) -> list[Run]:
        """The runs of a cue and, for a list, of everything in it."""
        return self._chains.runs_within(cue)

    def settle(self) -> None:
        """The standby pointer may have moved: a list may have nothing more to come."""
        self._chains.settle()

    def stop(self, cue: CueId) -> bool:
        """End a cue, or all of a list, now; what it would have brought about does not come."""
        return self._chains.stop(cue)

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
        """Move a cue's level from its current value to `target`, and stop the cue if asked to."""
        self._chains.fade(cue, target, at, duration, curve, then_stop=then_stop)

    def fade_in(self, cue: AnyCue, at: int, duration: int) -> None:
        """Let a cue that starts at `at` come up from nothing."""
        self._chains.fade_in(cue, at, duration)

    def freeze(self, cue: CueId) -> bool:
        """Hold a cue, or all of a list, where it is."""
        runs = [run for run in self._chains.runs_within(cue) if run.frozen_at is None]
        for run in runs:
            run.frozen_at = self._chains.position
            run.version += 1
            self._chains.voices.freeze(run)
        return bool(runs)

    def unfreeze(self, cue: CueId) -> bool:
        """Let a frozen cue, or all of a list, go on; it runs that much later from now on."""
        runs = [run for run in self._chains.runs_within(cue) if run.frozen_at is not None]
        for run in runs:
            self._chains.voices.unfreeze(run, self._chains.elapsed(run))
            if self._chains.position is not None and run.frozen_at is not None:
                run.shift(self._chains.position - run.frozen_at)
            run.frozen_at = None
            self._chains.reschedule(run)
        return bool(runs)

    def devamp(self, cue: CueId) -> bool:
        """Let a looping cue end with the iteration that is running."""
        run = self._chains.runs.get(cue)
        if run is None or self._chains.position is None:
            return False
        if isinstance(run.cue, CueList):
            released, run.plays_left = run.plays_left != 1, 1
            return released
        once = iteration_flicks(run.cue)
        if not once or run.cue.loop == 1 or run.phase is not Phase.PLAYING:
            return False
        end = run.start + (self._chains.elapsed(run) // once + 1) * once
        released, run.end = run.end is None or end < run.end, end
        self._chains.reschedule(run)
        return released

    def silence_from_here(self, duration: int) -> None:
        """Fade everything out; nothing new has its turn."""
        self._chains.pending.clear()
        for run in list(self._chains.runs.values()):
            if run.phase is Phase.WAITING:
                self._chains.stop(run.cue.id)
            elif run.sounding and self._chains.position is not None:
                self._chains.fade(run.cue, 0.0, self._chains.position, duration)

    def pause(self) -> None:
        """The line stands: hold every player."""
        self.paused = True
        for run in self._chains.runs.values():
            if run.frozen_at is None:
                self._chains.voices.freeze(run)

    def resume(self) -> None:
        """The line rolls on: let every player go on that is not frozen on its own."""
        self.paused = False
        for run in self._chains.runs.values():
            if run.frozen_at is None:
                self._chains.voices.unfreeze(run, self._chains.elapsed(run))

    def clear(self) -> None:
        """Silence everything and forget what was triggered."""
        for run in self._chains.runs.values():
            self._chains.voices.hush(run)
        self._chains.runs = {}
        self._triggers = []
        self.paused = False
        self._chains.forget()
        self._chains.telling.reset_all()
        self.stand_by_for_timecode()
