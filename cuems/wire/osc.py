"""OSC on the wire: message and bundle values to bytes and back.

Source: OSC 1.0 specification (opensoundcontrol.org), type tags i f s b and the usual h d t S c r m
T F N I [ ]. Everything is big-endian and padded to 4 bytes; a string ends at its first NUL.

Decoding is strict about framing and bounded in time and depth, whoever sent the bytes: a packet
holds at most MAX_PACKET_BYTES, MAX_BUNDLE_ELEMENTS and MAX_ARGUMENTS, and nothing recurses deeper
than was checked before. It is lenient where real senders differ: a missing type tag string means
no arguments, and an address is not required to start with a slash. NaN and infinities pass as
floats; whoever wants a number checks.
"""

from cuems.wire.osc_form import (
    IMMEDIATELY,
    MAX_ARGUMENTS,
    MAX_ARRAY_DEPTH,
    MAX_BUNDLE_DEPTH,
    MAX_BUNDLE_ELEMENTS,
    MAX_PACKET_BYTES,
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
)
from cuems.wire.osc_read import decode
from cuems.wire.osc_write import encode

__all__ = [
    "IMMEDIATELY",
    "MAX_ARGUMENTS",
    "MAX_ARRAY_DEPTH",
    "MAX_BUNDLE_DEPTH",
    "MAX_BUNDLE_ELEMENTS",
    "MAX_PACKET_BYTES",
    "Char",
    "Double",
    "Impulse",
    "Int64",
    "Midi",
    "Osc",
    "OscArgument",
    "OscBundle",
    "OscDecodeError",
    "OscEncodeError",
    "OscPacket",
    "Rgba",
    "Symbol",
    "TimeTag",
    "decode",
    "encode",
]
