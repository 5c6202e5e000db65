"""Partitions of 10 and 60 s between a controller and a node, real processes (faults.md F16).

    python -m tests.soak.soak_partition [SECONDS ...]

Needs CAP_NET_ADMIN, as tests/unetem.py says. While the link is cut a GO is refused by name; what
was on its way when that happened never fires late; after the cut the node is armed again, and the
next GO is fired. Prints how long it took from the heal to armed; exit status 1 where it did not.
"""

import sys
import tempfile
import time
from pathlib import Path

import anyio

from cuems.adapters.files import read_identity
from cuems.demo.show import write_demo
from tests.bench.figures import say
from tests.e2e.rig import Home
from tests.e2e.test_cluster_faults import GONG, open_bad_network
from tests.unetem import Link, why_not

SECONDS = (10, 60)


async def partition(seconds: int, folder: Path) -> str:
    """One partition; what was wrong ("": nothing)."""
    home = Home(folder)
    write_demo(home.library, read_identity(folder / "state" / "cuems"))
    async with open_bad_network(home, Link(delay_ms=1)) as (link, _, node, desk):
        await desk.sees("armed", '"yes"')
        link.cut()
        asked = await desk.does("go")  # the node is not known to be gone yet: it may be accepted
        await desk.sees(f"node/{home.node}", '"lost"')
        refused = await desk.does("go")
        await anyio.sleep(seconds)
        fired = sum("says CueStarted" in line for line in node.lines)
        link.heal()
        healed_ns, again = time.monotonic_ns(), len(desk.watch.lines)
        await desk.watch.says('status/armed", "value": "yes"', since=again)
        took_ms = (time.monotonic_ns() - healed_ns) // 1_000_000
        stale = [line for line in node.lines if "says CueTiming" in line and "joined=False" in line]
        say(
            f"cut for {seconds} s: armed {took_ms} ms after it; GO at the cut: {asked.strip()!r};"
            f" GO meanwhile: {refused.strip()!r}; {len(stale)} stale fires"
        )
        if fired or stale:
            return "a GO from before the cut was fired"
        if "lost" not in refused:
            return "a GO was not refused while the node was lost"
        await desk.does("stop")
        await desk.does("go")
        await node.says(f"says CueStartedReport(cue='{GONG}'")
    return ""


async def main() -> None:
    if why_not():
        sys.exit(why_not())
    wrong = 0
    for seconds in [int(word) for word in sys.argv[1:]] or SECONDS:
        with tempfile.TemporaryDirectory() as folder:
            found = await partition(seconds, Path(folder))
        if found:
            say(f"cut for {seconds} s: {found}")
            wrong += 1
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    anyio.run(main)
