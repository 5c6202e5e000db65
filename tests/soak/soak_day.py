"""F63, a day of shows on a virtual clock: `python -m tests.soak.soak_day [--hours 24] [--seed 1]`.

The real controller and nodes, on a network that loses a tenth; each hour is a rig of its own, in
which GO is pressed every half minute and the show is stopped every ten minutes. What is asked is
that neither memory nor descriptors grow from hour to hour. Exit status 1 where they do.
"""

import argparse
import gc
import os
import random
import sys
import time
from pathlib import Path

from cuems.core.operator import PressGo, PressStop
from cuems.sim.rehearsal import rehearse
from cuems.sim.setup import Setup, Step
from cuems.wire.show_xml import read_show
from tests.bench.figures import say

NS_PER_S = 1_000_000_000
HOUR_S, GO_EVERY_S, STOP_EVERY_S = 3600, 30, 600
SCRIPT = Path(__file__).parents[1] / "shows" / "evening" / "script.xml"
WARM_HOURS = 3
MOST_GROWTH_MIB = 1.0  # from the warm hours to the last
MOST_MOMENTS = 20_000_000


def resident_mib() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def hour(seed: int) -> int:
    """Perform one; how many things happened in it."""
    chance = random.Random(seed)
    show = read_show(SCRIPT.read_bytes(), SCRIPT.name).show
    steps = [Step(at * NS_PER_S, PressStop()) for at in range(STOP_EVERY_S, HOUR_S, STOP_EVERY_S)]
    steps += [
        Step((at + chance.randrange(10)) * NS_PER_S, PressGo())
        for at in range(0, HOUR_S, GO_EVERY_S)
    ]
    setup = Setup(nodes=2, loss=0.1, seed=seed)
    end_ns = HOUR_S * NS_PER_S
    done = rehearse(show, setup, steps, until_ns=end_ns, most_moments=MOST_MOMENTS)
    if done.cut:
        raise AssertionError(f"seed {seed}: {done.cut}")
    return len(done.entries)


def soak(hours: int, seed: int) -> bool:
    """Whether nothing grows."""
    began_s = time.monotonic()
    memory: list[float] = []
    files: list[int] = []
    happened = 0
    for number in range(hours):
        happened += hour(seed + number)
        memory.append(resident_mib())
        files.append(descriptors())
    took_s = time.monotonic() - began_s
    warm = memory[min(WARM_HOURS, hours) - 1]
    grown = max(memory[min(WARM_HOURS, hours) - 1 :]) - warm
    say(
        f"{hours} h of shows in {took_s:.0f} s, seed {seed}: {happened} events,"
        f" memory {warm:.1f} MiB and then {grown:+.1f}, descriptors {min(files)} to {max(files)}"
    )
    return grown <= MOST_GROWTH_MIB and max(files) == min(files)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    sys.exit(0 if soak(asked.hours, asked.seed) else 1)


if __name__ == "__main__":
    main()
