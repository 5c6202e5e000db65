"""`cuems schedule`: what it says of a file, and of one that cannot be used."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from cuems.cli.schedule import schedule
from cuems.core.schedule import ScheduleError

TEXT = """
time_zone = "Europe/Madrid"
closed = [2026-12-25]
[auto_start]
project = "welcome"
go = true
[[window]]
name = "all day"
days = ["mon"]
start = "10:00"
end = "18:00"
every = "30m"
run = "12m30s"
project = "welcome"
"""


def says(tmp_path: Path, *args: str) -> str:
    done = CliRunner().invoke(schedule, [*args, "--state", str(tmp_path)], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_it_shows_every_window_in_words(tmp_path: Path) -> None:
    (tmp_path / "schedule.toml").write_text(TEXT)
    assert says(tmp_path, "show").splitlines() == [
        "all day",
        "    mon 10:00:00 to 18:00:00 (Europe/Madrid), every 30 min, for 12 min 30 s, project"
        " welcome",
        "closed on 2026-12-25",
        "at the start of the controller: load welcome, GO",
    ]
    assert json.loads(says(tmp_path, "show", "--json"))["windows"][0]["every_s"] == 1800


def test_it_says_what_starts_next_in_local_time(tmp_path: Path) -> None:
    (tmp_path / "schedule.toml").write_text(TEXT)
    first, second = says(tmp_path, "next", "2").splitlines()
    assert first.startswith("Mon ")
    assert first.endswith("all day, for 12 min 30 s, project welcome")
    assert first != second
    runs = [json.loads(line) for line in says(tmp_path, "next", "17", "--json").splitlines()]
    assert len(runs) == 17
    assert all(a["end_s"] <= b["start_s"] for a, b in pairwise(runs))


def test_without_a_file_there_are_no_hours(tmp_path: Path) -> None:
    assert says(tmp_path, "show").startswith("no opening hours: ")
    assert says(tmp_path, "next") == "nothing starts\n"


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "schedule.toml").write_text("closed = 3")
    with pytest.raises(ScheduleError, match=r"schedule\.toml: closed: 3: expected a list of days"):
        says(tmp_path, "show")
