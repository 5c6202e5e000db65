"""What one source of MTC has spelled, and what it must therefore send next (core/mtc.py)."""

from cuems.core.mtc import (
    FRAMES_PER_GROUP,
    PIECES,
    PIECES_PER_FRAME,
    QUARTER_FRAMES,
    from_fields,
    quarter_frames,
)
from cuems.core.timecode import FrameRate, Timecode

WAYS = (0, 1, 0, 0, 0, 0, 0, -1)  # which way a piece lies from the one before


class SpelledLine:
    """Knows nothing at first; once an address is spelled it foretells every message."""

    __slots__ = (
        "_collected", "_label_frames", "_last_piece", "_nibbles", "_way", "at", "expected",
        "forward", "frames", "impossible", "last", "matched", "piece", "piece_flicks", "position",
        "rate", "skipped", "spelled", "step",
    )  # fmt: skip

    def __init__(self) -> None:
        self.impossible = 0
        self._nibbles = [0] * PIECES
        self.spelled: list[bytes] = []
        self.rate, self.frames = FrameRate.FPS_25, 0  # the address being spelled
        self.position = self.piece_flicks = self._last_piece = 0
        self.forget()

    def forget(self) -> None:
        """Know nothing."""
        self.expected: bytes | None = None  # `piece` of what is `spelled`, at `position`
        self.piece = 0
        self.step = 1  # -1 in reverse
        self.forward = True
        self.matched = 0  # predictions that came true in a row
        self.skipped = 0  # pieces stepped over
        self.last = b""
        self.at = (self.rate, 0, self.position)  # what the last piece gathered was taken for
        self._collected = 0  # pieces in order
        self._way = 0

    def follow(self, other: "SpelledLine") -> None:
        """Forget, and predict what another line predicts (it must)."""
        self.forget()
        self._predict(Timecode(other.frames, other.rate), other.piece, other.step)
        self.last = other.last

    def resume(self, address: Timecode, message: bytes) -> None:
        """Take a message as a piece of an address, going forward."""
        self.forget()
        self._predict(address, message[1] >> 4, 1)
        self.match(message)

    def is_near(self, timecode: Timecode) -> bool:
        """Whether this spells a frame now, or did or will within two addresses."""
        ahead = (timecode.frames - self.frames + FRAMES_PER_GROUP) % timecode.rate.frames_per_day
        return timecode.rate is self.rate and ahead <= 2 * FRAMES_PER_GROUP

    def advance(self) -> None:
        """Predict the next piece."""
        piece = self.piece + self.step
        if 0 <= piece < PIECES:
            self.piece = piece
            self.position += self.piece_flicks
            self.expected = self.spelled[piece]
        else:
            self.turn()

    def match(self, message: bytes) -> None:
        """Take the message predicted."""
        self.matched += 1
        self.at = (self.rate, self.piece, self.position)
        self.last = message
        self.advance()

    def gather(self, message: bytes) -> bool:
        """Take any quarter-frame; tell whether the line is known, and stands `at` it."""
        piece = message[1] >> 4
        if self.expected is not None:
            while self.piece != piece:
                self.advance()
                self.skipped += 1
                self.matched = 0
            self.matched = self.matched + 1 if message == self.expected else 0
            self.at = (self.rate, piece, self.position)
            self.advance()
        self.last = message
        self._collect(piece, message[1] & 0x0F)
        return self.matched >= PIECES

    def goes_on(self, message: bytes, collected: int) -> bool:
        """Whether a piece comes next after at least so many in order."""
        ahead = ((message[1] >> 4) - self._last_piece) % PIECES
        way = WAYS[ahead]
        return self._collected >= collected and way != 0 and (way == self._way or collected == 1)

    def _collect(self, piece: int, nibble: int) -> None:
        """Eight pieces in order spell an address, which outdoes a prediction that differs."""
        way = WAYS[(piece - self._last_piece) % PIECES]
        in_order = way != 0 and (way == self._way or self._collected <= 1)
        self._collected = self._collected + 1 if in_order else 1 + abs(way)
        self._way = way
        self._last_piece = piece
        self._nibbles[piece] = nibble
        if self._collected < PIECES or piece != (PIECES - 1 if way > 0 else 0):
            return
        low, high = self._nibbles[::2], self._nibbles[1::2]
        frames, seconds, minutes, hours = (b << 4 | a for a, b in zip(low, high, strict=True))
        address = from_fields(hours, minutes, seconds, frames)
        if address is None:
            self.impossible += 1
            return
        following = address.plus(FRAMES_PER_GROUP * way).within_day
        predicted = (Timecode(self.frames, self.rate), self.step)
        if self.expected is None or predicted != (following, way):
            self._predict(following, 0 if way > 0 else PIECES - 1, way)
            self.matched = self.skipped = 0

    def _predict(self, address: Timecode, piece: int, step: int) -> None:
        self.rate = address.rate
        self.frames = address.frames
        self.piece = piece
        self.step = step
        self.forward = step > 0
        per_piece = address.rate.flicks_per_frame // PIECES_PER_FRAME
        self.piece_flicks = per_piece * step
        self.position = address.flicks + per_piece * piece
        self.spelled = spelled = list(quarter_frames(address))
        self._label_frames = (spelled[1][1] & 0x0F) << 4 | spelled[0][1]
        self.expected = spelled[piece]

    def turn(self) -> None:
        """Predict the first piece of the next address."""
        ahead = FRAMES_PER_GROUP * self.step
        label_frames = self._label_frames + ahead
        first = 0 if ahead > 0 else PIECES - 1
        if not FRAMES_PER_GROUP <= label_frames < self.rate.nominal:
            following = Timecode(self.frames + ahead, self.rate).within_day
            self._predict(following, first, self.step)
            return
        # Within a second only the frames differ; spelling the rest again would double the cost.
        self.frames += ahead
        self.piece = first
        self.position += self.piece_flicks
        self._label_frames = label_frames
        spelled = self.spelled
        spelled[0] = QUARTER_FRAMES[label_frames & 0x0F]
        spelled[1] = QUARTER_FRAMES[0x10 | label_frames >> 4]
        self.expected = spelled[first]
