"""From GO to the player: a whole controller with its node, against a bare WebSocket echo.

    python -m tests.bench.bench_go [--gos 100]

Both figures are two hops from one process to another over the same machine: the GO frame from a
client through the controller to a stand-in for mpv (tests/fakes/mpv.py), which stamps when it is
started; the same frame from the client through an echo server and back. They take
turns, so that the machine is the same for both.
"""

import argparse
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import anyio
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from cuems.core.cues import AudioCue, AudioOutput, CueId, CueList, Media, NodeId, Show
from cuems.core.timecode import from_ms
from cuems.wire.osc import Osc, decode, encode
from cuems.wire.show_xml import write_show
from tests.bench.figures import say, show
from tests.e2e.rig import Home, free_port, open_operator, open_program
from tests.fakes.mpv import write_program

GO = encode(Osc("/engine/command/go"))
CUE_MS = 100
SPREAD_S = 0.05  # GOs come at no fixed phase of anything
BETWEEN_GOS_S = 0.25  # a controller takes one GO in 200 ms
PATIENCE_S = 10
WRITTEN = "2026-01-01T00:00:00"


def write_project(home: Home, node: NodeId, count: int) -> list[CueId]:
    """Cues of which each waits for a GO of its own."""
    contents = tuple(
        AudioCue(
            id=CueId(str(uuid4())),
            name=f"cue {number}",
            media=Media(file_name="tone.wav", duration_flicks=from_ms(CUE_MS)),
            outputs=(AudioOutput(output_name=f"{node}_0"),),
        )
        for number in range(1, count + 1)
    )
    cues = CueList(id=CueId(str(uuid4())), name="bench", contents=contents)
    written = Show(id=str(uuid4()), name="bench", created=WRITTEN, modified=WRITTEN, cue_list=cues)
    folder = home.library / "projects" / "bench"
    folder.mkdir(parents=True)
    (folder / "script.xml").write_bytes(write_show(written))
    (home.library / "media").mkdir()
    (home.library / "media" / "tone.wav").write_bytes(b"the stand-in does not read it")
    return [cue.id for cue in contents]


def prepare(folder: Path, count: int) -> tuple[Home, list[CueId]]:
    node = NodeId(str(uuid4()))
    state = folder / "state" / "cuems"
    state.mkdir(parents=True)
    (state / "identity").write_text(node)
    programs = folder / "bin"
    programs.mkdir()
    write_program(programs)
    environment = {
        "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin",
        "CUEMS_TEST_STAMPS": str(folder / "stamps"),
        "CUEMS_MTC": "internal",
    }
    home = Home(folder, environment=environment)
    return home, write_project(home, node, count)


async def echo(connection: ServerConnection) -> None:
    async for frame in connection:
        await connection.send(frame)


async def serve_echo(port: int) -> None:
    async with serve(echo, "127.0.0.1", port, compression=None) as server:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await server.serve_forever()


@asynccontextmanager
async def open_echo() -> AsyncIterator[ClientConnection]:
    """A connection to an echo server in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.bench_go", "--echo", str(port)]
    async with await anyio.open_process(command, stdout=subprocess.PIPE, stderr=None) as server:
        assert server.stdout is not None
        try:
            await server.stdout.receive()
            async with connect(f"ws://127.0.0.1:{port}/", compression=None) as connection:
                yield connection
        finally:
            server.kill()


async def echo_ns(connection: ClientConnection) -> int:
    sent_ns = time.monotonic_ns()
    await connection.send(GO)
    await connection.recv()
    return time.monotonic_ns() - sent_ns


async def compare(gos: int, folder: Path) -> None:
    home, cues = prepare(folder, gos)
    to_player: list[int] = []
    echoed: list[int] = []
    answered: list[int] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stamps:
        stamps.bind(home.environment["CUEMS_TEST_STAMPS"])
        stamps.setblocking(False)
        async with (
            open_echo() as echoing,
            open_program(home, "run", "--role", "controller") as program,
        ):
            await program.says("ready: control surface")
            async with (
                open_operator(home) as watching,
                connect(f"ws://{home.control}/", compression=None) as operator,
            ):
                for cue in cues:
                    await watching.sees("armed", "yes")
                    await anyio.sleep(BETWEEN_GOS_S + random.random() * SPREAD_S)
                    echoed.append(await echo_ns(echoing))
                    await anyio.sleep(random.random() * SPREAD_S)
                    await drain(operator)
                    sent_ns = time.monotonic_ns()
                    await operator.send(GO)
                    answered.append(await answer_ns(operator) - sent_ns)
                    with anyio.fail_after(PATIENCE_S):
                        await anyio.wait_readable(stamps)
                    to_player.append(int(stamps.recv(64)) - sent_ns)
                    await watching.sees(f"cue/{cue}", 100)
    show("echo: client, server, client", echoed)
    show("GO: client, controller, player", to_player)
    show("GO: client, controller, client (its answer)", answered)
    ratios = [at(to_player, share) / at(echoed, share) for share in (0.5, 0.99)]
    say(f"GO to player / echo: p50 {ratios[0]:.2f}x  p99 {ratios[1]:.2f}x")


def at(samples: list[int], share: float) -> int:
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * share))]


async def drain(operator: ClientConnection) -> None:
    """Read what has been published meanwhile."""
    with anyio.move_on_after(0.001):
        while True:
            await operator.recv()


async def answer_ns(operator: ClientConnection) -> int:
    """When the controller answered the GO."""
    with anyio.fail_after(PATIENCE_S):
        while True:
            told = decode(await operator.recv(decode=False))
            received_ns = time.monotonic_ns()
            if isinstance(told, Osc) and told.address == "/engine/reply/go":
                if told.args != ("ok",):
                    raise RuntimeError(f"GO was refused: {told.args}")
                return received_ns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gos", type=int, default=100)
    parser.add_argument("--echo", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.echo is not None:
        anyio.run(serve_echo, options.echo)
        return
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(compare, options.gos, Path(folder))


if __name__ == "__main__":
    main()
