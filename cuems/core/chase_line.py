"""The lines a chase draws through what it hears: the one it follows, and the one it does not trust.

They are what relates machine time (monotonic ns) and show time (flicks) for core/chase.py.
"""

from math import ceil, floor

from cuems.core import mtc
from cuems.core.timecode import FLICKS_PER_S, NS_PER_S, FrameRate, divide_nearest, to_ns

# One arrival moves the line by this part of its error once it has settled: 0.3 s at 25 fps,
# which brings 20 ms of jitter below 5 ms. The speed follows critically damped.
GAIN = 0.03
SPEED_GAIN = GAIN * GAIN / 4
SETTLED_PIECES = 64
RATE_MEASURED_NS = NS_PER_S


class RollingLine:
    """A straight line through machine time and position, steered by jittery arrivals."""

    __slots__ = ("_first", "_pieces", "at_ns", "forward", "ns_per_flick", "position", "rate")

    def __init__(self, position: int, at_ns: int, rate: FrameRate, *, forward: bool) -> None:
        self.position = position
        self.at_ns = float(at_ns)
        self.rate = rate
        self.forward = forward
        self.ns_per_flick = (1 if forward else -1) * NS_PER_S / FLICKS_PER_S
        self._pieces = 1
        self._first = (position, self.at_ns)

    def steer(self, position: int, received_ns: int, within_ns: int) -> float | None:
        """Take an arrival and tell its error (positive: late), or None if that is not `within`.

        All of the first ones count alike, then the newest count more.
        """
        moved = position - self.position
        due_ns = self.at_ns + moved * self.ns_per_flick
        error_ns = received_ns - due_ns
        if not -within_ns < error_ns < within_ns:
            return None
        gain = GAIN
        if self._pieces < SETTLED_PIECES:
            self._pieces += 1
            gain = max(GAIN, 1 / self._pieces)
            if self._pieces == SETTLED_PIECES:
                self._first = (position, due_ns + gain * error_ns)
        if moved:
            self.ns_per_flick += SPEED_GAIN * error_ns / moved
        self.position = position
        self.at_ns = due_ns + gain * error_ns
        return error_ns

    def snap(self, position: int, received_ns: int) -> None:
        """Go on from here at the same speed."""
        self.position = position
        self.at_ns = float(received_ns)
        self._pieces = 1
        self._first = (position, self.at_ns)

    def shift(self, flicks: int) -> None:
        """Name the same place differently."""
        position, at_ns = self._first
        self.position += flicks
        self._first = (position + flicks, at_ns)

    def position_at(self, now_ns: int) -> int:
        """The position at a moment."""
        return self.position + floor((now_ns - self.at_ns) / self.ns_per_flick)

    def moment_of(self, position: int) -> int:
        """The first moment at which the line is at or past `position`."""
        moment_ns = ceil(self.at_ns + (position - self.position) * self.ns_per_flick)
        while self.position_at(moment_ns) < position:
            moment_ns += 1
        return moment_ns

    def rate_error_ppm(self) -> int:
        """How much faster than its rate the source has run since the line settled."""
        passed_ns = self.at_ns - self._first[1]
        if passed_ns < RATE_MEASURED_NS:
            return 0
        return round(self.gained_ns() / passed_ns * 1_000_000)

    def gained_ns(self) -> float:
        """How far ahead of its rate the source has come since the line settled."""
        position, at_ns = self._first
        rolled = self.position - position if self.forward else position - self.position
        return to_ns(rolled) - (self.at_ns - at_ns)


class Suspect:
    """A source that says something else than the line, until it has proved itself."""

    __slots__ = ("_first_ns", "_first_position", "_last", "addresses", "position")

    def __init__(self, running: mtc.Running, received_ns: int) -> None:
        self._first_ns = received_ns
        self._first_position = self.position = running.position
        self._last = running
        self.addresses = 1

    def goes_on(self, running: mtc.Running, received_ns: int) -> bool:
        """Take a piece; False where it does not follow at about play speed from those before."""
        rate = running.rate
        if rate is not self._last.rate or running.forward is not self._last.forward:
            return False
        step = running.position - self._last.position
        step -= divide_nearest(step, day_flicks(rate)) * day_flicks(rate)
        rolled = self.position + step - self._first_position
        expected_ns = to_ns(rolled if running.forward else -rolled)
        if abs(received_ns - self._first_ns - expected_ns) > to_ns(rate.flicks_per_frame):
            return False
        self.position += step
        self.addresses += running.timecode != self._last.timecode
        self._last = running
        return True

    def rolled_flicks(self) -> int:
        """How far the source has gone meanwhile."""
        return abs(self.position - self._first_position)


def day_flicks(rate: FrameRate) -> int:
    return rate.frames_per_day * rate.flicks_per_frame
