"""Hostile bytes for the OSC codec and all that reads it: `python -m tests.fuzz.fuzz_osc --count N`.

What is fed: truncated, oversized, nested, negative sizes, invalid UTF-8, patterns that would make
a regular expression explode, wrong types, NaN; half of it mutated from packets that are sound. Each
input is decoded; what decodes is put to the table, the bundle reader, QLab's dialect and the
encoder. Nothing but the codec's own errors may come out, nothing may take longer than MAX_MS.

Inputs come from a seed that is printed; tests/fuzz/guided_osc.py lets coverage guide them instead.
Reported: count, the slowest, resident memory.
"""

import argparse
import random
import resource
import struct
import sys
import time
from collections.abc import Callable, Iterator

from cuems.core.errors import CuemsError
from cuems.wire.bundles import batches
from cuems.wire.control import request
from cuems.wire.control_table import TABLE
from cuems.wire.control_view import ShowView
from cuems.wire.osc import (
    IMMEDIATELY,
    Char,
    Double,
    Impulse,
    Int64,
    Midi,
    Osc,
    OscBundle,
    OscPacket,
    Rgba,
    Symbol,
    TimeTag,
    decode,
    encode,
)
from cuems.wire.osc_stream import OscStream
from cuems.wire.qlab import read

MAX_MS = 10.0
COUNT = 100_000
NODE = "6c7b0e0a-1111-4222-8333-abcdefabcdef"
NOW_NS = 1_764_000_000_000_000_000
VIEW = ShowView()

BOMBS = [
    "/" + "*" * 60 + "b", "/{a,b}{a,b}{a,b}" * 20, "/[!a-z]" * 50, "//" * 200, "/" + "?" * 255,
    "/" + "/".join("a" * 100), "/engine/command/*", "/cue/" + "9" * 400 + "/start",
]  # fmt: skip
SOUND: list[OscPacket] = [
    *(Osc(row.address.replace("{node}", NODE).replace("{path*}", "a/b")) for row in TABLE),
    *(Osc(bomb, (1,)) for bomb in BOMBS),
    Osc("/x", (1, 0.5, "s", b"blob", True, False, None, Impulse(), (1, (2, ("x",))), Int64(1))),
    Osc("/x", (Double(1), TimeTag(1), Rgba(1), Midi(b"abcd"), Symbol("s"), Char("c"))),
    Osc("/engine/command/load_to_time", (float("nan"),)),
    Osc(f"/{NODE}/audio/mixer/0/master/volume", (float("inf"),)),
    Osc("/cue/1/valuesForKeys", ('["number"]',)),
    OscBundle(IMMEDIATELY, (Osc("/engine/command/go"), OscBundle(1 << 63, (Osc("/x"),)))),
]
CORPUS = [encode(packet) for packet in SOUND]
HOSTILE = [
    b"#bundle\0" + bytes(8) + struct.pack(">i", -4),
    b"#bundle\0" + bytes(8) + struct.pack(">i", 0x7FFF_FFFC),
    b"#bundle\0" + bytes(8) + b"\0\0\0\x10#bundle\0" * 3000,
    b"/x\0\0,b\0\0" + struct.pack(">i", -1),
    b"/x\0\0,b\0\0" + struct.pack(">i", 0x7FFF_FFFF),
    b"/x\0\0," + b"[" * 60_003,
    b"/x\0\0," + b"T" * 60_003,
    b"/x\0\0,s\0\0\xff\xfe\xfd\0",
    b"/\xc3\x28\0",
    bytes(65_536),
    b"/" * 65_536,
    b"",
]


def feed(data: bytes) -> None:
    """Everything that strangers' bytes go through; only our own errors are caught."""
    for first in (data, b"\xc0" + data, len(data).to_bytes(4) + data):
        try:
            OscStream().feed(first)
        except CuemsError:
            continue
    try:
        packet = decode(data)
    except CuemsError:
        return
    _put(packet)


def _put(packet: OscPacket) -> None:
    again = encode(packet)
    if encode(decode(again)) != again:
        raise AssertionError(f"not stable: {again!r}")
    try:
        due = batches(packet, NOW_NS)
    except CuemsError:
        return
    for batch in due:
        for message in batch.messages:
            for reader in (request, lambda osc: read(osc, VIEW)):
                _read(reader, message)


def _read(reader: Callable[[Osc], object], message: Osc) -> None:
    try:
        reader(message)
    except CuemsError:
        return


def inputs(seed: int) -> Iterator[bytes]:
    """Without end; the same for the same seed."""
    chance = random.Random(seed)
    yield from HOSTILE
    while True:
        yield mutated(chance, chance.choice(CORPUS))


def mutated(chance: random.Random, data: bytes) -> bytes:
    """A packet with a few things wrong."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(7):
            case 0:
                changed[at : at + 1] = chance.randbytes(1)
            case 1:
                del changed[at:]
            case 2:
                changed[at & ~3 : (at & ~3) + 4] = struct.pack(">i", chance.choice(SIZES))
            case 3:
                changed[at:at] = chance.choice(CORPUS)[: chance.randrange(64)]
            case 4:
                del changed[at : at + chance.randrange(1, 9)]
            case 5:
                changed[at:at] = bytes(chance.randrange(1, 5))
            case _:
                changed += bytes(-len(changed) & 3)
    return bytes(changed)


SIZES = (-1, -4, 0, 1, 3, 4, 8, 12, 16, 20, 24, 64, 65_536, 0x7FFF_FFFF, -0x8000_0000)


def run(count: int, seed: int) -> float:
    """Feed so many; the slowest in ms. Raises what must not happen."""
    slowest_ns = 0
    for number, data in enumerate(inputs(seed)):
        if number == count:
            break
        began_ns = time.thread_time_ns()
        try:
            feed(data)
        except Exception as error:
            raise AssertionError(f"seed {seed}, input {number}: {data[:200]!r}") from error
        slowest_ns = max(slowest_ns, time.thread_time_ns() - began_ns)
    return slowest_ns / 1e6


def _resident_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Exit status 1 where an input took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    asked = parser.parse_args()
    run(min(asked.count, 1000), asked.seed)  # what is made once is made before memory is looked at
    before_mb, began_s = _resident_mb(), time.monotonic()
    slowest_ms = run(asked.count, asked.seed)
    took_s = time.monotonic() - began_s
    sys.stdout.write(
        f"{asked.count} inputs, seed {asked.seed}: no error leaked; slowest {slowest_ms:.2f} ms"
        f" (at most {MAX_MS:g}); {asked.count / took_s:.0f}/s;"
        f" resident {before_mb:.0f} to {_resident_mb():.0f} MB\n"
    )
    return slowest_ms > MAX_MS


if __name__ == "__main__":
    sys.exit(main())
