from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.wire.osc import MAX_PACKET_BYTES, Osc, encode
from cuems.wire.osc_stream import MAX_SLIP_BYTES, Framing, FramingError, OscStream

GO = encode(Osc("/engine/command/go"))
NASTY = b"/\xc0\xdb\xdc\xdd\xdb\xc0\xdb\xdd\xdc\0"
PACKETS = st.lists(st.binary(min_size=1, max_size=60), max_size=6)


def talker(framing: Framing) -> OscStream:
    stream = OscStream()
    stream.framing = framing
    return stream


@pytest.mark.parametrize(
    ("data", "framing"),
    [
        (b"\xc0" + GO + b"\xc0", Framing.SLIP),
        (GO + b"\xc0", Framing.SLIP),
        (b"\xc0\xc0\xc0" + GO + b"\xc0\xc0", Framing.SLIP),
        (len(GO).to_bytes(4) + GO, Framing.SIZE),
    ],
    ids=["double-ended SLIP", "single-ended SLIP", "idle ends", "length prefix"],
)
def test_the_first_byte_tells_how_packets_are_framed(data: bytes, framing: Framing) -> None:
    stream = OscStream()
    assert stream.feed(data) == [GO]
    assert stream.framing is framing


@pytest.mark.parametrize("framing", Framing)
@given(packets=PACKETS, cut=st.integers(1, 50))
def test_packets_come_out_as_they_went_in_however_the_stream_is_cut(
    framing: Framing, packets: list[bytes], cut: int
) -> None:
    sender, receiver = talker(framing), talker(framing)
    data = b"".join(map(sender.frame, [*packets, NASTY]))
    pieces = [data[at : at + cut] for at in range(0, len(data), cut)]
    assert [packet for piece in pieces for packet in receiver.feed(piece)] == [*packets, NASTY]


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_any_bytes_are_packets_or_refused(pieces: list[bytes]) -> None:
    stream = OscStream()
    with suppress(FramingError):
        for piece in pieces:
            assert all(stream.feed(piece))


@pytest.mark.parametrize("first", [b"G", b"{", b"\x16", b"\xff"])
def test_what_is_no_osc_is_refused_at_its_first_byte(first: bytes) -> None:
    with pytest.raises(FramingError, match="its first byte"):
        OscStream().feed(first + b"ET / HTTP/1.1")


@pytest.mark.parametrize("size", [0, MAX_PACKET_BYTES + 1, 0xFFFFFF])
def test_a_size_that_cannot_be_is_refused_before_anything_is_kept(size: int) -> None:
    with pytest.raises(FramingError, match=f"a packet of {size} bytes"):
        OscStream().feed(size.to_bytes(4))


def test_a_packet_that_never_ends_is_refused() -> None:
    stream = OscStream()
    stream.feed(b"/" * MAX_SLIP_BYTES)
    with pytest.raises(FramingError, match="without an end"):
        stream.feed(b"/")
