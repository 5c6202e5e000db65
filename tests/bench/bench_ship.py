"""How fast runs are shipped, and that none is lost: `python -m tests.bench.bench_ship`.

Arguments: how many RUNS, and how many KILLS.

RUNS small runs go from a node's outbox to a receiver over HTTP on loopback, each side a process of
its own; then as many again while sender and receiver are killed at random moments, KILLS times in
all. Baseline: the same archives copied with their bytes forced to the disk, one after the other.
"""

import hashlib
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import anyio
from anyio.abc import Process

from cuems.adapters.files import read_deploy_key
from cuems.adapters.journal_files import DONE
from cuems.app.receiving import FOLDER, serve_receiving
from cuems.app.shipping import Rest, ShippingPlaces, watch
from cuems.core.cues import NodeId
from tests.bench.figures import say

RUNS, KILLS = 10_000, 40
NODE = NodeId("bench")
LOOK_S = 0.05
PATIENCE_S = 3600.0


def seal(state: Path, count: int) -> None:
    for number in range(count):
        run = state / "spool" / f"{number:06}"
        run.mkdir(parents=True)
        line = f'{{"n":{number},"e":"{hashlib.sha256(str(number).encode()).hexdigest()}"}}\n'
        (run / "000001.jsonl").write_text(line * 10)
        (run / DONE).touch()


async def receive(state: Path, port: int) -> None:
    await serve_receiving(state, ("127.0.0.1", port))


async def send(state: Path, port: int) -> None:
    where = ShippingPlaces(node=NODE, state=state, url=f"http://127.0.0.1:{port}")
    await watch(lambda: where, Rest())


async def start(role: str, state: Path, port: int) -> Process:
    command = [sys.executable, "-m", "tests.bench.bench_ship", role, str(state), str(port)]
    return await anyio.open_process(command, stdout=None, stderr=None)


def stored(state: Path) -> int:
    folder = state / FOLDER
    return sum(name.endswith(".tar.zst") for name in os.listdir(folder)) if folder.exists() else 0


async def measure(state: Path, count: int, kills: int, port: int) -> float:
    """Ship it all; runs per second."""
    seal(state, count)
    began = anyio.current_time()
    processes = {role: await start(role, state, port) for role in ("receive", "send")}
    left = kills
    with anyio.fail_after(PATIENCE_S):
        while stored(state) < count or any((state / "spool").iterdir()):
            await anyio.sleep(LOOK_S)
            share = stored(state) / count
            if left and share >= (kills - left) / (kills + 1):
                await anyio.sleep(random.uniform(0, 0.5))
                role = random.choice(("receive", "send"))
                processes[role].send_signal(signal.SIGKILL)
                await processes[role].wait()
                processes[role] = await start(role, state, port)
                left -= 1
    took_s = anyio.current_time() - began
    for process in processes.values():
        process.send_signal(signal.SIGKILL)
        await process.wait()
    return count / took_s


def lost(state: Path, count: int) -> int:
    """Runs of which the receiver has not just one, whole."""
    found = set()
    for path in (state / FOLDER).iterdir():
        run, _, sha256 = path.name.removesuffix(".tar.zst").partition("~")
        if hashlib.sha256(path.read_bytes()).hexdigest() == sha256 and run not in found:
            found.add(run)
    return count - len(found & {f"{NODE}-{number:06}" for number in range(count)})


def baseline(state: Path) -> float:
    target = state / "copied"
    target.mkdir()
    archives = sorted((state / FOLDER).iterdir())
    began = time.monotonic()
    for path in archives:
        with (target / path.name).open("wb") as file:
            file.write(path.read_bytes())
            file.flush()
            os.fsync(file.fileno())
    return len(archives) / (time.monotonic() - began)


def bench(count: int, kills: int) -> int:
    total_lost = 0
    for name, each in (("undisturbed", 0), (f"{kills} kills", kills)):
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            state = Path(folder)
            read_deploy_key(state, make=True)
            rate = anyio.run(measure, state, count, each, free_port())
            gone = lost(state, count)
            copied = baseline(state)
        total_lost += gone
        say(f"{name:<14} {count} runs, {rate:7.1f} runs/s, {gone} lost; a plain copy makes"
            f" {copied:.0f}/s, {copied / rate:.1f} times that")  # fmt: skip
    return total_lost


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    match sys.argv[1:]:
        case ["receive" | "send" as role, state, port]:
            anyio.run({"receive": receive, "send": send}[role], Path(state), int(port))
        case [*numbers]:
            count, kills = [*map(int, numbers), *(RUNS, KILLS)[len(numbers) :]]
            sys.exit(1 if bench(count, kills) else 0)


if __name__ == "__main__":
    main()
