"""The journal, to be killed: written, closed, compressed, let go, and a run after a run."""

from pathlib import Path

from cuems.adapters.journal_files import DONE, PACKED, Limits, RunFiles, RunNames, runs
from cuems.adapters.journal_reader import read_run
from cuems.core.desk import Woke
from cuems.core.journal import Record
from cuems.wire.journal import encode
from tests.soak.kill_points import safe

LINES = 16
LIMITS = Limits(segment_bytes=300, total_bytes=1 << 20)


def act(folder: Path) -> None:
    """Two runs, each with some segments; every sync makes what was written safe."""
    names = RunNames(folder)
    files = RunFiles(folder, LIMITS)
    files.tidy_runs_before()
    for _ in range(2):
        run = names.next()
        files.begin(run)
        for number in range(1, LINES + 1):
            files.write([encode(_record(2 * number - 1)), encode(_record(2 * number))])
            files.sync()
            safe(folder, f"{run} {2 * number}")
            files.tidy()
        (folder / run).with_name("script.xml").write_text("<show/>" * 100)
        files.keep(folder / "script.xml", "show-1.xml")
        files.end()
        safe(folder, f"{run} done")


def _record(number: int) -> Record:
    return Record(number=number, at_ns=number, position=0, what=Woke(number))


def check(folder: Path, told: list[str]) -> list[str]:
    """Nothing that was safe is lost, nothing is read that was not written, no name lies."""
    found: list[str] = []
    for time in ("after the kill", "after a restart"):
        found += [f"{time}: {wrong}" for wrong in _wrong(folder, told)]
        RunFiles(folder, LIMITS).tidy_runs_before()
    left = [path.name for run in runs(folder) for path in run.iterdir()]
    found += [f"{name} is left over" for name in left if name.endswith(".partial")]
    return found


def _wrong(folder: Path, told: list[str]) -> list[str]:
    found = [wrong for run in runs(folder) for wrong in _wrong_in(run)]
    return [*found, *(wrong for line in told if (wrong := _lost(folder, line)))]


def _wrong_in(run: Path) -> list[str]:
    read = read_run(run)
    found = []
    if [each for each in read.records if each != _record(each.number)]:
        found.append(f"{run.name}: a record is not what was written")
    numbers = [each.number for each in read.records]
    if numbers != list(range(1, len(numbers) + 1)):
        found.append(f"{run.name}: {numbers}: expected no gap")
    kept = run / "show-1.xml"
    if kept.exists() and kept.read_text() != "<show/>" * 100:
        found.append(f"{kept}: a partial file under its final name")
    if (run / DONE).exists() and len(numbers) != 2 * LINES:
        found.append(f"{run.name}: marked as done with {len(numbers)} records")
    packed = {path.name[:6] for path in run.glob(f"*{PACKED}")}
    bad = [name for name in packed if any(name in fault for fault in read.faults)]
    return [*found, *(f"{run.name}/{name}: a partial file under its final name" for name in bad)]


def _lost(folder: Path, line: str) -> str:
    name, _, what = line.partition(" ")
    if what == "done":
        return "" if (folder / name / DONE).exists() else f"{name} was done, and is not"
    there = len(read_run(folder / name).records)
    return "" if there >= int(what) else f"{name}: record {what} was safe, and is lost"
