"""The control surface's whole table: `python -m tests.bench.bench_surface_table [--seconds 3]`.

OSC against python-osc, status to many clients against `websockets.broadcast` and with one that has
stalled, commands under 20 clients of 50 updates a second, a thousand clients at rest.
"""

import argparse

import anyio

from tests.bench import bench_broadcast, bench_osc, bench_surface
from tests.bench.figures import say

COMMANDS_S = 50  # of a second of the others


async def bench(seconds: float) -> None:
    """Everything, one after the other; nothing else is to run meanwhile."""
    say("-- OSC, encode and decode")
    bench_osc.main()
    say("-- status to many")
    await bench_broadcast.bench(seconds)
    say("-- commands and clients at rest")
    await bench_surface.bench(round(seconds * COMMANDS_S), seconds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    anyio.run(bench, parser.parse_args().seconds)
