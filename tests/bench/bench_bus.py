"""Node bus against bare pynng, two processes, one run: `python -m tests.bench.bench_bus`.

A round trip is a GO out and a report back, through codec and adapter at both ends; the bare one
is the same bytes through `asend` and `arecv`. Aim (issue of the cluster): p50 within 2 times.
Also the codec alone, and a burst: messages per second, and how many never arrived.
"""

import sys
import time
from collections.abc import Awaitable, Callable
from timeit import repeat

import anyio
import pynng

from cuems.adapters.bus import NngBus, open_bus_dialer, open_bus_listener
from cuems.core.cues import CueId, NodeId
from cuems.core.events import Go
from cuems.core.reports import CueStartedReport
from cuems.wire.bus import decode, encode

SENDER = NodeId("0f7d0a52-5c0e-4d4f-9d0e-6b1b5c1f0001")
CUE = CueId("7c9e6679-7425-40de-944b-e07fc1f90ae7")
GO = Go(run_seq=42, cue=CUE, at=2_540_160_000_000, deadline=2_540_512_800_000)
STARTED = CueStartedReport(CUE, 2_540_160_000_000, 705_600)
BLOCKS = 40
BLOCK = 100
BURST = 10_000
CALLS = 10_000


async def echo(bare_url: str, our_url: str) -> None:
    """The other process: answers on both buses until it is killed."""

    async def bare() -> None:
        with pynng.Bus0(dial=bare_url, recv_buffer_size=8192, send_buffer_size=8192) as socket:
            answer = encode(SENDER, STARTED)
            while True:
                await socket.arecv()
                await socket.asend(answer)

    async def ours() -> None:
        async with open_bus_dialer(our_url) as bus:
            while True:
                decode(await bus.receive())
                await bus.send(encode(SENDER, STARTED))

    async with anyio.create_task_group() as tg:
        tg.start_soon(bare)
        tg.start_soon(ours)


async def timed(ping: Callable[[], Awaitable[object]], into_us: list[float]) -> None:
    for _ in range(BLOCK):
        start_ns = time.perf_counter_ns()
        await ping()
        into_us.append((time.perf_counter_ns() - start_ns) / 1000)


async def round_trips(socket: pynng.Bus0, bus: NngBus) -> None:
    go = encode(SENDER, GO)

    async def bare() -> None:
        await socket.asend(go)
        await socket.arecv()

    async def ours() -> None:
        await bus.send(encode(SENDER, GO))
        decode(await bus.receive())

    bare_us: list[float] = []
    ours_us: list[float] = []
    for block in range(BLOCKS + 1):
        await timed(bare, bare_us)
        await timed(ours, ours_us)
        if block == 0:  # warming up
            bare_us.clear()
            ours_us.clear()
    print_quantiles("bare pynng", bare_us)
    print_quantiles("ours", ours_us)
    ratio = sorted(ours_us)[len(ours_us) // 2] / sorted(bare_us)[len(bare_us) // 2]
    sys.stdout.write(f"ratio p50 {ratio:.2f} (aim 2)\n")


def print_quantiles(name: str, values_us: list[float]) -> None:
    ordered = sorted(values_us)
    p50, p99 = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    sys.stdout.write(f"{name:<12} {len(ordered)} round trips  p50 {p50:.0f} us  p99 {p99:.0f} us\n")


async def burst(bus: NngBus) -> None:
    """All at once out; the echo's answers back."""
    arrived = 0
    start_ns = time.perf_counter_ns()
    last_ns = start_ns
    async with anyio.create_task_group() as tg:
        tg.start_soon(send_burst, bus)
        while arrived < BURST:
            with anyio.move_on_after(3):
                await bus.receive()
                arrived += 1
                last_ns = time.perf_counter_ns()
                continue
            break
    rate = arrived / (last_ns - start_ns) * 1e9
    sys.stdout.write(f"burst of {BURST}: {BURST - arrived} lost, {rate:.0f} there and back per s\n")


async def send_burst(bus: NngBus) -> None:
    for _ in range(BURST):
        await bus.send(encode(SENDER, GO))


def print_codec() -> None:
    data = encode(SENDER, GO)
    out = min(repeat(lambda: encode(SENDER, GO), number=CALLS, repeat=10)) / CALLS * 1e9
    back = min(repeat(lambda: decode(data), number=CALLS, repeat=10)) / CALLS * 1e9
    sys.stdout.write(f"codec, {len(data)} B GO: encode {out:.0f} ns, decode {back:.0f} ns\n")


async def measure() -> None:
    print_codec()
    with pynng.Bus0(
        listen="tcp://127.0.0.1:0", recv_buffer_size=8192, send_buffer_size=8192
    ) as bare:
        bare_url = f"tcp://{bare.listeners[0].local_address}"
        async with open_bus_listener("tcp://127.0.0.1:0") as bus:
            command = [sys.executable, "-m", "tests.bench.bench_bus", bare_url, bus.url]
            async with await anyio.open_process(command, stdout=None, stderr=None) as other:
                await bus.peers_changed()
                await round_trips(bare, bus)
                await burst(bus)
                other.kill()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        anyio.run(echo, sys.argv[1], sys.argv[2])
    else:
        anyio.run(measure)
