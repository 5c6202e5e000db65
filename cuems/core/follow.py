"""Following the controller's line where there is no MIDI: in this process, or over the bus.

The controller says its line on every change and once a second (core/bus.LineReport). Between two
reports the line is known exactly; when reports stay away it is freewheeled on, then lost.
"""

from cuems.core.chase import ChaseState
from cuems.core.events import Advance, LineEvent, LineFound, LineLost, Locate
from cuems.core.line import Line
from cuems.core.timecode import from_ms

REPORTS_EVERY_NS = 1_000_000_000
OVERDUE_NS = REPORTS_EVERY_NS * 3 // 2
FREEWHEEL_NS = 2_000_000_000  # as long as the chase of MTC: 50 frames at 25 fps
SAME_LINE_FLICKS = from_ms(20)  # half a frame: what is learnt of a clock moves no player


class LineFollower:
    """The line as last heard of, in this machine's own clock.

    `remote`: it comes from another machine, and so may be followed well or badly.
    """

    def __init__(self, *, remote: bool = False) -> None:
        self.freewheel_ns = FREEWHEEL_NS
        self._remote = remote
        self._line: Line | None = None
        self._heard_ns = 0
        self._expected_ns: int | None = None  # since when a report waits to be placed
        self._overdue = False
        self._lost = True

    @property
    def state(self) -> str:
        """How timecode is followed, for the operator."""
        if self._line is None or self._lost:
            waits = self._expected_ns is not None
            return ChaseState.LOCKING if waits else ChaseState.LOST
        if not self._remote:
            return "internal" if self._line.rolling else "internal, standing"
        if self._overdue:
            return ChaseState.FREEWHEELING
        return ChaseState.LOCKED if self._line.rolling else ChaseState.STOPPED

    @property
    def last(self) -> Line | None:
        """The line as last heard of, however long ago."""
        return self._line

    def expect(self, now_ns: int) -> None:
        """A report came that cannot be placed in this machine's clock yet."""
        self._expected_ns = now_ns

    def hear(self, line: Line, now_ns: int) -> tuple[LineEvent, ...]:
        """Take a report, its `at_ns` already in this machine's clock."""
        self._heard_ns = now_ns
        return self._draw(line, now_ns)

    def place(self, line: Line, now_ns: int) -> tuple[LineEvent, ...]:
        """Take the line last reported, better placed in this machine's clock."""
        if self._expected_ns is not None:
            self._heard_ns = self._expected_ns
        elif self._lost:
            return ()
        return self._draw(line, now_ns)

    def _draw(self, line: Line, now_ns: int) -> tuple[LineEvent, ...]:
        before, lost = self._line, self._lost
        self._line = line
        self._lost = self._overdue = False
        self._expected_ns = None
        position = line.position_at(now_ns)
        if before is None or lost:
            return (LineFound(position),)
        if abs(position - before.position_at(now_ns)) > SAME_LINE_FLICKS:
            return (Locate(position, late=line.began_ns == before.began_ns != 0),)
        return ()

    def wake(self, now_ns: int) -> tuple[LineEvent, ...]:
        """How far the line has rolled, or that reports stay away."""
        if self._lost or self._line is None:
            return ()
        self._overdue = now_ns >= self._heard_ns + OVERDUE_NS
        if now_ns >= self._lost_ns():
            self._lost = True
            return (LineLost(),)
        return (Advance(self._line.position_at(now_ns)),) if self._line.rolling else ()

    def next_wake_ns(self) -> int | None:
        """When silence would be news."""
        if self._lost:
            return None
        return self._lost_ns() if self._overdue else self._heard_ns + OVERDUE_NS

    def position_at(self, now_ns: int) -> int | None:
        """Where the line is; None while nothing is known of it."""
        return None if self._line is None or self._lost else self._line.position_at(now_ns)

    def moment_of(self, position: int) -> int | None:
        """When the line gets to a position; None while it stands or is lost."""
        return None if self._line is None or self._lost else self._line.moment_of(position)

    def _lost_ns(self) -> int:
        return self._heard_ns + REPORTS_EVERY_NS + self.freewheel_ns
