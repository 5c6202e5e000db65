"""What the machine knows of this process: memory, open files, its own processes, room on disks."""

import resource
import shutil
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from cuems.core.health import Disk, Machine

TASKS = Path("/proc/self/task")


def read_machine(disks: Mapping[str, Path]) -> Machine:
    """All of it, by name of disk. Reads files that may be far away: call it in a thread."""
    process = psutil.Process()
    return Machine(
        memory_bytes=process.memory_info().rss,
        open_files=process.num_fds(),
        most_files=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        children=_children(),
        disks=tuple(_disk(name, path) for name, path in disks.items()),
    )


def _children() -> Counter[str]:
    """By program. Asked of our own threads: psutil would read every process of the machine."""
    found: Counter[str] = Counter()
    for task in TASKS.iterdir():
        with suppress(OSError):  # the thread has ended
            for pid in (task / "children").read_text().split():
                with suppress(psutil.Error):
                    found[psutil.Process(int(pid)).name()] += 1
    return found


def _disk(name: str, path: Path) -> Disk:
    there = next((place for place in (path, *path.parents) if place.exists()), Path("/"))
    room = shutil.disk_usage(there)
    return Disk(name=name, free_bytes=room.free, total_bytes=room.total)
