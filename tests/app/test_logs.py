"""Log lines, for people and for machines."""

import json
import logging
import sys

from cuems.app.logs import JsonFormatter, TextFormatter


def record(*, failed: bool = False) -> logging.LogRecord:
    cause = None
    if failed:
        try:
            dict[str, str]()["rain"]
        except KeyError:
            cause = sys.exc_info()
    made = logging.LogRecord("cuems.app", logging.WARNING, __file__, 1, "%s stops", ("mpv",), cause)
    made.cue = "Gong"
    return made


def test_a_line_for_people_says_when_how_bad_what_and_about_what() -> None:
    time, _, rest = TextFormatter().format(record()).partition(" ")
    assert len(time) == len("12:34:56")
    assert rest == "[warning ] mpv stops cue='Gong'"


def test_a_traceback_follows_on_lines_of_its_own() -> None:
    first, *more = TextFormatter().format(record(failed=True)).splitlines()
    assert first.endswith("cue='Gong'")
    assert more[0].startswith("Traceback")
    assert more[-1] == "KeyError: 'rain'"


def test_a_line_for_machines_holds_the_same_facts() -> None:
    line = JsonFormatter().format(record(failed=True))
    facts = json.loads(line)
    assert "\n" not in line
    assert (facts["event"], facts["level"], facts["cue"]) == ("mpv stops", "warning", "Gong")
    assert facts["timestamp"].endswith("+00:00")
    assert facts["exception"].endswith("KeyError: 'rain'")
