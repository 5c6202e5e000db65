from cuems.core.dmx_stream import Packet
from cuems.wire.artnet import datagram


def test_a_packet_is_as_specified() -> None:
    made = datagram(Packet(0x1234, 6, bytes(range(256)) * 2))
    assert made[:18].hex(" ") == "41 72 74 2d 4e 65 74 00 00 50 00 0e 07 00 34 12 02 00"
    assert made[18:] == bytes(range(256)) * 2


def test_numbers_run_from_1_to_255_without_a_0() -> None:
    numbers = [datagram(Packet(0, sequence, bytes(512)))[12] for sequence in range(512)]
    assert numbers[:255] == list(range(1, 256))
    assert numbers[254:257] == [255, 1, 2]
