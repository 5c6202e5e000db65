"""Runs of the journal with all that belongs to them: the runs before, and the shows."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from cuems.adapters.files import is_held
from cuems.adapters.journal_files import DIED, DONE, runs
from cuems.adapters.journal_reader import Run, UnreadableRunError, find_run, read_run
from cuems.app.project import read_sound_show
from cuems.core.cues import Show
from cuems.core.journal import Opened, Record, ShowKept

NO_BEGINNING = "its beginning is gone"


class Ending(StrEnum):
    """How a run came to its end."""

    DONE = "done"
    RUNNING = "still running"
    CRASHED = "crashed"


def ending_of(run: Path) -> Ending:
    """How a run of a controller's journal ended: the newest may still go on."""
    if (run / DONE).exists():
        return Ending.CRASHED if (run / DIED).exists() else Ending.DONE
    newest = run == runs(run.parent)[-1]
    return Ending.RUNNING if newest and is_held(run.parent.parent, "controller") else Ending.CRASHED


def opened(run: Run) -> Opened:
    """How a run began; raises UnreadableRunError where that is not known any more."""
    first = run.records[0].what if run.records else None
    if not isinstance(first, Opened):
        raise UnreadableRunError(run.path, NO_BEGINNING)
    return first


def chain(path: Path) -> list[Run]:
    """A run, and before it those of the same process that it continues, oldest first."""
    found = [read_run(path)]
    while continues := opened(found[0]).continues:
        found.insert(0, read_run(find_run(path.parent, continues)))
    return found


def show_of(run: Run) -> Show | None:
    """The show that a run is about; None where none was loaded."""
    for record in run.records:
        if isinstance(record.what, ShowKept):
            return read_kept(run.path / record.what.file)
    return None


def read_kept(script: Path) -> Show:
    """A show as it was kept; raises UnreadableRunError."""
    show = read_sound_show(script)
    if isinstance(show, str):
        raise UnreadableRunError(script, show)
    return show


def all_records(chained: list[Run]) -> Iterator[Record]:
    """The records of runs that follow each other."""
    for run in chained:
        yield from run.records
