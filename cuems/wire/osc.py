"""OSC on the wire: message and bundle values to bytes and back.

Source: OSC 1.0 specification (opensoundcontrol.org), type tags i f s b and the usual h d t S c r m
T F N I [ ]. Everything is big-endian and padded to 4 bytes; a string ends at its first NUL.

Decoding is strict about framing and bounded in time and depth, whoever sent the bytes: it never
recurses, and a packet holds at most MAX_PACKET_BYTES, MAX_BUNDLE_ELEMENTS and MAX_ARGUMENTS. It is
lenient where real senders differ: a missing type tag string means no arguments, and an address is
not required to start with a slash. NaN and infinities pass as floats; whoever wants a number
checks.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from cuems.core.errors import CuemsError

MAX_PACKET_BYTES = 65_536  # the largest datagram; a WebSocket frame may not be larger either
MAX_BUNDLE_DEPTH = 8
MAX_ARRAY_DEPTH = 8
MAX_BUNDLE_ELEMENTS = 256  # in the whole packet
MAX_ARGUMENTS = 4096  # in the whole packet; a DMX universe as channel-value pairs takes 1025
IMMEDIATELY = 1  # the time tag that means "now"

BUNDLE_TAG = b"#bundle\0"
HASH = 0x23
BUNDLE_HEADER_BYTES = 16
OPEN_BRACKET, CLOSE_BRACKET = b"[]"
SUPPORTED_TAGS = "i f s b h d t S c r m T F N I [ ]"

INT32 = struct.Struct(">i")
UINT32 = struct.Struct(">I")
INT64 = struct.Struct(">q")
UINT64 = struct.Struct(">Q")
FLOAT32 = struct.Struct(">f")
FLOAT64 = struct.Struct(">d")


class Int64(int):
    """An integer sent as `h` however small it is."""

    __slots__ = ()


class Double(float):
    """A float sent as `d`, 64 bits wide."""

    __slots__ = ()


class TimeTag(int):
    """An NTP time, 32 bits of seconds since 1900 and 32 bits of fraction, sent as `t`."""

    __slots__ = ()


class Rgba(int):
    """A colour 0xRRGGBBAA, sent as `r`."""

    __slots__ = ()


class Midi(bytes):
    """A MIDI message as port, status, data 1, data 2 (4 bytes), sent as `m`."""

    __slots__ = ()


class Symbol(str):
    """A string sent as `S`."""

    __slots__ = ()


class Char(str):
    """One character, sent as `c`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Impulse:
    """A bang, sent as `I`: it has no value but its presence."""


OscArgument: TypeAlias = "int | float | str | bytes | Impulse | tuple[OscArgument, ...] | None"


@dataclass(frozen=True, slots=True)
class Osc:
    """An OSC message. bool travels as T or F, None as N, a tuple as an array."""

    address: str
    args: tuple[OscArgument, ...] = ()


@dataclass(frozen=True, slots=True)
class OscBundle:
    """Messages that take effect together at `timetag` (NTP; IMMEDIATELY: on arrival)."""

    timetag: int
    elements: "tuple[Osc | OscBundle, ...]" = ()


OscPacket: TypeAlias = Osc | OscBundle


class OscDecodeError(CuemsError):
    """Bytes that are no OSC packet, or one too large to take."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"not an OSC packet: {problem}")
        self.problem = problem


class OscEncodeError(CuemsError):
    """A value that OSC cannot carry."""

    def __init__(self, address: str, problem: str) -> None:
        super().__init__(f"cannot send {address} as OSC: {problem}")
        self.address = address
        self.problem = problem


def encode(packet: OscPacket) -> bytes:
    """A message or bundle as bytes.

    An int is sent as i, outside 32 bits as h; raises OscEncodeError for what does not fit.
    """
    data = _message_bytes(packet) if type(packet) is Osc else _packet_bytes(packet, 0)
    if len(data) > MAX_PACKET_BYTES:
        problem = f"{len(data)} bytes, expected at most {MAX_PACKET_BYTES}"
        raise OscEncodeError(packet.address if isinstance(packet, Osc) else "#bundle", problem)
    return data


def decode(data: bytes) -> OscPacket:
    """The message or bundle that `data` spells; raises OscDecodeError and nothing else."""
    size = len(data)
    if size & 3 or not 0 < size <= MAX_PACKET_BYTES:
        expected = f"a positive multiple of 4 up to {MAX_PACKET_BYTES}"
        raise OscDecodeError(f"{size} bytes, expected {expected}")
    if data[0] == HASH and data.startswith(BUNDLE_TAG):
        return _bundle(data)
    return _message(data, MAX_ARGUMENTS)[0]


def _packet_bytes(packet: OscPacket, depth: int) -> bytes:
    if isinstance(packet, Osc):
        return _message_bytes(packet)
    if depth == MAX_BUNDLE_DEPTH:
        raise OscEncodeError("#bundle", f"nested deeper than {MAX_BUNDLE_DEPTH}")
    parts = [BUNDLE_TAG, UINT64.pack(packet.timetag)]
    for element in packet.elements:
        data = _packet_bytes(element, depth + 1)
        parts += (INT32.pack(len(data)), data)
    return b"".join(parts)


def _message_bytes(message: Osc) -> bytes:
    tags = ","
    body = b""
    try:
        for value in message.args:
            write = WRITERS.get(type(value))
            tag, data = write(value) if write is not None else _write_subclass(value)
            tags += tag
            body += data
        return _padded_head(message.address) + _padded_head(tags) + body
    except (struct.error, OverflowError, ValueError) as error:
        raise OscEncodeError(message.address, str(error)) from None


@lru_cache(maxsize=1024)  # the same addresses again and again: a third of the time to encode
def _padded_head(text: str) -> bytes:
    return _padded(text)


def _padded(text: str) -> bytes:
    data = text.encode()
    if b"\0" in data:
        raise ValueError(f"{text!r} holds a NUL character, which ends an OSC string")
    return data + PADDING[len(data) & 3]


PADDING = (b"\0\0\0\0", b"\0\0\0", b"\0\0", b"\0")


def _write_subclass(value: OscArgument) -> tuple[str, bytes]:
    for kind in type(value).__mro__:
        if kind in WRITERS:
            return WRITERS[kind](value)
    raise ValueError(f"{value!r} is a {type(value).__name__}, which has no OSC type")


def _write_int(value: int) -> tuple[str, bytes]:
    if -0x8000_0000 <= value <= 0x7FFF_FFFF:
        return "i", INT32.pack(value)
    return "h", INT64.pack(value)


def _write_string(value: str) -> tuple[str, bytes]:
    return "s", _padded(value)


def _write_blob(value: bytes) -> tuple[str, bytes]:
    return "b", INT32.pack(len(value)) + value + bytes(-len(value) & 3)


def _write_midi(value: bytes) -> tuple[str, bytes]:
    if len(value) != 4:
        raise ValueError(f"a MIDI message of {len(value)} bytes, expected 4")
    return "m", bytes(value)


def _write_char(value: str) -> tuple[str, bytes]:
    if len(value) != 1:
        raise ValueError(f"{value!r} as a character, expected exactly one")
    return "c", value.encode("utf-32-be")


def _write_array(values: tuple[OscArgument, ...]) -> tuple[str, bytes]:
    tags, body = "[", b""
    for value in values:
        tag, data = _write_subclass(value)
        tags += tag
        body += data
    return tags + "]", body


# Any: each writer takes the type it stands under.
WRITERS: dict[type, Callable[..., tuple[str, bytes]]] = {
    int: _write_int,
    float: lambda value: ("f", FLOAT32.pack(value)),
    str: _write_string,
    bool: lambda value: ("T" if value else "F", b""),
    bytes: _write_blob,
    type(None): lambda _: ("N", b""),
    Impulse: lambda _: ("I", b""),
    Int64: lambda value: ("h", INT64.pack(value)),
    Double: lambda value: ("d", FLOAT64.pack(value)),
    TimeTag: lambda value: ("t", UINT64.pack(value)),
    Rgba: lambda value: ("r", UINT32.pack(value)),
    Midi: _write_midi,
    Symbol: lambda value: ("S", _padded(value)),
    Char: _write_char,
    tuple: _write_array,
}


@dataclass(slots=True)
class _OpenBundle:
    timetag: int
    end: int
    elements: list[OscPacket]


def _bundle(data: bytes) -> OscBundle:
    stack = [_open_bundle(data, 0, len(data))]
    position = BUNDLE_HEADER_BYTES
    elements = arguments = 0
    while True:
        while position == stack[-1].end:
            closed = stack.pop()
            bundle = OscBundle(closed.timetag, tuple(closed.elements))
            if not stack:
                return bundle
            stack[-1].elements.append(bundle)
        position, end = _element(data, position, stack[-1].end)
        elements += 1
        if elements > MAX_BUNDLE_ELEMENTS:
            raise OscDecodeError(f"more than {MAX_BUNDLE_ELEMENTS} bundle elements")
        if data.startswith(BUNDLE_TAG, position, end):
            if len(stack) == MAX_BUNDLE_DEPTH:
                raise OscDecodeError(f"bundles nested deeper than {MAX_BUNDLE_DEPTH}")
            stack.append(_open_bundle(data, position, end))
            position += BUNDLE_HEADER_BYTES
        else:
            message, tags = _message(data[position:end], MAX_ARGUMENTS - arguments)
            arguments += tags
            stack[-1].elements.append(message)
            position = end


def _open_bundle(data: bytes, position: int, end: int) -> _OpenBundle:
    if end - position < BUNDLE_HEADER_BYTES:
        raise OscDecodeError(f"a bundle of {end - position} bytes, expected at least 16")
    (timetag,) = UINT64.unpack_from(data, position + len(BUNDLE_TAG))
    return _OpenBundle(timetag, end, [])


def _element(data: bytes, position: int, end: int) -> tuple[int, int]:
    """Where the bundle element whose size stands at `position` begins and ends."""
    (size,) = INT32.unpack_from(data, position)
    position += 4
    if size <= 0 or size & 3 or size > end - position:
        expected = f"a positive multiple of 4 up to {end - position}"
        raise OscDecodeError(f"a bundle element of {size} bytes, expected {expected}")
    return position, position + size


# Straight into the slots: the frozen dataclass' own __init__ is a fifth of the time to decode.
_new = object.__new__
_set_address = Osc.__dict__["address"].__set__
_set_args = Osc.__dict__["args"].__set__


def _message(data: bytes, max_tags: int) -> tuple[Osc, int]:
    """The message that fills `data`, and how many type tags it has."""
    try:
        address_end = data.index(0)
        position = address_end + 4 & ~3
        tags = b""
        args: tuple[OscArgument, ...] = ()
        if position < len(data):
            tags_end = data.index(0, position)
            tags = data[position:tags_end]
            position = tags_end + 4 & ~3
            if read := ONE_NUMBER.get(tags):  # one number or string: most messages, a short way
                args = read(data, position)
                position += 4
            elif tags == b",s":
                end = data.index(0, position)
                args = (data[position:end].decode(),)
                position = end + 4 & ~3
            else:
                args, position = _arguments(data, position, tags, max_tags)
        address = data[:address_end].decode()
    except UnicodeDecodeError as error:
        raise OscDecodeError(f"a string is not UTF-8 ({error.reason})") from None
    except (ValueError, struct.error):  # no NUL found; fewer bytes than a type needs
        raise OscDecodeError(f"a message is cut off within its {len(data)} bytes") from None
    if not address:
        raise OscDecodeError("the address is empty")
    if position != len(data):
        left = len(data) - position
        raise OscDecodeError(f"{address[:80]!r} has {left} bytes after its arguments")
    message = _new(Osc)
    _set_address(message, address)
    _set_args(message, args)
    return message, len(tags)


def _arguments(
    data: bytes, position: int, tags: bytes, max_tags: int
) -> tuple[tuple[OscArgument, ...], int]:
    """The arguments that `tags` (the comma included) announce, and where they end."""
    if not tags.startswith(b","):
        raise OscDecodeError(f"type tags {tags[:16]!r}, expected them to begin with ','")
    if len(tags) > max_tags:
        raise OscDecodeError(f"more than {MAX_ARGUMENTS} arguments")
    args: list[OscArgument] = []
    outer: list[list[OscArgument]] = []
    for tag in tags[1:]:
        read = READERS.get(tag)
        if read is not None:
            value, position = read(data, position)
            args.append(value)
        elif tag == OPEN_BRACKET and len(outer) < MAX_ARRAY_DEPTH:
            outer.append(args)
            args = []
        elif tag == CLOSE_BRACKET and outer:
            array, args = tuple(args), outer.pop()
            args.append(array)
        else:
            raise OscDecodeError(_refused_tag(tag))
    if outer:
        raise OscDecodeError("an array that does not end")
    return tuple(args), position


def _refused_tag(tag: int) -> str:
    if tag == OPEN_BRACKET:
        return f"arrays nested deeper than {MAX_ARRAY_DEPTH}"
    if tag == CLOSE_BRACKET:
        return "an array that ends without a beginning"
    return f"type tag {chr(tag)!r}, expected one of {SUPPORTED_TAGS}"


def _read_string(data: bytes, position: int) -> tuple[str, int]:
    end = data.index(0, position)
    return data[position:end].decode(), end + 4 & ~3


def _read_blob(data: bytes, position: int) -> tuple[bytes, int]:
    (size,) = INT32.unpack_from(data, position)
    start = position + 4
    if not 0 <= size <= len(data) - start:
        raise OscDecodeError(f"a blob of {size} bytes, expected 0 to {len(data) - start}")
    return data[start : start + size], start + (size + 3 & ~3)


def _read_char(data: bytes, position: int) -> tuple[Char, int]:
    (code,) = UINT32.unpack_from(data, position)
    return Char(UINT32.pack(code).decode("utf-32-be")), position + 4


def _read_symbol(data: bytes, position: int) -> tuple[Symbol, int]:
    text, position = _read_string(data, position)
    return Symbol(text), position


def _read_midi(data: bytes, position: int) -> tuple[Midi, int]:
    return Midi(UINT32.pack(*UINT32.unpack_from(data, position))), position + 4


ONE_NUMBER = {b",i": INT32.unpack_from, b",f": FLOAT32.unpack_from}
READERS: dict[int, Callable[[bytes, int], tuple[OscArgument, int]]] = {
    ord("i"): lambda data, at: (INT32.unpack_from(data, at)[0], at + 4),
    ord("f"): lambda data, at: (FLOAT32.unpack_from(data, at)[0], at + 4),
    ord("s"): _read_string,
    ord("b"): _read_blob,
    ord("T"): lambda _, at: (True, at),
    ord("F"): lambda _, at: (False, at),
    ord("N"): lambda _, at: (None, at),
    ord("I"): lambda _, at: (Impulse(), at),
    ord("h"): lambda data, at: (Int64(INT64.unpack_from(data, at)[0]), at + 8),
    ord("d"): lambda data, at: (Double(FLOAT64.unpack_from(data, at)[0]), at + 8),
    ord("t"): lambda data, at: (TimeTag(UINT64.unpack_from(data, at)[0]), at + 8),
    ord("r"): lambda data, at: (Rgba(UINT32.unpack_from(data, at)[0]), at + 4),
    ord("m"): _read_midi,
    ord("S"): _read_symbol,
    ord("c"): _read_char,
}
