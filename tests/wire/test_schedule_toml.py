"""Opening hours as text: what can be said, and what is said of what cannot."""

from contextlib import suppress
from datetime import date, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.core.schedule import AutoStart, Schedule, ScheduleError, Window
from cuems.wire.schedule_toml import read_schedule

WHOLE = """
time_zone = "Europe/Madrid"
closed = [2026-12-25]
[auto_start]
project = "welcome"
go = true
services = ["projector.service"]
[[window]]
name = "weekdays"
days = ["mon", "fri"]
start = "10:00"
end = 18:30:00
project = "welcome"
every = "30m"
run = "12m30s"
catch_up = true
shut_down = true
[[window]]
time_zone = "UTC"
start = "20:00:05"
end = "01:00"
"""


def test_all_that_can_be_said_is_read() -> None:
    assert read_schedule(WHOLE.encode(), "schedule.toml") == Schedule(
        windows=(
            Window(
                name="weekdays",
                zone=ZoneInfo("Europe/Madrid"),
                start=time(10),
                end=time(18, 30),
                days=frozenset((0, 4)),
                project="welcome",
                run_s=750,
                every_s=1800,
                catch_up=True,
                shut_down=True,
            ),
            Window(name="window 2", zone=ZoneInfo("UTC"), start=time(20, 0, 5), end=time(1)),
        ),
        closed=frozenset((date(2026, 12, 25),)),
        auto_start=AutoStart(project="welcome", go=True, services=("projector.service",)),
    )


def test_an_empty_file_keeps_no_hours() -> None:
    assert read_schedule(b"", "schedule.toml") == Schedule()


HEAD = 'time_zone = "UTC"\n[[window]]\nstart = "10:00"\n'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("tz = 1", "s.toml: tz: expected one of time_zone, closed, auto_start, window"),
        ('time_zone = "Mars/Base"', "s.toml: time_zone: 'Mars/Base': expected the name of a time"),
        ('time_zone = "/etc/passwd"', "s.toml: time_zone: '/etc/passwd': expected the name"),
        ("closed = [1]", "s.toml: closed: [1]: expected a list of days"),
        ("window = 3", "s.toml: window: 3: expected a table [[window]] for each"),
        ('[[window]]\nstart = "10:00"\nend = "11:00"', "s.toml: window 1: time_zone: expected one"),
        (HEAD, "s.toml: window 1: end: expected a time of day"),
        (HEAD + 'end = "25:00"', "s.toml: window 1: end: '25:00': expected a time of day"),
        (HEAD + 'end = "10:00"', "s.toml: window 1: end: '10:00:00': expected another time"),
        (HEAD + 'end = "11:00"\nrun = "5"', "s.toml: window 1: run: '5': expected up to 24 hours"),
        (HEAD + 'end = "11:00"\nrun = "25h"', "s.toml: window 1: run: '25h': expected up to 24"),
        (HEAD + 'end = "11:00"\nrun = ""', "s.toml: window 1: run: '': expected up to 24 hours"),
        (
            HEAD + 'end = "11:00"\nrun = "2m"\nevery = "1m"',
            "s.toml: window 1: run: '120 s': expected at most every, 60 s",
        ),
        (HEAD + 'end = "11:00"\nevery = "9s"', "s.toml: window 1: every: '9 s': expected at least"),
        (HEAD + 'end = "11:00"\ndays = ["Mon"]', "s.toml: window 1: days: ['Mon']: expected"),
        (HEAD + 'end = "11:00"\ndays = []', "s.toml: window 1: days: []: expected a list of mon"),
        (HEAD + 'end = "11:00"\ncatch_up = 1', "s.toml: window 1: catch_up: 1: expected true"),
        ('[auto_start]\nservices = ["rm -rf"]', "s.toml: auto_start: services: ['rm -rf']: exp"),
        ("a = ", "s.toml: Invalid value (at end of document)"),
        ("\xff", "s.toml: 'utf-8' codec can't decode"),
        ("x = " + "[" * 5000, "s.toml: nested too deeply"),
    ],
)
def test_what_cannot_be_believed_is_named_with_file_key_value_and_expectation(
    text: str, fault: str
) -> None:
    with pytest.raises(ScheduleError) as raised:
        read_schedule(text.encode("latin-1"), "s.toml")
    assert str(raised.value).startswith(fault)


def test_two_windows_of_one_name_are_refused() -> None:
    one = '[[window]]\nname = "a"\nstart = "10:00"\nend = "11:00"\ntime_zone = "UTC"\n'
    with pytest.raises(ScheduleError, match=r"s.toml: window 2: name: 'a': expected one that"):
        read_schedule((one + one).encode(), "s.toml")


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with suppress(ScheduleError):
        read_schedule(data, "s.toml")
