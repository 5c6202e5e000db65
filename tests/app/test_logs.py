"""Log lines, for people and for machines."""

import json
import logging
import os
import queue
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from cuems.app.logs import (
    FILES_KEPT,
    About,
    FileQueue,
    JsonFormatter,
    LogFileError,
    LogFormat,
    PackedFiles,
    TextFormatter,
    is_journal,
    note,
    open_logs,
)


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


@pytest.fixture
def logger(tmp_path: Path) -> Iterator[logging.Logger]:
    """A logger of ours, whose handlers are put back."""
    root = logging.getLogger()
    before, level = root.handlers, root.level
    yield logging.getLogger("cuems.test")
    root.handlers = before
    root.setLevel(level)


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_bears_what_the_process_is_and_what_is_being_done(
    tmp_path: Path, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_logs(LogFormat.TEXT, verbosity=0, file=tmp_path / "log") as handler:
        note(node="n1", run="2026-11-25")
        with About(cue="Gong"):
            logger.info("armed")
            logger.info("said", extra={"cue": "Rain"})
        logger.info("over")
        handler.flush()
    first, second, third = read(tmp_path / "log")
    assert (first["cue"], second["cue"], third.get("cue")) == ("Gong", "Rain", None)
    assert {line["node"] for line in (first, second, third)} == {"n1"}
    shown = capsys.readouterr().err.splitlines()
    assert shown[0].endswith("armed cue='Gong'"), "a person knows which node this is"


def test_a_bug_says_which_cue_it_was_about() -> None:
    bug = ValueError("no")
    with pytest.raises(ValueError, match="no"), About(cue="Gong"):
        raise bug
    assert bug.__notes__ == ["cue 'Gong'"]


def test_a_file_that_is_full_is_packed_and_only_so_many_are_kept(tmp_path: Path) -> None:
    files = PackedFiles(tmp_path / "log", most_bytes=2000)
    for number in range(2000):
        files.handle(logging.LogRecord("cuems", logging.INFO, "", 1, f"line {number}", (), None))
    files.close()
    packed = sorted(tmp_path.glob("log.*.zst"), key=lambda path: int(path.name.split(".")[1]))
    assert len(packed) == FILES_KEPT
    with packed[0].open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as reader:
        newest = reader.read().decode()
    lines = [*newest.splitlines(), *(tmp_path / "log").read_text().splitlines()]
    numbers = [int(json.loads(line)["event"].split()[1]) for line in lines]
    assert numbers == list(range(numbers[0], 2000))


def test_a_file_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    with (
        pytest.raises(LogFileError, match=r"--log-file .*: Not a directory"),
        open_logs(LogFormat.TEXT, verbosity=0, file=Path(__file__) / "log"),
    ):
        pass


def test_systemd_gets_json_with_priorities_and_a_terminal_does_not() -> None:
    with Path(__file__).open() as stream:
        status = os.fstat(stream.fileno())
        journal = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert is_journal(journal, stream)
        assert not is_journal({"JOURNAL_STREAM": "1:2"}, stream)
        assert not is_journal({}, stream)
    line = JsonFormatter(priorities=True).format(record())
    assert line.startswith("<4>{")


def test_lines_that_find_no_room_are_counted_and_nobody_waits() -> None:
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(1)
    handler = FileQueue(waiting)
    handler.handle(record())
    handler.handle(record())
    assert handler.dropped_lines == 1
