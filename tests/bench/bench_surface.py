"""The control surface under load, and at rest: `python -m tests.bench.bench_surface`.

A command from a client in another process to the controller's inbox, while 20 others are told 50
updates a second; the same with nobody else, as the baseline. Then 1 000 clients that only listen to
a show which stands: memory of each, and CPU time.
"""

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from cuems.app.doors import Doors
from cuems.app.front import Front, serve_front
from cuems.app.links import Asks, ControllerItem
from cuems.core.access import Keyring
from cuems.core.cues import CueId
from cuems.core.operator import LoadProject
from cuems.core.status import CuePlay, ShowTimecode
from cuems.core.timecode import FLICKS_PER_S
from tests.bench.figures import say, show
from tests.bench.surface_load import open_audience

CLIENTS, UPDATES_S = 20, 50
GO_EVERY_S = 0.02
IDLE_CLIENTS = 1000
SETTLE_S = 2.0
PAGE_BYTES = 4096


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


async def decide(inbox: MemoryObjectReceiveStream[ControllerItem], late_ns: list[int]) -> None:
    """Stand where the controller does: note how old each command is."""
    async for item in inbox:
        if isinstance(item, Asks) and isinstance(item.command, LoadProject):
            sent_ns = int(item.command.project)
            late_ns.append(time.monotonic_ns() - sent_ns)


async def update(front: Front) -> None:
    turn = 0
    while True:
        turn += 1
        front.desk.publish(CuePlay(CueId(f"cue {turn % 20}"), turn % 100))
        await anyio.sleep(1 / UPDATES_S)


async def commands(url: str, front: Front, others: int, count: int, late_ns: list[int]) -> None:
    """Have so many commands sent while others listen."""
    late_ns.clear()
    press = ("press", url, str(count), str(GO_EVERY_S))
    async with anyio.create_task_group() as tasks:
        if others:
            tasks.start_soon(update, front)
            async with open_audience("listen", url, str(others)), open_audience(*press):
                await until(late_ns, count)
        else:
            async with open_audience(*press):
                await until(late_ns, count)
        tasks.cancel_scope.cancel()
    show(f"command to the controller, {others} other clients", late_ns)


async def until(late_ns: list[int], count: int) -> None:
    while len(late_ns) < count:  # noqa: ASYNC110 - a bench may look
        await anyio.sleep(0.05)


async def idle(url: str, front: Front, seconds: float) -> None:
    before = resident_bytes()
    async with open_audience("listen", url, str(IDLE_CLIENTS)):
        await anyio.sleep(SETTLE_S)
        each_kib = (resident_bytes() - before) / IDLE_CLIENTS / 1024
        began_s, cpu_s = time.monotonic(), time.process_time()
        for second in range(round(seconds)):
            front.desk.publish(ShowTimecode(second * FLICKS_PER_S))
            await anyio.sleep(1)
        percent = 100 * (time.process_time() - cpu_s) / (time.monotonic() - began_s)
    say(f"{IDLE_CLIENTS} idle clients: {resident_bytes() / 1e6:.0f} MB in all, {each_kib:.1f} KiB"
        f" each (aim 20), {percent:.1f} % of a core with timecode once a second")  # fmt: skip


async def bench(count: int, seconds: float) -> None:
    send, inbox = anyio.create_memory_object_stream[ControllerItem](64)
    front = Front(send, Keyring())
    late_ns: list[int] = []
    with tempfile.TemporaryDirectory() as state:
        serve = partial(
            serve_front, front, Path(state), ("127.0.0.1", 0), Doors(max_clients=IDLE_CLIENTS + 1)
        )
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(decide, inbox, late_ns)
            url = (await tasks.start(serve)).replace("http", "ws", 1)
            for others in (0, CLIENTS, 0, CLIENTS):
                await commands(url, front, others, count, late_ns)
            await idle(url, front, seconds)
            tasks.cancel_scope.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=10)
    asked = parser.parse_args()
    anyio.run(bench, asked.commands, asked.seconds)
