"""Deploy over a loopback daemon, each figure against plain rsync or another of the same run.

    python -m tests.bench.bench_deploy              all, a minute or two
    python -m tests.bench.bench_deploy transfer --mib 2048

transfer: one film, deploy against plain rsync, and how late the loop is meanwhile; what is left to
prove and to sync once all has come is shown for itself. nothing: a deploy of 1 000 files that are
all there. plan: 10 000 files hashed and planned. nodes: 8 at once against 8 times one. kill: a
transfer killed at a random moment and resumed. pace: how soon a limit holds, against what a restart
with another --bwlimit would cost.
"""

import argparse
import os
import random
import resource
import shutil
import signal
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from subprocess import DEVNULL, run

import anyio
import anyio.to_thread

from cuems.adapters.hashes import FileHashes
from cuems.app.deploy import deploy
from cuems.core.manifest import plan
from cuems.wire.rsync_errors import DeployError
from tests.bench.figures import say
from tests.deploy_rig import Rig, clients, open_rig, sent_each

MIB = 1 << 20
FILM = "media/film.mov"
TICK_S = 0.002


@asynccontextmanager
async def loop_lag() -> AsyncIterator[list[float]]:
    """How late the loop is, again and again, in ms."""
    late: list[float] = []

    async def watch() -> None:
        while True:
            due = time.monotonic() + TICK_S
            await anyio.sleep(TICK_S)
            late.append((time.monotonic() - due) * 1000)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        yield late
        tasks.cancel_scope.cancel()


def p99(samples: list[float]) -> float:
    return sorted(samples)[int(len(samples) * 0.99)] if samples else 0.0


def fill(path: Path, mib: int) -> None:
    """A file of which no two MiB are the same, made faster than by chance alone."""
    block = bytearray(os.urandom(MIB))
    with path.open("wb") as file:
        for number in range(mib):
            block[:8] = number.to_bytes(8, "little")
            file.write(block)


async def plain_rsync(rig: Rig, target: Path) -> float:
    """Seconds of a plain client of the same daemon for the same file."""
    source = rig.daemon.source
    password = rig.folder / "password"
    password.write_text(source.secret + "\n")
    password.chmod(0o600)
    command = ["rsync", "-t", f"--password-file={password}", f"{source.url}media/film.mov",
               f"{target}/"]  # fmt: skip
    began = time.monotonic()
    await anyio.to_thread.run_sync(lambda: run(command, check=True, stdout=DEVNULL))
    return time.monotonic() - began


async def bench_transfer(folder: Path, mib: int, rounds: int) -> None:
    ratios, transfer_ratios, lags = [], [], []
    async with open_rig(folder) as rig:
        rig.media = ["film.mov"]
        await anyio.to_thread.run_sync(fill, rig.source / "media/film.mov", mib)
        published = await rig.published()
        for number in range(rounds):
            plain_dir = folder / "plain"
            shutil.rmtree(plain_dir, ignore_errors=True)
            plain_dir.mkdir()
            plain_s = await plain_rsync(rig, plain_dir)
            shutil.rmtree(rig.node, ignore_errors=True)
            (folder / "node-hashes").unlink(missing_ok=True)
            rig.reports.clear()
            marks: dict[str, float] = {}
            began = time.monotonic()

            def note(report: object, marks: dict[str, float] = marks) -> None:
                state = getattr(report, "state", "")
                marks.setdefault(state, time.monotonic())

            async with loop_lag() as lag:
                await deploy(replace(rig.deployment(published), report=note))
            total_s = time.monotonic() - began
            transfer_s = marks["verifying"] - marks["fetching"]
            ratios.append(total_s / plain_s)
            transfer_ratios.append(transfer_s / plain_s)
            lags.append(p99(lag))
            say(
                f"  round {number}: plain {plain_s:.2f} s, transfer {transfer_s:.2f} s,"
                f" then proof and fsync {began + total_s - marks['verifying']:.2f} s,"
                f" in all {total_s:.2f} s, loop lag p99 {lags[-1]:.1f} ms"
            )
    say(
        f"transfer {mib} MiB: {statistics.median(transfer_ratios):.2f}x plain rsync,"
        f" {statistics.median(ratios):.2f}x with verification and fsync;"
        f" loop lag p99 {statistics.median(lags):.1f} ms"
    )


async def bench_nothing(folder: Path, count: int) -> None:
    async with open_rig(folder) as rig:
        rig.media = [f"{number:06d}.wav" for number in range(count)]
        for name in rig.media:
            (rig.source / "media" / name).write_bytes(name.encode() * 100)
        published = await rig.published()
        began = time.monotonic()
        await deploy(rig.deployment(published))
        first_s = time.monotonic() - began
        began = time.monotonic()
        async with loop_lag() as lag:
            await deploy(rig.deployment(published))
        say(
            f"nothing new, {count} files: {time.monotonic() - began:.2f} s (the first time"
            f" {first_s:.2f} s), loop lag p99 {p99(lag):.1f} ms"
        )


async def bench_plan(folder: Path, count: int) -> None:
    (folder / "media").mkdir(parents=True)
    names = [f"media/{number:06d}.wav" for number in range(count)]
    for name in names:
        (folder / name).write_bytes(name.encode() * 400)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for what in ("hashed", "known"):
        hashes = FileHashes(folder, folder / "store")
        began = time.monotonic()
        async with loop_lag() as lag:
            facts = await hashes.facts(names)
        hashed_s = time.monotonic() - began
        began = time.monotonic()
        found = plan(facts, facts)
        planned_s = time.monotonic() - began
        assert found.is_done
        say(
            f"plan of {count} files, {what}: {hashed_s:.2f} s + {planned_s * 1000:.0f} ms,"
            f" loop lag p99 {p99(lag):.1f} ms"
        )
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    say(f"  memory grew by {grown:.0f} MB")


async def bench_nodes(folder: Path, mib: int, nodes: int) -> None:
    async with open_rig(folder) as rig:
        rig.media = ["film.mov"]
        await anyio.to_thread.run_sync(fill, rig.source / "media/film.mov", mib)
        published = await rig.published()

        async def bring(name: str) -> None:
            library = folder / name
            hashes = FileHashes(library, folder / f"{name}-hashes")
            await deploy(replace(rig.deployment(published), library=library, hashes=hashes))

        began = time.monotonic()
        await bring("one")
        one_s = time.monotonic() - began
        began = time.monotonic()
        async with loop_lag() as lag, anyio.create_task_group() as tasks:
            for number in range(nodes):
                tasks.start_soon(bring, f"node{number}")
        all_s = time.monotonic() - began
        say(
            f"{nodes} nodes of {mib} MiB at once: {all_s:.2f} s, {nodes} times one"
            f" {nodes * one_s:.2f} s: {all_s / (nodes * one_s):.2f}x;"
            f" {nodes * mib / all_s:.0f} MiB/s in all; loop lag p99 {p99(lag):.1f} ms"
        )


async def bench_kill(folder: Path, mib: int, times: int) -> None:
    chance = random.Random(4)
    extra, corrupt = [], 0
    async with open_rig(folder) as rig:
        rig.media = ["film.mov"]
        await anyio.to_thread.run_sync(fill, rig.source / "media/film.mov", mib)
        published = await rig.published()
        wanted = (rig.source / "media/film.mov").stat().st_size
        for number in range(times):
            shutil.rmtree(rig.node, ignore_errors=True)
            (folder / "node-hashes").unlink(missing_ok=True)
            rig.reports.clear()
            rig.daemon.limit(60 * MIB)
            killed = signal.SIGKILL if number % 2 else signal.SIGTERM
            await killed_at(rig, published, chance.uniform(0.05, 0.95) * wanted, killed)
            came = arrived(rig)
            rig.daemon.limit(0)
            await deploy(rig.deployment(published))
            corrupt += (rig.node / FILM).read_bytes() != (rig.source / FILM).read_bytes()
            extra.append((sent_each(rig)[-1] - (wanted - came)) / wanted)
    say(
        f"killed and resumed {times} times, {mib} MiB: {corrupt} corrupt; sent again"
        f" {100 * statistics.median(extra):.1f} % (median), {100 * max(extra):.1f} % (most)"
    )


async def killed_at(rig: Rig, published: str, at_bytes: float, number: signal.Signals) -> None:
    async def bring() -> None:
        with suppress(DeployError):
            await deploy(rig.deployment(published))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bring)
        with anyio.move_on_after(30):
            await rig.has_come(int(at_bytes))
        for pid in clients():
            os.killpg(pid, number)


async def bench_pace(folder: Path, mib: int) -> None:
    async with open_rig(folder) as rig:
        rig.media = ["film.mov"]
        await anyio.to_thread.run_sync(fill, rig.source / "media/film.mov", mib)
        published = await rig.published()
        rig.daemon.limit(100 * MIB)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(deploy, rig.deployment(published))
            await rig.has_come(mib * MIB // 3)
            rig.daemon.limit(MIB)
            began = time.monotonic()
            came = []
            for _ in range(20):
                start = arrived(rig)
                await anyio.sleep(0.1)
                came.append((arrived(rig) - start) * 10 / MIB)
            settled = next((at for at, rate in enumerate(came) if rate < 2), len(came))
            say(f"limit of 1 MiB/s: holds after {(settled + 1) * 100} ms; nothing is read again")
            say(f"  MiB/s by tenths of a second: {' '.join(f'{rate:.0f}' for rate in came)}")
            rig.daemon.limit(0)
            del began
        shutil.rmtree(rig.node)
        (folder / "node-hashes").unlink(missing_ok=True)
        rig.reports.clear()
        rig.daemon.limit(100 * MIB)
        await killed_at(rig, published, mib * MIB * 2 / 3, signal.SIGTERM)
        rig.daemon.limit(0)
        began = time.monotonic()
        rig.reports.clear()
        await deploy(rig.deployment(published))
        say(
            f"a restart at two thirds of {mib} MiB: {time.monotonic() - began:.2f} s to the end,"
            f" and {mib * 2 // 3} MiB are read again on either side"
        )


def arrived(rig: Rig) -> int:
    """Bytes of the film that are on the node's disk."""
    stage = rig.node / ".incoming/stage"
    return sum(path.stat().st_size for path in stage.rglob("film.mov*") if path.is_file())


async def main(which: str, mib: int, times: int, rounds: int) -> None:
    parts: dict[str, Callable[[Path], Awaitable[None]]] = {
        "transfer": lambda folder: bench_transfer(folder, mib, rounds),
        "nothing": lambda folder: bench_nothing(folder, 1000),
        "plan": lambda folder: bench_plan(folder, 10_000),
        "nodes": lambda folder: bench_nodes(folder, max(mib // 8, 8), 8),
        "kill": lambda folder: bench_kill(folder, 32, times),
        "pace": lambda folder: bench_pace(folder, min(mib, 256)),
    }
    for name, part in parts.items():
        if which in ("all", name):
            with tempfile.TemporaryDirectory() as folder:
                await part(Path(folder))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("which", nargs="?", default="all")
    parser.add_argument("--mib", type=int, default=512)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    anyio.run(main, given.which, given.mib, given.times, given.rounds)
