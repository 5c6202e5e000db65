"""From a SIGKILL to the show standing where it was: `python -m tests.bench.bench_restore [KILLS]`.

The time from starting the program again until a client sees the show paused, with its project.
Baseline: a start of the same program that has nothing to restore, until a client sees the project.
Aim (faults.md G8): p99 at most 2 s.
"""

import signal
import sys
import tempfile
import time
from pathlib import Path

import anyio

from tests.bench.figures import say, show
from tests.e2e.rig import Home, open_operator, open_program
from tests.e2e.test_restore import CONTROLLER, MIXER, play


async def one(folder: Path) -> tuple[int, int]:
    """A fresh start and a restored one, ns."""
    home = Home(folder)
    await play(home, number=signal.SIGKILL, mixer=MIXER)
    restored_ns = await _until(home, "paused", "yes")
    fresh_ns = await _until(home, "paused", "no", "--resume", "off")
    return fresh_ns, restored_ns


async def _until(home: Home, name: str, value: str, *more: str) -> int:
    began_ns = time.perf_counter_ns()
    async with open_program(home, *CONTROLLER, *more) as program:
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            await operator.sees("load", "demo")
            await operator.sees(name, value)
            took_ns = time.perf_counter_ns() - began_ns
        await program.stop(signal.SIGKILL)
    return took_ns


async def bench(kills: int) -> None:
    fresh: list[int] = []
    restored: list[int] = []
    for _ in range(kills):
        with tempfile.TemporaryDirectory() as folder:
            fresh_ns, restored_ns = await one(Path(folder))
        fresh.append(fresh_ns)
        restored.append(restored_ns)
    show("restored after a SIGKILL", restored)
    show("baseline: a start with nothing to restore", fresh)
    ratio = sorted(restored)[len(restored) // 2] / sorted(fresh)[len(fresh) // 2]
    say(f"p50 is {ratio:.2f} times the baseline's")


def main() -> None:
    anyio.run(bench, int(sys.argv[1]) if len(sys.argv) > 1 else 30)


if __name__ == "__main__":
    main()
