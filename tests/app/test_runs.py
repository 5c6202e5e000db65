"""How a run of the journal ended, as its folder tells."""

from pathlib import Path

from cuems.adapters.files import only_one
from cuems.adapters.journal_files import DIED, DONE
from cuems.app.runs import Ending, ending_of


def a_run(state: Path, name: str, *marks: str) -> Path:
    run = state / "journal" / name
    run.mkdir(parents=True)
    for mark in marks:
        (run / mark).touch()
    return run


def test_a_run_is_done_or_crashed_as_it_is_marked(tmp_path: Path) -> None:
    assert ending_of(a_run(tmp_path, "000001-a", DONE)) == Ending.DONE
    assert ending_of(a_run(tmp_path, "000002-b", DONE, DIED)) == Ending.CRASHED
    assert ending_of(a_run(tmp_path, "000003-c")) == Ending.CRASHED


def test_the_newest_goes_on_as_long_as_its_controller_does(tmp_path: Path) -> None:
    before, newest = a_run(tmp_path, "000001-a"), a_run(tmp_path, "000002-b")
    with only_one(tmp_path, "controller"):
        assert ending_of(newest) == Ending.RUNNING
        assert ending_of(before) == Ending.CRASHED
    assert ending_of(newest) == Ending.CRASHED
