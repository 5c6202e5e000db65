"""Ten million random bytes into the MTC decoder: `python -m tests.fuzz.fuzz_mtc [BYTES] [SEED]`.

Noise, and real messages with some of their bytes changed. Nothing is raised, and only addresses
that exist are told.
"""

import random
import sys
from collections.abc import Iterator

from cuems.core.mtc import FRAME_RATES, full_frame, mmc_locate, quarter_frames
from cuems.core.mtc_decoder import MtcDecoder
from cuems.core.timecode import Timecode, from_text
from tests.bench.figures import say

HEADS = (b"", b"\xf1", b"\xf0\x7f\x7f\x01\x01", b"\xf0\x7f\x7f\x06\x44\x06\x01")
NOISE_BYTES = 16
SEED = 8


def messages(source: random.Random) -> Iterator[bytes]:
    """Random messages, for ever."""
    while True:
        head, tail = source.choice(HEADS), source.choice((b"", b"\xf7"))
        yield head + source.randbytes(source.randrange(NOISE_BYTES)) + tail
        rate = source.choice(FRAME_RATES)
        timecode = Timecode(source.randrange(rate.frames_per_day), rate)
        for message in (*quarter_frames(timecode), full_frame(timecode), mmc_locate(timecode)):
            damaged = bytearray(message)
            if source.random() < 0.3:
                damaged[source.randrange(len(damaged))] = source.randrange(256)
            yield bytes(damaged)


def fuzz(size: int, seed: int) -> str:
    """What came of `size` bytes: one line. Raises what the decoder raises, or AssertionError."""
    decoder, fed, told, count = MtcDecoder(), 0, 0, 0
    for message in messages(random.Random(seed)):
        event = decoder.feed(message)
        fed += len(message)
        count += 1
        if event is not None:
            told += 1
            assert from_text(str(event.timecode), event.timecode.rate) == event.timecode
        if fed >= size:
            break
    return (
        f"{fed:,} bytes in {count:,} messages, seed {seed}: 0 raised, {told:,} addresses told, all "
        f"of them real; {decoder.counts}"
    )


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    say(fuzz(*(arguments + [10_000_000, SEED][len(arguments) :])))
