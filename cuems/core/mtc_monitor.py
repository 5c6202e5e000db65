"""What a technician is told of the timecode on a port, above all what is wrong with it."""

from dataclasses import dataclass

from cuems.core.chase import Chase, ChaseState
from cuems.core.midi_ports import MidiAbsent, MidiOpen, MidiState
from cuems.core.mtc import FRAME_RATES, QUARTER_FRAME, Running
from cuems.core.mtc_decoder import MtcDecoder
from cuems.core.timecode import NS_PER_S, FrameRate, Timecode, frame_at

SILENT_NS = NS_PER_S  # a port that is open, and a source that is, is heard within this
FRESH_NS = 2 * NS_PER_S  # so long a lost piece is shown as a fault
SAME_RATE_PPM = 300
PPM = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at the timecode. `fault` is one line, its kind before the colon ("": none).

    `missed_pieces` and `dropouts` (silences that had to be freewheeled over) count since the first
    lock; the other figures are of this one.
    """

    port: MidiState
    timecode: Timecode | None
    state: ChaseState
    rate: FrameRate | None
    forward: bool
    jitter_ns: int
    rate_error_ppm: int
    missed_pieces: int
    dropouts: int
    fault: str


class MtcMonitor:
    """Listens to one port. `expected` is the rate that should come, None for any."""

    def __init__(self, expected: FrameRate | None = None) -> None:
        self._expected = expected
        self._chase = Chase()
        self._decoder = MtcDecoder(self._chase.recognise)
        self._port: MidiState | None = None
        self._opened_ns = 0
        self._quarter_frames = 0
        self._forward = True
        self._missed = self._dropouts = 0
        self._missed_ns: int | None = None
        self._locked = False  # ever
        self._faults: dict[str, str] = {}
        self.fault = ""  # at the last reading

    @property
    def faults(self) -> tuple[str, ...]:
        """What was seen to be wrong since the first lock: the newest of each kind."""
        return tuple(self._faults.values())

    @property
    def is_sound(self) -> bool:
        """Whether timecode was locked, and nothing wrong with it from then on."""
        return self._locked and not self._faults

    def port_changed(self, state: MidiState, now_ns: int) -> None:
        """The port was opened, or went away."""
        if isinstance(state, MidiOpen):
            self._opened_ns = now_ns
        self._port = state

    def hear(self, message: bytes, received_ns: int) -> bool:
        """A MIDI message arrived; whether the state has changed with it."""
        before = self._chase.state
        self._quarter_frames += message[0] == QUARTER_FRAME
        event = self._decoder.feed(message, received_ns)
        if event is not None:
            if isinstance(event, Running):
                self._forward = event.forward
                self._note_missed(event.missed, received_ns)
            self._chase.feed(event, received_ns)
        self._note_state(before)
        return self._chase.state is not before

    def read(self, now_ns: int) -> Reading:
        """How it is now."""
        before = self._chase.state
        self._chase.wake(now_ns)
        self._note_state(before)
        fault = self.fault = self._fault(now_ns)
        if self._locked and fault:
            self._faults[fault.partition(":")[0]] = fault
        rate = self._chase.rate
        position = self._chase.position_at(now_ns)
        quality = self._chase.quality
        return Reading(
            port=self._port or MidiAbsent("not looked for yet"),
            timecode=None if rate is None or position is None else _frame(position, rate),
            state=self._chase.state,
            rate=rate,
            forward=self._forward,
            jitter_ns=quality.jitter_p99_ns,
            rate_error_ppm=quality.rate_error_ppm,
            missed_pieces=self._missed,
            dropouts=self._dropouts,
            fault=fault,
        )

    def _note_missed(self, pieces: int, now_ns: int) -> None:
        if pieces and self._locked:
            self._missed += pieces
            self._missed_ns = now_ns

    def _note_state(self, before: ChaseState) -> None:
        state = self._chase.state
        self._locked = self._locked or state is ChaseState.LOCKED
        if state is not before and state in (ChaseState.FREEWHEELING, ChaseState.LOST):
            self._dropouts += before is ChaseState.LOCKED

    # ---- what is wrong

    def _fault(self, now_ns: int) -> str:
        return (
            self._port_fault(now_ns)
            or self._rate_fault()
            or self._chase.fault
            or self._state_fault()
            or self._missed_fault(now_ns)
        )

    def _port_fault(self, now_ns: int) -> str:
        """There is nothing to listen to, or nothing that could be followed."""
        match self._port:
            case None:
                return ""
            case MidiAbsent(reason):
                return f"no port: {reason}"
            case _:
                if self._chase.rate is not None or now_ns - self._opened_ns < SILENT_NS:
                    return ""
                return self._why_unread()

    def _why_unread(self) -> str:
        counts = self._decoder.counts
        if self._quarter_frames:
            return "unreadable: quarter-frames arrive and spell no address (two sources, or losses)"
        if counts.impossible:
            return f"unreadable: {counts.impossible} addresses that no clock shows"
        other = counts.ignored + counts.garbage
        if other:
            return f"no timecode: {other} other MIDI messages arrived, and none of timecode"
        return "no data: nothing arrives from this port"

    def _rate_fault(self) -> str:
        rate = self._chase.rate
        if rate is None:
            return ""
        if self._expected not in (None, rate):
            return f"wrong rate: the source sends {rate}, expected {self._expected}"
        runs_at = rate_at(rate, self._chase.quality.rate_error_ppm)
        if self._chase.runs_off_rate and runs_at not in (None, rate):
            return f"wrong rate: the source says {rate} and runs at {runs_at}"
        return ""

    def _state_fault(self) -> str:
        match self._chase.state:
            case ChaseState.FREEWHEELING:
                return "dropout: nothing is heard; the position is freewheeled"
            case ChaseState.LOST:
                return "lost: nothing is heard any more"
            case ChaseState.LOCKING if not self._forward:
                return "reverse: the source plays backwards, and nothing fires"
            case _:
                return ""

    def _missed_fault(self, now_ns: int) -> str:
        if self._missed_ns is None or now_ns - self._missed_ns > FRESH_NS:
            return ""
        return f"dropouts: {self._missed} quarter-frames missed so far"


def _frame(position: int, rate: FrameRate) -> Timecode:
    return frame_at(position, rate).within_day


def rate_at(rate: FrameRate, ppm: int) -> FrameRate | None:
    """The MTC rate at which a source really runs that is `ppm` faster than `rate`, if it is one."""
    for other in FRAME_RATES:
        # Frames per second, both multiplied by both denominators.
        runs = rate.numerator * other.denominator * (PPM + ppm)
        should = other.numerator * rate.denominator * PPM
        if abs(runs - should) * PPM <= SAME_RATE_PPM * should:
            return other
    return None
