"""A standby's take-over: kill -9 of the active controller in the middle of a show, again and again.

`python -m tests.bench.bench_standby [ROUNDS]`. Each round starts a controller, its standby (auto)
and one node as processes, fires the first cue, kills the controller, and measures from the kill:
until the standby leads, until the show is taken up and armed, and whether the cue that was to
follow by itself, in the gap or just after it, was played. The lease is 1.5 s of it.
"""

import signal
import sys
import tempfile
import time
from pathlib import Path

import anyio

from tests.bench.figures import judge, percentile, say, show
from tests.e2e.rig import open_operator
from tests.e2e.test_standby import CHIME, GONG, Rig, leads_on, plays

ROUNDS = 5
NS_PER_MS = 1_000_000


async def take_over(folder: Path) -> tuple[int, int, bool]:
    """Until the standby leads, until it is armed (ns), and whether the cue followed."""
    rig = Rig(folder, "auto")
    async with rig.second(), rig.player(), open_operator(rig.standby) as after:
        async with rig.controller() as first, open_operator(rig.active) as before:
            await before.sees("armed", "yes")
            await after.sees("armed", "yes")
            await plays(before, GONG)
            killed_ns = time.monotonic_ns()
            first.process.send_signal(signal.SIGKILL)
            await after.sees("role", "active")
            leads_ns = time.monotonic_ns() - killed_ns
            await leads_on(after)
            armed_ns = time.monotonic_ns() - killed_ns
        with anyio.move_on_after(20) as waited:
            await after.sees(f"cue/{CHIME}", 100)
    return leads_ns, armed_ns, not waited.cancelled_caught


async def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            found.append(await take_over(Path(folder)))
    show("the standby leads", [figures[0] for figures in found])
    show("the show is taken up and armed", [figures[1] for figures in found])
    played = sum(figures[2] for figures in found)
    say(f"cues due in the gap that were played: {played} of {rounds}")
    taken_ms = percentile([figures[1] for figures in found], 0.99) / NS_PER_MS
    judge("take-over p99, auto, until armed", taken_ms, 2500, "ms")
    judge("cues due in the gap and not played", rounds - played, 0, "of them")


if __name__ == "__main__":
    anyio.run(main)
