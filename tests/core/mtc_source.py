"""A sender of timecode in virtual time, and the chase that follows it."""

from dataclasses import dataclass, field

from cuems.core.chase import Chase, ChaseState
from cuems.core.events import LineEvent
from cuems.core.mtc import full_frame, quarter_frame
from cuems.core.mtc_decoder import MtcDecoder
from cuems.core.timecode import FrameRate, Timecode, from_text, to_ns

FPS_25 = FrameRate.FPS_25
FRAME_NS = 40_000_000
QUARTER_NS = FRAME_NS // 4


@dataclass
class Source:
    """A sender and the wire: `number` counts quarter-frames from zero, `now_ns` is when."""

    chase: Chase = field(default_factory=Chase)
    rate: FrameRate = FPS_25
    number: int = 0
    now_ns: int = 10**15
    decoder: MtcDecoder = field(init=False)

    def __post_init__(self) -> None:
        self.decoder = MtcDecoder(self.chase.recognise)

    def piece(self, number: int) -> bytes:
        return quarter_frame(Timecode(number // 8 * 2, self.rate), number % 8)

    def send(self, message: bytes, late_ns: int = 0) -> tuple[LineEvent, ...]:
        received_ns = self.now_ns + late_ns
        event = self.decoder.feed(message, received_ns)
        return self.chase.feed(event, received_ns) if event is not None else ()

    def roll(self, pieces: int, late_ns: int = 0, way: int = 1) -> list[LineEvent]:
        """Send, a quarter-frame apart; the first one now."""
        events: list[LineEvent] = []
        for _ in range(pieces):
            events += self.send(self.piece(self.number), late_ns)
            self.number += way
            self.now_ns += to_ns(self.rate.flicks_per_frame) // 4
        return events

    def locked(self, pieces: int = 200) -> "Source":
        self.roll(pieces)
        assert self.state() is ChaseState.LOCKED
        return self

    def wait(self, frames: int, *, lost_pieces: bool = True) -> list[LineEvent]:
        """Silence, the chase woken whenever it wants; the source rolls on unheard, or stands."""
        events: list[LineEvent] = []
        until_ns = self.now_ns + frames * FRAME_NS
        while (wake_ns := self.chase.next_wake_ns()) is not None and wake_ns <= until_ns:
            events += self.chase.wake(wake_ns)
        self.now_ns = until_ns
        self.number += 4 * frames if lost_pieces else 0
        return events

    def full_frame(self, text: str) -> tuple[LineEvent, ...]:
        return self.send(full_frame(from_text(text, self.rate)))

    def state(self) -> ChaseState:
        return self.chase.state

    @property
    def position(self) -> int:
        """Where the line truly is now."""
        return self.number * self.rate.flicks_per_frame // 4
