"""Where a node gets its timecode from: MIDI leads, the controller's line steps in.

The line is there at once and never jitters, but it is only as good as the link; MIDI is what the
players chase. MIDI leads from the moment its chase has locked until that is lost. While it leads
it is checked against the line: the two must stay within a frame.
"""

from dataclasses import dataclass

from cuems.core.chase import FREEWHEEL_FRAMES, Chase, ChaseState
from cuems.core.events import LineEvent, LineFound, Locate
from cuems.core.follow import FREEWHEEL_NS, LineFollower
from cuems.core.line import Line
from cuems.core.mtc_decoder import MtcDecoder
from cuems.core.remote_line import RemoteLine
from cuems.core.timecode import divide_nearest, from_ms, from_ns

SAME_PLACE_FLICKS = from_ms(80)  # two frames: a change of leader within it is no locate
APART_NS = 500_000_000  # a locate reaches MIDI some frames after the bus: not a disagreement yet
TENTHS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class TimecodeQuality:
    """How well the line is known; what is not measured is 0, or None.

    `source` is the one that leads. `clock_error_ns` is the most by which the clock of the
    controller may be misjudged, from the best of the last round trips.
    """

    source: str
    missed_pieces: int = 0
    jitter_ns: int = 0
    rate_error_ppm: int = 0
    clock_error_ns: int | None = None
    round_trip_ns: int | None = None


class Timekeeper:
    """One line out of two sources. `remote`: the controller is another machine, or process."""

    def __init__(self, *, remote: bool = False) -> None:
        self._chase = Chase()
        self._decoder = MtcDecoder(self._chase.recognise)
        self._follower = LineFollower(remote=remote)
        self._remote_line = RemoteLine()
        self._remote = remote
        self._boot = ""
        self._midi_leads = False
        self._line = 0  # the one we stand on, by when it began
        self._told_line, self._told_line_ns = 0, 0  # the one last told of, and since when it is
        self._apart_ns: int | None = None  # since when the two sources disagree
        self._apart = ""
        self._fault = ""

    def freewheel(self, frames: int) -> None:
        """Roll on so long without timecode; of the controller's line, as long at 25 fps."""
        self._chase.freewheel_frames = frames
        self._follower.freewheel_ns = frames * FREEWHEEL_NS // FREEWHEEL_FRAMES

    # ---- what is known

    @property
    def state(self) -> str:
        """How timecode is followed, for the operator."""
        return str(self._chase.state if self._midi_leads else self._follower.state)

    @property
    def rate_change(self) -> str:
        """From which rate to which MIDI went while it was followed ("": it did not)."""
        return self._chase.rate_change

    @property
    def is_steady(self) -> bool:
        """Whether MIDI leads, and what it brings as foreseen may wait until the clock is read."""
        return self._midi_leads and self._chase.is_steady

    @property
    def fault(self) -> str:
        """What is wrong with the timecode ("": nothing): its kind, a colon, and more.

        While the kind stays the same the text does too.
        """
        fault = self._apart or self._chase.fault
        if _kind(fault) != _kind(self._fault):
            self._fault = fault
        return self._fault

    @property
    def source(self) -> str:
        """Which source leads: "midi", "bus" or "internal"."""
        if self._midi_leads:
            return "midi"
        return "bus" if self._remote else "internal"

    def quality(self, now_ns: int) -> TimecodeQuality:
        """How well the line is known at a moment."""
        error_ns = self._remote_line.error_ns(now_ns)
        round_trip_ns = self._remote_line.round_trip_ns
        if not self._midi_leads:
            return TimecodeQuality(
                source=self.source,
                clock_error_ns=error_ns,
                round_trip_ns=round_trip_ns,
            )
        chased = self._chase.quality
        return TimecodeQuality(
            source=self.source,
            missed_pieces=chased.missed_pieces,
            jitter_ns=chased.jitter_p99_ns,
            rate_error_ppm=chased.rate_error_ppm,
            clock_error_ns=error_ns,
            round_trip_ns=round_trip_ns,
        )

    def next_wake_ns(self) -> int | None:
        """When to look at the clock again if nothing is heard before."""
        moments = (self._chase.next_wake_ns(), self._follower.next_wake_ns())
        return min((moment for moment in moments if moment is not None), default=None)

    def position_at(self, now_ns: int) -> int | None:
        """Where the line is; None while it is not known."""
        if self._midi_leads:
            return self._chase.position_at(now_ns)
        return self._follower.position_at(now_ns)

    @property
    def last_line(self) -> Line | None:
        """The controller's line as last heard of, however long ago that was."""
        return self._follower.last

    def line_at(self, now_ns: int) -> int:
        """When the controller's line that we stand on began (0: it is not known).

        Where MIDI leads it gets to a new line some frames after it was told of.
        """
        last = self._follower.last
        told = 0 if last is None or self._follower.position_at(now_ns) is None else last.began_ns
        if told != self._told_line:
            self._told_line, self._told_line_ns = told, now_ns
        if not self._midi_leads or now_ns - self._told_line_ns >= APART_NS or self._is_near(now_ns):
            self._line = told
        return self._line

    def _is_near(self, now_ns: int) -> bool:
        """Whether MIDI is where the controller's line is."""
        midi, line = self._chase.position_at(now_ns), self._follower.position_at(now_ns)
        return midi is not None and line is not None and abs(midi - line) <= SAME_PLACE_FLICKS

    def next_line_ns(self) -> int | None:
        """When MIDI has had the time to get to a new line."""
        return None if self._line == self._told_line else self._told_line_ns + APART_NS

    def moment_of(self, position: int) -> int | None:
        """When the line gets to a position; None while it stands or is not trusted."""
        if self._midi_leads:
            return self._chase.moment_of(position)
        return self._follower.moment_of(position)

    # ---- what happens

    def hear_midi(self, message: bytes, received_ns: int) -> tuple[LineEvent, ...]:
        """A MIDI message arrived."""
        event = self._decoder.feed(message, received_ns)
        if event is None:
            return ()
        return self._from_chase(self._chase.feed(event, received_ns), received_ns)

    def hear_line(self, line: Line, now_ns: int) -> tuple[LineEvent, ...]:
        """The controller said its line; `at_ns` in this machine's clock."""
        return self._from_follower(self._follower.hear(line, now_ns), now_ns)

    def hear_report(self, line: Line, now_ns: int) -> tuple[LineEvent, ...]:
        """The controller said its line; `at_ns` in the controller's clock."""
        placed = self._remote_line.report(line)
        if placed is not None:
            return self.hear_line(placed, now_ns)
        self._follower.expect(now_ns)
        return ()

    def hear_probe(
        self, sent_ns: int, remote_received_ns: int, remote_sent_ns: int, received_ns: int
    ) -> tuple[LineEvent, ...]:
        """The controller answered a probe of its clock."""
        placed = self._remote_line.probe(sent_ns, remote_received_ns, remote_sent_ns, received_ns)
        if placed is None:
            return ()
        return self._from_follower(self._follower.place(placed, received_ns), received_ns)

    def led_by(self, boot: str) -> None:
        """Whose line and clock is heard of from now on, by its start: each has its own clock."""
        if boot != self._boot:
            self._boot = boot
            self._remote_line.forget()

    def wake(self, now_ns: int) -> tuple[LineEvent, ...]:
        """What time alone has brought."""
        followed = self._follower.wake(now_ns)
        chased = self._from_chase(self._chase.wake(now_ns), now_ns)
        return chased if self._midi_leads else (*chased, *followed)

    def _from_follower(self, events: tuple[LineEvent, ...], now_ns: int) -> tuple[LineEvent, ...]:
        if not self._midi_leads:
            return events
        self._compare(now_ns)
        return ()

    def _from_chase(self, events: tuple[LineEvent, ...], now_ns: int) -> tuple[LineEvent, ...]:
        if self._midi_leads:
            if self._chase.state is not ChaseState.LOST:
                return events
            here = self._follower.position_at(now_ns)
            if here is None:
                return events
            self._midi_leads = False
            self._agree()
            return (LineFound(here),)
        if self._chase.state is not ChaseState.LOCKED:
            return ()
        return self._let_midi_lead(now_ns)

    def _let_midi_lead(self, now_ns: int) -> tuple[LineEvent, ...]:
        self._midi_leads = True
        here = self._follower.position_at(now_ns)
        if here is not None:
            self._chase.carry(here, now_ns)
        there = self._chase.position_at(now_ns)
        if there is None or (here is not None and abs(there - here) <= SAME_PLACE_FLICKS):
            return ()
        return (Locate(there) if here is not None else LineFound(there),)

    # ---- the cross-check

    def _compare(self, now_ns: int) -> None:
        """Whether MIDI and the controller's line are a frame apart, and have been for a while."""
        midi, line = self._chase.position_at(now_ns), self._follower.position_at(now_ns)
        rate = self._chase.rate
        if self._chase.state is not ChaseState.LOCKED or rate is None or None in (midi, line):
            return
        assert midi is not None
        assert line is not None
        ahead = midi - line
        unsure = from_ns(self._remote_line.error_ns(now_ns) or 0)
        if abs(ahead) <= rate.flicks_per_frame + unsure:
            self._agree()
        elif self._apart_ns is None:
            self._apart_ns = now_ns
        elif now_ns - self._apart_ns >= APART_NS and not self._apart:
            tenths = divide_nearest(abs(ahead) * TENTHS, rate.flicks_per_frame)
            way = "ahead of" if ahead > 0 else "behind"
            self._apart = (
                f"timecode disagreement: MIDI is {tenths // TENTHS}.{tenths % TENTHS} frames {way}"
                " the controller's line"
            )

    def _agree(self) -> None:
        self._apart_ns, self._apart = None, ""


def _kind(fault: str) -> str:
    return fault.partition(":")[0]
