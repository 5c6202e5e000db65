import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle import OscBundle as OracleBundle
from pythonosc.osc_bundle_builder import IMMEDIATELY as ORACLE_IMMEDIATELY
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from cuems.wire.osc import (
    IMMEDIATELY,
    MAX_ARGUMENTS,
    MAX_BUNDLE_DEPTH,
    MAX_BUNDLE_ELEMENTS,
    Char,
    Double,
    Impulse,
    Int64,
    Midi,
    Osc,
    OscArgument,
    OscBundle,
    OscDecodeError,
    OscEncodeError,
    OscPacket,
    Rgba,
    Symbol,
    TimeTag,
    decode,
    encode,
)
from tests.fuzz import fuzz_osc

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
ADDRESS = TEXT.map(lambda text: "/" + text)
FLOAT = st.floats(width=32, allow_nan=False)
INT = st.integers(1 - 2**31, 2**31 - 1)  # python-osc sends the very smallest as h
WIDE_INT = st.integers(2**31, 2**63 - 1) | st.integers(-(2**63), -(2**31) - 1)
PLAIN: st.SearchStrategy[OscArgument] = (
    INT | FLOAT | TEXT | st.binary(max_size=40) | st.booleans() | st.none()
)
TYPED: st.SearchStrategy[OscArgument] = (
    st.builds(Int64, st.integers(-(2**63), 2**63 - 1))
    | WIDE_INT.map(Int64)
    | st.floats(allow_nan=False).map(Double)
    | st.integers(0, 2**64 - 1).map(TimeTag)
    | st.integers(0, 2**32 - 1).map(Rgba)
    | st.binary(min_size=4, max_size=4).map(Midi)
    | TEXT.map(Symbol)
    | st.characters(exclude_categories=["Cs"]).map(Char)
    | st.just(Impulse())
)
ARGUMENT = st.recursive(
    PLAIN | TYPED, lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=6
)
MESSAGE = st.builds(Osc, ADDRESS, st.lists(ARGUMENT, max_size=6).map(tuple))
PACKET: st.SearchStrategy[OscPacket] = st.recursive(
    MESSAGE,
    lambda inner: st.builds(
        OscBundle, st.integers(0, 2**64 - 1), st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=6,
)


def typed(value: object) -> object:
    """A value with its types spelled out, for 1, True and Int64(1) are equal."""
    match value:
        case Osc(address, args):
            return address, [typed(item) for item in args]
        case OscBundle(timetag, elements):
            return timetag, [typed(item) for item in elements]
        case tuple():
            return [typed(item) for item in value]
    return type(value), value


def cut_off(data: bytes, size: int) -> bytes:
    return data[: size & ~3]


@given(PACKET)
def test_what_is_encoded_is_decoded_with_the_same_types(packet: OscPacket) -> None:
    assert typed(decode(encode(packet))) == typed(packet)


@given(st.lists(PLAIN.filter(lambda value: value != b""), max_size=5).map(tuple))
def test_python_osc_encodes_the_same_bytes(args: tuple[OscArgument, ...]) -> None:
    oracle = OscMessageBuilder("/engine/status/cue")
    for value in args:
        oracle.add_arg(value)  # type: ignore[arg-type]
    assert encode(Osc("/engine/status/cue", args)) == oracle.build().dgram


@given(st.lists(PLAIN, max_size=5).map(tuple))
def test_python_osc_reads_what_we_send(args: tuple[OscArgument, ...]) -> None:
    assert OscMessage(encode(Osc("/a/b", args))).params == list(args)


@given(st.integers(2**31, 2**63 - 1))
def test_an_integer_beyond_32_bits_is_sent_as_64(value: int) -> None:
    data = encode(Osc("/a", (value,)))
    assert data[4:8] == b",h\0\0"
    assert OscMessage(data).params == [value]


def test_a_dmx_scene_is_one_bundle_that_python_osc_reads() -> None:
    messages = (Osc("/frame", (0, 1, 255)), Osc("/mtc_time", ("now",)), Osc("/fade_time", (2.5,)))
    data = encode(OscBundle(IMMEDIATELY, messages))
    assert [item.address for item in OracleBundle(data)] == ["/frame", "/mtc_time", "/fade_time"]
    builder = OscBundleBuilder(ORACLE_IMMEDIATELY)
    for message in messages:
        oracle = OscMessageBuilder(message.address)
        for value in message.args:
            oracle.add_arg(value)  # type: ignore[arg-type]
        builder.add_content(oracle.build())
    assert builder.build().dgram == data


def test_a_fade_carries_its_start_as_64_bits() -> None:
    args = ("id", "node", "127.0.0.1", 7000, "/volmaster", 0.0, 1.0, Int64(-1), 500, "linear", "{}")
    data = encode(Osc("/gradient/start_fade", args))
    assert b",sssisffhiss\0" in data


@pytest.mark.parametrize(
    ("hexadecimal", "message"),
    [
        ("2f656e67696e652f636f6d6d616e642f676f0000 2c000000", Osc("/engine/command/go")),
        ("2f656e67696e652f636f6d6d616e642f676f0000", Osc("/engine/command/go")),
        ("2f760000 2c690000 00000001", Osc("/v", (1,))),
        ("2f760000 2c660000 3f000000", Osc("/v", (0.5,))),
        ("67000000 2c540000", Osc("g", (True,))),
    ],
    ids=["interop 2.8 go", "no type tags", "fader at 1", "fader at half", "no leading slash"],
)
def test_bytes_of_real_senders_are_read(hexadecimal: str, message: Osc) -> None:
    assert typed(decode(bytes.fromhex(hexadecimal))) == typed(message)


def test_nan_passes_for_the_reader_to_refuse() -> None:
    message = decode(encode(Osc("/v", (math.nan,))))
    assert isinstance(message, Osc)
    assert isinstance(message.args[0], float)
    assert math.isnan(message.args[0])


BUNDLE = b"#bundle\0" + struct.pack(">Q", 1)


def nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = BUNDLE + (struct.pack(">i", len(data)) + data if data else b"")
    return data


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "0 bytes"),
        (b"/a\0", "3 bytes"),
        (b"/abc" * 16385, "65540 bytes"),
        (b"/abc", "cut off"),
        (b"\0\0\0\0,\0\0\0", "no address"),
        (b"/a\0\0abcd", "cut off"),
        (b"/a\0\0abc\0", "begin with ','"),
        (b"/a\0\0,i\0\0", "cut off"),
        (b"/a\0\0,ii\0\0\0\0\1", "cut off"),
        (b"/a\0\0,s\0\0abcd", "cut off"),
        (b"/a\0\0,\0\0\0abcd", "4 bytes after"),
        (b"/a\0\0,q\0\0", "type tag 'q'"),
        (b"/a\0\0,[\0\0", "does not end"),
        (b"/a\0\0,]\0\0", "without a beginning"),
        (b"/a\0\0," + b"[" * 9 + b"]" * 9 + b"\0", "nested deeper than 8"),
        (b"/a\0\0,b\0\0\xff\xff\xff\xfc", "blob of -4 bytes"),
        (b"/a\0\0,b\0\0\0\0\0\x08abcd", "blob of 8 bytes"),
        (b"/a\0\0,b\0\0\0\0\0\x01", "blob of 1 bytes"),
        (b"/\xff\0\0,\0\0\0", "not UTF-8"),
        (b"/a\0\0,s\0\0\xed\xa0\x80\0", "not UTF-8"),
        (b"/a\0\0,c\0\0\xff\xff\xff\xff", "not UTF-8"),
        (b"/a\0\0," + b"T" * (MAX_ARGUMENTS + 2) + b"\0", "more than 2048 arguments"),
        (b"#bundle\0\0\0\0\0", "bundle of 12 bytes"),
        (BUNDLE + struct.pack(">i", -4), "element of -4 bytes"),
        (BUNDLE + struct.pack(">i", 0), "element of 0 bytes"),
        (BUNDLE + struct.pack(">i", 3) + b"/a\0\0", "element of 3 bytes"),
        (BUNDLE + struct.pack(">i", 8) + b"/a\0\0", "element of 8 bytes"),
        (nested(MAX_BUNDLE_DEPTH + 1), "nested deeper than 8"),
        (BUNDLE + (struct.pack(">i", 4) + b"/a\0\0") * (MAX_BUNDLE_ELEMENTS + 1), "more than 256"),
        (nested(900), "nested deeper than 8"),
        (b"/" + b"a" * 9002 + b"\0,\0\0\0abcd", "4 bytes after"),
    ],
)
def test_bytes_that_are_no_packet_are_refused_in_one_line(data: bytes, problem: str) -> None:
    with pytest.raises(OscDecodeError, match=problem) as caught:
        decode(data)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_the_arguments_of_all_messages_in_a_bundle_count() -> None:
    message = Osc("/a", (True,) * (MAX_ARGUMENTS // 2 + 1))
    assert decode(encode(OscBundle(IMMEDIATELY, (message,))))
    with pytest.raises(OscDecodeError, match="more than 2048 arguments"):
        decode(encode(OscBundle(IMMEDIATELY, (message, message))))


def test_bundles_nest_as_deep_as_promised() -> None:
    bundle = decode(nested(MAX_BUNDLE_DEPTH))
    for _ in range(MAX_BUNDLE_DEPTH):
        assert isinstance(bundle, OscBundle)
        (bundle,) = bundle.elements or (None,)  # type: ignore[assignment]
    assert bundle is None


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    accepted_or_refused(data)


@given(PACKET, st.data())
def test_a_damaged_packet_is_decoded_or_refused(packet: OscPacket, data: st.DataObject) -> None:
    damaged = bytearray(encode(packet))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    accepted_or_refused(bytes(damaged))
    accepted_or_refused(cut_off(bytes(damaged), data.draw(st.integers(0, len(damaged)))))


def accepted_or_refused(data: bytes) -> None:
    try:
        packet = decode(data)
    except OscDecodeError:
        return
    decode(encode(packet))


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (Osc("/a", ("b\0c",)), "NUL"),
        (Osc("/a\0b"), "NUL"),
        (Osc("/a", (2**63,)), "int"),
        (Osc("/a", (1e300,)), "float"),
        (Osc("/a", (Midi(b"abc"),)), "3 bytes"),
        (Osc("/a", (Char("ab"),)), "exactly one"),
        (Osc("/a", (object(),)), "object"),  # type: ignore[arg-type]
        (Osc("/a", ("\ud800",)), "surrogate"),
        (Osc("/a", (bytes(65_536),)), "at most 65536"),
    ],
)
def test_what_osc_cannot_carry_is_refused(message: Osc, problem: str) -> None:
    with pytest.raises(OscEncodeError, match=problem) as caught:
        encode(message)
    assert caught.value.address == message.address


def test_a_bundle_nested_too_deep_is_not_sent() -> None:
    bundle = OscBundle(IMMEDIATELY)
    for _ in range(MAX_BUNDLE_DEPTH):
        bundle = OscBundle(IMMEDIATELY, (bundle,))
    with pytest.raises(OscEncodeError, match="nested deeper than 8"):
        encode(bundle)


def test_a_time_tag_that_is_none_is_not_sent() -> None:
    with pytest.raises(OscEncodeError, match="time tag -1"):
        encode(OscBundle(-1))


def test_f36_hostile_bytes_are_read_or_refused_and_nothing_else_comes_out() -> None:
    """`python -m tests.fuzz.fuzz_osc` does the same for as long as one likes."""
    fuzz_osc.run(5000, seed=36)
