"""Opening hours: windows of the week, and in each the exact moments at which a show starts.

Moments are whole seconds of POSIX time, so that a day with 23 or 25 hours needs no rule of its
own: a window opens at the first moment at which a clock on the wall shows its start or later, and
closes at the last at which it shows its end. Both are inclusive. In between a show starts every
`every_s` real seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from heapq import merge
from itertools import islice

from cuems.core.errors import CuemsError

DAY_S = 24 * 3600
HORIZON_DAYS = 400  # a window that opens on none of them never does
EVERY_DAY = frozenset(range(7))


class ScheduleError(CuemsError):
    """Opening hours that cannot be kept; the text names place, value and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When shows start; `days` are those it opens on, 0 for Monday.

    An `end` before `start` is of the next day. `every_s` 0: one start, when it opens. `run_s` 0: a
    show runs until the next start, the last one until the window closes; otherwise one that starts
    at closing time is still played out. `catch_up`: a start that has passed is made up for, as
    long as its show would still run. `shut_down`: outputs are let go of when all is over.
    """

    name: str
    zone: tzinfo
    start: time
    end: time
    days: frozenset[int] = EVERY_DAY
    project: str = ""
    run_s: int = 0
    every_s: int = 0
    catch_up: bool = False
    shut_down: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoStart:
    """What is done when the controller starts: a project, its GO, units of systemd."""

    project: str = ""
    go: bool = False
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The opening hours of a rig; no window opens on a day in `closed`."""

    windows: tuple[Window, ...] = ()
    closed: frozenset[date] = frozenset()
    auto_start: AutoStart = AutoStart()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One show from `start_s` to before `end_s`.

    After the last of a day with outputs to be let go of, that is done at `shut_down_s`.
    """

    start_s: int
    end_s: int
    window: str
    project: str
    catch_up: bool = False
    shut_down_s: int | None = None


# ---- which moments


def runs(schedule: Schedule, from_s: int) -> Iterator[Run]:
    """The shows that start at `from_s` or later, in their order, as far as the horizon."""
    each = (_runs_from(window, schedule.closed, from_s) for window in schedule.windows)
    return merge(*each, key=lambda run: run.start_s)


def _runs_from(window: Window, closed: frozenset[date], from_s: int) -> Iterator[Run]:
    first = datetime.fromtimestamp(from_s, UTC).date() - timedelta(days=2)
    for number in range(HORIZON_DAYS):
        day = first + timedelta(days=number)
        if day.weekday() in window.days and day not in closed:
            yield from runs_of_day(window, day, from_s)


def runs_of_day(window: Window, day: date, from_s: int = 0) -> Iterator[Run]:
    """The shows of a window that opens on a day, those that start at `from_s` or later."""
    opens_s, closes_s = hours(window, day)
    last_s = closes_s if window.run_s else closes_s - 1
    step_s = window.every_s or max(1, closes_s + 1 - opens_s)
    starts = range(opens_s, last_s + 1, step_s)
    for start_s in starts[max(0, -((opens_s - from_s) // step_s)) :]:
        end_s = start_s + (window.run_s or min(step_s, closes_s - start_s))
        ends_day = window.shut_down and start_s == starts[-1]
        yield Run(
            start_s=start_s,
            end_s=end_s,
            window=window.name,
            project=window.project,
            catch_up=window.catch_up,
            shut_down_s=max(end_s, closes_s) if ends_day else None,
        )


def hours(window: Window, day: date) -> tuple[int, int]:
    """When a window opens and closes, POSIX seconds, both inclusive."""
    next_day = window.end < window.start
    end_day = day + timedelta(days=1) if next_day else day
    return (
        _moment(datetime.combine(day, window.start), window.zone, fold=0),
        _moment(datetime.combine(end_day, window.end), window.zone, fold=1),
    )


def _moment(wall: datetime, zone: tzinfo, *, fold: int) -> int:
    """When a wall clock shows this, the first (fold 0) or the last (1) time it does.

    What it never shows, since it is put forward past it, is the moment of that.
    """
    early, late = sorted(int(wall.replace(tzinfo=zone, fold=each).timestamp()) for each in (0, 1))
    if datetime.fromtimestamp(early, zone).replace(tzinfo=None) == wall:
        return late if fold else early
    before = datetime.fromtimestamp(early, zone).utcoffset()
    while late - early > 1:  # `early` is before the jump, `late` after it
        middle = (early + late) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late


def next_starts(schedule: Schedule, now_s: int, count: int) -> list[Run]:
    """The next so many shows that start after this moment."""
    return list(islice(runs(schedule, now_s + 1), count))
