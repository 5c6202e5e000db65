"""Sounds whose every sample says which sound it is and where in it, so that what a recorder or a
busy machine drops does not hide when it began.

A mark is a ramp of MARK_SAMPLES: number N goes from N * STEP + FLOOR upwards. Two marks must not
sound at once, and nothing may change their level.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.jack_recorder import NS_PER_S, RATE_HZ, Recording
from tests.media import write_wav

MARKS = 50
STEP, FLOOR, RISE = 650, 5, 0.75
MARK_SAMPLES = 850
FULL_SCALE = 32768
SLOP = 3  # levels, of rounding on the way
SAME = 4000  # frames: so much a busy machine may add to a mark, and it is not another
HALF_CYCLE = 128
JOINT = 2  # samples: the one before it, one that is mpv's rounding, the one after


def mark(number: int) -> list[int]:
    """The samples of a mark."""
    return [number * STEP + FLOOR + round(index * RISE) for index in range(MARK_SAMPLES)]


def write_marks(path: Path, seconds: float, marks: Mapping[float, int]) -> Path:
    """A file that is silent but for marks at places of it, in s."""
    samples = [0] * round(seconds * RATE_HZ)
    for at_s, number in marks.items():
        at = round(at_s * RATE_HZ)
        samples[at : at + MARK_SAMPLES] = mark(number)
    return write_wav(path, samples=samples)


@dataclass(frozen=True)
class Mark:
    """A mark that was heard: when its first sample was due, and at which of JACK's frames."""

    number: int
    start_ns: int
    frame: int


def heard_marks(recording: Recording, channel: int = 0) -> Iterator[Mark]:
    """The marks that were heard, in order."""
    samples = recording.channels[channel]
    last: dict[int, int] = {}
    for cycle in recording.cycles:
        for index in (cycle.index, cycle.index + HALF_CYCLE):
            if index + 1 >= len(samples):
                return
            number, into = _decoded(samples[index], samples[index + 1])
            if number is None:
                continue
            frame = cycle.frame + index - cycle.index - into
            if abs(frame - last.get(number, -RATE_HZ)) > SAME:
                since = index - cycle.index - into
                yield Mark(number, cycle.heard_ns + since * NS_PER_S // RATE_HZ, frame)
                last[number] = frame


def joints(recording: Recording, before: int, after: int, channel: int = 0) -> int:
    """How often the end of one mark was followed by the beginning of another without a gap."""
    samples = recording.channels[channel]
    end = (before * STEP + FLOOR + RISE * (MARK_SAMPLES - 1)) / FULL_SCALE
    begin = (after * STEP + FLOOR) / FULL_SCALE
    near = SLOP / FULL_SCALE
    return sum(
        abs(left - end) < near and abs(right - begin) < near
        for left, right in zip(samples, samples[JOINT:], strict=False)
    )


def _decoded(value: float, following: float) -> tuple[int | None, int]:
    """Which mark a sample is of, and how far into it."""
    number, rest = divmod(round(value * FULL_SCALE), STEP)
    into = round((rest - FLOOR) / RISE)
    rises = (following - value) * FULL_SCALE
    is_mark = value * FULL_SCALE > FLOOR and 0 <= into < MARK_SAMPLES
    return (number if is_mark and abs(rises - RISE) < SLOP else None), into
