"""Following a timecode source: where the line is, how far it can be trusted, and since when.

The only place where machine time (monotonic ns) and show time (flicks) meet. Nothing is told
before two consecutive addresses agree. A piece that arrives within half a frame of its moment
steers a straight line through position and machine time; any other piece counts only after the
source has kept disagreeing, at play speed, for two frames. So neither a wild address nor a burst
of late messages moves the show.

Where a second sender is heard, the line is kept by the clock as long as its own sends, and what
else is heard is not believed before the line would have been given up (core/chase_senders.py).

An Advance carries the position that the source spelled, which is exact and never ahead of it.
Firing on time between two pieces is for who sleeps until `moment_of` and then calls `wake`.
"""

from dataclasses import dataclass
from enum import StrEnum

from cuems.core import mtc
from cuems.core.chase_line import RollingLine, Suspect, day_flicks
from cuems.core.chase_senders import Company, OwnPieces
from cuems.core.events import Advance, LineEvent, LineFound, LineLost, Locate
from cuems.core.mtc import Running
from cuems.core.timecode import FrameRate, divide_nearest, to_ns

FREEWHEEL_FRAMES = 50
LOSS_QUARTERS = 10  # two frames after a piece was due, and a quarter-frame for its jitter
AGREE_FRAMES = 2
ROLL_IN_FRAMES = 10  # a source that starts from where it was parked is locked within these

BUCKET_NS = 1 << 17  # jitter is counted in buckets of 131 µs; what is early from the far end
BUCKETS_PER_NS = 1 / BUCKET_NS
JITTER_BUCKETS = 512
RATE_FAULT_PPM = 500  # ten times a bad crystal, half of a 1000/1001 pull-down
NEVER_NS = 1 << 63


class ChaseState(StrEnum):
    """How far the line can be trusted."""

    STOPPED = "stopped"  # parked, or nothing heard yet
    LOCKING = "locking"  # heard and not trusted: nothing fires; also all the while in reverse
    LOCKED = "locked"
    FREEWHEELING = "freewheeling"  # nothing heard: the line rolls on by itself
    LOST = "lost"


LOCKED = ChaseState.LOCKED  # an enum's members are slow to get at in Python 3.11
TRUSTED = (LOCKED, ChaseState.FREEWHEELING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How good the source has been since lock; a positive rate error is a source that is fast."""

    missed_pieces: int = 0
    jitter_p99_ns: int = 0
    rate_error_ppm: int = 0


class Chase:
    """Follows one source of any MTC rate.

    Call `feed` for every decoded event, and `wake` at `next_wake_ns` or whenever the position is
    wanted acted on; both tell what the sequencer must know, in order.
    """

    def __init__(self, freewheel_frames: int = FREEWHEEL_FRAMES) -> None:
        self.freewheel_frames = freewheel_frames  # may be changed while it follows
        self._state = ChaseState.STOPPED
        self._rest = ChaseState.STOPPED  # what locking falls back to
        self._rate: FrameRate | None = None
        self._frame_ns = self._half_frame_ns = self._loss_after_ns = 0
        self._line: RollingLine | None = None
        self._parked: int | None = None  # where the line stands while it does not roll
        self._carry = 0  # flicks of the whole days gone by
        self._told = 0  # the newest position told
        self._suspect: Suspect | None = None
        self._pending: mtc.Locate | None = None
        self._loss_ns = NEVER_NS  # when silence changes the state
        self._tick_ns = NEVER_NS  # when a freewheeling line tells its next frame
        self._silent_ns = 0  # since when it was, but for a while that was no proof
        self._back_ns = 0  # when it was heard again
        self._rate_change = ""
        self._own: OwnPieces | None = None  # of the line
        self._company = Company()
        self._missed = 0
        self._jitter = [0] * JITTER_BUCKETS

    # ---- what is known

    @property
    def state(self) -> ChaseState:
        """How far the line can be trusted now."""
        return self._state

    @property
    def is_steady(self) -> bool:
        """Whether pieces that come as foreseen would change nothing but the line's precision."""
        return self._state is LOCKED and self._suspect is None and self._pending is None

    @property
    def rate_change(self) -> str:
        """From which rate to which the source went, until it stops again ("": not)."""
        return self._rate_change

    @property
    def rate(self) -> FrameRate | None:
        """The rate of the line followed now or last."""
        return self._rate

    @property
    def quality(self) -> Quality:
        """How good the source has been since lock."""
        return Quality(
            missed_pieces=self._missed,
            jitter_p99_ns=self._jitter_p99_ns(),
            rate_error_ppm=self._line.rate_error_ppm() if self._line else 0,
        )

    @property
    def fault(self) -> str:
        """What is wrong with the source, one line for the operator ("" when nothing is)."""
        if self._rate_change:
            return self._rate_change
        if self._company.is_known:
            return "duplicate source: a second sender, or this one wired twice"
        if self.runs_off_rate:
            ppm = self.quality.rate_error_ppm
            return f"rate error: the source runs {ppm:+} ppm off its {self._rate}"
        return ""

    @property
    def runs_off_rate(self) -> bool:
        """Whether the source is faster or slower than it says, beyond what jitter may feign."""
        if self._line is None or abs(self._line.rate_error_ppm()) <= RATE_FAULT_PPM:
            return False
        return abs(self._line.gained_ns()) > self._jitter_p99_ns()

    def position_at(self, now_ns: int) -> int | None:
        """The smoothed position at a moment, flicks; where the line stands when it is at rest."""
        if self._line is None or self._parked is not None:
            return self._parked
        return self._line.position_at(now_ns)

    def moment_of(self, position: int) -> int | None:
        """When the line gets to `position`; None while it is not trusted to get anywhere."""
        if self._line is None or self._state not in TRUSTED:
            return None
        return self._line.moment_of(position)

    def next_wake_ns(self) -> int | None:
        """When `wake` has something to tell if nothing is heard before."""
        wake_ns = min(self._loss_ns, self._tick_ns)
        return wake_ns if wake_ns < NEVER_NS else None

    # ---- what happens

    def feed(self, event: mtc.MtcEvent, received_ns: int) -> tuple[LineEvent, ...]:
        """Take what the decoder told at a moment of the monotonic clock."""
        line = self._line
        if (
            self._state is LOCKED
            and received_ns < self._loss_ns
            and type(event) is Running
            and line is not None
        ):
            rate, _, forward, position, missed, extra = event  # faster than by name
            position += self._carry
            if forward and rate is line.rate:
                error_ns = line.steer(position, received_ns, self._half_frame_ns)
                if error_ns is not None:  # as ever: _keep, without the price of its calls
                    if missed or extra or self._company.extra:
                        self._count(event, received_ns)
                    self._suspect = self._pending = None
                    self._loss_ns = received_ns + self._loss_after_ns
                    self._jitter[int(error_ns * BUCKETS_PER_NS)] += 1
                    if position <= self._told:
                        return ()
                    self._told = position
                    return (Advance(position),)
        events = self._expire(received_ns)
        if isinstance(event, mtc.Locate):
            return (*events, *self._take_locate(event, received_ns))
        return (*events, *self._take_running(event, received_ns))

    def recognise(self, message: bytes, received_ns: int, doubled: bool) -> Running | None:
        """A quarter-frame that the decoder did not expect: the line's, if it is due now.

        One that reads like the last again is that once more, unless the line is in doubt.
        """
        line, own, company = self._rolling(), self._own, self._company
        if line is not None and own is not None and self._state in TRUSTED:
            if own.went_on(line):
                company.is_gone()
            anew = self._state is not LOCKED or received_ns >= self._loss_ns
            located = self._pending is not None
            doubled = doubled and not located
            if anew or not doubled:
                between = company.between
                running = own.take(line, message, received_ns, between, anew=anew, located=located)
                if running is not None:
                    return running
        if not doubled:
            company.meet(received_ns, self._freewheel_ns)
        return None

    def carry(self, near: int, now_ns: int) -> None:
        """Count the days that brought the line near to `near`: timecode itself counts none."""
        line = self._rolling()
        if line is None or self._rate is None:
            return
        day = day_flicks(self._rate)
        days = divide_nearest(near - line.position_at(now_ns), day) * day
        line.shift(days)
        self._carry += days
        self._told += days

    def wake(self, now_ns: int) -> tuple[LineEvent, ...]:
        """What time alone has brought: silence noticed, and how far the line has rolled."""
        events = self._expire(now_ns)
        if self._line is None or self._state not in TRUSTED:
            return events
        if self._state is ChaseState.FREEWHEELING:
            self._tick_ns = now_ns + self._frame_ns
        return (*events, *self._advance(self._line.position_at(now_ns)))

    def _advance(self, position: int) -> tuple[LineEvent, ...]:
        if position <= self._told:
            return ()
        self._told = position
        return (Advance(position),)

    def _keep(
        self, line: RollingLine, position: int, received_ns: int, error_ns: float
    ) -> tuple[LineEvent, ...]:
        """A piece that came about when and where it was expected."""
        self._suspect = self._pending = None
        if not line.forward:
            self._loss_ns = received_ns + self._freewheel_ns
            return ()
        self._loss_ns = received_ns + self._loss_after_ns
        self._jitter[int(error_ns * BUCKETS_PER_NS)] += 1
        return self._advance(position)

    @property
    def _freewheel_ns(self) -> int:
        return self.freewheel_frames * self._frame_ns

    def _count(self, running: Running, received_ns: int, *, elsewhere: bool = False) -> None:
        self._missed += running.missed
        self._company.count(running, received_ns, self._freewheel_ns, elsewhere=elsewhere)

    def _take_running(self, running: Running, received_ns: int) -> tuple[LineEvent, ...]:
        line = self._rolling()
        if line is not None and running.forward is line.forward and running.rate is line.rate:
            position = _carried(running, line.position_at(received_ns))
            error_ns = line.steer(position, received_ns, self._half_frame_ns)
            if error_ns is not None:
                self._carry = position - running.position
                if self._state is ChaseState.FREEWHEELING:
                    self._back_ns = received_ns
                self._state = LOCKED if line.forward else ChaseState.LOCKING
                self._tick_ns = NEVER_NS
                self._count(running, received_ns)
                if self._own is not None:
                    self._own.spelled_as(running)
                return self._keep(line, position, received_ns, error_ns)
        return self._doubt(running, received_ns)

    def _doubt(self, running: Running, received_ns: int) -> tuple[LineEvent, ...]:
        """A piece that is not where the line is: believed once its source has proved itself."""
        self._count(running, received_ns, elsewhere=True)
        suspect = self._suspect
        if suspect is None or not suspect.goes_on(running, received_ns):
            suspect = self._suspect = Suspect(running, received_ns)
        frame = running.rate.flicks_per_frame
        if self._rolling() is not None:
            proved = suspect.rolled_flicks() >= AGREE_FRAMES * frame
        else:
            proved = suspect.addresses > 1
            if self._state is not ChaseState.LOCKING:
                self._rest, self._state = self._state, ChaseState.LOCKING
            self._loss_ns = received_ns + to_ns(frame) * LOSS_QUARTERS // mtc.PIECES_PER_FRAME
        if not proved or self._company.holds(received_ns):
            return ()
        return self._adopt(running, received_ns)

    def _adopt(self, running: Running, received_ns: int) -> tuple[LineEvent, ...]:
        """Follow what has proved itself."""
        rolled = self._rolling() is not None
        found = not rolled and self._rest is ChaseState.LOST
        goes_on_at = self._goes_on_at(running, received_ns)
        position = running.position if goes_on_at is None else goes_on_at
        self._note_rate(running.rate, anew=found)
        self._carry = position - running.position
        self._roll(running, position, received_ns, same=goes_on_at is not None)
        if not running.forward:
            self._state = ChaseState.LOCKING
            self._loss_ns = received_ns + self._freewheel_ns
            return ()
        self._state = LOCKED
        self._loss_ns = received_ns + self._loss_after_ns
        self._tick_ns = NEVER_NS
        if goes_on_at is None:
            self._told = position
            return (Locate(position), LineFound(position)) if found else (Locate(position),)
        if found:
            self._told = max(position, self._told)
            return (LineFound(self._told),)
        return self._advance(position)

    def _goes_on_at(self, running: Running, received_ns: int) -> int | None:
        """The position of a piece if the line may have rolled there by itself."""
        frame = running.rate.flicks_per_frame
        if not running.forward:
            return None
        if self._line is not None and self._line.forward:
            here = self._line.position_at(received_ns)
            position = _carried(running, here)
            if abs(position - here) <= AGREE_FRAMES * frame:
                return position
        if self._parked is not None:
            position = _carried(running, self._parked)
            if 0 <= position - self._parked <= ROLL_IN_FRAMES * frame:
                return position
        return None

    def _roll(self, running: Running, position: int, received_ns: int, *, same: bool) -> None:
        """Draw the line anew; where it is the same that has slipped, at the same speed."""
        line = self._rolling()
        assert self._rate is not None
        if line is not None and same and line.rate is self._rate:
            line.snap(position, received_ns)
        else:
            self._line = RollingLine(position, received_ns, self._rate, forward=running.forward)
            self._missed = 0
            self._jitter = [0] * JITTER_BUCKETS
        self._own = OwnPieces(running, position)
        self._company.is_gone()
        self._parked = self._suspect = self._pending = None
        self._rest = ChaseState.STOPPED

    def _rolling(self) -> RollingLine | None:
        return self._line if self._parked is None else None

    def _note_rate(self, rate: FrameRate, *, anew: bool) -> None:
        """A change is news until the source, at the new rate, stops or comes anew."""
        if self._rate not in (None, rate):
            self._rate_change = f"rate change: the source went from {self._rate} to {rate}"
        elif anew:
            self._rate_change = ""
        self._rate = rate
        self._frame_ns = to_ns(rate.flicks_per_frame)
        self._half_frame_ns = self._frame_ns // 2
        self._loss_after_ns = LOSS_QUARTERS * self._frame_ns // mtc.PIECES_PER_FRAME

    def _take_locate(self, event: mtc.Locate, received_ns: int) -> tuple[LineEvent, ...]:
        """A full frame: a resync where the line is, a locate elsewhere.

        While pieces keep coming it may be a second sender's: then it waits for them to stop. Where
        one is known of, only a locate to a place where neither rolls can be the line's.
        """
        if self._company.holds(received_ns) and not event.elsewhere:
            return ()
        line = self._rolling()
        if line is not None and self._state in TRUSTED:
            frame = event.timecode.rate.flicks_per_frame
            ahead = line.position_at(received_ns) - _carried(event, line.position_at(received_ns))
            if -frame <= ahead <= 2 * frame:
                return ()
            if self._state is LOCKED:
                self._pending = event
                return ()
        elif self._parked == event.position and self._rest is ChaseState.STOPPED:
            return ()
        return self._park(event)

    def _park(self, event: mtc.Locate) -> tuple[LineEvent, ...]:
        found = ChaseState.LOST in (self._state, self._rest)
        position = event.position
        self._note_rate(event.timecode.rate, anew=True)
        self._state = self._rest = ChaseState.STOPPED
        self._line = self._suspect = self._pending = None
        self._parked = self._told = position
        self._loss_ns = self._tick_ns = NEVER_NS
        return (Locate(position), LineFound(position)) if found else (Locate(position),)

    # ---- silence

    def _expire(self, now_ns: int) -> tuple[LineEvent, ...]:
        events: tuple[LineEvent, ...] = ()
        while now_ns >= self._loss_ns:
            events = (*events, *self._fall_silent())
        return events

    def _fall_silent(self) -> tuple[LineEvent, ...]:
        line = self._rolling()
        if line is None:
            self._state, self._loss_ns, self._suspect = self._rest, NEVER_NS, None
            return ()
        if self._state is LOCKED:
            if self._pending is not None:
                return self._park(self._pending)
            self._state = ChaseState.FREEWHEELING
            self._tick_ns = self._loss_ns
            heard_ns = self._loss_ns - self._loss_after_ns
            was_back = heard_ns - self._back_ns >= self._freewheel_ns
            if was_back or not self._company.holds(heard_ns):
                self._silent_ns = heard_ns
            self._loss_ns = max(self._loss_ns, self._silent_ns + self._freewheel_ns)
            return ()
        position = line.position_at(self._loss_ns)
        events = self._advance(position) if line.forward else ()
        self._parked = position
        self._state = self._rest = ChaseState.LOST
        self._loss_ns = self._tick_ns = NEVER_NS
        return (*events, LineLost())

    def _jitter_p99_ns(self) -> int:
        late, early = self._jitter[: JITTER_BUCKETS // 2], self._jitter[: JITTER_BUCKETS // 2 : -1]
        beyond = sum(self._jitter) // 100
        for bucket in range(JITTER_BUCKETS // 2 - 1, 0, -1):
            beyond -= late[bucket] + early[bucket - 1]
            if beyond < 0:
                return (bucket + 1) * BUCKET_NS
        return BUCKET_NS if beyond < late[0] else 0


def _carried(event: mtc.MtcEvent, near: int) -> int:
    """The position of an event in the day that puts it nearest to `near`."""
    day = day_flicks(event.rate)
    return event.position + divide_nearest(near - event.position, day) * day
