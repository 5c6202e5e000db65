"""How late a due moment is: the alarm against `anyio.sleep_until`, in one run.

    python -m tests.bench.bench_clock [--moments 500] [--load]

`--load` keeps one core busy in another process meanwhile.
"""

import argparse
import subprocess
import sys
import time
from contextlib import ExitStack

import anyio

from cuems.adapters.clock import NS_PER_S, now_ns, open_alarm
from cuems.adapters.mailbox import Mailbox
from tests.bench.figures import show

GAP_NS = 7_300_000  # not a multiple of a tick


async def alarm_lateness_ns(moments: int) -> list[int]:
    rings = Mailbox[int](4)
    late: list[int] = []
    async with open_alarm(lambda: rings.put(now_ns())) as alarm:
        for _ in range(moments):
            due_ns = now_ns() + GAP_NS
            alarm.set(due_ns)
            late.append(await rings.receive() - due_ns)
    return late


async def sleep_lateness_ns(moments: int) -> list[int]:
    late: list[int] = []
    for _ in range(moments):
        due_ns = now_ns() + GAP_NS
        await anyio.sleep_until(due_ns / NS_PER_S)
        late.append(now_ns() - due_ns)
    return late


def kernel_lateness_ns(moments: int) -> list[int]:
    """The floor: a thread of its own in clock_nanosleep."""
    late: list[int] = []
    for _ in range(moments):
        due_ns = now_ns() + GAP_NS
        time.sleep(GAP_NS / NS_PER_S)  # noqa: TID251 - what is measured
        late.append(now_ns() - due_ns)
    return late


async def compare(moments: int) -> None:
    show("alarm", await alarm_lateness_ns(moments))
    show("anyio.sleep_until", await sleep_lateness_ns(moments))
    show("clock_nanosleep (floor)", kernel_lateness_ns(moments))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=500)
    parser.add_argument("--load", action="store_true")
    options = parser.parse_args()
    with ExitStack() as stack:
        if options.load:
            busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(busy.wait)
            stack.callback(busy.kill)
        anyio.run(compare, options.moments)


if __name__ == "__main__":
    main()
