"""What runs: the cues that had their turn, taken along the timecode line.

`advance` lets everything happen that has come due, each at its exact position, however coarse the
steps of the line. A jump forward is rolled over in silence, a jump back is caught up with in
silence from the first trigger on; what covers the new position is then joined in progress.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from cuems.core.body import iteration_flicks
from cuems.core.chains import Act, Chains, ChainTiming, Scope
from cuems.core.cuelist import has_player, wait_before
from cuems.core.cues import AnyCue, CueId, CueList, Curve, PostGo
from cuems.core.effects import Effect
from cuems.core.runs import Address, Arrive, FadeStep, Phase, Run, Tick, Trigger, Turn, Word
from cuems.core.standing import Standing
from cuems.core.telling import Telling
from cuems.core.timecode import from_ms
from cuems.core.timetable import Timetable

ON_TIME_FLICKS = from_ms(80)  # two frames: who hears of a resume within it has missed nothing
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
        self._roster = self._chains.roster
        self._voices = self._chains.voices
        self._timetable = Timetable(standing.order, self._roster.agenda)
        self._triggers: deque[Trigger] = deque(maxlen=TRIGGERS_KEPT)
        self._begun_at: int | None = None  # what timecode was to start before has not been
        self._happened_at: int | None = None  # when anything last began, ended or had its turn
        self._guessed = False  # words were obeyed where the line was not known
        self._there_since: int | None = None  # where the line was when it was first known here
        self._behind = False  # players are not where the line is, which was lost
        self._forgets = True  # words that change nothing, also where they hold in silence
        self._rolled_to: int | None = None  # where it has got to while the show was paused here

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
        return self._roster.runs.get(cue)

    def runs_within(self, cue: CueId) -> list[Run]:
        """The runs of a cue and, for a list, of everything in it."""
        return self._roster.runs_within(cue)

    def next_due(self) -> int | None:
        """The position at which something will happen by itself."""
        return None if self.paused else self._roster.agenda.next_due()

    @property
    def next_is_exact(self) -> bool:
        """Whether what is due next would be missed: no step of a fade, and no percentage."""
        return not isinstance(self._roster.agenda.first, FadeStep | Tick)

    def has_moved(self) -> bool:
        """Whether a cue has come nearer to its turn or its end since this was last asked."""
        moved, self._chains.moved = self._chains.moved, False
        return moved

    def goes_on(self) -> bool:
        """Whether anything runs, is to have its turn, or has left its lights on."""
        return bool(self._roster.runs or self._roster.turns or self._chains.looks)

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """The words from which everything that runs has come, the oldest first."""
        return tuple(self._triggers)

    @property
    def begun_at(self) -> int | None:
        """What timecode was to start before this has not been; 0: it counts from the top."""
        return self._begun_at or 0

    def begins_as(self, begun_at: int | None) -> bool:
        """Whether timecode has started the same as where it counts from there (None: not said)."""
        return begun_at is None or self._timetable.begins_alike(self._begun_at, begun_at)

    def held(self) -> dict[CueId, None]:
        """The cues that are paused on their own."""
        runs = self._roster.runs
        return {cue: None for cue, run in runs.items() if run.frozen_at is not None}

    def sounding(self) -> set[CueId]:
        """The cues whose players are in use."""
        return set(self._voices.playing)

    def upcoming(self) -> Iterator[CueId]:
        """The cues whose turn, or whose body, is still to come, as far as that is settled."""
        yield from self._timetable.ahead()
        for turn in self._roster.turns:
            yield turn.cue
        for run in self._roster.runs.values():
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
            self._rolled_to = position
            return
        self._chains.position = position
        self._run_to(position)
        if not self.paused:
            self._chains.join()

    def _run_to(self, position: int) -> None:
        while not self.paused or self._chains.silent:
            taken = self._roster.agenda.take(position)
            if taken is None:
                return
            due, moment = taken
            if not isinstance(moment, Tick | FadeStep):
                self._happened_at = due
            if isinstance(moment, Trigger):
                self._obey(moment, due)
            elif not isinstance(moment, Address):
                self._chains.happen(due, moment)
            elif (turn := self._timetable.turn(moment)) is not None:
                self._roster.turn_to(turn)

    def begin_at(self, position: int | None) -> None:
        """Before the line is known: what timecode was to start before a position has not been."""
        self._begun_at = position

    def restore(self, triggers: Iterable[Trigger], begun_at: int | None, *, stays: bool) -> None:
        """Have another machine's words instead of ours; join in progress what runs by them.

        Unless it `stays` paused, where the line has got to meanwhile.
        """
        self._triggers = deque(triggers, maxlen=TRIGGERS_KEPT)
        self._begun_at = self._begun_at if begun_at is None else begun_at
        here, rolled_to = self._chains.position, self._rolled_to
        if here is not None:
            there = here if stays or rolled_to is None else max(here, rolled_to)
            self.catch_up(there, jumped=False, afresh=True)

    def catch_up(
        self, position: int, *, jumped: bool, late: bool = False, afresh: bool = False
    ) -> None:
        """The line is somewhere else: be where the show would be had it rolled there.

        `jumped` says that the players have to be relocated too, not only those that change;
        `late` that the line has rolled there all the same; `afresh` that nothing of what has run
        so far counts.
        """
        here, starts = self._chains.position, self._voices.set_aside()
        rewound = afresh or self._guessed or here is None or position < here
        if self._begun_at is not None and (late or afresh or here is None):
            self._begun_at = min(self._begun_at, position)
        elif rewound and not self._guessed:
            self._begun_at = None
        self._guessed, self._rolled_to = False, None
        told = self.telling.mute(afresh=rewound)
        if here is None or (self._there_since is not None and position < self._there_since):
            self._there_since = position
        if jumped and not late:
            self._there_since = position  # what it went past was nobody's fault
            self._voices.forget_heard(since=position)
        self._chains.passed = position if jumped and not late else self._there_since
        self._forgets = not rewound or late or afresh or here is None
        jumped, self._behind = jumped or self._behind, False
        self._chains.position = position
        self._chains.silent = True
        if rewound:
            self._rewind(position)
        else:
            self._run_to(position - 1)
        self._chains.silent = False
        self._take_up_players(starts, jumped=jumped)
        runs = self._roster.runs
        self.telling.unmute(told, {cue: run.start for cue, run in runs.items()})
        if rewound:  # where the line stands, this is all that is told of them
            for cue, run in runs.items():
                self.telling.progress(cue, run.percent)
        self.advance(position)

    def _rewind(self, position: int) -> None:
        """Run the show from its first trigger on; the standby pointer follows, and comes back."""
        pointer = self._standing.pointer
        self._chains.forget()
        self._standing.move_to_top()
        self._happened_at = None
        if self._begun_at is not None and self._begun_at <= position:
            self._timetable.begin_at(self._begun_at)
        else:
            self._timetable.begin_at_top()
        self._chains.rewound = True
        for trigger in sorted(self._triggers, key=lambda trigger: trigger.entered):
            self._run_to(min(trigger.entered, position - 1))
            self._wait_for(trigger)
        self._run_to(position - 1)
        self._chains.rewound = False
        waiting = [run for run in self._roster.lists() if self._roster.stands_by_inside(run)]
        self._standing.put(pointer)
        for listing in waiting:
            listing.open_at = self._standing.version

    def _take_up_players(self, starts: dict[CueId, int], *, jumped: bool) -> None:
        runs = self._roster.runs
        kept = {cue: run for cue, run in runs.items() if run.phase is Phase.PLAYING}
        self._voices.take_up(run for cue, run in kept.items() if cue in starts)
        for cue, start in starts.items():
            if cue in self._chains.looks and cue not in kept:
                self._voices.settle_look(cue, self._chains.looks.start(cue), self.position or 0)
                continue
            if cue not in kept:
                self._voices.dismiss(cue)
                continue
            run, elapsed = kept[cue], self._chains.elapsed(kept[cue])
            if jumped or run.start != start:
                self._voices.relocate(run, elapsed)
            if run.frozen_at is not None:
                self._voices.freeze(run)
            elif not self.paused:
                self._voices.unfreeze(run, elapsed)
            self._voices.bring_to(run.cue, self._chains.level(run.cue))
        self._chains.light(paused=self.paused)
        if not self.paused:
            self._chains.join()

    def shift(self, position: int) -> None:
        """The line is somewhere else: let everything run on as if the line had rolled there.

        Timecode cues keep their addresses; those that the jump has passed over do not come.
        """
        by = position - (self._chains.position if self._chains.position is not None else position)
        self._chains.position = position
        self._chains.shift(by)
        self._happened_at = None if self._happened_at is None else self._happened_at + by
        self._there_since = None if self._there_since is None else self._there_since + by
        self._begin_timetable(position)
        self._triggers = deque((t.shifted(by) for t in self._triggers), maxlen=TRIGGERS_KEPT)

    # ---- turns

    def go(self, cue: CueId, *, run_seq: int, at: int, into: int) -> None:
        """Give a cue its turn at a position, its chain `into` flicks old by then."""
        here = at if self._chains.position is None else self._chains.position
        trigger = Trigger(cue=cue, run_seq=run_seq, given=here, due=at, arrival=at - into)
        self._triggers.append(trigger)
        self._turn_to(trigger)
        self.advance(here)

    def intervene(self, word: Word, cue: CueId, *, run_seq: int, at: int, stands: bool) -> None:
        """Have a word on one cue hold at a position; at once where the line `stands`, or pauses.

        Coming late, it is made up for: what it would have kept from happening has not been. Where
        the line is not known the show is gone through again, word by word, as soon as it is.
        """
        here = at if self._chains.position is None else self._chains.position
        trigger = Trigger(cue=cue, run_seq=run_seq, given=here, due=at, arrival=at, word=word)
        self._triggers.append(trigger)
        if stands and word is not Word.RESUME:
            self._guessed = True
            self._say(trigger, min(at, here - 1))
        elif self.paused and word is not Word.RESUME:
            self._obey(trigger, at)
        elif at >= here:
            self._wait_for(trigger)
            self.advance(here)
        elif self._happened_at is None or self._happened_at <= at:
            self._obey(trigger, at)  # nothing has been since then
            self.advance(here)
        elif self._chains.position is not None:
            self.catch_up(here, jumped=False, afresh=True)

    def _wait_for(self, trigger: Trigger) -> None:
        if trigger.word is Word.GO:
            self._turn_to(trigger)
        else:
            self._roster.agenda.put(trigger.due, trigger, last=True)

    def _obey(self, trigger: Trigger, at: int) -> None:
        """Do what is said of a cue. What changed nothing has brought nothing about: forget it.

        But not where the line has jumped back: it may have had its effect as things stood then.
        """
        if not self._say(trigger, at) and (self._forgets or not self._chains.silent):
            others = [kept for kept in self._triggers if kept != trigger]
            self._triggers = deque(others, maxlen=TRIGGERS_KEPT)

    def _say(self, trigger: Trigger, at: int) -> bool:
        """Do what is said of a cue; whether that has changed anything."""
        self._chains.moved = True
        said = {Word.STOP: self.stop, Word.PAUSE: self.freeze, Word.RESUME: self.unfreeze}
        return said[trigger.word](trigger.cue, at)

    def _turn_to(self, trigger: Trigger) -> None:
        turn = Turn(
            cue=trigger.cue,
            run_seq=trigger.run_seq,
            due=trigger.due,
            arrival=trigger.arrival,
            silent_until=trigger.due,
            go=True,
        )
        self._roster.turn_to(turn)

    def play(self, cue: AnyCue, by: Run, at: int, *, fade_in: int = 0) -> None:
        """Give a cue its turn by an action, coming up from nothing if asked to."""
        if fade_in:
            start = at + wait_before(cue)
            self._chains.levels.rise(cue, start, fade_in, quiet_until=self._quiet_until(by))
        turn = Turn(
            cue=cue.id, run_seq=by.run_seq, due=at, arrival=at, silent_until=by.silent_until
        )
        self._roster.turn_to(turn)

    def _quiet_until(self, by: Run) -> int | None:
        return self._chains.position if self._chains.silent else by.silent_until

    # ---- interventions

    def settle(self) -> None:
        """The standby pointer may have moved: a list may have nothing more to come."""
        if self._chains.position is not None:
            self._chains.settle(self._chains.position)

    def stop(self, cue: CueId, at: int) -> bool:
        """End a cue, or all of a list, now; what it would have brought about does not come."""
        return self._chains.stop(cue, at)

    def fade(
        self,
        cue: AnyCue,
        target: float,
        by: Run,
        at: int,
        duration: int,
        curve: Curve = Curve.LINEAR,
        *,
        then_stop: bool = False,
    ) -> None:
        """Move a cue's level from its current value to `target`, and stop the cue if asked to."""
        self._chains.levels.fade_to(
            cue,
            target,
            at,
            duration,
            curve,
            then_stop=then_stop,
            quiet_until=self._quiet_until(by),
        )

    def freeze(self, cue: CueId, at: int) -> bool:
        """Hold a cue, or all of a list and what is to come in it, where it is."""
        runs = [run for run in self._roster.runs_within(cue) if run.frozen_at is None]
        turns = [turn for turn in self._roster.turns_within(cue) if turn.frozen_at is None]
        parts: list[Run | Turn] = [*runs, *turns]
        for part in parts:
            part.frozen_at = at
            part.version += 1
        for run in runs:
            self._chains.levels.hold(run.cue.id, at)
            self._voices.freeze(run)
        return bool(runs or turns)

    def unfreeze(self, cue: CueId, at: int) -> bool:
        """Let a frozen cue, or all of a list, go on; it runs that much later from now on."""
        runs = [run for run in self._roster.runs_within(cue) if run.frozen_at is not None]
        for run in runs:
            elapsed = self._chains.elapsed(run)
            run.shift(at - (at if run.frozen_at is None else run.frozen_at))
            run.frozen_at = None
            self._chains.levels.release(run.cue.id, at)
            self._chains.reschedule(run, at)
            self._voices.unfreeze(run, elapsed)
        turns = [turn for turn in self._roster.turns_within(cue) if turn.frozen_at is not None]
        for turn in turns:
            turn.shift(at - (at if turn.frozen_at is None else turn.frozen_at))
            turn.frozen_at = None
            self._roster.agenda.put(turn.due, Arrive(turn, turn.version))
        if not self._chains.silent:
            self._chains.join(run for run in runs if has_player(run.cue))
        return bool(runs or turns)

    def devamp(self, cue: CueId, at: int) -> bool:
        """Let a looping cue end with the iteration that is running."""
        run = self._roster.runs.get(cue)
        if run is None:
            return False
        if isinstance(run.cue, CueList):
            released, run.plays_left = run.plays_left != 1, 1
            return released
        once = iteration_flicks(run.cue)
        if not once or run.cue.loop == 1 or run.phase is not Phase.PLAYING:
            return False
        here = at if run.frozen_at is None else run.frozen_at
        end = run.start + ((here - run.start) // once + 1) * once
        if run.end is not None and run.end <= end:
            return False
        run.end = end
        if run.frozen_at is None:
            self._chains.reschedule(run, at)
        return True

    def silence_from_here(self, duration: int) -> None:
        """Fade everything out; nothing new has its turn."""
        here = self._chains.position or 0
        self._roster.closed = True
        self._roster.turns.clear()
        for run in list(self._roster.runs.values()):
            if run.phase is Phase.WAITING and self._roster.holds(run):
                self._chains.stop(run.cue.id, here)
            elif run.phase is Phase.PLAYING and has_player(run.cue):
                self._chains.levels.fade_to(run.cue, 0.0, here, duration)
        self._voices.black_out(duration)

    def pause(self) -> None:
        """The line stands: hold every player."""
        self.paused = True
        for run in list(self._voices.playing.values()):
            self._voices.freeze(run)

    def resume(self, *, trusted: bool) -> None:
        """The line rolls on: let every player go on that is not frozen on its own.

        Where it has been rolling for some time, of which we hear only now, that is caught up with;
        where the line is not `trusted` as soon as it is found.
        """
        self.paused = False
        here, rolled_to, self._rolled_to = self._chains.position, self._rolled_to, None
        if here is not None and rolled_to is not None and rolled_to - here > ON_TIME_FLICKS:
            if trusted:
                self.catch_up(rolled_to, jumped=False)
                return
            self._behind = True
        for run in list(self._voices.playing.values()):
            if run.frozen_at is None:
                self._voices.unfreeze(run, self._chains.elapsed(run))
        self._chains.join()

    def clear(self) -> None:
        """Silence everything and forget what was triggered."""
        for run in list(self._voices.playing.values()):
            self._voices.hush(run)
            self._voices.left(run.cue.id)  # for good: what timecode starts now starts afresh
        self._voices.go_dark()
        self._chains.forget()
        self._triggers.clear()
        self.paused = self._roster.closed = self._guessed = False
        self._happened_at = self._there_since = self._rolled_to = None
        self._voices.forget_heard()
        self.telling.reset_all()
        if self._chains.position is not None:
            self._begin_timetable(self._chains.position)

    def _begin_timetable(self, position: int) -> None:
        self._begun_at = position
        self._timetable.begin_at(position)

    def broke(self, cue: CueId) -> None:
        """A cue's player is gone by itself."""
        self._voices.broke(cue)

    def left(self, cue: CueId) -> None:
        """A stopped cue's player is gone."""
        self._voices.left(cue)
