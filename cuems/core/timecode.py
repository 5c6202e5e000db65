"""Show time: exact integers, and the frame rates that label them.

The unit is the flick, 1/705 600 000 s. A millisecond, a frame at every rate below and a sample
at every audio rate in use are whole numbers of flicks, so nothing on the timeline is rounded.
Rounding happens once, where a value leaves for a wire with a coarser unit, always to the
nearest, halves upward.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from cuems.core.errors import CuemsError

FLICKS_PER_S = 705_600_000
FLICKS_PER_MS = 705_600
FLICKS_PER_DAY = 24 * 60 * 60 * FLICKS_PER_S
NS_PER_S = 1_000_000_000


class FrameRate(Enum):
    """A rational frame rate and how its frames are labelled.

    Values are (numerator, denominator, frames counted per labelled second, drop-frame).
    """

    FPS_23_976 = (24_000, 1001, 24, False)
    FPS_24 = (24, 1, 24, False)
    FPS_25 = (25, 1, 25, False)
    FPS_29_97_DF = (30_000, 1001, 30, True)
    FPS_29_97 = (30_000, 1001, 30, False)
    FPS_30 = (30, 1, 30, False)
    FPS_50 = (50, 1, 50, False)
    FPS_59_94_DF = (60_000, 1001, 60, True)
    FPS_59_94 = (60_000, 1001, 60, False)
    FPS_60 = (60, 1, 60, False)

    def __init__(self, numerator: int, denominator: int, nominal: int, drop: bool) -> None:
        self.numerator = numerator
        self.denominator = denominator
        self.nominal = nominal
        self.drop = drop
        self.flicks_per_frame = FLICKS_PER_S * denominator // numerator
        # Drop-frame leaves out 2 (4 at 59.94) labels in every minute but each tenth.
        self.dropped_per_minute = nominal // 15 if drop else 0
        self.frames_per_minute = 60 * nominal - self.dropped_per_minute
        self.frames_per_ten_minutes = 10 * self.frames_per_minute + self.dropped_per_minute
        self.frames_per_day = 144 * self.frames_per_ten_minutes

    def __str__(self) -> str:
        if self.denominator == 1:
            return f"{self.numerator} fps"
        text = f"{self.numerator / self.denominator:.3f}".removesuffix("0")
        return f"{text} fps drop-frame" if self.drop else f"{text} fps"


def divide_nearest(dividend: int, divisor: int) -> int:
    """The nearest whole number to `dividend / divisor` (positive divisor), halves upward."""
    return (2 * dividend + divisor) // (2 * divisor)


def from_ms(ms: int) -> int:
    """Milliseconds to flicks."""
    return ms * FLICKS_PER_MS


def to_ms(flicks: int) -> int:
    """Flicks to the nearest millisecond."""
    return divide_nearest(flicks, FLICKS_PER_MS)


def from_ns(ns: int) -> int:
    """Nanoseconds to the nearest flick."""
    return divide_nearest(ns * FLICKS_PER_S, NS_PER_S)


def to_ns(flicks: int) -> int:
    """Flicks to the nearest nanosecond."""
    return divide_nearest(flicks * NS_PER_S, FLICKS_PER_S)


class TimecodeError(CuemsError):
    """A text or a label that names no time, or two rates where one is needed."""

    def __init__(self, text: str, expected: str) -> None:
        super().__init__(f"{text!r} is not a timecode: expected {expected}")
        self.text = text
        self.expected = expected


class Label(NamedTuple):
    """The four numbers of an address; hours may exceed 23."""

    hours: int
    minutes: int
    seconds: int
    frames: int


@dataclass(frozen=True, slots=True)
class Timecode:
    """A frame number counted from 00:00:00:00 at a rate; it may exceed a day, or be negative."""

    frames: int
    rate: FrameRate

    @property
    def flicks(self) -> int:
        """Where this frame begins on the timeline."""
        return self.frames * self.rate.flicks_per_frame

    @property
    def label(self) -> Label:
        """The address of this frame; of its distance from zero where it is negative."""
        rate = self.rate
        minutes, frames = divmod(abs(self.frames), rate.frames_per_ten_minutes)
        minutes *= 10
        if rate.drop and frames >= 60 * rate.nominal:
            # The first minute of ten is whole, the other nine begin at label `dropped`.
            more, frames = divmod(frames - rate.dropped_per_minute, rate.frames_per_minute)
            minutes += more
            frames += rate.dropped_per_minute
        seconds, frames = divmod(frames, rate.nominal)
        hours, minutes = divmod(minutes + seconds // 60, 60)
        return Label(hours, minutes, seconds % 60, frames)

    @property
    def within_day(self) -> "Timecode":
        """What a source that wraps at 24 h calls this frame."""
        day = self.rate.frames_per_day
        return self if 0 <= self.frames < day else Timecode(self.frames % day, self.rate)

    def carried(self, near: "Timecode") -> "Timecode":
        """This address in the day that puts it nearest to `near`: 24 h roll over and grow on."""
        day = self.rate.frames_per_day
        return self.plus(divide_nearest((near - self).frames, day) * day)

    def plus(self, frames: int) -> "Timecode":
        """The address so many frames on."""
        return Timecode(self.frames + frames, self.rate)

    def at(self, rate: FrameRate) -> "Timecode":
        """The frame at `rate` that begins nearest to this one's beginning."""
        return from_flicks(self.flicks, rate)

    def __add__(self, other: "Timecode") -> "Timecode":
        """The sum of two addresses of one rate; raises TimecodeError for two."""
        return Timecode(self.frames + self._alike(other).frames, self.rate)

    def __sub__(self, other: "Timecode") -> "Timecode":
        """The difference of two addresses of one rate; raises TimecodeError for two."""
        return Timecode(self.frames - self._alike(other).frames, self.rate)

    def __str__(self) -> str:
        """`HH:MM:SS:FF`, a `;` before the frames at drop-frame rates, a leading `-` below zero."""
        hours, minutes, seconds, frames = self.label
        sign = "-" if self.frames < 0 else ""
        mark = ";" if self.rate.drop else ":"
        return f"{sign}{hours:02}:{minutes:02}:{seconds:02}{mark}{frames:02}"

    def _alike(self, other: "Timecode") -> "Timecode":
        if other.rate is not self.rate:
            raise TimecodeError(f"{other} at {other.rate}", f"one at {self.rate}, as {self}")
        return other


def from_label(hours: int, minutes: int, seconds: int, frames: int, rate: FrameRate) -> Timecode:
    """The frame an address names.

    Raises TimecodeError for a field out of range, and for a label that drop-frame leaves out.
    """
    in_range = hours >= 0 and 0 <= minutes < 60 and 0 <= seconds < 60 and 0 <= frames < rate.nominal
    left_out = minutes % 10 != 0 and seconds == 0 and frames < rate.dropped_per_minute
    if not in_range or left_out:
        mark = ";" if rate.drop else ":"
        raise TimecodeError(
            f"{hours:02}:{minutes:02}:{seconds:02}{mark}{frames:02}",
            f"minutes and seconds below 60 and frames {rate.dropped_per_minute if left_out else 0}"
            f" to {rate.nominal - 1} at {rate}" + (" in that minute" if left_out else ""),
        )
    total_minutes = 60 * hours + minutes
    dropped = rate.dropped_per_minute * (total_minutes - total_minutes // 10)
    return Timecode((60 * total_minutes + seconds) * rate.nominal + frames - dropped, rate)


def from_flicks(flicks: int, rate: FrameRate) -> Timecode:
    """The frame that begins nearest to a moment of the timeline, halves upward."""
    return Timecode(divide_nearest(flicks, rate.flicks_per_frame), rate)


def frame_at(flicks: int, rate: FrameRate) -> Timecode:
    """The frame that is on at a moment of the timeline."""
    return Timecode(flicks // rate.flicks_per_frame, rate)


TIMECODE_TEXT = re.compile(r"(-?)([0-9]{2,}):([0-9]{2}):([0-9]{2})([:;])([0-9]{2})")
DURATION_TEXT = re.compile(r"(-?)([0-9]{2,}):([0-5][0-9]):([0-5][0-9])\.([0-9]{1,3})")
LONGEST_TEXT = 32  # characters; a longer text is no time, and int() of a huge one is slow


def from_text(text: str, rate: FrameRate) -> Timecode:
    """Read `HH:MM:SS:FF` (`HH:MM:SS;FF` at drop-frame rates); raises TimecodeError."""
    mark = ";" if rate.drop else ":"
    found = TIMECODE_TEXT.fullmatch(text) if len(text) <= LONGEST_TEXT else None
    if found is None or found[5] != mark:
        raise TimecodeError(text[:LONGEST_TEXT], f"HH:MM:SS{mark}FF at {rate}")
    address = from_label(int(found[2]), int(found[3]), int(found[4]), int(found[6]), rate)
    return Timecode(-address.frames if found[1] else address.frames, rate)


def from_duration_text(text: str) -> int:
    """Read the ecosystem's `HH:MM:SS.mmm` as flicks; raises TimecodeError.

    The last field counts milliseconds literally: `.3` is 3 ms, not 300 (interop.md 5.2).
    """
    found = DURATION_TEXT.fullmatch(text) if len(text) <= LONGEST_TEXT else None
    if found is None:
        raise TimecodeError(text[:LONGEST_TEXT], "HH:MM:SS.mmm")
    seconds = (int(found[2]) * 60 + int(found[3])) * 60 + int(found[4])
    return from_ms(seconds * 1000 + int(found[5])) * (-1 if found[1] else 1)


def to_duration_text(flicks: int) -> str:
    """Write flicks as the ecosystem's `HH:MM:SS.mmm`, to the nearest millisecond."""
    ms = to_ms(flicks)
    seconds, ms_of_second = divmod(abs(ms), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if ms < 0 else ""
    return f"{sign}{hours:02}:{minutes:02}:{seconds:02}.{ms_of_second:03}"
