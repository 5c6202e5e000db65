"""Timecode over a network that jitters: how much of it is left in the chase's position.

    python -m tests.bench.bench_jitter [--seconds 20] [--delay 10] [--jitter 8]

Quarter-frames go as packets, as RTP-MIDI sends them, between two network namespaces with the
emulator (tests/unetem.py) between them; both ends share the machine's clock, which is the truth.
Aim (F09): 5 ms in 99 of 100. The delay itself nobody can know; so it is the spread that is shown.
"""

import argparse
import json
import socket
import sys
import time
from statistics import median
from subprocess import DEVNULL

import anyio

from cuems.core.chase import Chase, ChaseState
from cuems.core.line import Line
from cuems.core.mtc import Running
from cuems.core.mtc_decoder import MtcDecoder
from cuems.core.pace import Pacer, to_bytes
from cuems.core.timecode import NS_PER_S, to_ns
from tests.bench.figures import say, show
from tests.unetem import Link, open_link, why_not

PORT = 5004
SETTLE_S = 2.0  # the first piece is on its way, and the chase settles


def send(address: str) -> None:
    """A line that rolls since the machine was started, until killed."""
    pacer = Pacer()
    pacer.follow(Line(0, 0, rolling=True), time.monotonic_ns())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        while (due_ns := pacer.due_ns()) is not None:
            wait_ns = max(0, due_ns - time.monotonic_ns())
            time.sleep(wait_ns / NS_PER_S)  # noqa: TID251 - a process of its own
            for due in pacer.take(time.monotonic_ns()):
                link.sendto(to_bytes(due), (address, PORT))


def listen(address: str, seconds: float) -> tuple[list[int], list[int]]:
    """How late each piece came, and how far the chase was off where the line is then; ns."""
    chase, line = Chase(), Line(0, 0, rolling=True)
    decoder = MtcDecoder(chase.recognise)
    late_ns, off_ns = list[int](), list[int]()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind((address, PORT))
        link.settimeout(seconds)
        began_ns = time.monotonic_ns()
        while (now_ns := time.monotonic_ns()) < began_ns + int((SETTLE_S + seconds) * NS_PER_S):
            message = link.recv(64)
            received_ns = time.monotonic_ns()
            event = decoder.feed(message, received_ns)
            if event is None:
                continue
            chase.feed(event, received_ns)
            here = chase.position_at(received_ns)
            settled = now_ns > began_ns + int(SETTLE_S * NS_PER_S)
            locked = chase.state is ChaseState.LOCKED and here is not None
            if settled and locked and isinstance(event, Running):
                assert here is not None
                true = line.position_at(received_ns)
                day = to_ns(event.rate.frames_per_day * event.rate.flicks_per_frame)
                late_ns.append(to_ns(true - event.position) % day)
                off_ns.append(to_ns(true - here) % day)
    return late_ns, off_ns


async def measure(link: Link, seconds: float) -> tuple[list[int], list[int]]:
    """The spread of arrivals, and what is left of it; from their medians, ns."""
    module = (sys.executable, "-m", "tests.bench.bench_jitter")
    with open_link(link) as opened:
        here, there = opened.hosts
        sender = [*here.inside, *module, "--send", there.address]
        async with await anyio.open_process(sender, stdout=DEVNULL) as process:
            try:
                listener = [*there.inside, *module, "--listen", there.address]
                done = await anyio.run_process([*listener, "--seconds", str(seconds)], stderr=None)
            finally:
                process.terminate()
    late_ns, off_ns = json.loads(done.stdout)
    return from_median(late_ns), from_median(off_ns)


def from_median(samples_ns: list[int]) -> list[int]:
    middle = median(samples_ns)
    return [int(abs(each - middle)) for each in samples_ns]


async def compare(link: Link, seconds: float) -> None:
    late_ns, off_ns = await measure(link, seconds)
    say(f"link: {link.delay_ms:g} ± {link.jitter_ms:g} ms")
    show("arrivals off even", late_ns)
    show("the chase's position off even", off_ns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--delay", type=float, default=10)
    parser.add_argument("--jitter", type=float, default=8)
    parser.add_argument("--send", help=argparse.SUPPRESS)
    parser.add_argument("--listen", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.send:
        send(options.send)
    elif options.listen:
        say(json.dumps(listen(options.listen, options.seconds)))
    elif why_not():
        sys.exit(why_not())
    else:
        anyio.run(compare, Link(delay_ms=options.delay, jitter_ms=options.jitter), options.seconds)


if __name__ == "__main__":
    main()
