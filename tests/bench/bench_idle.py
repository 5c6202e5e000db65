"""A controller at rest, timecode rolling by MIDI: what it and its children cost.

    python -m tests.bench.bench_idle [--seconds 20]

A jackd of its own (dummy driver), the demo loaded and armed, nobody connected. CPU is of one core,
to the nanosecond as the scheduler counts it; USS is the memory that would come back if the process
ended. The bare process is the same Python with an asyncio loop that is woken 100 times a second,
as often as quarter-frames come at 25 fps, and does nothing.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL

import anyio

from cuems.core.timecode import NS_PER_S
from tests.bench.figures import say
from tests.e2e.rig import Home, open_operator, open_program
from tests.jack import open_jack

BARE = """
import asyncio

async def tick():
    while True:
        await asyncio.sleep(0.01)

asyncio.run(tick())
"""
SETTLE_S = 3.0


@dataclass(frozen=True, slots=True)
class Sample:
    """A process at one moment."""

    name: str
    cpu_ns: int
    switches: int
    uss_bytes: int


def sample(pid: int) -> Sample:
    folder = Path(f"/proc/{pid}")
    cpu_ns = switches = 0
    for thread in (folder / "task").iterdir():
        with suppress(FileNotFoundError):
            cpu_ns += int((thread / "schedstat").read_text().split()[0])
            switches += sum(
                int(line.split()[1])
                for line in (thread / "status").read_text().splitlines()
                if "ctxt_switches" in line
            )
    private = sum(
        int(line.split()[1]) * 1024
        for line in (folder / "smaps_rollup").read_text().splitlines()
        if line.startswith("Private_")
    )
    return Sample(name_of(pid), cpu_ns, switches, private)


def name_of(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    telling = [word for word in words[1:] if word and not word.startswith("-")]
    if "midi_port" in " ".join(words):
        return f"MIDI process ({telling[2]})"
    if "to_process" in " ".join(words):
        return "script reader (idle)"
    return Path(words[0]).name if "mpv" in words[0] else " ".join(telling[:3])


def descendants(pid: int) -> Iterable[int]:
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (thread / "children").read_text().split()):
            yield child
            yield from descendants(child)


def report(name: str, before: Iterable[Sample], after: Iterable[Sample], seconds: float) -> None:
    before, after = list(before), list(after)
    cpu_ns = sum(one.cpu_ns for one in after) - sum(one.cpu_ns for one in before)
    switches = sum(one.switches for one in after) - sum(one.switches for one in before)
    uss = sum(one.uss_bytes for one in after)
    say(
        f"{name:<34} CPU {cpu_ns / NS_PER_S / seconds:7.2%}"
        f"  USS {uss / 2**20:6.1f} MiB  switches {switches / seconds:6.0f}/s"
    )


async def compare(seconds: float, home: Home) -> None:
    async with (
        open_program(home, "run", "--role", "controller") as program,
        await anyio.open_process([sys.executable, "-c", BARE], stdout=DEVNULL) as bare,
    ):
        try:
            await program.says("timecode is sent on MIDI port")
            await program.says("timecode from MIDI port")
            async with open_operator(home) as operator:
                await operator.sees("armed", "yes")
                chase = f"/engine/status/chase/{home.node}"
                await operator.until(lambda: "locked" in str(operator.state.get(chase)))
            await anyio.sleep(SETTLE_S)
            measure = [bare.pid, program.process.pid, *descendants(program.process.pid)]
            before = {pid: sample(pid) for pid in measure}
            began_s = anyio.current_time()
            await anyio.sleep(seconds)
            after = {pid: sample(pid) for pid in measure}
            passed_s = anyio.current_time() - began_s
        finally:
            bare.kill()
    report("a bare asyncio process", [before[measure[0]]], [after[measure[0]]], passed_s)
    report("the controller itself", [before[measure[1]]], [after[measure[1]]], passed_s)
    children = measure[2:]
    for name in sorted({after[pid].name for pid in children}):
        pids = [pid for pid in children if after[pid].name == name]
        was, now = [before[pid] for pid in pids], [after[pid] for pid in pids]
        report(f"  {len(pids)} x {name}", was, now, passed_s)
    was, now = [before[pid] for pid in children], [after[pid] for pid in children]
    report("its children together", was, now, passed_s)


async def run(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with open_jack() as jack:
            environment = {"JACK_DEFAULT_SERVER": jack.name}
            await compare(seconds, Home(Path(folder), environment=environment))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    anyio.run(run, parser.parse_args().seconds)


if __name__ == "__main__":
    main()
