import json
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import anyio
import anyio.lowlevel
import pynng
import pytest

from cuems.adapters.bus import (
    MESSAGE_MAX_BYTES,
    BusAddressError,
    NngBus,
    open_bus_dialer,
    open_bus_listener,
)
from cuems.core.bus import Peers
from cuems.core.cues import NodeId
from cuems.core.flood import FloodGuard
from cuems.core.reports import Pong
from cuems.wire.bus import BusDecodeError, decode, encode

LOOPBACK = "tcp://127.0.0.1:0"
NODE = NodeId("0f7d0a52-5c0e-4d4f-9d0e-6b1b5c1f0002")


async def test_nodes_hear_the_controller_and_not_each_other() -> None:
    with anyio.fail_after(20):
        async with (
            open_bus_listener(LOOPBACK) as controller,
            open_bus_dialer(controller.url) as one,
            open_bus_dialer(controller.url) as two,
        ):
            while (await controller.peers_changed()).now < 2:
                pass
            await one.peers_changed()  # the other end may know of the link first
            await one.send(b"from one")
            assert await controller.receive() == b"from one"
            await controller.send(b"to all")
            assert [await one.receive(), await two.receive()] == [b"to all", b"to all"]


@pytest.mark.parametrize(
    "url",
    [
        "foo",
        "",
        "http://127.0.0.1:9093",
        "udp://127.0.0.1:9093",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:99999",
        "tcp://127.0.0.1:bus",
        "tcp://[::1:9093",
    ],
)
@pytest.mark.parametrize("opener", [open_bus_listener, open_bus_dialer])
async def test_a_url_that_can_never_work_is_named(
    url: str, opener: Callable[[str], AbstractAsyncContextManager[NngBus]]
) -> None:
    with pytest.raises(BusAddressError, match=re.escape(repr(url))):
        async with opener(url):
            pass


async def test_an_address_in_use_is_named() -> None:
    async with open_bus_listener(LOOPBACK) as first:
        with pytest.raises(BusAddressError, match="address in use") as caught:
            async with open_bus_listener(first.url):
                pass
    assert caught.value.url == first.url


async def test_a_closed_listener_gives_its_port_back() -> None:
    async with open_bus_listener(LOOPBACK) as first:
        pass
    async with open_bus_listener(first.url) as second:
        assert second.url == first.url


async def test_sending_to_nobody_succeeds_and_is_lost() -> None:
    with anyio.fail_after(20):
        async with open_bus_listener(LOOPBACK) as controller:
            await controller.send(b"lost")
            async with open_bus_dialer(controller.url) as node:
                await controller.peers_changed()
                await controller.send(b"heard")
                assert await node.receive() == b"heard"


async def test_a_node_finds_a_restarted_controller_and_is_told_so() -> None:
    with anyio.fail_after(20):
        async with AsyncExitStack() as controller:
            first = await controller.enter_async_context(open_bus_listener(LOOPBACK))
            async with open_bus_dialer(first.url) as node:
                assert await node.peers_changed() == Peers(1, 1)
                await controller.aclose()
                assert await node.peers_changed() == Peers(0, 1)
                async with open_bus_listener(first.url) as second:
                    assert await node.peers_changed() == Peers(1, 2)
                    await second.peers_changed()
                    await second.send(b"again")
                    assert await node.receive() == b"again"


async def test_a_node_may_dial_before_there_is_a_controller() -> None:
    with anyio.fail_after(20):
        async with open_bus_listener(LOOPBACK) as placeholder:
            url = placeholder.url
        async with open_bus_dialer(url) as node, open_bus_listener(url) as controller:
            await node.peers_changed()
            await node.send(b"here")
            assert await controller.receive() == b"here"


async def test_f22_rubbish_even_as_the_first_message_does_not_end_the_receiver() -> None:
    rubbish = [b"", b"\xff\x00", b"[" * 50_000, b"null", b'{"type": 1}']
    refused: list[bytes] = []
    with anyio.fail_after(20):
        async with (
            open_bus_listener(LOOPBACK) as controller,
            open_bus_dialer(controller.url) as node,
        ):
            await node.peers_changed()
            for data in [*rubbish, encode(NODE, Pong())]:
                await node.send(data)
            while True:
                data = await controller.receive()
                try:
                    envelope = decode(data)
                except BusDecodeError:
                    refused.append(data)
                else:
                    break
    assert refused == rubbish
    assert envelope.message == Pong()


async def test_f24_a_message_above_the_limit_costs_its_sender_the_link_and_nobody_else() -> None:
    with anyio.fail_after(20):
        async with (
            open_bus_listener(LOOPBACK) as controller,
            open_bus_dialer(controller.url) as flood,
            open_bus_dialer(controller.url) as node,
        ):
            await flood.peers_changed()
            await node.peers_changed()
            await flood.send(bytes(MESSAGE_MAX_BYTES + 1))
            assert await flood.peers_changed() != Peers(1, 1)
            await node.send(b"well")
            assert await controller.receive() == b"well"


async def test_a_hub_ping_is_answered_below_the_operations() -> None:
    with anyio.fail_after(20):
        async with open_bus_listener(LOOPBACK) as controller:
            with pynng.Bus0(dial=controller.url) as upstream:
                await controller.peers_changed()
                await upstream.asend(b'{"__type__": "ping", "timestamp": "2026-01-01T00:00:00"}')
                await upstream.asend(b'{"__type__": "pong", "timestamp": "2026-01-01T00:00:00"}')
                await upstream.asend(b"operation")
                assert await controller.receive() == b"operation"
                pong = json.loads(await upstream.arecv())
    assert pong["__type__"] == "pong"
    assert pong["ping_timestamp"] == "2026-01-01T00:00:00"


async def test_leaving_the_bus_ends_a_receive_that_waits() -> None:
    with anyio.fail_after(20):
        async with open_bus_listener(LOOPBACK) as controller, anyio.create_task_group() as tg:
            tg.start_soon(controller.receive)
            await anyio.lowlevel.checkpoint()
            tg.cancel_scope.cancel()


async def test_a_receive_on_a_closed_bus_says_closed() -> None:
    async with open_bus_listener(LOOPBACK) as controller:
        pass
    with pytest.raises(anyio.ClosedResourceError):
        await controller.receive()


async def test_a_link_that_carries_nothing_is_made_anew() -> None:
    with anyio.fail_after(20):
        async with (
            open_bus_listener(LOOPBACK) as controller,
            open_bus_dialer(controller.url) as node,
        ):
            assert (await node.peers_changed()) == Peers(1, 1)
            node.redial()
            while (await node.peers_changed()) != Peers(1, 2):
                pass
            await node.send(b"back")
            assert await controller.receive() == b"back"


async def test_f21_who_floods_the_bus_is_put_out_and_nobody_else() -> None:
    with anyio.fail_after(30):
        async with (
            open_bus_listener(LOOPBACK, FloodGuard(burst=2000)) as controller,
            open_bus_dialer(controller.url) as node,
            open_bus_dialer(controller.url) as stranger,
        ):
            await node.until_linked(linked=True)
            await stranger.until_linked(linked=True)
            await node.send(b"first")
            assert await controller.receive() == b"first"
            for _ in range(3000):
                await stranger.send(b"flood")
            async with anyio.create_task_group() as tg:
                tg.start_soon(receive_all, controller)
                await stranger.until_linked(linked=False)
                tg.cancel_scope.cancel()
            await node.send(b"from the node")
            while await controller.receive() != b"from the node":
                pass
            assert (await node.peers_changed()) == Peers(1, 1)


async def test_what_has_waited_for_a_standby_to_lead_is_no_flood() -> None:
    with anyio.fail_after(30):
        async with (
            open_bus_listener(LOOPBACK, FloodGuard(burst=2000)) as standby,
            open_bus_dialer(standby.url) as node,
        ):
            await node.until_linked(linked=True)
            for _ in range(3000):
                await node.send(b"said long ago")
            await node.send(b"news")
            while await standby.receive() != b"news":
                pass
            assert (await node.peers_changed()) == Peers(1, 1)


async def receive_all(bus: NngBus) -> None:
    while True:
        await bus.receive()


async def test_a_link_that_ended_before_it_came_is_not_missing_from_those_that_come_later() -> None:
    with anyio.fail_after(20):
        async with open_bus_listener(LOOPBACK) as controller:
            controller.link_went(7)  # NNG tells of the end of a link whose beginning it never told
            async with open_bus_dialer(controller.url) as node:
                while not (await controller.peers_changed()).now:
                    pass
                while not (await node.peers_changed()).now:
                    pass
                await controller.send(b"to all")
                assert await node.receive() == b"to all"
