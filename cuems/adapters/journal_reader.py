"""Reading the journal back, also while it is written, and whatever a crash has left of it."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard

from cuems.adapters.journal_files import DONE, PACKED, runs, segments
from cuems.core.errors import CuemsError
from cuems.core.journal import Record
from cuems.core.stands import Remembered, Stands
from cuems.wire.journal import RecordError, decode

LONGEST_LINE_BYTES = 64 << 20
LAST = "last"
STANDS = b'"stands.Stands"'
RUNS_LOOKED_AT = 10


class NoRunError(CuemsError):
    """There is no such run."""

    def __init__(self, folder: Path, run: str) -> None:
        super().__init__(f"{run!r}: no such run in {folder}; `cuems runs` lists them")


class UnreadableRunError(CuemsError):
    """A run cannot be read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is left of a run: its records in order, and what is wrong with it, a line each.

    `done`: it came to an orderly end. Numbers that are missing among its records were lost.
    """

    path: Path
    done: bool
    records: tuple[Record, ...]
    faults: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.path.name


def find_run(folder: Path, run: str) -> Path:
    """A run by its name, its beginning, its number, as `last`, or as a folder of its own."""
    known = runs(folder)
    if run == LAST and known:
        return known[-1]
    if "/" in run or run == ".":
        if not Path(run).is_dir():
            raise NoRunError(folder, run)
        return Path(run).resolve()
    for path in reversed(known):
        if path.name == run or (run and path.name.startswith((run, run.zfill(6) + "-"))):
            return path
    raise NoRunError(folder, run)


def read_run(path: Path) -> Run:
    """All of a run. A line that is torn or bitten ends its segment; raises UnreadableRunError."""
    found: dict[int, Record] = {}
    faults: list[str] = []
    try:
        for segment in segments(path):
            for record in _records(segment, faults):
                found.setdefault(record.number, record)
        done = (path / DONE).exists()
    except OSError as error:
        raise UnreadableRunError(path, error.strerror or str(error)) from error
    numbers = sorted(found)
    gaps = [
        f"records {before + 1} to {after - 1} are lost"
        for before, after in zip([0, *numbers], numbers, strict=False)
        if after != before + 1
    ]
    records = tuple(found[number] for number in numbers)
    return Run(path=path, done=done, records=records, faults=(*faults, *gaps))


def first_record(path: Path) -> Record | None:
    """How a run begins, without reading all of it."""
    for segment in segments(path):
        return next(_records(segment, []), None)
    return None


def _records(segment: Path, faults: list[str]) -> Iterator[Record]:
    with segment.open("rb") as file:
        packed = segment.name.endswith(PACKED)
        plain = zstandard.ZstdDecompressor().stream_reader(file) if packed else file
        lines = io.BufferedReader(plain) if packed else file
        number = 0
        try:
            while line := lines.readline(LONGEST_LINE_BYTES):
                number += 1
                yield decode(line)
        except (RecordError, zstandard.ZstdError) as error:
            faults.append(f"{segment.name}, line {number}: {error}")


def remembered(folder: Path) -> Remembered | None:
    """How the show stood when the controller before died; None where it ended in good order.

    A controller may die again before it has found the show, so older runs count too.
    """
    for path in reversed(runs(folder)[-RUNS_LOOKED_AT:]):
        if (path / DONE).exists():
            return None
        found = _remembered_in(path)
        if found is not None:
            return found
    return None


def _remembered_in(path: Path) -> Remembered | None:
    """From the end of a run, without reading all of it."""
    position: int | None = None
    for segment in reversed(segments(path)):
        for line in reversed(_lines(segment)):
            if position is not None and STANDS not in line:
                continue
            try:
                record = decode(line)
            except RecordError:
                continue
            position = record.position if position is None else position
            if isinstance(record.what, Stands):
                return Remembered(run=path.name, stands=record.what, position=position)
    return None


def _lines(segment: Path) -> list[bytes]:
    with segment.open("rb") as file:
        if not segment.name.endswith(PACKED):
            return file.read().splitlines(keepends=True)
        try:
            return zstandard.ZstdDecompressor().stream_reader(file).read().splitlines(keepends=True)
        except zstandard.ZstdError:
            return []
