"""A process that does nothing but wait for moments: the floor of starting together.

    python -m tests.bench.bare_start FIRST_NS EVERY_NS COUNT

It wakes as a node does (adapters/clock.py, adapters/priority.py), and prints when it did, as JSON.
"""

import json
import sys
import time

import anyio
import anyio.lowlevel

from cuems.adapters.clock import open_alarm
from cuems.adapters.priority import go_first
from tests.bench.figures import say

MODULE = "tests.bench.bare_start"


async def wait_for(first_ns: int, every_ns: int, count: int) -> list[int]:
    """When it woke for each of them."""
    woke_ns = []
    rang = anyio.Event()

    def ring() -> None:
        woke_ns.append(time.monotonic_ns())
        rang.set()

    async with open_alarm(ring) as alarm:
        for number in range(count):
            rang = anyio.Event()
            alarm.set(first_ns + number * every_ns)
            await rang.wait()
    return woke_ns


async def floor(processes: int, count: int) -> list[int]:
    """How far apart so many of these processes wake for the same moments, ns."""
    every_ns, later_ns = 50_000_000, 5_000_000_000  # they start on busy cores
    first_ns = time.monotonic_ns() + later_ns
    command = [sys.executable, "-m", MODULE, str(first_ns), str(every_ns), str(count + 1)]
    woke: list[list[int]] = []

    async def run() -> None:
        woke.append(json.loads((await anyio.run_process(command)).stdout))

    async with anyio.create_task_group() as tg:
        for _ in range(processes):
            tg.start_soon(run)
    # Who has woken for the last one ends, and takes the processor from those that have not.
    return [max(each) - min(each) for each in zip(*woke, strict=True)][:count]


def main() -> None:
    first_ns, every_ns, count = (int(word) for word in sys.argv[1:])
    go_first()
    say(json.dumps(anyio.run(wait_for, first_ns, every_ns, count)))


if __name__ == "__main__":
    main()
