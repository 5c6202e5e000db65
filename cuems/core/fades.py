"""Fades: the shape of a change from one level to another along the timecode line.

Every curve is exactly 0 at its beginning, exactly 1 at its end, and never falls in between.
"""

import math
from dataclasses import dataclass
from typing import assert_never

from cuems.core.cues import Curve
from cuems.core.timecode import from_ms

FADE_STEP_FLICKS = from_ms(20)  # a level is sent at most this often


def value(curve: Curve, progress: float) -> float:
    """How far a fade has come, 0.0 to 1.0, at `progress` of its time; exact at both ends."""
    if progress <= 0:
        return 0.0
    if progress >= 1:
        return 1.0
    match curve:
        case Curve.LINEAR:
            return progress
        case Curve.EXPONENTIAL:
            return progress * progress
        case Curve.LOGARITHMIC:
            return 1 - (1 - progress) ** 2
        case Curve.SIGMOID:
            return (1 - math.cos(math.pi * progress)) / 2
        case Curve.EQUAL_POWER:
            return math.sin(math.pi / 2 * progress)
        case _:
            assert_never(curve)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fade:
    """A parameter on its way from `origin` to `target`; `start` and `duration` are flicks.

    The powers of two equal-power fades that cross, one up and one down, add up to the same all
    the way: falling, that curve is the mirror of rising. The others keep their shape in time.
    """

    origin: float
    target: float
    start: int
    duration: int
    curve: Curve

    @property
    def end(self) -> int:
        """Where the target is reached."""
        return self.start + max(0, self.duration)

    def value_at(self, position: int) -> float:
        """The value at a position; exactly the target from the end on."""
        if position >= self.end:
            return self.target
        if position <= self.start:
            return self.origin
        progress = (position - self.start) / self.duration
        if self.curve is Curve.EQUAL_POWER and self.target < self.origin:
            done = 1 - value(self.curve, 1 - progress)
        else:
            done = value(self.curve, progress)
        return self.origin + (self.target - self.origin) * done
