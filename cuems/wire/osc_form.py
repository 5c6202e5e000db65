"""OSC messages and bundles as values, their limits, and what can be wrong with them."""

import struct
from dataclasses import dataclass
from typing import TypeAlias

from cuems.core.errors import CuemsError

MAX_PACKET_BYTES = 65_536  # the largest datagram; a WebSocket frame may not be larger either
MAX_BUNDLE_DEPTH = 8
MAX_ARRAY_DEPTH = 8
MAX_BUNDLE_ELEMENTS = 256  # in the whole packet
MAX_ARGUMENTS = 2048  # in the whole packet; a DMX universe as channel-value pairs takes 1025
IMMEDIATELY = 1  # the time tag that means "now"

BUNDLE_TAG = b"#bundle\0"

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
