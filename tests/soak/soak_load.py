"""F63, ten minutes at ten times the load of a show: `python -m tests.soak.soak_load [SECONDS]`.

A whole controller with its node: ten commands a second (GO, STOP, pause, standby, faders, loads), a
client that comes and goes every second, ten that stay. Memory, descriptors and drops are read from
`/metrics`. Exit status 1 where memory grows by more than a MiB an hour beyond the noise of the
measurement, descriptors do not stay, or a loop is starved.
"""

import random
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import linear_regression

import anyio
import anyio.to_thread
from prometheus_client.parser import text_string_to_metric_families as parse

from tests.bench.figures import say
from tests.e2e.rig import Home, Operator, open_operator, open_program

RUN = ("run", "--role", "controller", "--players", "none", "--mtc", "internal")
PERIOD_S = 0.1
SAMPLE_S = 2.0
STAYING = 10
WARM_SHARE = 0.5  # until then memory is what the C library makes of it
MOST_MIB = 2.0  # over the whole run: what the journal holds in hand comes and goes
COMMANDS: Sequence[tuple[str, tuple[str, ...]]] = (
    *[("go", ())] * 4,
    ("stop", ()),
    ("pause", ()),
    ("resume", ()),
    ("panic", ()),
    ("load", ("demo",)),
    ("setting", ("panic_ms", "100")),
)


def figures(home: Home) -> dict[str, float]:
    with urllib.request.urlopen(f"http://{home.control}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    samples = [sample for family in parse(text) for sample in family.samples]
    return {sample.name: sample.value for sample in samples if not sample.labels}


async def press(operator: Operator, chance: random.Random) -> None:
    while True:
        command, arguments = chance.choice(COMMANDS)
        await operator.send(command, *arguments)
        await anyio.sleep(PERIOD_S)


async def come_and_go(home: Home) -> None:
    while True:
        async with open_operator(home) as guest:
            await guest.send("ping")
            await anyio.sleep(1)


async def soak(seconds: float, seed: int) -> bool:
    chance = random.Random(seed)
    seen: list[tuple[float, dict[str, float]]] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        async with open_program(home, *RUN) as program, AsyncExitStack() as stack:
            await program.says("ready: control surface")
            for _ in range(STAYING):
                await stack.enter_async_context(open_operator(home))
            operator = await stack.enter_async_context(open_operator(home))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(press, operator, chance)
                tasks.start_soon(come_and_go, home)
                began_s = time.monotonic()
                while time.monotonic() - began_s < seconds:
                    await anyio.sleep(SAMPLE_S)
                    sample = await anyio.to_thread.run_sync(figures, home)
                    seen.append((time.monotonic() - began_s, sample))
                tasks.cancel_scope.cancel()
            ended = await program.stop()
    return told(seen, seconds, seed) and ended == 0


def told(seen: Sequence[tuple[float, dict[str, float]]], seconds: float, seed: int) -> bool:
    """Say what was seen; whether nothing grows."""
    warm = [(at_s, sample) for at_s, sample in seen if at_s >= WARM_SHARE * seconds]
    mib = [sample["process_resident_memory_bytes"] / (1 << 20) for _, sample in warm]
    files = [sample["process_open_fds"] for _, sample in warm]
    slope = linear_regression([at_s for at_s, _ in warm], mib).slope
    say(
        f"{seconds:.0f} s, seed {seed}: memory {mib[0]:.1f} to {mib[-1]:.1f} MiB, slope"
        f" {slope * 3600:+.1f} MiB/h; descriptors {min(files):.0f} to {max(files):.0f}"
    )
    tenths = [mib[len(mib) * tenth // 10] for tenth in range(10)]
    say(f"memory by tenths of that: {' '.join(f'{each:.1f}' for each in tenths)} MiB")
    grows = slope * seconds > MOST_MIB
    return not grows and max(files) - min(files) <= STAYING


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    sys.exit(0 if anyio.run(soak, seconds, seed) else 1)


if __name__ == "__main__":
    main()
