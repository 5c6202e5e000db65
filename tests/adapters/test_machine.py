"""What the machine knows of this very process."""

from pathlib import Path

import anyio.to_thread

from cuems.adapters.machine import read_machine
from cuems.adapters.process import open_process


def test_memory_files_and_disks_are_counted(tmp_path: Path) -> None:
    before = read_machine({"here": tmp_path / "not yet"})
    with (tmp_path / "file").open("w"):
        during = read_machine({})
    assert before.memory_bytes > 1 << 20
    assert 0 < before.open_files < before.most_files
    assert during.open_files == before.open_files + 1
    (disk,) = before.disks
    assert 0 < disk.free_bytes <= disk.total_bytes


async def test_the_processes_that_we_started_are_counted_by_program() -> None:
    with anyio.fail_after(30):
        async with open_process(["sleep", "60"], name="sleep", on_line=lambda _: None):
            found = await anyio.to_thread.run_sync(read_machine, {})
            while not found.children["sleep"]:  # the wrapper becomes the program
                found = await anyio.to_thread.run_sync(read_machine, {})
    assert found.children["sleep"] == 1
