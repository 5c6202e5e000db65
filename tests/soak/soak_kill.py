"""A kill at every system call of what must survive one: `python -m tests.soak.soak_kill`.

Arguments: names of targets, none for all of them; before them `ENOSPC` or `EIO`: then the calls
fail so, and nothing is killed. Prints a line for each target, and every violation; exit status 1
where there is one.
"""

import sys
import tempfile
import time
from pathlib import Path

from tests.soak.kill_points import KILL, kill_at, points

TARGETS = {
    "journal": "tests.soak.kill_journal",
    "settings": "tests.soak.kill_settings",
    "ship": "tests.soak.kill_outbox",
}


def soak(name: str, scratch: Path, fault: str = KILL) -> int:
    """Try every point of a target; how many were violated."""
    target = TARGETS[name]
    all_points = points(target, scratch)
    began = time.monotonic()
    ended = violated = 0
    for point in all_points:
        has_ended, wrong = kill_at(target, point, scratch, fault)
        ended += has_ended
        violated += bool(wrong)
        for text in wrong:
            sys.stdout.write(f"{name}: {point.call} {point.k}: {text}\n")
    took = time.monotonic() - began
    sys.stdout.write(
        f"{name}: {len(all_points)} points, {ended} ended by it, {violated} violated,"
        f" {took:.0f} s\n"
    )
    sys.stdout.flush()
    return violated


def main() -> None:
    errors = [name for name in sys.argv[1:] if name.isupper()]
    names = [name for name in sys.argv[1:] if name in TARGETS] or list(TARGETS)
    fault = f"error={errors[0]}" if errors else KILL
    with tempfile.TemporaryDirectory() as scratch:
        violated = sum(soak(name, Path(scratch), fault) for name in names)
    sys.exit(1 if violated else 0)


if __name__ == "__main__":
    main()
