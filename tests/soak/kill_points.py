"""Killing a process at every system call it makes, and looking at what it leaves.

A target is a module with `act(folder)`, which does its work and says what is safe by `safe(...)`,
and `check(folder, safe)`, which names what is wrong with what a kill has left; it may call `act`
again, as a restart would. `strace` kills at the k-th call of a kind: for each kind every k is tried
that the dry run made after the work had begun.
"""

import importlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CALLS = (
    "openat",
    "write",
    "fsync",
    "ftruncate",
    "rename",
    "unlink",
    "unlinkat",
    "mkdir",
    "rmdir",
    "close",
)
KILL = "signal=KILL"
BEGIN = "work-begins-here"
DEADLINE_S = 120.0
SAFE = "safe"
LINE = re.compile(r"^(?:\d+ +)?(\w+)\(")


@dataclass(frozen=True, slots=True)
class KillPoint:
    """The k-th call of a kind, counted from the start of the process."""

    call: str
    k: int


def safe(folder: Path, text: str) -> None:
    """Something is safe: no kill from here on may lose it. Told in one system call."""
    path = folder.with_name(folder.name + "." + SAFE)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, f"{text}\n".encode())
    os.close(descriptor)


def said_safe(folder: Path) -> list[str]:
    path = folder.with_name(folder.name + "." + SAFE)
    return path.read_text().splitlines() if path.exists() else []


def _command(target: str, folder: Path, *strace: str) -> list[str]:
    child = [sys.executable, "-m", "tests.soak.kill_points", target, str(folder)]
    return ["strace", "-qq", "-f", *strace, *child]


def points(target: str, scratch: Path) -> list[KillPoint]:
    """Every point of the work, from one run that nobody kills."""
    log = scratch / "dry.log"
    folder = scratch / "dry"
    strace = ("-e", f"trace={','.join(CALLS)}", "-o", str(log))
    subprocess.run(_command(target, folder, *strace), check=True, timeout=DEADLINE_S)
    return list(_points_in(log.read_text()))


def _points_in(log: str) -> Iterator[KillPoint]:
    counts = dict.fromkeys(CALLS, 0)
    begun = False
    for line in log.splitlines():
        found = LINE.match(line)
        if found is None or found[1] not in counts:
            continue
        counts[found[1]] += 1
        if BEGIN in line:
            begun = True
        elif begun:
            yield KillPoint(found[1], counts[found[1]])


def kill_at(
    target: str, point: KillPoint, scratch: Path, fault: str = KILL
) -> tuple[bool, list[str]]:
    """Whether the process ended there, and what is wrong with what it left."""
    with tempfile.TemporaryDirectory(dir=scratch) as inside:
        folder = Path(inside) / "work"
        inject = f"inject={point.call}:{fault}:when={point.k}"
        strace = ("-e", f"trace={point.call}", "-e", inject, "-o", "/dev/null")
        done = subprocess.run(
            _command(target, folder, *strace),
            timeout=DEADLINE_S,
            capture_output=True,
            check=False,
        )
        module = importlib.import_module(target)
        found: list[str] = module.check(folder, said_safe(folder))
        return done.returncode != 0, found


def main() -> None:
    """The process that is killed."""
    target, folder = sys.argv[1], Path(sys.argv[2])
    module = importlib.import_module(target)
    os.close(os.open(folder.with_name(BEGIN), os.O_WRONLY | os.O_CREAT, 0o600))
    module.act(folder)


if __name__ == "__main__":
    main()
