"""MIDI in and out, against floors in the same run.

    python -m tests.bench.bench_midi [--seconds 20] [--rate FPS_25] [--load]

Hand-off: from the stamp in rtmidi's callback to the coroutine that takes the message, beside an
eventfd wake-up of the same loop from another process. Spacing: how far quarter-frames are from
even at the sender's deadline, and at the receiver (which adds JACK's period). Position: the
decoder's against the line at every piece. Starts a JACK server with the dummy driver.
"""

import argparse
import subprocess
import sys
import time
from contextlib import ExitStack
from subprocess import PIPE

import anyio

from cuems.adapters.midi import MidiInput, open_midi_input
from cuems.adapters.mtc_output import MtcOutput, open_mtc_output
from cuems.core.line import Line
from cuems.core.mtc import MtcDecoder, Running
from cuems.core.pace import piece_flicks
from cuems.core.timecode import NS_PER_S, FrameRate, to_ns
from tests.bench.figures import say, show
from tests.jack import open_jack

SETTLE_S = 1.0
# Writes the monotonic clock to a pipe a hundred times a second.
TICKER = """
import os, time
while True:
    time.sleep(0.01)
    os.write(1, time.monotonic_ns().to_bytes(8, "little"))
"""


async def pipe_wakes_ns(seconds: float) -> list[int]:
    """The floor: another process's write to this loop's coroutine."""
    late: list[int] = []
    process = await anyio.open_process([sys.executable, "-c", TICKER], stdin=None, stdout=PIPE)
    assert process.stdout is not None
    fd = process.stdout
    with anyio.move_on_after(seconds):
        while True:
            sent = await fd.receive(8)
            late.append(time.monotonic_ns() - int.from_bytes(sent, "little"))
    process.kill()
    with anyio.CancelScope(shield=True):
        await process.aclose()
    return late


class Heard:
    """What is measured at the receiving end."""

    def __init__(self) -> None:
        self.hand_off_ns: list[int] = []
        self.arrivals: list[tuple[int, Running]] = []

    def forget(self) -> None:
        """Begin to measure."""
        self.hand_off_ns.clear()
        self.arrivals.clear()

    async def take(self, midi: MidiInput) -> None:
        decoder = MtcDecoder()
        async for received_ns, message in midi:
            event = decoder.feed(message)
            self.hand_off_ns.append(time.monotonic_ns() - received_ns)
            if isinstance(event, Running):
                self.arrivals.append((received_ns, event))


async def watch_sender(output: MtcOutput, worst_ns: list[int]) -> None:
    while True:
        await anyio.sleep(0.1)
        worst_ns.append(output.late_ns)


async def measure(seconds: float, rate: FrameRate) -> None:
    heard, worst_ns = Heard(), list[int]()
    async with (
        open_jack(),
        open_mtc_output() as output,
        open_midi_input() as midi,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(heard.take, midi)
        await anyio.sleep(SETTLE_S)
        line = Line(0, time.monotonic_ns(), True, rate)
        output.follow(line)
        await anyio.sleep(SETTLE_S)
        heard.forget()
        tasks.start_soon(watch_sender, output, worst_ns)
        before_s = time.process_time()
        await anyio.sleep(seconds)
        used_s = time.process_time() - before_s
        tasks.cancel_scope.cancel()
    report(heard, line, seconds)
    show("sent later than due, worst of each 0.1 s", worst_ns)
    show("floor: pipe write -> coroutine", await pipe_wakes_ns(min(seconds, 10)))
    say(f"this process: {100 * used_s / seconds:.2f} % of a core; dropped {midi.dropped_messages}")


def report(heard: Heard, line: Line, seconds: float) -> None:
    piece_ns = to_ns(piece_flicks(line.rate))
    pairs = zip(heard.arrivals, heard.arrivals[1:], strict=False)
    uneven = [
        abs(later_ns - earlier_ns - piece_ns)
        for (earlier_ns, _), (later_ns, piece) in pairs
        if not piece.missed
    ]
    errors = [
        abs(to_ns(piece.position - line.position_at(received_ns)))
        for received_ns, piece in heard.arrivals
    ]
    say(
        f"{line.rate.name}: {len(errors)} of {seconds * NS_PER_S / piece_ns:.0f} pieces understood,"
        f" {sum(piece.missed for _, piece in heard.arrivals)} lost and"
        f" {sum(piece.extra for _, piece in heard.arrivals)} doubled by JACK,"
        f" {sum(error > 2 * piece_ns for error in errors)} beyond half a frame"
    )
    show("callback -> decoded in the coroutine", heard.hand_off_ns)
    show("spacing off even, at the receiver", uneven)
    show("position off the line, at the receiver", errors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", choices=FrameRate.__members__, default="FPS_25")
    parser.add_argument("--load", action="store_true", help="keep one core busy meanwhile")
    options = parser.parse_args()
    with ExitStack() as stack:
        if options.load:
            busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(busy.wait)
            stack.callback(busy.kill)
        anyio.run(measure, options.seconds, FrameRate[options.rate])


if __name__ == "__main__":
    main()
