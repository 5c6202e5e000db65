"""The timecode line of a controller whose timecode comes from outside: followed, never moved."""

from cuems.core.events import LineEvent, LineFound
from cuems.core.line import Line
from cuems.core.line_news import LineNews
from cuems.core.timecode import FLICKS_PER_S
from cuems.core.timekeeper import Timekeeper


class ChasedLine:
    """What core/own_line.OwnLine is for a line of one's own; requests to move it move nothing."""

    def __init__(self) -> None:
        self._time = Timekeeper()
        self._news = LineNews()
        self._known_change = ""  # of the rate, to the operator

    def freewheel(self, frames: int) -> None:
        """Roll on so long without timecode."""
        self._time.freewheel(frames)

    def begin(self) -> tuple[LineEvent, ...]:
        """Nothing is known yet."""
        return ()

    @property
    def fault(self) -> str:
        """What is wrong with the timecode ("": nothing)."""
        return self._time.fault

    def why_not_go(self) -> str:
        """A source whose rate changed may be another one: one GO is refused, the next is meant."""
        change = self._time.rate_change
        if change == self._known_change:
            return ""
        self._known_change = change
        return f"{change}: GO again to go by it" if change else ""

    @property
    def is_steady(self) -> bool:
        """Whether what comes as foreseen may wait until `wake` is called."""
        return self._time.is_steady

    def hear(self, message: bytes, received_ns: int) -> bool:
        """A MIDI message arrived; whether `wake` now tells more than that the line rolls on."""
        return self._news.put(self._time.hear_midi(message, received_ns))

    def restart(self, now_ns: int, *, rolling: bool) -> tuple[LineEvent, ...]:
        """Another show is to begin: it begins where the line is."""
        position = self._time.position_at(now_ns)
        return () if position is None else (LineFound(position),)

    def adopt(self, position: int, now_ns: int, *, rolling: bool) -> tuple[LineEvent, ...]:
        """It is where its timecode says."""
        return self.restart(now_ns, rolling=rolling)

    def hold(self, now_ns: int) -> tuple[LineEvent, ...]:
        """Whoever sends the timecode goes on sending it."""
        return ()

    def roll(self, now_ns: int) -> tuple[LineEvent, ...]:
        """Whoever sends the timecode goes on sending it."""
        return ()

    def wake(self, now_ns: int) -> tuple[LineEvent, ...]:
        """What was heard, how far the line has rolled, and whether it is lost."""
        return (*self._news.take(), *self._time.wake(now_ns))

    def next_wake_ns(self) -> int | None:
        """When silence would be news."""
        return self._time.next_wake_ns()

    def position_at(self, now_ns: int) -> int:
        """Where the line is; 0 before it was ever heard."""
        return self._time.position_at(now_ns) or 0

    def moment_of(self, position: int) -> int | None:
        """When the line gets to a position; None while that is not known."""
        return self._time.moment_of(position)

    def next_second_ns(self, now_ns: int) -> int | None:
        """When the line comes to its next whole second; None while that is not known."""
        return self.moment_of((self.position_at(now_ns) // FLICKS_PER_S + 1) * FLICKS_PER_S)

    def line_at(self, now_ns: int) -> Line | None:
        """The line to tell nodes; None while it is not known."""
        position = self._time.position_at(now_ns)
        if position is None:
            return None
        return Line(position, now_ns, rolling=self.moment_of(position) is not None)
