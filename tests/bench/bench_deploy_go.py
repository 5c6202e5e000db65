"""GO and STOP while files go to another node: a whole controller with its node, and a second one.

    python -m tests.bench.bench_deploy_go [--gos 25] [--rounds 3] [--mib 2048]

From the WebSocket command to the stand-in for mpv (tests/fakes/mpv.py) that reads `pause: false`,
or that is told to end. At rest; while a film is hashed, sent, verified, over and over, at full
speed in edit mode; and while one trickles in show mode: blocks of each take turns, so that the
machine is the same for all. The second node is on this machine too, which no stage has: what it
receives and verifies is counted against the show.
"""

import argparse
import math
import os
import shutil
import socket
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import anyio

from cuems.core.cues import AudioCue, AudioOutput, CueId, CueList, Media, NodeId, Show
from cuems.core.timecode import from_ms
from cuems.wire.show_xml import write_show
from tests.bench.bench_go import BETWEEN_GOS_S, WRITTEN, at, prepare
from tests.bench.figures import say, show
from tests.e2e.rig import Home, Operator, open_operator, open_program

PATIENCE_S = 30
PLAYS_S = 0.15  # from GO to STOP
LONG_MS = 60_000
AIM = 1.2
MIB = 1 << 20
ENDED = ("done", "failed", "unreachable")


@dataclass
class Latencies:
    """What one situation costs, ns, each with what the second node was doing."""

    go: list[tuple[str, int]] = field(default_factory=list)
    stop: list[tuple[str, int]] = field(default_factory=list)


class Stage:
    """The rig: its operator, and the two sockets on which its player says what it did."""

    def __init__(self, operator: Operator, played: socket.socket, silent: socket.socket) -> None:
        self.operator = operator
        self._played = played
        self._silent = silent

    async def fire(self, told: Latencies, doing: Sequence[str] = ()) -> None:
        """One GO and one STOP; the GO while the second node is doing one of these things."""
        await self.operator.sees("armed", "yes")
        await anyio.sleep(BETWEEN_GOS_S)
        if doing:
            await self.operator.until(lambda: self.doing in doing)
        during = self.doing
        told.go.append((during, await self._time("go", self._played)))
        await anyio.sleep(PLAYS_S)
        during = self.doing
        told.stop.append((during, await self._time("stop", self._silent)))
        await self.operator.sees("running", "no")

    @property
    def doing(self) -> str:
        """What files are going through: at the controller, or at the node."""
        states = self.operator.state
        run = states.get("/engine/status/deploy_run")
        told = (states[at] for at in states if at.startswith("/engine/status/deploy_state/"))
        return "hashing" if run == "preparing" else str(next(told, ""))

    async def _time(self, command: str, heard: socket.socket) -> int:
        with suppress(BlockingIOError):
            while heard.recv(64):  # one that was put back on the line has started twice
                pass
        sent_ns = time.monotonic_ns()
        await self.operator.send(command)
        with anyio.fail_after(PATIENCE_S):
            await anyio.wait_readable(heard)
        return int(heard.recv(64)) - sent_ns


def write_project(home: Home, name: str, node: NodeId, media: str) -> None:
    cue = AudioCue(
        id=CueId(str(uuid4())),
        name=media,
        media=Media(file_name=media, duration_flicks=from_ms(LONG_MS)),
        outputs=(AudioOutput(output_name=f"{node}_0"),),
    )
    cues = CueList(id=CueId(str(uuid4())), name=name, contents=(cue,))
    written = Show(id=str(uuid4()), name=name, created=WRITTEN, modified=WRITTEN, cue_list=cues)
    folder = home.library / "projects" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "script.xml").write_bytes(write_show(written))


async def deploy_for_ever(operator: Operator, film: Path, copy: Path) -> None:
    """Again and again, from hashing to verifying."""

    def ended() -> bool:
        return operator.state.get("/engine/status/deploy_run") in ENDED

    while True:
        await anyio.Path(film).touch()
        await anyio.Path(copy).unlink(missing_ok=True)
        answer = await operator.ask("deploy", "large")
        if answer != "ok":
            raise RuntimeError(f"deploy: {answer}")
        await operator.until(lambda: not ended())
        await operator.until(ended, patience_s=math.inf)


@asynccontextmanager
async def open_rig(folder: Path, mib: int) -> AsyncIterator[tuple[Stage, Path, Path]]:
    home, _ = prepare(folder, 1)
    home.environment["CUEMS_TEST_SILENCES"] = str(folder / "silences")
    home.environment["CUEMS_LEAD_CAP_MS"] = "40"  # what is computed is not to hide behind it
    write_project(home, "bench", NodeId(home.node), "tone.wav")
    film = home.library / "media" / "film.wav"
    with film.open("wb") as file:
        file.truncate(mib * MIB)
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as played,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as silent,
    ):
        played.bind(home.environment["CUEMS_TEST_STAMPS"])
        silent.bind(home.environment["CUEMS_TEST_SILENCES"])
        played.setblocking(False)
        silent.setblocking(False)
        other = replace(home, folder=folder / "other")
        state = other.folder / "state" / "cuems"
        state.mkdir(parents=True)
        (state / "identity").write_text(str(uuid4()))
        write_project(home, "large", NodeId(other.node), "film.wav")
        async with open_program(home, "run", "--role", "controller", "--load", "bench") as program:
            await program.says("ready: control surface")
            shutil.copy(home.folder / "state" / "cuems" / "loopback.key", state)
            async with (
                open_program(other, "run", "--role", "node", "--players", "none") as node,
                open_operator(home) as operator,
            ):
                await node.says("ready: node")
                await operator.sees("armed", "yes")
                yield Stage(operator, played, silent), film, other.library / "media" / "film.wav"


async def bench(gos: int, rounds: int, mib: int) -> None:
    told = {situation: Latencies() for situation in ("at rest", "edit mode", "show mode")}
    with tempfile.TemporaryDirectory() as made:
        async with open_rig(Path(made), mib) as (stage, film, copy):
            for _ in range(rounds):
                for _ in range(gos):
                    await stage.fire(told["at rest"])
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(deploy_for_ever, stage.operator, film, copy)
                    for _ in range(gos):
                        await stage.fire(told["edit mode"], ("hashing", "fetching", "verifying"))
                    await stage.operator.until(lambda: stage.doing == "fetching")
                    await stage.operator.ask("mode", "show")
                    for _ in range(gos):
                        await stage.fire(told["show mode"], ("fetching",))
                    await stage.operator.ask("mode", "edit")
                    tasks.cancel_scope.cancel()
                await stage.operator.until(
                    lambda: stage.operator.state.get("/engine/status/deploy_run") in ENDED
                )
    report(told)


def report(told: dict[str, Latencies]) -> None:
    for what in ("go", "stop"):
        rest = [ns for _, ns in getattr(told["at rest"], what)]
        for situation, latencies in told.items():
            samples = getattr(latencies, what)
            every = [ns for _, ns in samples]
            show(f"{what.upper()}, {situation}", every)
            ratios = [at(every, share) / at(rest, share) for share in (0.5, 0.9)]
            say(f"    p50 {ratios[0]:.2f}x, p90 {ratios[1]:.2f}x of at rest (aim {AIM}x)")
            for during in sorted({name for name, _ in samples} if situation != "at rest" else ()):
                some = [ns for name, ns in samples if name == during]
                ratio = statistics.median(some) / at(rest, 0.5)
                say(f"    {during or 'nothing'}: p50 {ratio:.2f}x, n {len(some)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gos", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mib", type=int, default=2048)
    asked = parser.parse_args()
    os.environ.pop("CUEMS_TEST_SILENCES", None)
    anyio.run(bench, asked.gos, asked.rounds, asked.mib)
