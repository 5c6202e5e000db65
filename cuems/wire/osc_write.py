"""OSC values to bytes (wire/osc.py)."""

import struct
from collections.abc import Callable
from functools import lru_cache

from cuems.wire.osc_form import (
    BUNDLE_TAG,
    FLOAT32,
    FLOAT64,
    INT32,
    INT64,
    MAX_BUNDLE_DEPTH,
    MAX_PACKET_BYTES,
    UINT32,
    UINT64,
    Char,
    Double,
    Impulse,
    Int64,
    Midi,
    Osc,
    OscArgument,
    OscEncodeError,
    OscPacket,
    Rgba,
    Symbol,
    TimeTag,
)

PADDING = (b"\0\0\0\0", b"\0\0\0", b"\0\0", b"\0")


def encode(packet: OscPacket, most_bytes: int = MAX_PACKET_BYTES) -> bytes:
    """A message or bundle as bytes; a stream may carry more of them than a datagram.

    An int is sent as i, outside 32 bits as h; raises OscEncodeError for what does not fit.
    """
    data = _message_bytes(packet) if type(packet) is Osc else _packet_bytes(packet, 0)
    if len(data) > most_bytes:
        problem = f"{len(data)} bytes, expected at most {most_bytes}"
        raise OscEncodeError(packet.address if isinstance(packet, Osc) else "#bundle", problem)
    return data


def _packet_bytes(packet: OscPacket, depth: int) -> bytes:
    if isinstance(packet, Osc):
        return _message_bytes(packet)
    if depth == MAX_BUNDLE_DEPTH:
        raise OscEncodeError("#bundle", f"nested deeper than {MAX_BUNDLE_DEPTH}")
    if not 0 <= packet.timetag < 1 << 64:
        raise OscEncodeError("#bundle", f"time tag {packet.timetag}, expected 64 bits")
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
    if 0 in data:
        raise ValueError(f"{text!r} holds a NUL character, which ends an OSC string")
    return data + PADDING[len(data) & 3]


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


# `...`, for each writer takes the type it stands under.
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
