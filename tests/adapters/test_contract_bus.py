"""What every node bus does, in memory and over NNG: one file for both."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import anyio
import pytest

from cuems.adapters.bus import open_bus_dialer, open_bus_listener
from cuems.adapters.memory_bus import open_memory_bus
from cuems.core.bus import Peers


class Bus(Protocol):
    async def send(self, data: bytes) -> None: ...
    async def receive(self) -> bytes: ...
    async def peers_changed(self) -> Peers: ...


@asynccontextmanager
async def open_nng_link() -> AsyncIterator[tuple[Bus, Bus]]:
    async with (
        open_bus_listener("tcp://127.0.0.1:0") as controller,
        open_bus_dialer(controller.url) as node,
    ):
        yield controller, node


@asynccontextmanager
async def linked(kind: str) -> AsyncIterator[tuple[Bus, Bus]]:
    """Both ends, each told that the other is there."""
    with anyio.fail_after(20):
        async with open_memory_bus() if kind == "memory" else open_nng_link() as (controller, node):
            assert await controller.peers_changed() == Peers(1, 1)
            assert await node.peers_changed() == Peers(1, 1)
            yield controller, node


kinds = pytest.mark.parametrize("kind", ["memory", "nng"])


@kinds
async def test_each_end_hears_the_other_and_not_itself(kind: str) -> None:
    async with linked(kind) as (controller, node):
        await controller.send(b"go")
        await node.send(b"started")
        assert await node.receive() == b"go"
        assert await controller.receive() == b"started"


@kinds
async def test_order_is_kept(kind: str) -> None:
    async with linked(kind) as (controller, node):
        sent = [b"%d" % number for number in range(1000)]
        for data in sent:
            await controller.send(data)
        assert [await node.receive() for _ in sent] == sent


@kinds
async def test_a_burst_of_ten_thousand_arrives_whole(kind: str) -> None:
    sent = [b"%06d" % number + bytes(200) for number in range(10_000)]
    received: list[bytes] = []

    async def read(bus: Bus) -> None:
        while len(received) < len(sent):
            received.append(await bus.receive())

    async with linked(kind) as (controller, node), anyio.create_task_group() as tg:
        tg.start_soon(read, node)
        for data in sent:
            await controller.send(data)
    assert received == sent


@kinds
async def test_a_big_message_arrives_whole(kind: str) -> None:
    data = bytes(range(256)) * 2048
    async with linked(kind) as (controller, node):
        await node.send(data)
        assert await controller.receive() == data


@kinds
async def test_a_cancelled_receive_stays_in_its_scope_and_loses_nothing(kind: str) -> None:
    sent = [b"%d" % number for number in range(200)]
    received: list[bytes] = []
    async with linked(kind) as (controller, node):
        for data in sent:
            with anyio.CancelScope() as scope:
                scope.cancel()
                received.append(await node.receive())
            await controller.send(data)
            with anyio.move_on_after(0):
                received.append(await node.receive())
        while len(received) < len(sent):
            received.append(await node.receive())
    assert received == sent


@kinds
async def test_peers_are_told_once_until_they_change(kind: str) -> None:
    async with linked(kind) as (controller, _):
        with anyio.move_on_after(0.05) as scope:
            await controller.peers_changed()
        assert scope.cancelled_caught
