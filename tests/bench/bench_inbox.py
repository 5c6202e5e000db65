"""A STOP to a node that has ten thousand faders to see to: `python -m tests.bench.bench_inbox`.

    python -m tests.bench.bench_inbox [--rounds 40] [--faders 10000]

A real node process, led from here; from the command to its receipt. In each round first with
nothing else on the way, then right behind all the faders at once, by lane X and the bus as a
controller does it, and then by the bus alone, where it is the last of all that was said. Aim
(faults.md F20): p99 within 20 ms.
"""

import argparse
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from cuems.adapters.bus import NngBus, open_bus_listener
from cuems.adapters.lane import open_lane
from cuems.app.hearing import hear_bus, hear_lane, serve_lane_r
from cuems.app.leading import Leading
from cuems.app.links import OUTBOX_MESSAGES, ControllerItem, Greets, NodeSaid, send_all
from cuems.core import bus
from cuems.core.cues import NodeId
from cuems.core.reports import Receipt
from cuems.wire.lane_r import lane_r_url
from tests.bench.figures import judge, percentile, say, show
from tests.e2e.rig import Home, open_program

LEADER = NodeId("0f7d0a52-5c0e-4d4f-9d0e-6b1b5c1f0001")
PATIENCE_S = 60
NS_PER_MS = 1_000_000
AIM_MS = 20


class Lead:
    """What leads a node from here."""

    def __init__(self, leading: Leading) -> None:
        self._leading = leading
        self._stops = 0
        self._answered: dict[int, anyio.Event] = {}
        self.led = anyio.Event()

    async def hear(self, inbox: MemoryObjectReceiveStream[ControllerItem]) -> None:
        async for item in inbox:
            match item:
                case Greets(node):
                    await self._leading.welcome(
                        bus.Snapshot(node=node, empty=True, stop_generation=self._stops)
                    )
                    self.led.set()
                case NodeSaid(node, Receipt() as receipt, at_ns):
                    list(self._leading.receipt(node, receipt, at_ns))
                    if not receipt.nak and receipt.seq in self._answered:
                        self._answered.pop(receipt.seq).set()
                case _:
                    pass

    async def beat(self) -> None:
        while True:
            await self._leading.beat(time.monotonic_ns(), ())
            await anyio.sleep(0.05)

    async def move_faders(self, node: str, count: int) -> None:
        for number in range(count):
            of = node if number % 8 == 0 else f"{node[:-1]}{number % 8}"  # of eight machines
            address = f"/{of}/audio/mixer/0/master/volume"
            command = bus.PlayerControlCommand(address, (number / count,))
            await self._leading.tell(command, time.monotonic_ns())

    async def stop(self) -> int:
        """The time from a STOP to its receipt, ns."""
        self._stops += 1
        answered = self._answered[self._leading.sender.next_seq] = anyio.Event()
        began_ns = time.monotonic_ns()
        await self._leading.tell(bus.StopCommand(self._stops), began_ns)
        await answered.wait()
        return time.monotonic_ns() - began_ns


async def run(rounds: int, faders: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            link: NngBus = await stack.enter_async_context(open_bus_listener("tcp://127.0.0.1:0"))
            lane = await stack.enter_async_context(open_lane("127.0.0.1"))
            leading = Leading(me=LEADER, epoch=1, boot="bench", lane=lane)
            lead = Lead(leading)
            send, inbox = anyio.create_memory_object_stream[ControllerItem](1 << 16)
            outgoing, outbox = anyio.create_memory_object_stream[bytes](OUTBOX_MESSAGES)
            tg = await stack.enter_async_context(anyio.create_task_group())
            leading.add_wire(outgoing, near=False)
            tg.start_soon(send_all, outbox, link)
            tg.start_soon(lambda: hear_bus(link, leading, send, near=False))
            tg.start_soon(hear_lane, lane, leading, send)
            await tg.start(serve_lane_r, lane_r_url(link.url), leading, send)
            tg.start_soon(lead.hear, inbox)
            tg.start_soon(lead.beat)
            home = Home(Path(folder), bus=link.url)
            await stack.enter_async_context(
                open_program(home, "run", "--role", "node", "--mtc", "bus", "--players", "none")
            )
            await lead.led.wait()
            await measure(lead, leading, home.node, rounds, faders)
            tg.cancel_scope.cancel()


async def measure(lead: Lead, leading: Leading, node: str, rounds: int, faders: int) -> None:
    alone, behind, by_bus = [], [], []
    for _ in range(rounds):
        with anyio.fail_after(PATIENCE_S):
            alone.append(await lead.stop())
            await lead.move_faders(node, faders)
            behind.append(await lead.stop())
            await lead.move_faders(node, faders)
            lane, leading.lane = leading.lane, None
            by_bus.append(await lead.stop())
            leading.lane = lane
            await anyio.sleep(1.0)  # until all of them have been seen to
    show("STOP to its receipt, nothing else", alone)
    show(f"right behind {faders} faders", behind)
    show("the same, by the bus alone", by_bus)
    say(f"a STOP among faders takes {percentile(behind, 0.5) / percentile(alone, 0.5):.1f} times")
    judge("F20, p99", percentile(behind, 0.99) / NS_PER_MS, AIM_MS, "ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--faders", type=int, default=10_000)
    options = parser.parse_args()
    anyio.run(run, options.rounds, options.faders)
