"""Which timecode message is due when, so that receivers stand where a line stands.

Piece k of the address that begins at even frame A is due when the line passes A + k/4 frames, which
is where core/mtc.py says a receiver stands at that piece. A full frame for frame F is due when the
line passes F, so it is right too, and pieces follow from there.
"""

from dataclasses import dataclass
from typing import assert_never

from cuems.core.line import Line
from cuems.core.mtc import FRAMES_PER_GROUP, PIECES, PIECES_PER_FRAME, full_frame, quarter_frame
from cuems.core.timecode import FrameRate, Timecode, frame_at

CATCH_UP_PIECES = PIECES  # later than one whole address: a locate says it better than a burst


@dataclass(frozen=True, slots=True)
class DuePiece:
    """Piece 0 to 7 of the spelling of an address."""

    address: Timecode
    piece: int


@dataclass(frozen=True, slots=True)
class DueFullFrame:
    """A full frame: receivers are to be at this frame now."""

    timecode: Timecode


Due = DuePiece | DueFullFrame


def to_bytes(due: Due) -> bytes:
    """The MIDI message; raises TimecodeError for a rate MTC has no code for."""
    match due:
        case DuePiece(address, piece):
            return quarter_frame(address, piece)
        case DueFullFrame(timecode):
            return full_frame(timecode)
        case _:
            assert_never(due)


class Pacer:
    """Turns the newest line into messages and their moments. Reads no clock."""

    def __init__(self) -> None:
        self._line: Line | None = None
        self._full_frame_due = False
        self._next_piece = 0  # counted from position zero, four to a frame

    def follow(self, line: Line, now_ns: int) -> None:
        """Take a newer line. One that goes on as before, within a piece, only shifts moments."""
        before, self._line = self._line, line
        if before is None or not goes_on(before, line, now_ns):
            self._locate(line, now_ns)

    def due_ns(self) -> int | None:
        """When the next message is due (maybe over); None while there is nothing to send."""
        line = self._line
        if line is None or not (line.rolling or self._full_frame_due):
            return None
        return line.at_ns if not line.rolling else line.moment_of(self._next_position(line.rate))

    def take(self, now_ns: int) -> tuple[Due, ...]:
        """What is due by now, in order; it counts as sent."""
        line, due_ns = self._line, self.due_ns()
        if line is None or due_ns is None or due_ns > now_ns:
            return ()
        if not line.rolling:
            self._full_frame_due = False
            return (DueFullFrame(frame_at(line.position, line.rate)),)
        position = line.position_at(now_ns)
        if position - self._next_position(line.rate) > CATCH_UP_PIECES * piece_flicks(line.rate):
            self._locate(line, now_ns)
            return self.take(now_ns)
        return self._take_rolling(line.rate, position)

    def _take_rolling(self, rate: FrameRate, position: int) -> tuple[Due, ...]:
        due: list[Due] = []
        if self._full_frame_due:
            self._full_frame_due = False
            due.append(DueFullFrame(Timecode(self._next_piece // PIECES_PER_FRAME, rate)))
        while self._next_position(rate) <= position:
            group, piece = divmod(self._next_piece, PIECES)
            due.append(DuePiece(Timecode(group * FRAMES_PER_GROUP, rate), piece))
            self._next_piece += 1
        return tuple(due)

    def _locate(self, line: Line, now_ns: int) -> None:
        self._full_frame_due = True
        frames_up = -(-line.position_at(now_ns) // line.rate.flicks_per_frame)
        self._next_piece = frames_up * PIECES_PER_FRAME

    def _next_position(self, rate: FrameRate) -> int:
        return self._next_piece * piece_flicks(rate)


def piece_flicks(rate: FrameRate) -> int:
    """How long a piece lasts, flicks; whole at every rate."""
    return rate.flicks_per_frame // PIECES_PER_FRAME


def goes_on(before: Line, line: Line, now_ns: int) -> bool:
    """Whether a line continues another: receivers need no locate."""
    if (before.rolling, before.rate) != (line.rolling, line.rate):
        return False
    moved = abs(line.position_at(now_ns) - before.position_at(now_ns))
    return moved <= (piece_flicks(line.rate) if line.rolling else 0)
