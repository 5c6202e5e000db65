"""Nanoseconds per quarter-frame, and what else costs as much: `python -m tests.bench.bench_mtc`."""

import time
from collections.abc import Callable

import mido

from cuems.core.chase import Chase
from cuems.core.mtc import quarter_frames
from cuems.core.mtc_decoder import MtcDecoder
from cuems.core.timecode import FrameRate, Timecode
from tests.bench.figures import say

QUARTER_FRAME_NS = 10_000_000
MESSAGES = tuple(
    message
    for address in range(0, 110, 2)
    for message in quarter_frames(Timecode(address, FrameRate.FPS_25))
)
LOCKING = 40  # messages before the clock starts
ROUNDS = 1500


def no_op() -> Callable[[bytes], object]:
    def call(message: bytes) -> object:
        return message

    return call


def mido_parse() -> Callable[[bytes], object]:
    return lambda message: mido.Message.from_bytes(message)


def decode() -> Callable[[bytes], object]:
    return MtcDecoder().feed


def chase() -> Callable[[bytes], object]:
    follower = Chase()
    feed, follow = MtcDecoder(follower.recognise).feed, follower.feed
    received_ns = 0

    def call(message: bytes) -> object:
        nonlocal received_ns
        received_ns += QUARTER_FRAME_NS
        event = feed(message, received_ns)
        return follow(event, received_ns) if event is not None else None

    return call


def round_ns(make: Callable[[], Callable[[bytes], object]]) -> float:
    call = make()
    for message in MESSAGES[:LOCKING]:
        call(message)
    timed = MESSAGES[LOCKING:]
    began_ns = time.perf_counter_ns()
    for message in timed:
        call(message)
    return (time.perf_counter_ns() - began_ns) / len(timed)


def compare() -> None:
    """Short interleaved rounds, best of each: a busy machine hits all alike, never all rounds."""
    makers = (no_op, mido_parse, decode, chase)
    rounds = [[round_ns(maker) for maker in makers] for _ in range(ROUNDS)]
    best = [min(times) for times in zip(*rounds, strict=True)]
    say(f"{'per quarter-frame':<20}{'ns':>8}{'x no-op':>10}{'x mido':>10}")
    for maker, ns in zip(makers, best, strict=True):
        say(f"{maker.__name__:<20}{ns:>8.0f}{ns / best[0]:>10.1f}{ns / best[1]:>10.2f}")


if __name__ == "__main__":
    compare()
