"""Every figure of the players, one after the other: sound as it is recorded, then lights.

    python -m tests.bench.bench_players [--short]

What bench_sound and bench_dmx tell one by one. The exit status is 1 where a cue that was fired made
no sound at all.
"""

import argparse
import sys

import anyio

from cuems.core.dmx import Merge
from tests.bench import bench_dmx, bench_sound
from tests.bench.figures import say

CUES, TOGETHER, KILLS, ROUNDS = 100, 50, 20, 3
SHORT_CUES, SHORT_TOGETHER, SHORT_KILLS, SHORT_ROUNDS = 10, 10, 2, 1
UNIVERSES = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="see that it runs")
    short = parser.parse_args().short
    sizes = (SHORT_CUES, SHORT_TOGETHER, SHORT_KILLS) if short else (CUES, TOGETHER, KILLS)
    say("sound: aim p50 <= 5000, p99 <= 20000 µs from the due frame to the first sample")
    silent = anyio.run(bench_sound.measure, *sizes)
    say(f"lights: {UNIVERSES} universes, all channels fading at 44 Hz")
    rounds = SHORT_ROUNDS if short else ROUNDS
    anyio.run(bench_dmx.compare, UNIVERSES, rounds, Merge.LTP)
    sys.exit(1 if silent else 0)


if __name__ == "__main__":
    main()
