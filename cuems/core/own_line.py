"""The timecode line a controller draws itself: put to zero, held, rolled on."""

from cuems.core.events import Advance, LineEvent, LineFound, Locate
from cuems.core.line import Line
from cuems.core.timecode import FLICKS_PER_S


class OwnLine:
    """A straight line through machine time, redrawn on every change."""

    def __init__(self, now_ns: int) -> None:
        self.line = Line(0, now_ns, rolling=False)

    def freewheel(self, frames: int) -> None:
        """A line of one's own is never without timecode."""

    def begin(self) -> tuple[LineEvent, ...]:
        """The line is there."""
        return (LineFound(self.line.position),)

    def restart(self, now_ns: int, *, rolling: bool) -> tuple[LineEvent, ...]:
        """Put the line to zero."""
        self.line = Line(0, now_ns, rolling, began_ns=now_ns)
        return (Locate(0),)

    def adopt(self, position: int, now_ns: int, *, rolling: bool) -> tuple[LineEvent, ...]:
        """Take the line up where it was found on a node."""
        self.line = Line(position, now_ns, rolling, began_ns=now_ns)
        return (Locate(position),)

    def hold(self, now_ns: int) -> tuple[LineEvent, ...]:
        """Let the line stand."""
        self.line = self.line.stopped(now_ns)
        return ()

    def roll(self, now_ns: int) -> tuple[LineEvent, ...]:
        """Let the line roll on."""
        self.line = self.line.rolled(now_ns)
        return ()

    def wake(self, now_ns: int) -> tuple[LineEvent, ...]:
        """How far the line has rolled."""
        return (Advance(self.line.position_at(now_ns)),) if self.line.rolling else ()

    def position_at(self, now_ns: int) -> int:
        """Where the line is."""
        return self.line.position_at(now_ns)

    def moment_of(self, position: int) -> int | None:
        """When the line gets to a position; None while it stands."""
        return self.line.moment_of(position)

    def next_second_ns(self, now_ns: int) -> int | None:
        """When the line comes to its next whole second; None while it stands."""
        second = self.position_at(now_ns) // FLICKS_PER_S + 1
        return self.line.moment_of(second * FLICKS_PER_S)

    def next_wake_ns(self) -> int | None:
        """A line of one's own is never lost."""
        return None

    @property
    def fault(self) -> str:
        """Nothing is ever wrong with a line of one's own."""
        return ""

    def why_not_go(self) -> str:
        """Nothing speaks against firing by it."""
        return ""

    def line_at(self, now_ns: int) -> Line:
        """The line to tell nodes."""
        return self.line
