"""MIDI messages to where the source of their timecode is.

What has been spelled predicts every nibble that follows. The decoder speaks only while at least
eight pieces in a row, which is every digit of an address, have come out as predicted; so neither
a lost, doubled or damaged piece nor a second sender makes it tell an address that was not sent.
Only losses that add up to whole groups within eight pieces go unseen, until the next digit that
differs: what needs a clock is the chase's business.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cuems.core.mtc import (
    FULL_FRAME,
    MMC_LOCATE,
    PIECES,
    QUARTER_FRAME,
    QUARTER_FRAMES,
    REAL_TIME,
    SYSEX,
    SYSEX_END,
    Locate,
    MtcEvent,
    Running,
    from_fields,
)
from cuems.core.mtc_line import SpelledLine
from cuems.core.timecode import divide_nearest

SURE_PIECES = 3  # so many of another sender in order are no accident
MAX_STRAYS = 4  # unpredicted pieces in a row after which the line they belong to is another

FULL_FRAME_BYTES = 10
MMC_LOCATE_BYTES = 13
MMC_STATUS_FOLLOWS = 0x20  # in the byte of the frames: the last byte is status, not subframes
SUBFRAMES_PER_FRAME = 100

_new = tuple.__new__  # a third faster than calling a NamedTuple


Recognise = Callable[[bytes, int, bool], Running | None]


def _nobodys(_message: bytes, _received_ns: int, _doubled: bool) -> None:
    """Without a clock nobody knows whose a piece is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MtcCounts:
    """What the decoder met besides good timecode, since it was made."""

    ignored: int  # other MIDI
    garbage: int  # no MIDI message, or timecode of the wrong length
    impossible: int  # addresses that no clock shows
    missed: int  # pieces that were lost
    doubled: int  # pieces that came twice
    stray: int  # pieces that another source, or damage, put between


class MtcDecoder:
    """MIDI messages to where the source is.

    Feed it whole messages in the order they came. It follows one source, and stays with it while
    it sends; another's pieces in between are counted, and followed once the first falls silent.
    Whose a piece is that was not expected, `recognise` knows if anybody does: it is asked with the
    piece, when it was received, and whether it reads like one just before.
    """

    def __init__(self, recognise: Recognise = _nobodys) -> None:
        self._recognise = recognise
        self._line = SpelledLine()  # followed
        self._rival = SpelledLine()  # what does not fit: another source, or the same after a gap
        self._between = 0  # pieces since the followed line's last
        self._strays = 0  # of these, those that are not a piece come twice
        self._position_at_stray: int | None = None  # of the followed line
        self._ignored = self._garbage = self._impossible = 0
        self._missed = self._doubled = self._stray = 0

    @property
    def counts(self) -> MtcCounts:
        """What was met so far besides good timecode."""
        return MtcCounts(
            ignored=self._ignored,
            garbage=self._garbage,
            impossible=self._impossible + self._line.impossible + self._rival.impossible,
            missed=self._missed,
            doubled=self._doubled,
            stray=self._stray,
        )

    def feed(self, message: bytes, received_ns: int = 0) -> MtcEvent | None:
        """Take one message; None where it tells nothing yet. Raises nothing, whatever the bytes."""
        line = self._line
        if message != line.expected or self._between:
            return self._take_slowly(message, received_ns)
        piece = line.piece
        told = (line.rate, piece, line.forward, line.position, 0, 0)
        line.last = message
        piece += line.step
        if 0 <= piece < PIECES:  # line.advance(), without the price of a call
            line.piece = piece
            line.position += line.piece_flicks
            line.expected = line.spelled[piece]
        else:
            line.turn()
        return _new(Running, told)

    def _take_slowly(self, message: bytes, received_ns: int) -> MtcEvent | None:
        line = self._line
        if message != line.expected or self._is_rivals(message, 2):
            return self._take_unexpected(message, received_ns)
        told = (line.rate, line.piece, line.forward, line.position)
        running = Running(*told, extra=self._between)
        line.last = message
        line.advance()
        self._stray += self._strays
        self._between = self._strays = 0
        return running

    def _take_unexpected(self, message: bytes, received_ns: int) -> MtcEvent | None:
        status = message[0] if message else 0
        if status == QUARTER_FRAME and len(message) == 2 and message[1] < len(QUARTER_FRAMES):
            return self._take_stray(message, received_ns)
        if status == SYSEX and message[-1] == SYSEX_END:
            return self._take_sysex(message)
        if status < 0x80 or status in (QUARTER_FRAME, SYSEX):
            self._garbage += 1
        else:
            self._ignored += 1
        return None

    def _take_stray(self, message: bytes, received_ns: int) -> Running | None:
        """A piece that the followed line does not predict."""
        line, rival = self._line, self._rival
        self._between += 1
        doubled = (message == line.last and not self._is_rivals(message, 1)) or (
            self._strays > 0 and message == rival.last
        )
        own = self._recognise(message, received_ns, doubled)
        if own is not None:
            return self._resume(own, message)
        if doubled:
            self._doubled += 1
            if rival.goes_on(message, SURE_PIECES):  # or both senders are at the same digit
                rival.gather(message)
            return None
        self._strays += 1
        if line.expected is not None:
            self._suspect(line, rival, message)
        confirmed = rival.gather(message)
        if confirmed and self._line.expected is None:
            return self._change_line()
        return None

    def _resume(self, own: Running, message: bytes) -> Running:
        """A piece that the clock says is of the line that has been followed all along."""
        line = self._line
        if line.expected is not None and (
            line.position + own.missed * line.piece_flicks != own.position
        ):
            self._line, self._rival = self._rival, line
            line = self._line
        line.resume(own.timecode.within_day, message)
        self._missed += own.missed
        self._stray += self._strays
        self._between = self._strays = 0
        self._position_at_stray = line.position
        return own

    def _is_rivals(self, message: bytes, in_order: int) -> bool:
        """After a gap a line's next pieces look like those the gap began with, or ended.

        They are the rival's where it expects them, or where they go on from so many of its own;
        but not where it has sent since before the followed line's last: then both are there.
        """
        rival, strays = self._rival, self._strays
        if strays > 0 and rival.matched > 0 and message == rival.expected:
            return not rival.goes_on(message, strays + 2)
        return strays >= in_order and rival.goes_on(message, in_order)

    def _suspect(self, line: SpelledLine, rival: SpelledLine, message: bytes) -> None:
        since = self._position_at_stray
        if since is None or abs(line.position - since) > MAX_STRAYS * abs(line.piece_flicks):
            # The first for a while: most likely pieces of this same line were lost.
            rival.follow(line)
        self._position_at_stray = line.position
        if self._strays >= MAX_STRAYS or message == line.expected:
            self._impossible += line.impossible
            self._line = SpelledLine()

    def _change_line(self) -> Running:
        """Follow the rival: the line is silent, or goes on there after a gap."""
        line, rival = self._line, self._rival
        rate, piece, position = rival.at
        self._missed += rival.skipped
        line.forget()
        self._line, self._rival = rival, line
        self._between = self._strays = 0
        self._position_at_stray = None
        return Running(rate, piece, rival.forward, position, missed=rival.skipped)

    def _take_sysex(self, message: bytes) -> Locate | None:
        payload = message[3:-1] if message[1] == REAL_TIME else b""
        is_mmc = payload.startswith(MMC_LOCATE)
        if not is_mmc and not payload.startswith(FULL_FRAME):
            self._ignored += 1
            return None
        if len(message) != (MMC_LOCATE_BYTES if is_mmc else FULL_FRAME_BYTES):
            self._garbage += 1
            return None
        located = _from_mmc(payload[4:]) if is_mmc else _from_full_frame(payload[2:])
        line, rival = self._line, self._rival
        if located is None:
            self._impossible += 1
        elif line.expected is not None and not line.is_near(located.timecode):
            if rival.matched >= PIECES:
                if rival.is_near(located.timecode):
                    self._stray += 1
                    return None
                located = located._replace(elsewhere=True)
            # The source may have gone there: what it was to send proves itself again.
            rival.follow(line)
            line.forget()
        return located


def _from_full_frame(fields: bytes) -> Locate | None:
    timecode = from_fields(*fields)
    return Locate(timecode, timecode.flicks) if timecode else None


def _from_mmc(fields: bytes) -> Locate | None:
    """MMC's own flags share the bytes: colour frame, sign, and what the last byte is."""
    hours_and_rate, minutes, seconds, frames, last = fields
    timecode = from_fields(hours_and_rate, minutes & 0x3F, seconds, frames & ~MMC_STATUS_FOLLOWS)
    subframes = 0 if frames & MMC_STATUS_FOLLOWS else last
    if timecode is None or subframes >= SUBFRAMES_PER_FRAME:
        return None
    part = divide_nearest(subframes * timecode.rate.flicks_per_frame, SUBFRAMES_PER_FRAME)
    return Locate(timecode, timecode.flicks + part)
