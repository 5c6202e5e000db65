import os
import socket

import anyio
import pytest

from cuems.adapters.osc_udp import (
    LOOPBACK,
    NoFreePortError,
    PlayerStalledError,
    Ports,
    look_at_port,
    open_osc_sender,
)
from cuems.wire.osc import Osc, decode, encode

PING = encode(Osc("/check"))


def bound(port: int = 0, address: str = LOOPBACK) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = socket.socket(family, socket.SOCK_DGRAM)
    server.bind((address, port))
    server.setblocking(False)
    return server


def port_of(server: socket.socket) -> int:
    port: int = server.getsockname()[1]
    return port


async def test_every_message_arrives_also_when_it_repeats_the_last() -> None:
    with bound() as server, open_osc_sender(port_of(server)) as osc, anyio.fail_after(5):
        for gain in (0.5, 0.5):
            await osc.send(encode(Osc("/volmaster", (gain,))))
        received = [decode(server.recv(100)), decode(server.recv(100))]
    assert received == [Osc("/volmaster", (0.5,))] * 2


async def test_waiting_for_a_listener_ends_when_there_is_one() -> None:
    with bound() as server:
        port = port_of(server)
    with open_osc_sender(port) as osc, anyio.fail_after(5):
        with anyio.move_on_after(0.05) as scope:
            await osc.wait_for_listener(PING)
        with bound(port) as server:
            await osc.wait_for_listener(PING)
            assert decode(server.recv(100)) == Osc("/check")
    assert scope.cancelled_caught


async def test_a_refused_message_does_not_cost_the_next_one() -> None:
    with bound() as server:
        port = port_of(server)
    with open_osc_sender(port) as osc, anyio.fail_after(5):
        await osc.send(PING)
        with bound(port) as server:
            await osc.send(encode(Osc("/play")))
            assert decode(server.recv(100)) == Osc("/play")


def test_a_port_in_use_is_passed_over() -> None:
    with bound() as stranger:
        port = port_of(stranger)
        with (
            pytest.raises(NoFreePortError, match=f"from {port} to {port} is free"),
            Ports(port, port).reserve(),
        ):
            pytest.fail("reserved")


def test_reserved_ports_differ_and_come_back() -> None:
    with bound() as a, bound() as b:
        free = sorted((port_of(a), port_of(b)))
    between = frozenset(range(free[0] + 1, free[1]))
    ports = Ports(free[0], free[1], between)
    with ports.reserve() as first, ports.reserve() as second:
        assert sorted((first.port, second.port)) == free
        with pytest.raises(NoFreePortError), ports.reserve():
            pytest.fail("reserved")
    with ports.reserve() as again:
        assert again.port in free


def test_excluded_ports_are_never_given() -> None:
    with bound() as server:
        port = port_of(server)
    with pytest.raises(NoFreePortError), Ports(port, port, {port}).reserve():
        pytest.fail("reserved")


def test_a_reserved_port_is_nobodys_else_until_its_player_is_started() -> None:
    with bound() as server:
        port = port_of(server)
    with Ports(port, port).reserve() as reserved:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
            pytest.raises(OSError, match="in use"),
        ):
            stranger.bind((LOOPBACK, port))
        assert reserved.hand_over() == port
        with bound(port):  # the player
            pass


async def test_who_does_not_read_what_it_is_sent_is_told_from_who_does() -> None:
    with bound() as server, open_osc_sender(port_of(server)) as osc, anyio.fail_after(20):
        idle = await osc.prove()
        assert idle is not None
        assert await osc.who() == idle
        with pytest.raises(PlayerStalledError, match="took nothing for 2 s"):
            await osc.prove(PING)
        server.recv(100)
        assert await osc.prove() == idle
    with open_osc_sender(osc.port) as osc:
        assert await osc.prove(PING) is None
    with bound(osc.port), open_osc_sender(osc.port) as osc:
        again = await osc.who()
    assert again is not None
    assert again.socket != idle.socket


@pytest.mark.parametrize("address", [LOOPBACK, "0.0.0.0", "::ffff:127.0.0.1", "::"])
def test_whoever_hears_a_port_is_found_and_nobody_who_has_it_at_another_address(
    address: str,
) -> None:
    with bound(address="127.0.0.2") as stranger:
        port = port_of(stranger)
        assert look_at_port(port) is None
    with bound(port, address) as player:
        found = look_at_port(port)
        assert found is not None
        assert found.socket == os.fstat(player.fileno()).st_ino
    with bound(port, "127.0.0.2"), bound(port) as player:
        found = look_at_port(port)
        assert found is not None
        assert found.socket == os.fstat(player.fileno()).st_ino
