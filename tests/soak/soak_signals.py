"""Signals at random instants: `python -m tests.soak.soak_signals [RUNS [SEED]]`.

TERM ends a controller with status 0, INT with 130, HUP ends nothing, none hangs, and no process is
left. A signal before Python has taken it over ends the process by that signal itself.
"""

import random
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

import anyio

from tests.e2e.rig import Home, open_program, processes_of

CONTROLLER = ("run", "--role", "controller", "--players", "none", "--mtc", "internal")
LATEST_S = 4.0
DEADLINE_S = 30.0  # 2 s are asked for, of a machine that has them; the worst is told
ENDS = {signal.SIGTERM: (0, -signal.SIGTERM), signal.SIGINT: (130, -signal.SIGINT)}


async def one(folder: Path, wait_s: float, first: signal.Signals, last: signal.Signals) -> str:
    """One life: what is wrong with how it ended, "" for nothing, and by which way it did."""
    home = Home(folder)
    async with open_program(home, *CONTROLLER) as program:
        await anyio.sleep(wait_s)
        program.process.send_signal(first)
        hung_up = first is signal.SIGHUP
        if hung_up:
            await anyio.sleep(wait_s / 4)
            if program.process.returncode is None:
                program.process.send_signal(last)
        with anyio.move_on_after(DEADLINE_S):
            status = await program.process.wait()
            if status in ENDS[last] or (hung_up and status == -signal.SIGHUP):
                left = processes_of(home)
                return f"left over: {left}" if left else ""
            return f"status {status} after {first.name}:\n" + "\n".join(program.lines[-20:])
    return f"hangs after {first.name}"


async def soak(runs: int, seed: int) -> int:
    chance = random.Random(seed)
    wrong: Counter[str] = Counter()
    for number in range(runs):
        last = chance.choice([signal.SIGTERM, signal.SIGINT])
        first = chance.choice([last, last, signal.SIGHUP])
        with tempfile.TemporaryDirectory() as folder:
            found = await one(Path(folder), chance.uniform(0, LATEST_S), first, last)
        if found:
            wrong[found] += 1
            sys.stdout.write(f"run {number}: {found}\n")
    sys.stdout.write(f"{runs} runs, seed {seed}: {sum(wrong.values())} went wrong\n")
    return sum(wrong.values())


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    sys.exit(1 if anyio.run(soak, runs, seed) else 0)


if __name__ == "__main__":
    main()
