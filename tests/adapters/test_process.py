import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.adapters.process import (
    LINE_BYTES,
    LINES_PER_S,
    Lines,
    Process,
    ProcessDiedError,
    ProgramMissingError,
    ending,
    open_process,
)

UNTHREADED = """
import anyio, anyio.to_process, os, threading
from cuems.adapters.process import watch_without_threads

async def main():
    watch_without_threads()
    async with await anyio.open_process(["cat"]) as child:
        print(threading.active_count(), end=" ")
        await child.stdin.aclose()
        print(await child.wait())
    await anyio.to_process.run_sync(os.getpid)  # whose process has to end with the loop

anyio.run(main)
"""
DEAF = "import signal,time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True)"


def shell(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def died(process: Process) -> ProcessDiedError:
    with anyio.fail_after(5), pytest.raises(ProcessDiedError) as caught:
        await process.watch()
    return caught.value


def test_a_child_takes_no_thread() -> None:
    done = subprocess.run(
        python(UNTHREADED), capture_output=True, check=True, text=True, timeout=30
    )
    assert done.stdout.split() == ["1", "0"]


async def test_output_of_both_kinds_arrives_line_by_line() -> None:
    lines: list[str] = []
    script = "echo out; echo err >&2; printf unfinished"
    async with open_process(shell(script), name="talker", on_line=lines.append) as process:
        await died(process)
    assert sorted(lines) == ["err", "out", "unfinished"]


async def test_a_process_that_ends_is_an_error_with_status_and_last_words() -> None:
    async with open_process(
        shell("echo no sound card; exit 3"), name="p", on_line=print
    ) as process:
        error = await died(process)
    assert str(error) == "p ended with exit status 3; it last said: no sound card"


async def test_a_killed_process_is_an_error_that_names_the_signal() -> None:
    async with open_process(["sleep", "9"], name="player", on_line=print) as process:
        os.kill(process.pid, signal.SIGKILL)
        error = await died(process)
    assert str(error) == "player was killed by SIGKILL"


async def test_leaving_the_block_stops_the_process() -> None:
    with anyio.fail_after(5):
        async with open_process(["sleep", "9"], name="p", on_line=print) as process:
            assert exists(process.pid)
    assert process.status == -signal.SIGTERM


async def test_one_that_does_not_obey_is_killed_within_its_grace() -> None:
    ready = anyio.Event()
    with anyio.fail_after(5):
        async with open_process(
            python(DEAF + "; time.sleep(30)"),
            name="deaf",
            on_line=lambda _: ready.set(),
            grace_s=0.05,
        ) as process:
            await ready.wait()
    assert process.status == -signal.SIGKILL


async def test_what_the_process_started_itself_goes_with_it() -> None:
    pids: list[int] = []
    ready = anyio.Event()

    def on_line(line: str) -> None:
        pids.append(int(line))
        ready.set()

    with anyio.fail_after(5):
        async with open_process(
            shell("sleep 30 & echo $!; wait"), name="parent", on_line=on_line, grace_s=1
        ):
            await ready.wait()
        await gone(pids[0])


async def gone(pid: int) -> None:
    """Wait until a process that is not our child has ended, by its kernel handle."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        await anyio.wait_readable(handle)
    finally:
        os.close(handle)


async def test_cancelled_work_stops_its_process_too() -> None:
    with anyio.move_on_after(0.05):
        async with open_process(["sleep", "9"], name="p", on_line=print) as process:
            await anyio.sleep_forever()
    assert process.status is not None


async def test_a_missing_program_is_named() -> None:
    with pytest.raises(ProgramMissingError, match=r"^/no/such/player: no such program"):
        async with open_process(["/no/such/player"], name="p", on_line=print):
            pytest.fail("it runs")


async def test_a_file_that_may_not_be_executed_is_named(tmp_path: Path) -> None:
    (tmp_path / "player").write_text("text")
    with pytest.raises(ProgramMissingError, match=r"player: no such program, or not executable$"):
        async with open_process([str(tmp_path / "player")], name="p", on_line=print):
            pytest.fail("it runs")


async def test_a_hundred_megabytes_of_output_cost_neither_memory_nor_log() -> None:
    lines: list[str] = []
    flood = """
import sys
for _ in range(1000):
    sys.stdout.buffer.write(b"all work and no play\\n" * 5000)
"""
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with open_process(python(flood), name="flood", on_line=lines.append) as process:
        with anyio.fail_after(20), pytest.raises(ProcessDiedError):
            await process.watch()
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    assert grown_kib < 16_384
    assert 0 < len(lines) < 30 * LINES_PER_S
    assert process.last_line == "all work and no play"


async def test_a_line_without_end_is_cut() -> None:
    lines: list[str] = []
    script = "import sys; sys.stdout.write('x' * 10_000_000)"
    async with open_process(python(script), name="p", on_line=lines.append) as process:
        await died(process)
    assert lines == ["x" * LINE_BYTES]


@pytest.mark.slow
def test_the_child_of_a_killed_parent_dies_with_it() -> None:
    parent = """
import anyio, json
from cuems.adapters.process import open_process
async def main():
    async with open_process(["sleep", "60"], name="s", on_line=print) as process:
        await anyio.sleep(0.3)
        print(json.dumps(process.pid), flush=True)
        await anyio.sleep_forever()
anyio.run(main)
"""
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        child = json.loads(running.stdout.readline())
        handle = os.pidfd_open(child)
        running.kill()
    anyio.run(ended, handle)
    os.close(handle)


async def ended(handle: int) -> None:
    with anyio.fail_after(5):
        await anyio.wait_readable(handle)


def test_endings_in_words() -> None:
    assert ending(0) == "ended with exit status 0"
    assert ending(-9) == "was killed by SIGKILL"
    assert ending(-60) == "was killed by signal 60"


@given(st.lists(st.text("ab\n", max_size=30)))
def test_lines_do_not_depend_on_how_the_output_was_cut(pieces: list[str]) -> None:
    said: list[str] = []
    lines = Lines(said.append)
    for second, piece in enumerate(pieces):
        lines.feed(piece.encode(), second)
    lines.end()
    assert said == [line for line in "".join(pieces).split("\n") if line]


def test_lines_beyond_the_rate_are_counted_and_the_last_is_kept() -> None:
    said: list[str] = []
    lines = Lines(said.append)
    lines.feed(b"".join(b"%d\n" % n for n in range(LINES_PER_S + 7)), second=1)
    lines.feed(b"later\n", second=2)
    assert said == [*map(str, range(LINES_PER_S)), "(7 more lines)", "later"]
    assert list(lines.last)[-2:] == [str(LINES_PER_S + 6), "later"]
