"""Keeping the opening hours: what is to be done when, whatever the clock of the machine does.

Every decision is made from the time it is now, never from the time since: a clock that is put
forward ends what is over, and what it jumped over is skipped unless it is to be caught up with; one
that is put back repeats nothing within STEP_S, and beyond that goes by the new time.
"""

from dataclasses import dataclass
from typing import TypeAlias

from cuems.core.schedule import DAY_S, Run, Schedule, next_starts, runs

PREPARE_S = 60  # before its start a project is loaded, so that the GO is on its second
GRACE_S = 10  # so late a start is still one: the machine was busy
STEP_S = 120  # a clock put back by more than this was wrong before


@dataclass(frozen=True, slots=True)
class Prepare:
    """A show is about to start: load its project."""

    run: Run


@dataclass(frozen=True, slots=True)
class Begin:
    """A show starts: GO."""

    run: Run


@dataclass(frozen=True, slots=True)
class End:
    """A show is over: stop."""

    run: Run


@dataclass(frozen=True, slots=True)
class ShutDown:
    """The day is over: let go of the outputs."""


Act: TypeAlias = Prepare | Begin | End | ShutDown


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What has to be known after a restart: the show that runs, and which start was the newest."""

    run: Run | None = None
    shut_down_s: int | None = None
    begun_s: int = 0


class Hours:
    """The opening hours being kept. Reads no clock: it is told the time, in POSIX seconds."""

    def __init__(
        self, schedule: Schedule, kept: Kept | None = None, *, enabled: bool = True
    ) -> None:
        self.schedule = schedule
        self.enabled = enabled
        self.run: Run | None = None
        self._kept = kept or Kept()
        self._shut_down_s = self._kept.shut_down_s
        self._begun_s = self._kept.begun_s
        self._prepared: Run | None = None

    @property
    def kept(self) -> Kept:
        """What to keep for a restart."""
        return Kept(run=self.run, shut_down_s=self._shut_down_s, begun_s=self._begun_s)

    def resume(self, now_s: int, *, goes_on: bool) -> tuple[Act, ...]:
        """The process starts; `goes_on`: the show of the one before is there still.

        Where it is not, a show that should run is begun again if it is one to catch up with.
        """
        run = self._kept.run
        if run is not None and (goes_on or now_s >= run.end_s):
            self.run = run
        elif run is not None and run.catch_up:
            self._begun_s = run.start_s - 1
        return self.wake(now_s)

    def wake(self, now_s: int) -> tuple[Act, ...]:
        """It is now so late: what is to be done, in order."""
        if not self.enabled:
            return ()
        if self._begun_s > now_s + STEP_S:
            self._begun_s = now_s
        acts: list[Act] = [*self._end(now_s)]
        begun = self._due(now_s)
        if begun is not None:
            self._begun_s = begun.start_s
            if self.run is not None:
                acts.append(End(self.run))
            self.run, self._shut_down_s = begun, begun.shut_down_s
            acts.append(Begin(begun))
        elif self.run is None and self._shut_down_s is not None and now_s >= self._shut_down_s:
            self._shut_down_s = None
            acts.append(ShutDown())
        else:
            acts += self._prepare(now_s)
        return tuple(acts)

    def _end(self, now_s: int) -> tuple[Act, ...]:
        run = self.run
        if run is None or run.start_s - STEP_S <= now_s < run.end_s:
            return ()
        self.run = None
        return (End(run),)

    def _due(self, now_s: int) -> Run | None:
        """The newest show that has to start now."""
        longest_s = DAY_S if any(each.catch_up for each in self.schedule.windows) else GRACE_S
        from_s = max(self._begun_s + 1, now_s - longest_s)
        due = None
        for run in runs(self.schedule, from_s):
            if run.start_s > now_s:
                break
            if now_s < run.end_s and (run.catch_up or now_s - run.start_s <= GRACE_S):
                due = run
        return due

    def _prepare(self, now_s: int) -> tuple[Act, ...]:
        run = self.next(now_s)
        is_near = run is not None and run.start_s - PREPARE_S <= now_s
        if run is None or not is_near or run == self._prepared or self.run is not None:
            return ()
        self._prepared = run
        return (Prepare(run),) if run.project else ()

    def enable(self, enabled: bool, now_s: int) -> tuple[Act, ...]:
        """Keep them from now on, or no longer: what runs by them stops at once."""
        if enabled == self.enabled:
            return ()
        self.enabled = enabled
        if enabled:
            return self.wake(now_s)
        run, self.run, self._shut_down_s, self._prepared = self.run, None, None, None
        return () if run is None else (End(run),)

    def replace(self, schedule: Schedule, now_s: int) -> tuple[Act, ...]:
        """Keep other hours; a show that runs ends when it was to end."""
        self.schedule = schedule
        self._prepared = None
        return self.wake(now_s)

    def next(self, now_s: int) -> Run | None:
        """The next show to start; None where there is none, or hours are not kept."""
        found = next_starts(self.schedule, now_s, 1) if self.enabled else []
        return found[0] if found else None

    def next_due_s(self, now_s: int) -> int | None:
        """When to look again; None: not until somebody says something."""
        if not self.enabled:
            return None
        moments = [] if self.run is None else [self.run.end_s]
        moments += [] if self._shut_down_s is None else [self._shut_down_s]
        run = self.next(now_s)
        if run is not None:
            moments += [run.start_s, run.start_s - PREPARE_S]
        return min((moment for moment in moments if moment > now_s), default=None)
