"""Bytes to OSC values, whoever sent them (wire/osc.py)."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from cuems.wire.osc_form import (
    BUNDLE_TAG,
    FLOAT32,
    FLOAT64,
    INT32,
    INT64,
    MAX_ARGUMENTS,
    MAX_ARRAY_DEPTH,
    MAX_BUNDLE_DEPTH,
    MAX_BUNDLE_ELEMENTS,
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
    OscBundle,
    OscDecodeError,
    OscPacket,
    Rgba,
    Symbol,
    TimeTag,
)

HASH = 0x23
BUNDLE_HEADER_BYTES = 16
OPEN_BRACKET, CLOSE_BRACKET = b"[]"
SUPPORTED_TAGS = "i f s b h d t S c r m T F N I [ ]"


def decode(data: bytes) -> OscPacket:
    """The message or bundle that `data` spells; raises OscDecodeError and nothing else."""
    size = len(data)
    if size & 3 or not 0 < size <= MAX_PACKET_BYTES:
        expected = f"a positive multiple of 4 up to {MAX_PACKET_BYTES}"
        raise OscDecodeError(f"{size} bytes, expected {expected}")
    if data[0] == HASH and data.startswith(BUNDLE_TAG):
        return _bundle(data)
    return _message(data)


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
            message = _message(data[position:end])
            arguments += _count(message.args)
            if arguments > MAX_ARGUMENTS:
                raise OscDecodeError(f"more than {MAX_ARGUMENTS} arguments in a bundle")
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


def _message(data: bytes) -> Osc:
    try:
        address_end = data.index(0)
        position = address_end + 4 & ~3
        args: tuple[OscArgument, ...] = ()
        tags = data[position : position + 4]
        if tags == ONE_STRING:  # one string or one number: nearly all messages, so a short way
            end = data.index(0, position + 4)
            args = (data[position + 4 : end].decode(),)
            position = end + 4 & ~3
        elif read := ONE_NUMBER.get(tags):
            args = read(data, position + 4)
            position += 8
        elif tags:
            args, position = _arguments(data, position)
        address = data[:address_end].decode()
    except UnicodeDecodeError as error:
        raise OscDecodeError(f"a string is not UTF-8 ({error.reason})") from None
    except (ValueError, struct.error):  # no NUL found; fewer bytes than a type needs
        raise OscDecodeError(f"a message is cut off within its {len(data)} bytes") from None
    if position != len(data) or not address:
        left = f"{len(data) - position} bytes after its arguments" if address else "no address"
        raise OscDecodeError(f"{address[:80]!r} has {left}")
    message = _new(Osc)
    _set_address(message, address)
    _set_args(message, args)
    return message


def _arguments(data: bytes, position: int) -> tuple[tuple[OscArgument, ...], int]:
    """The arguments whose type tags begin at `position`, and where they end."""
    tags_end = data.index(0, position)
    tags = data[position:tags_end]
    if not tags.startswith(b","):
        raise OscDecodeError(f"type tags {tags[:16]!r}, expected them to begin with ','")
    if len(tags) - 1 > MAX_ARGUMENTS:
        raise OscDecodeError(f"more than {MAX_ARGUMENTS} arguments")
    position = tags_end + 4 & ~3
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


def _count(args: tuple[OscArgument, ...]) -> int:
    """Arguments in all, those in arrays (at most MAX_ARRAY_DEPTH deep) included."""
    return len(args) + sum(_count(value) for value in args if isinstance(value, tuple))


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


ONE_STRING = b",s\0\0"
ONE_NUMBER = {b",i\0\0": INT32.unpack_from, b",f\0\0": FLOAT32.unpack_from}
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
