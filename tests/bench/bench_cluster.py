"""A controller and its nodes as processes of this machine: how alike, how fast back, how much.

    python -m tests.bench.bench_cluster spread [--gos 1000] [--delay 0] [--jitter 0]
    python -m tests.bench.bench_cluster rejoin [--rounds 20]   SIGKILL of a node to joined again
    python -m tests.bench.bench_cluster many [--nodes 20] [--seconds 20]   the controller's CPU
    python -m tests.bench.bench_cluster simulated [--nodes 50] [--seconds 60]   sim/cluster.py

`spread`: three nodes, one cue of all of them, how far apart they start it. The floor beside it are
three processes that do nothing but wake (bare_start.py). With a delay (ms, each way) the nodes are
behind the emulator of tests/unetem.py, which needs root. Nobody plays: players are not measured.

Goals: spread p99 within 1 ms on one host, within half a frame over 5 ± 2 ms; a node back p99
within 3 s (faults.md G4, G7).
"""

import argparse
import ctypes
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import anyio

from cuems.core.cues import AudioCue, AudioOutput, CueId, CueList, Media, NodeId, Show
from cuems.core.operator import PressGo
from cuems.core.timecode import from_ms
from cuems.sim.cluster import Rig
from cuems.sim.setup import Setup
from cuems.wire.show_xml import write_show
from tests.bench.bare_start import floor
from tests.bench.figures import judge, percentile, say, show
from tests.e2e.rig import Home, Operator, Program, open_operator, open_program
from tests.unetem import Host, Link, open_link, why_not

QUIET = ("--players", "none", "--mtc", "bus")
CONTROLLER = ("run", "--role", "controller", "--no-local-node", "--load", "bench", *QUIET)
NODE = ("run", "--role", "node", "-vv", *QUIET)
CUE = CueId("c0e00000-0000-4000-8000-000000000001")
WRITTEN = "2026-01-01T00:00:00"
BETWEEN_GOS_S = 0.25  # a cue is over by then; nobody plays it, so that it counts as failed
STARTED = re.compile(r"run (\d+) was started at (\d+) ns")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
CLONE_NEWNET = 0x4000_0000  # <linux/sched.h>
NS_PER_MS = 1_000_000
PATIENCE_S = 120.0  # twenty interpreters start on two cores


def a_show(nodes: list[NodeId], ms: int) -> Show:
    """One cue on every node."""
    outputs = tuple(AudioOutput(output_name=f"{node}_0") for node in nodes)
    media = Media(file_name="tone.wav", duration_flicks=from_ms(ms))
    cue = AudioCue(id=CUE, name="all", media=media, outputs=outputs)
    cues = CueList(id=CueId(str(uuid4())), name="bench", contents=(cue,))
    return Show(id=str(uuid4()), name="bench", created=WRITTEN, modified=WRITTEN, cue_list=cues)


@dataclass(frozen=True, slots=True)
class Network:
    """Where the controller is to listen, and what comes before a node's command."""

    bus: str | None = None
    inside: tuple[str, ...] = ()


LOOPBACK = Network()


def homes_of(folder: Path, count: int, ms: int, network: Network) -> tuple[Home, list[Home]]:
    """The controller's machine, and those of its nodes; they share the library."""
    controller = Home(folder / "controller", environment={"CUEMS_REALTIME": "auto"})
    if network.bus is not None:
        controller.bus = network.bus
        controller.environment["CUEMS_OPEN_BUS"] = "1"
    (controller.library / "media").mkdir(parents=True)
    (controller.library / "media" / "tone.wav").write_bytes(b"nobody plays it")
    nodes = [NodeId(str(uuid4())) for _ in range(count)]
    project = controller.library / "projects" / "bench"
    project.mkdir(parents=True)
    (project / "script.xml").write_bytes(write_show(a_show(nodes, ms)))
    homes = []
    for number, node in enumerate(nodes):
        home = Home(folder / f"node{number}", control=controller.control, bus=controller.bus)
        home.environment |= controller.environment
        home.environment["CUEMS_LIBRARY"] = str(controller.library)
        state = home.folder / "state" / "cuems"
        state.mkdir(parents=True)
        (state / "identity").write_text(node)
        homes.append(home)
    return controller, homes


@asynccontextmanager
async def open_rig(
    folder: Path, count: int, ms: int, network: Network = LOOPBACK
) -> AsyncIterator[tuple[Program, list[Program], Operator, list[Home]]]:
    controller, homes = homes_of(folder, count, ms, network)
    async with AsyncExitStack() as stack:
        program = await stack.enter_async_context(open_program(controller, *CONTROLLER))
        await program.says("ready: control surface")
        nodes = [
            await stack.enter_async_context(open_program(home, *NODE, inside=network.inside))
            for home in homes
        ]
        operator = await stack.enter_async_context(open_operator(controller))
        await arms(operator)
        yield program, nodes, operator, homes


async def arms(operator: Operator) -> None:
    """Wait until GO would be obeyed."""
    armed = "/engine/status/armed"
    await operator.until(lambda: operator.state.get(armed) == "yes", patience_s=PATIENCE_S)


async def presses_go(operator: Operator) -> int:
    """GO, as soon as that is obeyed; how often it was refused."""
    refused = 0
    while await operator.ask("gocue", CUE) != "ok":
        refused += 1
        await anyio.sleep(BETWEEN_GOS_S)
        await arms(operator)
    return refused


async def spread(gos: int, link: Link, folder: Path) -> None:
    if not link.delay_ms:
        show("floor: three processes that only wake", await floor(3, min(gos, 200)))
        spreads_ns = await starts(gos, folder)
        show("spread of a start over three nodes", spreads_ns)
        judge("spread p99, one host", percentile(spreads_ns, 0.99) / NS_PER_MS, 1, "ms")
        return
    with open_link(link) as opened:
        here, there = opened.hosts
        enter(here)
        bus = f"tcp://{here.address}:9093"
        spreads_ns = await starts(gos, folder, Network(bus, there.inside))
    name = f"over {link.delay_ms:g} ± {link.jitter_ms:g} ms"
    show(f"spread of a start, {name}", spreads_ns)
    judge(f"spread p99, {name}", percentile(spreads_ns, 0.99) / NS_PER_MS, 20, "ms")


async def starts(gos: int, folder: Path, network: Network = LOOPBACK) -> list[int]:
    """How far apart three nodes start a cue, so many times, ns."""
    started: dict[int, list[int]] = defaultdict(list)
    async with open_rig(folder, 3, 100, network) as (_, nodes, operator, _):
        refused = 0
        for _ in range(gos):
            refused += await presses_go(operator)
            await anyio.sleep(BETWEEN_GOS_S)
        for node in nodes:
            for line in node.lines:
                if found := STARTED.search(line):
                    started[int(found[1])].append(int(found[2]))
    whole = [max(each) - min(each) for each in started.values() if len(each) == 3]
    say(f"{gos} GOs, {len(whole)} of them started by all three, {refused} refused before")
    return whole


def enter(host: Host) -> None:
    """Have the rest of this process in a network namespace."""
    with open(f"/run/netns/{host.namespace}") as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


def apart() -> None:
    """Have the rest of this process in a network namespace of its own."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=10)


async def rejoin(rounds: int, folder: Path) -> None:
    took_ns = []
    async with (
        open_rig(folder, 1, 3_600_000) as (_, nodes, operator, homes),
        AsyncExitStack() as stack,
    ):
        assert await operator.ask("go") == "ok"
        await operator.until(lambda: operator.state.get(f"/engine/status/cue/{CUE}") != 0)
        node = nodes[0]
        for _ in range(rounds):
            killed_ns = time.monotonic_ns()
            node.process.send_signal(signal.SIGKILL)
            await node.ends()
            again = await stack.enter_async_context(open_program(homes[0], *NODE))
            await again.says("joined=True")
            took_ns.append(time.monotonic_ns() - killed_ns)
            node = again
    show("SIGKILL of a node, started at once: joined", took_ns)
    judge("a node back p99", percentile(took_ns, 0.99) / NS_PER_MS, 3000, "ms")


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


async def many(count: int, seconds: float, folder: Path) -> None:
    whose = "of the whole machine"
    if not why_not():  # a network of our own: what is counted there is ours
        apart()
        whose = "of the rig alone"
    async with open_rig(folder, count, 3_600_000) as (program, nodes, operator, _):
        assert await operator.ask("go") == "ok"
        await operator.until(lambda: operator.state.get(f"/engine/status/cue/{CUE}") != 0)
        pids = [program.process.pid, *(node.process.pid for node in nodes)]
        before, carried = [cpu_s(pid) for pid in pids], messages()
        await anyio.sleep(seconds)
        used = [(cpu_s(pid) - was) / seconds for pid, was in zip(pids, before, strict=True)]
        datagrams, segments = (
            (now - was) / seconds for now, was in zip(messages(), carried, strict=True)
        )
    say(
        f"{count} nodes, a show running: controller {used[0]:.1%} of a core, a node"
        f" {sum(used[1:]) / count:.1%}; {datagrams:.0f} datagrams/s of lane X and"
        f" {segments:.0f} TCP segments/s, {whose}"
    )
    judge(f"the controller's CPU with {count} nodes", 100 * used[0], 50, "% of a core")


def messages() -> tuple[int, int]:
    """Datagrams and TCP segments that this network namespace has received by now."""
    rows = [line.split() for line in Path("/proc/self/net/snmp").read_text().splitlines()]
    counted = {
        (names[0], name): int(value)
        for names, values in zip(rows[::2], rows[1::2], strict=True)
        for name, value in zip(names[1:], values[1:], strict=True)
    }
    return counted["Udp:", "InDatagrams"], counted["Tcp:", "InSegs"]


def simulated(count: int, seconds: float) -> None:
    nodes = [NodeId(f"{number:08d}-0000-4000-8000-000000000000") for number in range(count)]
    began = time.process_time()
    rig = Rig(a_show(nodes, 3_600_000), Setup(nodes=count, loss=0.2))
    rig.ask(PressGo())
    before, letters = time.process_time(), rig.mail.letters
    rig.run_to(rig.now_ns + int(seconds * 1e9))
    took = time.process_time() - before
    say(
        f"{count} simulated nodes at 20 % loss: {seconds:.0f} s in {took:.1f} s of CPU, switched on"
        f" in {before - began:.1f} s, {(rig.mail.letters - letters) / seconds:.0f} messages/s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("spread", "rejoin", "many", "simulated"))
    parser.add_argument("--gos", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--delay", type=float, default=0)
    parser.add_argument("--jitter", type=float, default=0)
    parser.add_argument("--nodes", type=int)
    parser.add_argument("--seconds", type=float)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        match options.what:
            case "spread":
                link = Link(delay_ms=options.delay, jitter_ms=options.jitter)
                if link.delay_ms and why_not():
                    sys.exit(f"not measured: {why_not()}")
                anyio.run(spread, options.gos, link, folder)
            case "rejoin":
                anyio.run(rejoin, options.rounds, folder)
            case "many":
                anyio.run(many, options.nodes or 20, options.seconds or 20.0, folder)
            case _:
                simulated(options.nodes or 50, options.seconds or 60.0)


if __name__ == "__main__":
    main()
