"""How far a node that follows the bus is from the controller's line, over a bad link.

    python -m tests.bench.bench_bus_line [--seconds 30] [--delay 5] [--jitter 2] [--loss 0]

A controller with no MIDI, and a follower with what a node follows by, in network namespaces with
the emulator (tests/unetem.py) between them. The follower's clock is made to be an hour off and to
drift by 50 ppm; the machine's own clock, which both ends share, is the truth.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from subprocess import DEVNULL

import anyio

from cuems.adapters.bus import NngBus, open_bus_dialer
from cuems.app.presence import FIRST_PROBES, FIRST_PROBES_S, HEARTBEAT_S
from cuems.core import bus
from cuems.core.cues import NodeId
from cuems.core.line import Line
from cuems.core.reports import ClockProbe, Hello
from cuems.core.timecode import NS_PER_S, to_ns
from cuems.core.timekeeper import Timekeeper
from cuems.wire.bus import decode, encode
from tests.bench.figures import say, show
from tests.e2e.rig import Home
from tests.unetem import Link, open_link, why_not

NODE = NodeId("00000000-0000-4000-8000-0000000000f0")
OFF_NS = 3600 * NS_PER_S
DRIFT_PPM = 50
SAMPLE_S = 0.01
PORT = 9093


def own_clock_ns(true_ns: int) -> int:
    """What the follower's clock shows."""
    return true_ns + true_ns * DRIFT_PPM // 1_000_000 + OFF_NS


class Follower:
    """A node's timekeeping, and the truth beside it."""

    def __init__(self, link: NngBus) -> None:
        self._link = link
        self._time = Timekeeper(remote=True)
        self._truth: Line | None = None
        self.errors_ns: list[int] = []
        self.bounds_ns: list[int] = []

    async def hear(self) -> None:
        while True:
            message = decode(await self._link.receive()).message
            now_ns = own_clock_ns(time.monotonic_ns())
            if isinstance(message, bus.LineReport):
                self._truth = message.line
                self._time.hear_report(message.line, now_ns)
            elif isinstance(message, bus.ClockReply) and message.node == NODE:
                self._time.hear_probe(
                    message.sent_ns, message.received_ns, message.replied_ns, now_ns
                )

    async def ask(self) -> None:
        hello = Hello(boot="bench", version="0")
        await self._link.send(encode(NODE, hello))
        for turn in range(sys.maxsize):
            probe = ClockProbe(own_clock_ns(time.monotonic_ns()))
            await self._link.send(encode(NODE, probe))
            await anyio.sleep(FIRST_PROBES_S if turn < FIRST_PROBES else HEARTBEAT_S)

    async def sample(self) -> None:
        while True:
            await anyio.sleep(SAMPLE_S)
            true_ns = time.monotonic_ns()
            now_ns = own_clock_ns(true_ns)
            self._time.wake(now_ns)
            here = self._time.position_at(now_ns)
            if here is not None and self._truth is not None and self._truth.rolling:
                self.errors_ns.append(abs(to_ns(here - self._truth.position_at(true_ns))))
                self.bounds_ns.append(self._time.quality(now_ns).clock_error_ns or 0)


async def follow(url: str, seconds: float) -> None:
    """The follower's process: prints what it measured."""
    async with open_bus_dialer(url) as link, anyio.create_task_group() as tasks:
        follower = Follower(link)
        while not (await link.peers_changed()).now:
            pass
        for task in (follower.hear, follower.ask, follower.sample):
            tasks.start_soon(task)
        await anyio.sleep(seconds)
        tasks.cancel_scope.cancel()
    say(json.dumps([follower.errors_ns, follower.bounds_ns]))


async def measure(link: Link, seconds: float) -> tuple[list[int], list[int]]:
    """The follower's errors, and the bounds it knew, ns."""
    with tempfile.TemporaryDirectory() as folder, open_link(link) as opened:
        here, there = opened.hosts
        url = f"tcp://{here.address}:{PORT}"
        home = Home(Path(folder), bus=url)
        controller = [*here.inside, sys.executable, "-m", "cuems", "run", "--role", "controller"]
        options = ["--mtc", "bus", "--players", "none", "--no-local-node", "--open-bus"]
        async with await anyio.open_process(
            [*controller, *options], env=home.variables(), stdout=DEVNULL, stderr=DEVNULL
        ) as process:
            try:
                follower = [*there.inside, sys.executable, "-m", "tests.bench.bench_bus_line"]
                done = await anyio.run_process(
                    [*follower, "--follow", url, "--seconds", str(seconds)], stderr=None
                )
            finally:
                process.terminate()
    errors, bounds = json.loads(done.stdout)
    return errors, bounds


async def compare(link: Link, seconds: float) -> None:
    errors, bounds = await measure(link, seconds)
    say(f"link: {link.delay_ms:g} ± {link.jitter_ms:g} ms each way, {100 * link.loss:g} % lost")
    show("bus timecode: off the controller's line", errors)
    show("bus timecode: what it knew it may be off", bounds)
    say("half a frame at 25 fps: 20 000 µs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--delay", type=float, default=5)
    parser.add_argument("--jitter", type=float, default=2)
    parser.add_argument("--loss", type=float, default=0)
    parser.add_argument("--follow", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.follow:
        anyio.run(follow, options.follow, options.seconds)
    elif why_not():
        sys.exit(why_not())
    else:
        link = Link(delay_ms=options.delay, jitter_ms=options.jitter, loss=options.loss)
        anyio.run(compare, link, options.seconds)


if __name__ == "__main__":
    main()
