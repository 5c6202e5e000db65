"""Fade curves from 0 to 1, and a fade in progress.

(Lead's first slice, used by core/voices.py: keep these names, extend and test.)
"""

import math
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Fade:
    """A parameter on its way from `start_value` to `target_value`; positions in flicks."""

    start_value: float
    target_value: float
    start_flicks: int
    duration_flicks: int
    curve: Curve

    @property
    def end_flicks(self) -> int:
        """Where the target is reached."""
        return self.start_flicks + self.duration_flicks

    def value_at(self, position: int) -> float:
        """The value at a position; exactly the target from the end on."""
        if position >= self.end_flicks:
            return self.target_value
        if position <= self.start_flicks:
            return self.start_value
        done = value(self.curve, (position - self.start_flicks) / self.duration_flicks)
        return self.start_value + (self.target_value - self.start_value) * done
