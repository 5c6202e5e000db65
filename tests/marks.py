"""Sounds whose every sample says which sound it is and where in it, so that what a recorder or a
busy machine drops does not hide when it began.

A mark is a ramp of MARK_SAMPLES: number N goes from N * STEP + FLOOR upwards. Two marks must not
sound at once, and nothing may change their level.
"""

from collections.abc import Iterator
from pathlib import Path

from tests.fakes.jack_recorder import NS_PER_S, RATE_HZ, Recording
from tests.media import write_wav

MARKS = 50
STEP, FLOOR, RISE = 650, 5, 0.75
MARK_SAMPLES = 850
FULL_SCALE = 32768
SLOP = 3  # levels, of rounding on the way
SAME_NS = NS_PER_S // 20  # longer than a mark


def mark(number: int) -> list[int]:
    """The samples of a mark."""
    return [number * STEP + FLOOR + round(index * RISE) for index in range(MARK_SAMPLES)]


def write_mark(path: Path, number: int, at_s: float, seconds: float) -> Path:
    """A file that is silent but for a mark at a place of it."""
    before, whole = round(at_s * RATE_HZ), round(seconds * RATE_HZ)
    return write_wav(path, samples=[*[0] * before, *mark(number), *[0] * (whole - before)])


def mark_starts_ns(recording: Recording, channel: int = 0) -> Iterator[tuple[int, int]]:
    """The number of each mark that was heard, and when its first sample was due."""
    samples = recording.channels[channel]
    last: dict[int, int] = {}
    for begun_ns, index in recording.cycles:
        if index + 1 >= len(samples) or not round(samples[index] * FULL_SCALE) > FLOOR:
            continue
        number, rest = divmod(round(samples[index] * FULL_SCALE), STEP)
        into = (rest - FLOOR) / RISE
        rises = (samples[index + 1] - samples[index]) * FULL_SCALE
        if not (0 <= into < MARK_SAMPLES and abs(rises - RISE) < SLOP):
            continue
        if begun_ns - last.get(number, 0) > SAME_NS:
            yield number, begun_ns - round(into * NS_PER_S / RATE_HZ)
        last[number] = begun_ns
