"""The packets, read back by the `sacn` library's receiver, and its own as the oracle."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from sacn.messages.data_packet import DataPacket
from sacn.messages.sync_packet import SyncPacket

from cuems.core.dmx_stream import Packet
from cuems.wire.dmx_option import DmxOut, DmxProtocol
from cuems.wire.sacn import SacnEncoder, multicast_group

CID = bytes(range(16))
OUT = DmxOut(protocol=DmxProtocol.SACN, cid=CID, source="stage left", priority=90, sync=7)


@given(
    universe=st.integers(1, 63_999),
    sequence=st.integers(0, 1000),
    levels=st.binary(min_size=512, max_size=512),
    terminated=st.booleans(),
)
def test_packets_are_the_librarys(
    universe: int, sequence: int, levels: bytes, terminated: bool
) -> None:
    encoder = SacnEncoder(OUT)
    encoder.datagram(Packet(universe, 5, bytes(512), terminated=True))
    made = encoder.datagram(Packet(universe, sequence, levels, terminated))
    assert made == bytes(
        DataPacket(
            cid=tuple(CID),
            sourceName="stage left",
            universe=universe,
            dmxData=tuple(levels),
            priority=90,
            sequence=sequence % 256,
            streamTerminated=terminated,
            sync_universe=7,
            dmxStartCode=0,
        ).getBytes()
    )


def test_the_receiver_reads_every_field() -> None:
    made = SacnEncoder(OUT).datagram(Packet(513, 258, bytes([1, 255]) + bytes(510)))
    read = DataPacket.make_data_packet(made)
    assert (read.universe, read.sequence, read.priority, read.syncAddr) == (513, 2, 90, 7)
    assert (read.sourceName, read.cid, read.dmxStartCode) == ("stage left", tuple(CID), 0)
    assert (read.option_StreamTerminated, read.option_PreviewData) == (False, False)
    assert read.dmxData[:3] == (1, 255, 0)


def test_a_long_name_is_cut_between_letters() -> None:
    made = SacnEncoder(replace(OUT, source="ä" * 40)).datagram(Packet(1, 0, bytes(512)))
    assert DataPacket.make_data_packet(made).sourceName == "ä" * 31


def test_synchronization_counts_on_its_own() -> None:
    encoder = SacnEncoder(OUT)
    read = [SyncPacket.make_sync_packet(encoder.synchronization()) for _ in range(257)]
    assert [packet.sequence for packet in read[-2:]] == [255, 0]
    assert {packet.syncAddr for packet in read} == {7}


def test_a_universe_has_its_group() -> None:
    assert [multicast_group(number) for number in (1, 63_999)] == ["239.255.0.1", "239.255.249.255"]
