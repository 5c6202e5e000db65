"""MIDI in and out, against floors in the same run.

    python -m tests.bench.bench_midi [--seconds 20] [--rate FPS_25] [--load] [--minutes 10]

Hand-off: from the stamp in rtmidi's callback to the chase's new state, beside an eventfd that
wakes the same loop from another process. Spacing: how far quarter-frames are from even at the
receiver (JACK's period included), beside a C loop on clock_nanosleep. Position: the decoder's
against the line at every piece. Drift: the same at the end against the beginning. --load: 200
broadcasts/s to 20 clients and bus traffic in the receiver's loop. Starts a JACK server with the
dummy driver; the C loop is compiled with `cc`, where there is one.
"""

import argparse
import asyncio
import mmap
import os
import shutil
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from statistics import median

import anyio

from cuems.adapters.midi import open_midi_input
from cuems.adapters.mtc_output import MtcOutput, open_mtc_output
from cuems.core.chase import Chase
from cuems.core.line import Line
from cuems.core.mtc import Running
from cuems.core.mtc_decoder import MtcDecoder
from cuems.core.pace import piece_flicks
from cuems.core.timecode import NS_PER_S, FrameRate, to_ns
from tests.bench.figures import say, show
from tests.bench.load import open_load
from tests.jack import open_jack

SETTLE_S = 1.0
FLOOR_S = 10.0
WINDOW_S = 10
# Writes the monotonic clock to shared memory and an eventfd, a hundred times a second.
TICKER = """
import mmap, os, sys, time
shared = mmap.mmap(int(sys.argv[1]), 4096)
while True:
    time.sleep(0.01)
    shared[:8] = time.monotonic_ns().to_bytes(8, "little")
    os.eventfd_write(int(sys.argv[2]), 1)
"""
# Prints how far each wake-up is from an even spacing, ns: arguments spacing (ns), wake-ups.
EVEN_LOOP = r"""
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int count, char **words) {
    long long spacing = atoll(words[1]), due = now_ns(), before = 0;
    for (int left = atoi(words[2]); left > 0; left--) {
        due += spacing;
        struct timespec t = {due / 1000000000LL, due % 1000000000LL};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
        long long woke = now_ns();
        if (before) printf("%lld\n", llabs(woke - before - spacing));
        before = woke;
    }
    return count == 0;
}
"""


async def eventfd_wakes_ns(seconds: float) -> list[int]:
    """The floor: another process's eventfd to a callback of this loop."""
    late: list[int] = []
    loop = asyncio.get_running_loop()
    memory, event = os.memfd_create("bench"), os.eventfd(0, os.EFD_NONBLOCK)
    os.truncate(memory, mmap.PAGESIZE)
    with mmap.mmap(memory, mmap.PAGESIZE) as shared:

        def woken() -> None:
            now_ns = time.monotonic_ns()
            os.eventfd_read(event)
            late.append(now_ns - int.from_bytes(shared[:8], "little"))

        loop.add_reader(event, woken)
        command = [sys.executable, "-c", TICKER, str(memory), str(event)]
        try:
            async with await anyio.open_process(command, pass_fds=(memory, event)) as ticker:
                await anyio.sleep(seconds)
                ticker.kill()
        finally:
            loop.remove_reader(event)
            os.close(event)
            os.close(memory)
    return late


async def even_loop_ns(spacing_ns: int, wakes: int) -> list[int]:
    """The C loop's deviations; nothing where there is no compiler."""
    if shutil.which("cc") is None:
        say("no C compiler here: no C loop to compare with")
        return []
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder) / "even.c", Path(folder) / "even"
        source.write_text(EVEN_LOOP)
        await anyio.run_process(["cc", "-O2", "-o", str(program), str(source)])
        done = await anyio.run_process([str(program), str(spacing_ns), str(wakes)])
    return [int(line) for line in done.stdout.split()]


class Heard:
    """What is measured at the receiving end."""

    def __init__(self) -> None:
        self.hand_off_ns: list[int] = []
        self.arrivals: list[tuple[int, Running]] = []
        self.chase = Chase()
        self._decoder = MtcDecoder(self.chase.recognise)

    def forget(self) -> None:
        """Begin to measure."""
        self.hand_off_ns.clear()
        self.arrivals.clear()

    def take(self, received_ns: int, message: bytes) -> bool:
        """As app/node.py takes them, except that none may wait."""
        event = self._decoder.feed(message, received_ns)
        if event is not None:
            self.chase.feed(event, received_ns)
            self.hand_off_ns.append(time.monotonic_ns() - received_ns)
            if isinstance(event, Running):
                self.arrivals.append((received_ns, event))
        return False


async def watch_sender(output: MtcOutput, worst_ns: list[int]) -> None:
    while True:
        await anyio.sleep(0.1)
        worst_ns.append(output.late_ns)


async def measure(seconds: float, rate: FrameRate, under_load: bool) -> None:
    heard, worst_ns = Heard(), list[int]()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(open_jack())
        output = await stack.enter_async_context(open_mtc_output())
        midi = await stack.enter_async_context(open_midi_input(on_message=heard.take))
        if under_load:
            await stack.enter_async_context(open_load())
        tasks = await stack.enter_async_context(anyio.create_task_group())
        await anyio.sleep(SETTLE_S)
        line = Line(0, time.monotonic_ns(), True, rate)
        output.follow(line)
        await anyio.sleep(SETTLE_S)
        heard.forget()
        tasks.start_soon(watch_sender, output, worst_ns)
        before_s = time.process_time()
        await anyio.sleep(seconds)
        used_s = time.process_time() - before_s
        floor = await eventfd_wakes_ns(min(seconds, FLOOR_S))
        tasks.cancel_scope.cancel()
    piece_ns = to_ns(piece_flicks(rate))
    say("under load" if under_load else "idle")
    report(heard, line, seconds)
    show("sent later than due, worst of each 0.1 s", worst_ns)
    show("floor: eventfd -> callback of the loop", floor)
    even = await even_loop_ns(piece_ns, round(min(seconds, FLOOR_S) * NS_PER_S / piece_ns))
    if even:
        show("floor: C loop on clock_nanosleep, off even", even)
    quality = heard.chase.quality
    say(
        f"chase: {heard.chase.state}, jitter p99 {quality.jitter_p99_ns / 1e6:.1f} ms,"
        f" {quality.missed_pieces} missed, {quality.rate_error_ppm:+} ppm"
    )
    say(f"this process: {100 * used_s / seconds:.2f} % of a core; dropped {midi.dropped_messages}")


def report(heard: Heard, line: Line, seconds: float) -> None:
    piece_ns = to_ns(piece_flicks(line.rate))
    uneven = [
        abs(later_ns - earlier_ns - piece_ns)
        for (earlier_ns, _), (later_ns, piece) in pairwise(heard.arrivals)
        if not piece.missed
    ]
    off = [
        to_ns(piece.position - line.position_at(received_ns))
        for received_ns, piece in heard.arrivals
        if received_ns < line.at_ns + (seconds + 2 * SETTLE_S) * NS_PER_S
    ]
    errors = [abs(error) for error in off]
    say(
        f"{line.rate.name}: {len(errors)} of {seconds * NS_PER_S / piece_ns:.0f} pieces understood,"
        f" {sum(piece.missed for _, piece in heard.arrivals)} lost and"
        f" {sum(piece.extra for _, piece in heard.arrivals)} doubled by JACK,"
        f" {sum(error > 2 * piece_ns for error in errors)} beyond half a frame"
    )
    show("callback -> chase state updated", heard.hand_off_ns)
    show("spacing off even, at the receiver", uneven)
    show("position off the line, at the receiver", errors)
    window = min(WINDOW_S * NS_PER_S // piece_ns, len(off) // 2)
    drift_ns = median(off[-window:]) - median(off[:window])  # a stall moves no median
    say(f"drift over {seconds:g} s: {drift_ns / (4 * piece_ns):+.3f} frames")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--minutes", type=float, help="instead of seconds")
    parser.add_argument("--rate", choices=FrameRate.__members__, default="FPS_25")
    parser.add_argument("--load", action="store_true")
    options = parser.parse_args()
    seconds = 60 * options.minutes if options.minutes else options.seconds
    anyio.run(measure, seconds, FrameRate[options.rate], options.load)


if __name__ == "__main__":
    main()
