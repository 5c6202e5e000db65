"""The journal on a real disk: what was appended is there again, whatever happened to the disk."""

from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from cuems.adapters.journal import Journal, JournalState, open_journal
from cuems.adapters.journal_files import DONE, Limits, RunFiles, runs, segments
from cuems.adapters.journal_reader import (
    NoRunError,
    Run,
    find_run,
    first_record,
    read_run,
    remembered,
)
from cuems.core.desk import Woke
from cuems.core.journal import Record
from cuems.core.show_state import ShowState
from cuems.core.stands import Stands
from cuems.wire.journal import encode

PATIENCE_S = 30.0


class States:
    """What the journal says of itself."""

    def __init__(self) -> None:
        self.all: list[JournalState] = []
        self._news = anyio.Event()

    def put(self, state: JournalState) -> None:
        self.all.append(state)
        self._news.set()
        self._news = anyio.Event()

    async def until(self, found: Callable[[JournalState], bool]) -> None:
        with anyio.fail_after(PATIENCE_S):
            while not any(found(state) for state in self.all):
                await self._news.wait()


@pytest.fixture
def states() -> States:
    return States()


def record(number: int) -> Record:
    return Record(number=number, at_ns=number, position=0, what=Woke(number))


def append(journal: Journal, first: int, last: int) -> None:
    for number in range(first, last + 1):
        journal.append(encode(record(number)))


async def read(run: Path) -> Run:
    return await anyio.to_thread.run_sync(read_run, run)


async def numbers(run: Path) -> list[int]:
    return [each.number for each in (await read(run)).records]


async def parts(run: Path) -> list[Path]:
    return await anyio.to_thread.run_sync(segments, run)


async def all_runs(folder: Path) -> list[Path]:
    return await anyio.to_thread.run_sync(runs, folder)


async def test_what_is_appended_is_read_again_and_the_run_has_ended_well(
    tmp_path: Path, states: States
) -> None:
    async with open_journal(tmp_path, states.put) as journal:
        name = journal.begin_run()
        append(journal, 1, 500)
    run = await read(tmp_path / name)
    assert run.records == tuple(record(number) for number in range(1, 501))
    assert (run.done, run.faults, states.all) == (True, (), [])
    assert await anyio.to_thread.run_sync(first_record, run.path) == record(1)


async def test_a_run_that_an_error_has_ended_is_not_marked_as_done(
    tmp_path: Path, states: States
) -> None:
    async def fail() -> None:
        async with open_journal(tmp_path, states.put) as journal:
            journal.begin_run()
            append(journal, 1, 3)
            await _synced(journal)
            raise LookupError

    with pytest.raises(ExceptionGroup):
        await fail()
    assert [(run / DONE).exists() for run in await all_runs(tmp_path)] == [False]


def test_segments_are_closed_by_size_and_compressed(tmp_path: Path) -> None:
    files = RunFiles(tmp_path, Limits(segment_bytes=2_000))
    files.begin("000001-x")
    _write(files, 100)
    kinds = [path.name.partition(".")[2] for path in segments(tmp_path / "000001-x")]
    assert set(kinds[:-1]) == {"jsonl.zst"}
    assert kinds[-1] == "jsonl"
    assert len(kinds) > 3
    assert [each.number for each in read_run(tmp_path / "000001-x").records] == list(range(1, 101))


def test_segments_are_closed_by_age(tmp_path: Path) -> None:
    files = RunFiles(tmp_path, Limits(segment_age_ns=0))
    files.begin("000001-x")
    _write(files, 3)
    assert len(segments(tmp_path / "000001-x")) == 3


def _write(files: RunFiles, lines: int) -> None:
    for number in range(1, lines + 1):
        files.write([encode(record(number))])
        files.sync()
        files.tidy()


async def _synced(journal: Journal) -> None:
    with anyio.fail_after(PATIENCE_S):
        await journal.safe()


def test_the_oldest_go_when_the_disk_is_to_hold_no_more(tmp_path: Path) -> None:
    files = RunFiles(tmp_path, Limits(segment_bytes=500, total_bytes=4_000))
    for run in range(1, 6):
        files.begin(f"00000{run}-x")
        _write(files, 40)
        files.end()
    left = [path for run in runs(tmp_path) for path in run.iterdir()]
    assert 2_000 < sum(path.stat().st_size for path in left) <= 4_500
    assert [run.name for run in runs(tmp_path)][-1] == "000005-x"
    assert "000001-x" not in [run.name for run in runs(tmp_path)]


def test_of_a_single_long_run_the_newest_stays(tmp_path: Path) -> None:
    files = RunFiles(tmp_path, Limits(segment_bytes=500, total_bytes=2_000))
    files.begin("000001-x")
    _write(files, 300)
    run = read_run(tmp_path / "000001-x")
    assert run.records[-1].number == 300
    assert run.records[0].number > 100
    assert run.faults == (f"records 1 to {run.records[0].number - 1} are lost",)


async def test_another_run_ends_the_one_before(tmp_path: Path, states: States) -> None:
    async with open_journal(tmp_path, states.put) as journal:
        first = journal.begin_run()
        append(journal, 1, 2)
        second = journal.begin_run()
        append(journal, 1, 3)
        await _synced(journal)
        assert not (tmp_path / second / DONE).exists()
    assert await numbers(tmp_path / first) == [1, 2]
    assert await numbers(tmp_path / second) == [1, 2, 3]
    assert all((tmp_path / name / DONE).exists() for name in (first, second))


async def test_a_disk_that_takes_nothing_costs_nothing_once_it_does_again(
    tmp_path: Path, states: States
) -> None:
    folder = tmp_path / "journal"
    folder.write_text("not a folder")
    async with open_journal(folder, states.put) as journal:
        name = journal.begin_run()
        append(journal, 1, 10)
        await states.until(lambda state: "not being written" in state.fault)
        append(journal, 11, 20)
        folder.unlink()
        await states.until(lambda state: not state.fault)
        append(journal, 21, 30)
    assert await numbers(folder / name) == list(range(1, 31))
    assert states.all[-1] == JournalState("", 0)


@pytest.mark.parametrize("cut_bytes", [1, 20, 60])
async def test_a_torn_tail_loses_no_more_than_itself(
    tmp_path: Path, states: States, cut_bytes: int
) -> None:
    async with open_journal(tmp_path, states.put) as journal:
        name = journal.begin_run()
        append(journal, 1, 20)
    (path,) = await parts(tmp_path / name)
    path.write_bytes(path.read_bytes()[:-cut_bytes])
    run = await read(tmp_path / name)
    assert [each.number for each in run.records] == list(range(1, 20))
    assert len(run.faults) == 1


async def test_what_a_crash_left_is_compressed_at_the_next_start(
    tmp_path: Path, states: States
) -> None:
    async with open_journal(tmp_path, states.put) as journal:
        name = journal.begin_run()
        append(journal, 1, 20)
    (path,) = await parts(tmp_path / name)
    (tmp_path / name / "000009.jsonl.zst.partial").write_text("half")
    async with open_journal(tmp_path, states.put) as journal:
        journal.begin_run()
        with anyio.fail_after(PATIENCE_S):
            while True:
                if not path.exists():
                    break
                await anyio.lowlevel.checkpoint()
    assert await numbers(tmp_path / name) == list(range(1, 21))
    assert {each.name for each in (tmp_path / name).iterdir()} == {"000001.jsonl.zst", DONE}


async def test_a_script_is_kept_with_its_run(tmp_path: Path, states: States) -> None:
    (tmp_path / "script.xml").write_text("<show/>")
    async with open_journal(tmp_path / "journal", states.put) as journal:
        name = journal.begin_run()
        journal.keep(tmp_path / "script.xml", "show-1.xml")
        journal.keep(tmp_path / "missing.xml", "show-2.xml")
        append(journal, 1, 1)
    assert (tmp_path / "journal" / name / "show-1.xml").read_text() == "<show/>"
    assert await numbers(tmp_path / "journal" / name) == [1]


def test_runs_are_found_by_number_name_or_folder(tmp_path: Path) -> None:
    for name in ("000001-a", "000002-b", "000012-c"):
        (tmp_path / name).mkdir()
    found = {run: find_run(tmp_path, run).name for run in ("last", "2", "000001-a", "000012")}
    assert found == {"last": "000012-c", "2": "000002-b", "000001-a": "000001-a",
                     "000012": "000012-c"}  # fmt: skip
    assert find_run(tmp_path / "none", str(tmp_path / "000001-a")).name == "000001-a"
    for nothing in ("", "7", str(tmp_path / "nope")):
        with pytest.raises(NoRunError):
            find_run(tmp_path, nothing)


def stands(project: str, number: int) -> Record:
    what = Stands(project=project, load_seq=7, stop_generation=3, state=ShowState(into=number))
    return Record(number=number, at_ns=number, position=number * 100, what=what)


def written(folder: Path, run: str, *records: Record, end: bool = False) -> None:
    files = RunFiles(folder, Limits(segment_bytes=1))
    files.begin(run)
    for each in records:
        files.write([encode(each)])
        files.sync()
        files.tidy()
    if end:
        files.end()


def test_how_the_show_stood_is_found_at_the_end_of_a_run_that_did_not_end_well(
    tmp_path: Path,
) -> None:
    assert remembered(tmp_path) is None
    written(tmp_path, "000001-x", stands("a", 1), record(2), stands("b", 3), record(4))
    found = remembered(tmp_path)
    assert found is not None
    assert (found.run, found.stands.project, found.stands.state.into) == ("000001-x", "b", 3)
    assert found.position == 0  # of the last record there is
    torn = sorted((tmp_path / "000001-x").glob("*.jsonl"))[-1]
    torn.write_bytes(torn.read_bytes()[:-5])
    found = remembered(tmp_path)
    assert found is not None
    assert found.position == 300
    written(tmp_path, "000002-x", record(1))  # it died again before it had found the show
    assert remembered(tmp_path) == found
    written(tmp_path, "000003-x", stands("c", 1), end=True)
    assert remembered(tmp_path) is None


def test_a_journal_that_keeps_all_takes_nothing_more_until_there_is_room(tmp_path: Path) -> None:
    files = RunFiles(tmp_path, Limits(segment_bytes=500, total_bytes=1_000, keeps_all=True))
    line = encode(record(1)) * 20
    files.begin("000001-a")
    files.write([line])
    files.end()
    files.begin("000002-b")
    files.write([line])
    files.sync()
    files.tidy()
    with pytest.raises(OSError, match="wait to be shipped"):
        files.write([line])
    assert len(runs(tmp_path)) == 2
    for path in (tmp_path / "000001-a").iterdir():
        path.unlink()  # shipped
    files.limits = Limits(segment_bytes=500, total_bytes=1 << 20, keeps_all=True)
    files.write([line])
