"""How late cues fire: from the moment the chase is at a cue's start to the player's socket.

    python -m tests.bench.bench_cue [--cues 200] [--load] [--mtc bus] [--killed]

A whole node in this process, which chases MIDI timecode from a JACK server (or, with --mtc bus,
follows its controller's line); every cue is one GO, stamped ahead as a controller stamps it, and
one stand-in for mpv (tests/fakes/mpv.py), a process that stamps when it is started.
Where the chase was then is asked of the node's own timekeeper. --load: 200 broadcasts/s to 20
clients and bus traffic in the same loop. The floor of the same run: a bare alarm that tells such a
stand-in to play.
--killed: jackd is killed before each cue and started again after it; the cue must fire by
freewheel, on the moment of the line itself.
"""

import argparse
import os
import random
import socket
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import anyio

from cuems.adapters.clock import open_alarm
from cuems.adapters.mailbox import Mailbox
from cuems.adapters.memory_bus import MemoryBus, open_memory_bus
from cuems.adapters.mtc_output import open_mtc_output
from cuems.app.fetching import Fetching, Place
from cuems.app.node import run_node
from cuems.app.node_parts import NodeParts
from cuems.app.workshop import workshop
from cuems.core import bus
from cuems.core.cues import CueId, NodeId
from cuems.core.events import Go
from cuems.core.line import Line
from cuems.core.reports import ArmedReport, CueEndedReport
from cuems.core.timecode import FrameRate, from_ms
from cuems.core.timekeeper import Timekeeper
from cuems.players import PlayerConfig
from cuems.wire.bus import decode, encode
from tests.bench.bench_go import write_project
from tests.bench.figures import say, show
from tests.bench.load import open_load
from tests.e2e.rig import Home
from tests.fakes.mpv import write_program
from tests.jack import Jack, open_jack

NODE = NodeId("00000000-0000-4000-8000-0000000000f0")
CONTROLLER = NodeId("00000000-0000-4000-8000-0000000000c0")
LEAD_FLICKS = from_ms(80)
KILLED_LEAD_FLICKS = from_ms(700)
SETTLE_S = 1.0
SPREAD_S = 0.05  # cues are due at no fixed phase of anything
REPORT_S = 0.5
PATIENCE_S = 60
FLOOR_LEAD_NS = 30_000_000
FLOOR_MOMENTS = 200
PLAY, STAND = (
    b'{"command": ["set_property", "pause", %s], "request_id": 0}\n' % each
    for each in (b"false", b"true")
)
MISSED_S = 2  # a machine that stands still for a whole cue (100 ms) makes the node skip it


class Desk:
    """As much of a controller as it takes."""

    def __init__(self, link: MemoryBus, line: Line) -> None:
        self._link = link
        self.line = line
        self._armed = False
        self.ended = 0
        self._loads = 0
        self._news = Mailbox[None](1)

    def next_load(self) -> int:
        """The number of one more load; nothing is armed for it yet."""
        self._loads += 1
        self.forget_armed()
        return self._loads

    def forget_armed(self) -> None:
        """What is armed is not what will be."""
        self._armed = False

    async def say(self, message: bus.BusMessage) -> None:
        await self._link.send(encode(CONTROLLER, message))

    async def hear(self) -> None:
        while True:
            message = decode(await self._link.receive()).message
            if isinstance(message, ArmedReport):
                self._armed = message.armed
            self.ended += isinstance(message, CueEndedReport)
            self._news.put(None)

    async def tell_line(self) -> None:
        while True:
            await self.say(bus.LineReport(self.line, time.monotonic_ns()))
            await anyio.sleep(REPORT_S)

    async def armed(self, ended: int) -> None:
        """The next cue is ready, and so many are over."""
        with anyio.fail_after(PATIENCE_S):
            while not self._armed or self.ended < ended:
                await self._news.receive()


def nothing_to_bring(folder: Path) -> Fetching:
    """The project is here already."""
    place = Place(
        node=NODE, library=folder, library_identity="here", state=folder / "state", bus_url=str
    )
    return Fetching(place)


@asynccontextmanager
async def open_source(by_midi: bool) -> AsyncIterator[tuple[Line, Jack | None]]:
    """A line, which is sent by MIDI or not."""
    line = Line(from_ms(1000), time.monotonic_ns(), rolling=True)
    if not by_midi:
        yield line, None
        return
    async with open_jack() as jack, open_mtc_output() as output:
        output.follow(line)
        yield line, jack


async def fire(
    desk: Desk, cues: list[CueId], timekeeper: Timekeeper, stamps_path: str
) -> list[int]:
    """How late each cue was, ns."""
    late: list[int] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stamps:
        stamps.bind(stamps_path)
        stamps.setblocking(False)
        await desk.say(bus.LoadCommand(project="bench", load_seq=desk.next_load()))
        for run_seq, cue in enumerate(cues, 1):
            await desk.armed(run_seq - 1)
            await anyio.sleep(random.random() * SPREAD_S)
            forget(stamps)
            at = desk.line.position_at(time.monotonic_ns()) + LEAD_FLICKS
            await desk.say(Go(run_seq=run_seq, cue=cue, at=at))
            with anyio.move_on_after(MISSED_S) as waiting:
                await anyio.wait_readable(stamps)
            moment_ns = timekeeper.moment_of(at)
            if waiting.cancelled_caught:
                say(f"cue {run_seq} was over before this machine came to it")
            elif moment_ns is None:
                say(f"the chase was {timekeeper.state} at cue {run_seq}")
                stamps.recv(64)
            else:
                late.append(int(stamps.recv(64)) - moment_ns)
    return late


def forget(stamps: socket.socket) -> None:
    """Say what the cue before sent more: a player is started once."""
    with suppress(BlockingIOError):
        while stamps.recv(64):
            say("a player was started without a GO of its own")


async def fire_through_kills(
    desk: Desk, cues: list[CueId], timekeeper: Timekeeper, stamps_path: str, jack: Jack
) -> list[int]:
    """How late each cue was on the line itself, with no JACK between its GO and its moment, ns."""
    late: list[int] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stamps:
        stamps.bind(stamps_path)
        stamps.setblocking(False)
        await desk.say(bus.LoadCommand(project="bench", load_seq=1))
        for run_seq, cue in enumerate(cues, 1):
            await desk.armed(run_seq - 1)
            await follows_midi(timekeeper)
            forget(stamps)
            at = desk.line.position_at(time.monotonic_ns()) + KILLED_LEAD_FLICKS
            await desk.say(Go(run_seq=run_seq, cue=cue, at=at))
            await jack.kill()
            with anyio.fail_after(PATIENCE_S):
                await anyio.wait_readable(stamps)
            if timekeeper.state != "freewheeling" or timekeeper.source != "midi":
                say(f"cue {run_seq} fired by {timekeeper.source}, {timekeeper.state}")
            moment_ns = desk.line.moment_of(at)
            assert moment_ns is not None
            late.append(int(stamps.recv(64)) - moment_ns)
            await jack.start()
        await follows_midi(timekeeper)
    return late


async def follows_midi(timekeeper: Timekeeper) -> None:
    with anyio.fail_after(PATIENCE_S):
        while (timekeeper.source, timekeeper.state) != ("midi", "locked"):  # noqa: ASYNC110
            await anyio.sleep(0.05)
    await anyio.sleep(SETTLE_S)


async def floor_ns(moments: int, program: str, stamps_path: str) -> list[int]:
    """A bare alarm that tells the same stand-in to start: the same way without a node."""
    late: list[int] = []
    rings = Mailbox[None](1)
    ours, theirs = socket.socketpair()
    command = [program, f"--input-ipc-client=fd://{theirs.fileno()}"]
    async with AsyncExitStack() as stack:
        stamps = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        stamps.bind(stamps_path)
        stack.callback(os.unlink, stamps_path)
        stamps.setblocking(False)
        with theirs:
            player = await anyio.open_process(command, pass_fds=(theirs.fileno(),))
        await stack.enter_async_context(player)
        stack.enter_context(ours)  # which ends the player
        alarm = await stack.enter_async_context(open_alarm(lambda: rings.put(None)))
        for _ in range(moments):
            due_ns = time.monotonic_ns() + FLOOR_LEAD_NS
            alarm.set(due_ns)
            await rings.receive()
            ours.send(PLAY)
            await anyio.wait_readable(stamps)
            late.append(int(stamps.recv(64)) - due_ns)
            ours.send(STAND)
    return late


async def measure(count: int, mtc: str, *, under_load: bool, killed: bool) -> None:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cues = write_project(Home(folder), NODE, count)
        programs = folder / "bin"
        programs.mkdir()
        config = PlayerConfig(mpv=str(write_program(programs)), audio_output="null")
        stamps = os.environ["CUEMS_TEST_STAMPS"] = str(folder / "stamps")
        line, jack = await stack.enter_async_context(open_source(mtc == "midi"))
        near, far = await stack.enter_async_context(open_memory_bus())
        timekeeper = Timekeeper()
        parts = NodeParts(
            node=NODE,
            library=Home(folder).library,
            state=Home(folder).folder / "state",
            link=far,
            workshop=workshop(config, FrameRate.FPS_25, dict(os.environ)),
            same_clock=True,
            midi_port="MtcMaster:MTCPort" if mtc == "midi" else None,
            files=nothing_to_bring(folder),
            timekeeper=timekeeper,
        )
        if under_load:
            await stack.enter_async_context(open_load())
        tasks = await stack.enter_async_context(anyio.create_task_group())
        desk = Desk(near, line)
        tasks.start_soon(desk.hear)
        tasks.start_soon(desk.tell_line)
        await tasks.start(run_node, parts)
        with anyio.fail_after(PATIENCE_S):
            while timekeeper.state != ("locked" if mtc == "midi" else "internal"):  # noqa: ASYNC110
                await anyio.sleep(0.05)
        floor = await floor_ns(min(count, FLOOR_MOMENTS), config.mpv, stamps)
        if killed and jack is not None:
            late = await fire_through_kills(desk, cues, timekeeper, stamps, jack)
        else:
            late = await fire(desk, cues, timekeeper, stamps)
        tasks.cancel_scope.cancel()
    how = "200 broadcasts/s to 20 clients + bus" if under_load else "idle"
    say(f"{count} cues by {mtc}, {how}")
    on = "line, JACK killed" if killed else "chase"
    show(f"cue's start on the {on} -> player's socket", late)
    show("floor: alarm -> player's socket", floor)
    say(f"before their moment: {sum(each < 0 for each in late)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cues", type=int, default=200)
    parser.add_argument("--load", action="store_true")
    parser.add_argument("--killed", action="store_true")
    parser.add_argument("--mtc", choices=("midi", "bus"), default="midi")
    options = parser.parse_args()
    how = {"under_load": options.load, "killed": options.killed}
    anyio.run(partial(measure, options.cues, options.mtc, **how))


if __name__ == "__main__":
    main()
