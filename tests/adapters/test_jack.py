"""The patchbay against a real JACK server, a client of its own, and servers that misbehave."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import jack
import pytest

from cuems.adapters.jack import CannotWireError, Patchbay, Wire
from tests.jack import Jack, open_jack

pytestmark = pytest.mark.slow


@asynccontextmanager
async def open_patchbay() -> AsyncIterator[Patchbay]:
    """Wire players until the block is left."""
    patchbay = Patchbay()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(patchbay.serve)
        yield patchbay
        tasks.cancel_scope.cancel()


@pytest.fixture
async def server() -> AsyncIterator[Jack]:
    async with open_jack() as running:
        yield running


@asynccontextmanager
async def open_client(name: str, *, sends: int = 0, takes: int = 0) -> AsyncIterator[jack.Client]:
    """A client with ports; libjack waits for its server, so not on the loop's thread."""
    client = await anyio.to_thread.run_sync(lambda: jack.Client(name, no_start_server=True))
    for number in range(sends):
        client.outports.register(f"out_{number}")
    for number in range(takes):
        client.inports.register(f"in_{number}")
    await anyio.to_thread.run_sync(client.activate)
    try:
        yield client
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(client.close)


def targets(client: jack.Client, port: str) -> list[str]:
    return sorted(other.name for other in client.get_all_connections(port))


async def test_outputs_are_connected_to_exactly_their_targets(server: Jack) -> None:
    with anyio.fail_after(30):
        async with (
            open_patchbay() as patchbay,
            open_client("player", sends=2) as player,
            open_client("amp", takes=2),
        ):
            player.connect("player:out_0", "system:playback_1")
            await patchbay.wire("player", [(0, "amp:in_0"), (0, "amp:in_1"), (1, 1)])
            assert targets(player, "player:out_0") == ["amp:in_0", "amp:in_1"]
            assert targets(player, "player:out_1") == ["system:playback_2"]


async def test_ports_that_come_later_are_waited_for(server: Jack) -> None:
    with anyio.fail_after(30):
        async with open_patchbay() as patchbay, anyio.create_task_group() as tg:
            tg.start_soon(patchbay.wire, "player", [(0, "amp:in_0")])
            async with open_client("player", sends=1) as player, open_client("amp", takes=1):
                await patchbay.wire("player", [(0, "amp:in_0")])
                assert targets(player, "player:out_0") == ["amp:in_0"]


async def test_a_port_that_a_client_does_not_have_is_stood_in_for(server: Jack) -> None:
    wires = [("out_0", "amp:in_0"), ("out_1", "amp:in_1")]
    with anyio.fail_after(30):
        async with (
            open_patchbay() as patchbay,
            open_client("amp", takes=2),
            open_client("player", sends=1) as mono,
        ):
            await patchbay.wire("player", wires, {"out_1": "out_0"})
            assert targets(mono, "player:out_0") == ["amp:in_0", "amp:in_1"]
            mono.outports.register("out_1")  # late: it was stereo after all
            await patchbay.wire("player", wires, {"out_1": "out_0"})
            assert targets(mono, "player:out_0") == ["amp:in_0"]
            assert targets(mono, "player:out_1") == ["amp:in_1"]


async def test_a_connection_that_is_lost_is_made_again(server: Jack) -> None:
    with anyio.fail_after(30):
        async with open_patchbay() as patchbay, open_client("player", sends=1) as player:
            async with open_client("amp", takes=1):
                await patchbay.wire("player", [(0, "amp:in_0")])
                player.connect("player:out_0", "system:playback_1")
                await anyio.to_thread.run_sync(player.disconnect, "player:out_0", "amp:in_0")
                await connects(player, "amp:in_0", "system:playback_1")
            async with open_client("amp", takes=1):
                await connects(player, "amp:in_0", "system:playback_1")


async def connects(client: jack.Client, *wanted: str) -> None:
    while targets(client, "player:out_0") != list(wanted):  # noqa: ASYNC110 - JACK tells a thread
        await anyio.sleep(0.02)


async def test_a_port_that_never_comes_is_named(server: Jack) -> None:
    asked: dict[str, Wire] = {
        "JACK has no port amp:in_9": (0, "amp:in_9"),
        "for playback number 8": (0, 7),
        "no JACK port player:out_4": (4, "system:playback_1"),
    }
    with anyio.fail_after(30):
        async with (
            open_patchbay() as patchbay,
            open_client("player", sends=1),
            anyio.create_task_group() as tg,
        ):
            for words, wire in asked.items():
                tg.start_soon(refused, patchbay, words, wire)


async def test_a_server_that_dies_is_said_and_its_successor_is_used(server: Jack) -> None:
    with anyio.fail_after(40):
        async with open_patchbay() as patchbay:
            async with open_client("player", sends=1):
                await patchbay.wire("player", [(0, 0)])
                await server.kill()
            await refused(patchbay, "no JACK server is running")
            await server.start()
            async with open_client("player", sends=1) as player:
                await patchbay.wire("player", [(0, 0)])
                assert targets(player, "player:out_0") == ["system:playback_1"]


async def test_a_server_that_stands_still_holds_nobody_up(server: Jack) -> None:
    with anyio.fail_after(40):
        async with open_patchbay() as patchbay:
            async with open_client("player", sends=1):
                await patchbay.wire("player", [(0, 0)])
            assert server.process is not None
            server.process.send_signal(signal.SIGSTOP)
            await refused(patchbay, "JACK")
            server.process.send_signal(signal.SIGCONT)
            async with open_client("player", sends=1):
                await patchbay.wire("player", [(0, 0)])


async def test_a_process_begun_anew_looks_after_what_the_last_one_did(server: Jack) -> None:
    with anyio.fail_after(40):
        async with (
            open_patchbay() as patchbay,
            open_client("player", sends=1) as player,
            open_client("other", sends=1),
            open_client("amp", takes=1),
        ):
            await patchbay.wire("player", [(0, "amp:in_0")])
            kill_process()
            await anyio.to_thread.run_sync(player.disconnect, "player:out_0", "amp:in_0")
            player.connect("player:out_0", "system:playback_1")
            await patchbay.wire("other", [(0, "amp:in_0")])
            await connects(player, "amp:in_0", "system:playback_1")


async def test_a_process_that_ends_before_it_is_seen_to_costs_no_request(server: Jack) -> None:
    with anyio.fail_after(40):
        async with open_patchbay() as patchbay, open_client("player", sends=1) as player:
            for target in (0, 1):
                await patchbay.wire("player", [(0, target)])
                kill_process()
            await patchbay.wire("player", [(0, 0)])
            assert targets(player, "player:out_0") == ["system:playback_1"]


def kill_process() -> None:
    """Kill the process of our patchbay; it is dead before the event loop gets to see it."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    (pid,) = (
        int(child)
        for child in children
        if "cuems.adapters.jack_graph" in Path(f"/proc/{child}/cmdline").read_text()
    )
    os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):  # a thread of asyncio's has seen it end
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


async def refused(patchbay: Patchbay, words: str, wire: Wire = (0, 0)) -> None:
    with pytest.raises(CannotWireError, match=words):
        await patchbay.wire("player", [wire])
