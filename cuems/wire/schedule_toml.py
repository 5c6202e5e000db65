"""Opening hours as TOML text.

time_zone = "Europe/Madrid"      # of all windows that name none
closed = [2026-12-25]            # days on which nothing opens

[auto_start]                     # when the controller starts
project = "welcome"
go = true
services = ["projector.service"]

[[window]]
name = "weekdays"
days = ["mon", "tue", "wed", "thu", "fri"]
start = "10:00"
end = "18:00"
project = "welcome"
every = "30m"
run = "12m"
catch_up = true
shut_down = true
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, time, tzinfo
from typing import TypeVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cuems.core.schedule import (
    DAY_S,
    EVERY_DAY,
    AutoStart,
    Schedule,
    ScheduleError,
    Window,
)

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_BYTES = 1 << 20
SHOWN_CHARACTERS = 60
LEAST_EVERY_S = 10
SECONDS = {"h": 3600, "m": 60, "s": 1}
DURATION = re.compile(r"(?:(\d{1,2})h)?(?:(\d{1,4})m)?(?:(\d{1,5})s)?")
TOP = ("time_zone", "closed", "auto_start", "window")
AUTO_START = ("project", "go", "services")
WINDOW = ("name", "time_zone", "days", "start", "end", "project", "every", "run", "catch_up",
          "shut_down")  # fmt: skip

T = TypeVar("T")


def read_schedule(data: bytes, name: str) -> Schedule:
    """The opening hours in a file; raises ScheduleError naming the file and the key."""
    if len(data) > MAX_BYTES:
        raise ScheduleError(f"{name}: {len(data)} bytes: expected at most {MAX_BYTES}")
    try:
        table = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScheduleError(f"{name}: {error}") from error
    except RecursionError:
        raise ScheduleError(f"{name}: nested too deeply: expected NAME = VALUE") from None
    return _schedule(_Table(table, f"{name}: ", TOP))


def _schedule(top: "_Table") -> Schedule:
    zone = top.take("time_zone", _zone, None)
    tables: list[Mapping[str, object]] = top.take("window", _tables, [])
    windows: list[Window] = []
    for number, table in enumerate(tables, 1):
        inside = _Table(table, f"{top.place}window {number}: ", WINDOW)
        windows.append(_window(inside, zone, number))
    names = [window.name for window in windows]
    for number, each in enumerate(names, 1):
        if each in names[: number - 1]:
            raise ScheduleError(f"{top.place}window {number}: name: {_shown(each)}: expected one"
                                " that no other window has")  # fmt: skip
    auto_start = _Table(top.take("auto_start", _table, {}), f"{top.place}auto_start: ", AUTO_START)
    return Schedule(
        windows=tuple(windows),
        closed=top.take("closed", _dates, frozenset()),
        auto_start=AutoStart(
            project=auto_start.take("project", _text, ""),
            go=auto_start.take("go", _flag, False),
            services=auto_start.take("services", _units, ()),
        ),
    )


def _window(table: "_Table", zone: tzinfo | None, number: int) -> Window:
    own = table.take("time_zone", _zone, zone)
    if own is None:
        raise ScheduleError(f'{table.place}time_zone: expected one, as in "Europe/Madrid", here or'
                            " at the top of the file")  # fmt: skip
    window = Window(
        name=table.take("name", _text, f"window {number}"),
        zone=own,
        start=table.must("start", _time),
        end=table.must("end", _time),
        days=table.take("days", _days, EVERY_DAY),
        project=table.take("project", _text, ""),
        run_s=table.take("run", _duration, 0),
        every_s=table.take("every", _duration, 0),
        catch_up=table.take("catch_up", _flag, False),
        shut_down=table.take("shut_down", _flag, False),
    )
    if window.start == window.end and not window.run_s:
        table.fail("end", str(window.end), "another time than start, or a run")
    if 0 < window.every_s < LEAST_EVERY_S:
        table.fail("every", f"{window.every_s} s", f"at least {LEAST_EVERY_S} s")
    if window.every_s and window.run_s > window.every_s:
        table.fail("run", f"{window.run_s} s", f"at most every, {window.every_s} s")
    return window


class _Table:
    """The values of a table, each checked; names that are none are refused."""

    def __init__(self, values: Mapping[str, object], place: str, known: tuple[str, ...]) -> None:
        self.place = place
        self._values = values
        for name in values:
            if name not in known:
                self.fail(name, None, f"one of {', '.join(known)}")

    def take(self, name: str, read: Callable[[object], T | None], missing: T) -> T:
        return missing if name not in self._values else self.must(name, read)

    def must(self, name: str, read: Callable[[object], T | None]) -> T:
        if name not in self._values:
            raise ScheduleError(f"{self.place}{name}: expected {EXPECTED[read]}")
        value = read(self._values[name])
        if value is None:
            self.fail(name, self._values[name], EXPECTED[read])
        return cast(T, value)

    def fail(self, name: str, value: object, expected: str) -> None:
        said = "" if value is None else f": {_shown(value)}"
        raise ScheduleError(f"{self.place}{name[:SHOWN_CHARACTERS]}{said}: expected {expected}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


# ---- one value each; None for one that is not fit


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.isprintable() and len(value) <= 255 else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _time(value: object) -> time | None:
    if isinstance(value, str) and re.fullmatch(r"\d\d:\d\d(:\d\d)?", value):
        try:
            return time.fromisoformat(value)
        except ValueError:
            return None
    return value.replace(microsecond=0) if isinstance(value, time) else None


def _duration(value: object) -> int | None:
    found = DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    parts = zip(SECONDS.values(), found.groups(), strict=True)
    seconds = sum(unit_s * int(part or 0) for unit_s, part in parts)
    return seconds if 0 < seconds <= DAY_S else None


def _days(value: object) -> frozenset[int] | None:
    if not isinstance(value, list) or not value or any(each not in DAYS for each in value):
        return None
    return frozenset(DAYS.index(each) for each in value)


def _dates(value: object) -> frozenset[date] | None:
    if not isinstance(value, list) or any(type(each) is not date for each in value):
        return None
    return frozenset(value)


def _zone(value: object) -> tzinfo | None:
    try:
        return ZoneInfo(value) if isinstance(value, str) else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _units(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    fit = all(isinstance(each, str) and re.fullmatch(UNIT, each) for each in value)
    return tuple(value) if fit else None


def _table(value: object) -> Mapping[str, object] | None:
    return value if isinstance(value, dict) else None


def _tables(value: object) -> list[Mapping[str, object]] | None:
    return value if isinstance(value, list) and all(isinstance(x, dict) for x in value) else None


UNIT = r"[A-Za-z0-9][A-Za-z0-9:_.@-]{0,240}\.(service|target)"
EXPECTED: Mapping[Callable[[object], object], str] = {
    _text: "a text in quotes",
    _flag: "true or false",
    _time: 'a time of day, as in "18:30"',
    _duration: 'up to 24 hours, as in "1h30m" or "90s"',
    _days: f"a list of {', '.join(DAYS)}",
    _dates: "a list of days, as in [2026-12-25]",
    _zone: 'the name of a time zone, as in "Europe/Madrid"',
    _units: 'a list of units of systemd, as in ["projector.service"]',
    _table: "a table",
    _tables: "a table [[window]] for each",
}
