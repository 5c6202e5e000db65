"""Levels on a real loopback network."""

import socket
from dataclasses import replace

import anyio
import pytest
from sacn.messages.sync_packet import SyncPacket

from cuems.adapters.dmx import DmxUnreachableError, open_dmx_sender
from cuems.core.dmx_stream import Packet
from cuems.wire.dmx_option import DmxProtocol
from cuems.wire.sacn import multicast_group
from tests.fakes.dmx_receiver import open_dmx_receiver

LEVELS = bytes([1, 2, 3]) + bytes(509)
NOWHERE = "203.0.113.9"  # for documentation: RFC 5737


async def test_a_universe_reaches_every_destination() -> None:
    with open_dmx_receiver() as one, open_dmx_receiver() as other:
        out = replace(one.out(priority=42), destinations=(one.address, other.address))
        with open_dmx_sender(out) as sender, anyio.fail_after(5):
            sender.prove([7])
            sender.send([Packet(7, 300, LEVELS)])
            for receiver in (one, other):
                packet = await receiver.packet()
                assert (packet.universe, packet.priority, packet.sequence) == (7, 42, 44)
                assert (packet.dmxStartCode, packet.dmxData[:4]) == (0, (1, 2, 3, 0))


async def test_a_synchronized_frame_ends_with_the_word_to_show_it() -> None:
    with open_dmx_receiver() as receiver, open_dmx_sender(receiver.out(sync=9)) as sender:
        sender.send([])
        sender.send([Packet(1, 0, LEVELS), Packet(2, 0, LEVELS)])
        with anyio.fail_after(5):
            assert [(await receiver.packet()).syncAddr for _ in range(2)] == [9, 9]
            sync = SyncPacket.make_sync_packet(await receiver.datagram())
            assert (sync.syncAddr, sync.sequence) == (9, 0)


async def test_art_net_reaches_its_destination() -> None:
    with open_dmx_receiver() as receiver:
        out = replace(receiver.out(), protocol=DmxProtocol.ARTNET)
        with open_dmx_sender(out) as sender, anyio.fail_after(5):
            sender.prove([0])
            sender.send([Packet(0, 0, LEVELS)])
            assert (await receiver.datagram())[:8] == b"Art-Net\0"


async def test_a_universe_reaches_its_group_on_the_interface_asked_for() -> None:
    with open_dmx_receiver() as receiver:
        out = replace(receiver.out(), destinations=(), bind="127.0.0.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as listener:
        group = multicast_group(61_003)
        listener.bind((group, 5568))
        membership = socket.inet_aton(group) + socket.inet_aton("127.0.0.1")
        listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        with open_dmx_sender(out) as sender, anyio.fail_after(5):
            sender.prove([61_003])
            sender.send([Packet(61_003, 0, LEVELS)])
            await anyio.wait_readable(listener)
            assert listener.recv(2048)[126:129] == LEVELS[:3]


async def test_an_address_of_another_machine_cannot_be_ours() -> None:
    with open_dmx_receiver() as receiver:
        out = receiver.out(bind=NOWHERE)
    with pytest.raises(DmxUnreachableError) as caught, open_dmx_sender(out):
        pass
    assert str(caught.value) == (
        f"sacn to {NOWHERE}:0: bind: Cannot assign requested address; check the network and --dmx"
    )


async def test_a_network_that_is_not_there_is_told_before_and_while_sending() -> None:
    with open_dmx_receiver() as receiver:
        # From a loopback address there is no way to another machine.
        out = replace(
            receiver.out(bind="127.0.0.1"), destinations=((NOWHERE, 5568), receiver.address)
        )
        with open_dmx_sender(out) as sender, anyio.fail_after(5):
            with pytest.raises(DmxUnreachableError, match=f"sacn to {NOWHERE}:5568: "):
                sender.prove([1])
            with pytest.raises(DmxUnreachableError, match=f"sacn to {NOWHERE}:5568: "):
                sender.send([Packet(1, 0, LEVELS)])
            assert (await receiver.packet()).universe == 1
