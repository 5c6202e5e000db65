"""Where a node gets its timecode from: MIDI leads, the controller's line steps in.

The line is there at once and never jitters, but it is only as good as the link; MIDI is what the
players chase. MIDI leads from the moment its chase has locked until that is lost.
"""

from cuems.core.chase import Chase, ChaseState
from cuems.core.events import LineEvent, LineFound, Locate
from cuems.core.follow import LineFollower
from cuems.core.line import Line
from cuems.core.mtc import MtcDecoder
from cuems.core.timecode import from_ms

SAME_PLACE_FLICKS = from_ms(80)  # two frames: a change of leader within it is no locate


class Timekeeper:
    """One line out of two sources."""

    def __init__(self) -> None:
        self._decoder = MtcDecoder()
        self._chase = Chase()
        self._follower = LineFollower()
        self._midi_leads = False

    @property
    def state(self) -> str:
        """How timecode is followed, for the operator."""
        return str(self._chase.state) if self._midi_leads else self._follower.state

    @property
    def fault(self) -> str:
        """What is wrong with the MIDI source ("": nothing)."""
        return self._chase.fault

    def hear_midi(self, message: bytes, received_ns: int) -> tuple[LineEvent, ...]:
        """A MIDI message arrived."""
        event = self._decoder.feed(message)
        if event is None:
            return ()
        return self._from_chase(self._chase.feed(event, received_ns), received_ns)

    def hear_line(self, line: Line, now_ns: int) -> tuple[LineEvent, ...]:
        """The controller said its line; `at_ns` in this machine's clock."""
        events = self._follower.hear(line, now_ns)
        return () if self._midi_leads else events

    def wake(self, now_ns: int) -> tuple[LineEvent, ...]:
        """What time alone has brought."""
        followed = self._follower.wake(now_ns)
        chased = self._from_chase(self._chase.wake(now_ns), now_ns)
        return chased if self._midi_leads else (*chased, *followed)

    def _from_chase(self, events: tuple[LineEvent, ...], now_ns: int) -> tuple[LineEvent, ...]:
        if self._midi_leads:
            if self._chase.state is not ChaseState.LOST:
                return events
            here = self._follower.position_at(now_ns)
            if here is None:
                return events
            self._midi_leads = False
            return (LineFound(here),)
        if self._chase.state is not ChaseState.LOCKED:
            return ()
        self._midi_leads = True
        there = self._chase.position_at(now_ns)
        here = self._follower.position_at(now_ns)
        if there is None or (here is not None and abs(there - here) <= SAME_PLACE_FLICKS):
            return ()
        return (Locate(there) if here is not None else LineFound(there),)

    def next_wake_ns(self) -> int | None:
        """When to look at the clock again if nothing is heard before."""
        moments = (self._chase.next_wake_ns(), self._follower.next_wake_ns())
        return min((moment for moment in moments if moment is not None), default=None)

    def position_at(self, now_ns: int) -> int | None:
        """Where the line is; None while it is not known."""
        if self._midi_leads:
            return self._chase.position_at(now_ns)
        return self._follower.position_at(now_ns)

    def moment_of(self, position: int) -> int | None:
        """When the line gets to a position; None while it stands or is not trusted."""
        if self._midi_leads:
            return self._chase.moment_of(position)
        return self._follower.moment_of(position)
