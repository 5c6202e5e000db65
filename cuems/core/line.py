"""The timecode line: where the show stands, as a straight line through machine time.

A line says "at monotonic moment `at_ns` the position was `position`"; a rolling one moves one
second per second from there, in both directions. It is replaced, never stepped, so whoever holds
one knows every later position without being told, and nothing drifts.

A nanosecond is finer than a flick: `position_at(moment_of(position)) == position` always.
"""

from dataclasses import dataclass, replace

from cuems.core.timecode import FrameRate, from_ns, to_ns


@dataclass(frozen=True, slots=True)
class Line:
    """Position (flicks) at a monotonic moment, and whether it rolls on; `rate` labels its frames.

    `began_ns` is when it was last put somewhere, in the clock of whoever drew it: its name there,
    however often it is redrawn (0: it has none).

    Positions may exceed a day, and lie before zero when looked at before the line's own start.
    """

    position: int
    at_ns: int
    rolling: bool
    rate: FrameRate = FrameRate.FPS_25
    began_ns: int = 0

    def position_at(self, now_ns: int) -> int:
        """The position at a moment, flicks."""
        return self.position + from_ns(now_ns - self.at_ns) if self.rolling else self.position

    def moment_of(self, position: int) -> int | None:
        """When the line passes `position`, also when that is over; None while it stands still."""
        return self.at_ns + to_ns(position - self.position) if self.rolling else None

    def located(self, position: int, at_ns: int) -> "Line":
        """The line after a jump to `position`; it rolls on, or stands, as before."""
        return replace(self, position=position, at_ns=at_ns)

    def rolled(self, at_ns: int) -> "Line":
        """The line rolling from where it stands; a line that already rolls is left as it is."""
        return self if self.rolling else replace(self, at_ns=at_ns, rolling=True)

    def stopped(self, at_ns: int) -> "Line":
        """The line standing still where it is at `at_ns`; one that stands is left as it is."""
        if not self.rolling:
            return self
        return replace(self, position=self.position_at(at_ns), at_ns=at_ns, rolling=False)
