"""The timecode rows of the fault catalogue in large numbers, in virtual time.

    python -m tests.fuzz.fuzz_timecode [--share 0.01] [--seed 1] [f02 f03 ...]

Each check returns what went against its guarantee, one line each; none is what is wanted. `--share`
makes all of them that much shorter. The tests of core run them with small numbers.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator

from cuems.core.chase import Chase, ChaseState
from cuems.core.events import Advance, LineEvent, Locate
from cuems.core.mtc import FRAME_RATES, Running, full_frame
from cuems.core.mtc_decoder import MtcDecoder
from cuems.core.mtc_foresight import Foresight
from cuems.core.timecode import NS_PER_S, Timecode, to_ns
from tests.bench.figures import say
from tests.core.mtc_source import QUARTER_NS, Source

DAY_PIECES = 24 * 3600 * 25 * 4
PERIOD_NS = 2_670_000  # of a JACK server
JITTER_NS = 3_000_000
LOCK_PIECES = 60  # a jump is believed within two frames after the decoder has spelled anew
HEADS = (b"", b"\xf1", b"\xf0\x7f\x7f\x01\x01", b"\xf0\x7f\x7f\x06\x44\x06\x01")

Wrong = Iterator[str]


def noise(dice: random.Random) -> bytes:
    """A message that knows its way, half of them begin like timecode; but no locate."""
    tail = dice.choice((b"", b"\xf7"))
    message = (dice.choice(HEADS) + dice.randbytes(dice.randrange(8)) + tail) or b"\xfe"
    return message if MtcDecoder().feed(message) is None else b"\xfe"


def f02_garbage(messages: int, dice: random.Random) -> Wrong:
    """Noise raises nothing; noise between the pieces of a source moves nothing."""
    chase, foresight = Chase(), Foresight()
    decoder = MtcDecoder(chase.recognise)
    for number in range(messages // 2):
        message = noise(dice)
        foresight.surprises(message, number * QUARTER_NS)
        event = decoder.feed(message, number * QUARTER_NS)
        if event is not None:
            chase.feed(event, number * QUARTER_NS)
    source = Source(number=8_000).locked()
    for number in range(messages // 4):
        events = [*source.send(noise(dice)), *source.roll(1)]
        for told in events:
            if not isinstance(told, Advance) or told.position > source.position:
                yield f"noise {number}: {told}, and the source is at {source.position}"


def is_a_time(hours_and_rate: int, minutes: int, seconds: int, frames: int) -> bool:
    """Whether a clock of that rate shows it: read from the standards, not from our own code."""
    drop = hours_and_rate >> 5 == 2
    left_out = drop and minutes % 10 > 0 and seconds == 0 and frames < 2
    nominal = (24, 25, 30, 30)[hours_and_rate >> 5 & 3]
    hours = hours_and_rate & 31
    in_range = hours < 24 and minutes < 60 and seconds < 60 and frames < nominal
    return hours_and_rate < 0x80 and in_range and not left_out


def f03_impossible(messages: int, dice: random.Random) -> Wrong:
    """Of all full frames exactly those are taken that name a time."""
    decoder = MtcDecoder()
    for number in range(messages):
        # As many plausible ones as wild ones.
        fields = (
            tuple(dice.randbytes(4))
            if number % 2
            else (dice.randrange(128), *(dice.randrange(64) for _ in range(3)))
        )
        event = decoder.feed(bytes((0xF0, 0x7F, 0x7F, 1, 1, *fields, 0xF7)))
        if (event is not None) is not is_a_time(*fields):
            yield f"{fields}: {event}"


def f04_jumps(jumps: int, dice: random.Random) -> Wrong:
    """What lies between two places is never told."""
    source, here = Source(), 0
    for jump in range(jumps):
        number = source.number = dice.randrange(DAY_PIECES - 1000)
        if dice.random() < 0.5:
            events: list[LineEvent] = [*source.send(full_frame(Timecode(number // 4, source.rate)))]
        else:
            events = []
        events += source.roll(dice.randrange(LOCK_PIECES, 2 * LOCK_PIECES))
        quarter = source.rate.flicks_per_frame // 4
        for told in events:
            if isinstance(told, Advance):
                if not 0 < told.position - here <= 80 * quarter:
                    yield f"jump {jump}: {told}, coming from {here}"
            elif isinstance(told, Locate) and not number - 4 <= told.position / quarter <= (
                source.number
            ):
                yield f"jump {jump}: {told}, and the source went to {number}"
            here = getattr(told, "position", here)


def f06_shuttle(turns: int, dice: random.Random) -> Wrong:
    """Nothing fires while the source goes backwards, however often it turns."""
    source = Source(number=DAY_PIECES // 2).locked()
    for turn in range(turns):
        source.roll(dice.randrange(1, 200))
        source.number -= 2  # the last one sent is where it turns
        told = source.roll(dice.randrange(1, 200), way=-1)
        if any(isinstance(event, Advance) for event in told):
            yield f"turn {turn}: {told}"


def f07_midnights(hours: int, _: random.Random) -> Wrong:
    """Across midnights every position is exact to the flick, at every rate."""
    for rate in FRAME_RATES:
        chase = Chase()
        group, group_ns = 2 * rate.flicks_per_frame, to_ns(2 * rate.flicks_per_frame)
        for number in range(hours * 3600 * NS_PER_S // group_ns):
            address = Timecode(2 * number % rate.frames_per_day, rate)
            events = chase.feed(Running(rate, 0, True, address.flicks), number * group_ns)
            if number > 1 and events != (Advance(number * group),):
                yield f"{rate}, group {number}: {events}"


def f08_second_senders(meetings: int, dice: random.Random) -> Wrong:
    """Nothing comes of what a second sender sends, and it is shown within 300 ms.

    Both reach the port in periods of JACK, so that one may overtake the other. Where both send the
    same digits at the same moments neither can be told from the other: then the source may be
    freewheeled over, which is shown too, but it is not lost.
    """
    for meeting in range(meetings):
        source = Source(number=dice.randrange(8_000, 10_000)).locked()
        other = dice.randrange(100_000, DAY_PIECES - 1000)
        joined_ns, shown_ns = source.now_ns, None
        for period, message in met(source, other, dice):
            source.now_ns = period * PERIOD_NS
            told = [*source.chase.wake(source.now_ns), *source.send(message)]
            if any(not isinstance(event, Advance) for event in told):
                yield f"meeting {meeting}: {told}"
            alarmed = source.chase.fault or source.state() is not ChaseState.LOCKED
            if shown_ns is None and alarmed:
                shown_ns = source.now_ns
        if shown_ns is None or shown_ns - joined_ns > 300_000_000:
            yield f"meeting {meeting}: shown at {shown_ns}, joined at {joined_ns}"


def met(source: Source, other: int, dice: random.Random) -> list[tuple[int, bytes]]:
    """What two senders of one rate send for two seconds, by the period it arrives in."""
    phase_ns = dice.randrange(QUARTER_NS)
    sent: list[tuple[int, bool, bytes]] = []
    for piece in range(200):
        due_ns = source.now_ns + piece * QUARTER_NS
        for second in (False, True):
            at_ns = due_ns + second * phase_ns + dice.randrange(JITTER_NS)
            number = piece + (other if second else source.number)
            sent.append((at_ns // PERIOD_NS, second, source.piece(number)))
    return [(period, message) for period, _, message in sorted(sent, key=lambda each: each[:2])]


def f09_jitter(pieces: int, dice: random.Random) -> Wrong:
    """Up to 15 ms of jitter: half a frame off at the worst, 5 ms in 99 of 100."""
    for rate in FRAME_RATES:
        source, errors = Source(rate=rate, number=8_000), list[int]()
        for piece in range(pieces // len(FRAME_RATES)):
            source.roll(1, late_ns=dice.randrange(15_000_000))
            here = source.chase.position_at(source.now_ns + 7_500_000)
            if piece > 40 and here is not None:
                errors.append(to_ns(abs(here - source.position)))
        errors.sort()
        if errors[-1] > to_ns(rate.flicks_per_frame) // 2:
            yield f"{rate}: {errors[-1]} ns off at the worst"
        if errors[len(errors) * 99 // 100] > 5_000_000:
            yield f"{rate}: {errors[len(errors) * 99 // 100]} ns off at the 99th of a hundred"
        if source.state() is not ChaseState.LOCKED:
            yield f"{rate}: {source.state()}"


CHECKS: dict[str, tuple[Callable[[int, random.Random], Wrong], int, str]] = {
    "f02": (f02_garbage, 10_000_000, "messages"),
    "f03": (f03_impossible, 4_000_000, "full frames"),
    "f04": (f04_jumps, 100_000, "jumps"),
    "f06": (f06_shuttle, 20_000, "turns"),
    "f07": (f07_midnights, 72, "hours"),
    "f08": (f08_second_senders, 2_000, "meetings"),
    "f09": (f09_jitter, 2_000_000, "pieces"),
}


def wrong(row: str, count: int, seed: int = 1) -> list[str]:
    """What went against the guarantee of a row, in `count` tries."""
    return list(CHECKS[row][0](count, random.Random(seed)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(CHECKS))
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failed = False
    for row in options.rows or CHECKS:
        _, count, of_what = CHECKS[row]
        count = max(1, round(count * options.share))
        began_s = time.monotonic()
        against = wrong(row, count, options.seed)
        failed = failed or bool(against)
        say(f"{row}: {count} {of_what}: {len(against)} wrong ({time.monotonic() - began_s:.0f} s)")
        for line in against[:5]:
            say(f"    {line}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
