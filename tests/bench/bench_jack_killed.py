"""SIGKILL of jackd while timecode rolls: how late the loop gets, and when timecode is back.

    python -m tests.bench.bench_jack_killed [--rounds 5]

Aims (faults.md G17): the loop at most 20 ms late; back within 2 s of the new server.
"""

import argparse
import time

import anyio

from cuems.adapters.mailbox import Mailbox
from cuems.adapters.midi import MidiInput, open_midi_input
from cuems.adapters.mtc_output import open_mtc_output
from cuems.adapters.process import watch_without_threads
from cuems.core.line import Line
from cuems.core.mtc import Running
from cuems.core.mtc_decoder import MtcDecoder
from cuems.core.timecode import NS_PER_S
from tests.bench.figures import show
from tests.jack import open_jack

TICK_S = 0.005
DOWN_S = 1.0
ROLL_S = 1.5


async def tick(late_ns: list[int]) -> None:
    due_s = anyio.current_time()
    while True:
        due_s += TICK_S
        await anyio.sleep_until(due_s)
        late_ns.append(int((anyio.current_time() - due_s) * NS_PER_S))
        due_s = max(due_s, anyio.current_time())


async def understand(midi: MidiInput, understood_ns: Mailbox[int]) -> None:
    decoder = MtcDecoder()
    async for _, message in midi:
        if isinstance(decoder.feed(message), Running):
            understood_ns.put(time.monotonic_ns())


async def measure(rounds: int) -> None:
    watch_without_threads()
    calm_ns, killed_ns, back_ns = list[int](), list[int](), list[int]()
    understood_ns = Mailbox[int](1)
    async with (
        open_jack() as jack,
        open_mtc_output() as output,
        open_midi_input() as midi,
        anyio.create_task_group() as tasks,
    ):
        output.follow(Line(0, time.monotonic_ns(), rolling=True))
        tasks.start_soon(understand, midi, understood_ns)
        for _ in range(rounds):
            await understood_ns.receive()
            with anyio.move_on_after(ROLL_S):
                await tick(calm_ns)
            await jack.kill()
            with anyio.move_on_after(DOWN_S):
                await tick(killed_ns)
            await jack.start()
            started_ns = time.monotonic_ns()
            understood_ns.drain()
            async with anyio.create_task_group() as ticking:
                ticking.start_soon(tick, killed_ns)
                back_ns.append(await understood_ns.receive() - started_ns)
                ticking.cancel_scope.cancel()
        tasks.cancel_scope.cancel()
    show("loop late, rolling", calm_ns)
    show("loop late, JACK killed and coming back", killed_ns)
    show("timecode back after the new server", back_ns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    anyio.run(measure, parser.parse_args().rounds)


if __name__ == "__main__":
    main()
