"""MTC on the wire: quarter-frame, full-frame and MMC locate messages ⇄ positions.

Source: MIDI Time Code and Cueing, MMA RP-004/008; MIDI Machine Control, RP-013. A quarter-frame
is F1 0nnndddd: piece number nnn, data nibble dddd. Eight pieces spell one address and take two
frames: 0 to 7 going forward, 7 to 0 in reverse, a quarter of a frame apart. Piece 0 falls on the
beginning of the frame that is spelled, so the line stands at address + piece/4 frames when a
piece arrives (1.75 frames past the address at piece 7, two at the next piece 0), whatever the
direction.

What has been spelled predicts every nibble that follows. The decoder speaks only while at least
eight pieces in a row, which is every digit of an address, have come out as predicted; so neither
a lost, doubled or damaged piece nor a second sender makes it tell an address that was not sent.
Only losses that add up to whole groups within eight pieces go unseen, until the next digit that
differs: what needs a clock is the chase's business.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Self

from cuems.core.timecode import FrameRate, Timecode, TimecodeError, divide_nearest, from_label

PIECES = 8
FRAMES_PER_GROUP = 2
PIECES_PER_FRAME = 4

SURE_PIECES = 3  # so many of another sender in order are no accident
MAX_DOUBTS = 4  # a line that was given up may prove itself again with fewer than these between
SURE_MEETINGS = 4  # and so often must there be some
MAX_STRAYS = 4  # unpredicted pieces in a row after which the line they belong to is another

QUARTER_FRAME = 0xF1
SYSEX, SYSEX_END = 0xF0, 0xF7
REAL_TIME = 0x7F  # universal real-time SysEx
ALL_DEVICES = 0x7F
FULL_FRAME = bytes((0x01, 0x01))
FULL_FRAME_BYTES = 10
MMC_LOCATE = bytes((0x06, 0x44, 0x06, 0x01))
MMC_LOCATE_BYTES = 13
MMC_STATUS_FOLLOWS = 0x20  # in the byte of the frames: the last byte is status, not subframes
SUBFRAMES_PER_FRAME = 100

QUARTER_FRAMES = tuple(bytes((QUARTER_FRAME, data)) for data in range(0x80))
WAYS = (0, 1, 0, 0, 0, 0, 0, -1)  # which way a piece lies from the one before


class MtcRate(IntEnum):
    """The two rate bits of an address."""

    FPS_24 = 0
    FPS_25 = 1
    FPS_29_97_DF = 2
    FPS_30 = 3

    @property
    def frame_rate(self) -> FrameRate:
        """The rate these bits mean."""
        return FrameRate[self.name]

    @classmethod
    def of(cls, rate: FrameRate) -> Self:
        """The bits that say `rate`; raises TimecodeError where MTC has none."""
        return cls(_rate_bits(rate))


_new = tuple.__new__  # a third faster than calling a NamedTuple

FRAME_RATES = tuple(bits.frame_rate for bits in MtcRate)


def _rate_bits(rate: FrameRate) -> int:
    if rate not in FRAME_RATES:
        raise TimecodeError(str(rate), "one of the MTC rates 24, 25, 29.97 drop-frame, 30 fps")
    return FRAME_RATES.index(rate)


class Running(NamedTuple):
    """A quarter-frame of a rolling source: the line is at `position` (flicks within a day) now.

    A tuple, because one is made a hundred times a second on the hot path.
    """

    rate: FrameRate
    piece: int
    forward: bool
    position: int
    missed: int = 0  # pieces lost since the previous Running
    extra: int = 0  # pieces since the previous Running that were doubled, or another source's

    @property
    def timecode(self) -> Timecode:
        """The address being spelled."""
        pieces = self.position // (self.rate.flicks_per_frame // PIECES_PER_FRAME)
        return Timecode((pieces - self.piece) // PIECES_PER_FRAME, self.rate)


class Locate(NamedTuple):
    """The source stands at `position` (flicks within a day): a full frame, or an MMC locate."""

    timecode: Timecode
    position: int

    @property
    def rate(self) -> FrameRate:
        """The rate it is labelled at."""
        return self.timecode.rate


MtcEvent = Running | Locate


@dataclass(frozen=True, slots=True, kw_only=True)
class MtcCounts:
    """What the decoder met besides good timecode, since it was made."""

    ignored: int  # other MIDI
    garbage: int  # no MIDI message, or timecode of the wrong length
    impossible: int  # addresses that no clock shows
    missed: int  # pieces that were lost
    doubled: int  # pieces that came twice
    stray: int  # pieces that another source, or damage, put between


# ---- encoding


def quarter_frame(address: Timecode, piece: int) -> bytes:
    """One piece (0 to 7) of the spelling of an address; raises TimecodeError for other rates."""
    return QUARTER_FRAMES[spelling(address)[piece]]


def quarter_frames(address: Timecode) -> tuple[bytes, ...]:
    """The eight pieces of an address, in forward order."""
    return tuple(QUARTER_FRAMES[data] for data in spelling(address))


def full_frame(timecode: Timecode) -> bytes:
    """The SysEx that puts every device at a frame; raises TimecodeError for other rates."""
    return bytes((SYSEX, REAL_TIME, ALL_DEVICES, *FULL_FRAME, *_fields(timecode), SYSEX_END))


def mmc_locate(timecode: Timecode) -> bytes:
    """The MMC command that sends every device to a frame; raises TimecodeError for other rates."""
    return bytes((SYSEX, REAL_TIME, ALL_DEVICES, *MMC_LOCATE, *_fields(timecode), 0, SYSEX_END))


def spelling(address: Timecode) -> list[int]:
    """The data bytes of the eight quarter-frames of an address, in forward order."""
    hours, minutes, seconds, frames = _fields(address)
    return [
        0x00 | frames & 15, 0x10 | frames >> 4, 0x20 | seconds & 15, 0x30 | seconds >> 4,
        0x40 | minutes & 15, 0x50 | minutes >> 4, 0x60 | hours & 15, 0x70 | hours >> 4,
    ]  # fmt: skip


def _fields(timecode: Timecode) -> tuple[int, int, int, int]:
    """Hours with the rate bits above them, minutes, seconds, frames."""
    hours, minutes, seconds, frames = timecode.within_day.label
    return _rate_bits(timecode.rate) << 5 | hours, minutes, seconds, frames


def from_fields(hours_and_rate: int, minutes: int, seconds: int, frames: int) -> Timecode | None:
    """The address four bytes name, if there is one."""
    hours = hours_and_rate & 0x1F
    if hours_and_rate > 0x7F or hours > 23:
        return None
    try:
        return from_label(hours, minutes, seconds, frames, FRAME_RATES[hours_and_rate >> 5])
    except TimecodeError:
        return None


# ---- decoding


class _Line:
    """What one source has spelled, and what it must send next."""

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
        self.expected: bytes | None = (
            None  # the message predicted: `piece` of `address`, at `position`
        )
        self.piece = 0
        self.step = 1  # -1 in reverse
        self.forward = True
        self.matched = 0  # predictions that came true in a row
        self.skipped = 0  # pieces stepped over
        self.last = b""
        self.at = (self.rate, 0, self.position)  # what the last piece gathered was taken for
        self._collected = 0  # pieces in order
        self._way = 0

    def follow(self, other: "_Line") -> None:
        """Forget, and predict what another line predicts (it must)."""
        self.forget()
        self._predict(Timecode(other.frames, other.rate), other.piece, other.step)
        self.last = other.last

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
        self._label_frames = address.label.frames
        per_piece = address.rate.flicks_per_frame // PIECES_PER_FRAME
        self.piece_flicks = per_piece * step
        self.position = address.flicks + per_piece * piece
        self.spelled = list(quarter_frames(address))
        self.expected = self.spelled[piece]

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


class MtcDecoder:
    """MIDI messages to where the source is.

    Feed it whole messages in the order they came. It follows one source, and stays with it while
    it sends; another's pieces in between are counted, and followed once the first falls silent.
    """

    def __init__(self) -> None:
        self._line = _Line()  # followed
        self._rival = _Line()  # what does not fit: another source, or the same after a gap
        self._between = 0  # pieces since the followed line's last
        self._strays = 0  # of these, those that are not a piece come twice
        self._position_at_stray: int | None = None  # of the followed line
        self._doubted: _Line | None = None  # the line followed until lately
        self._doubts = 0  # within how many more pieces that must go on
        self._meetings = 0  # times it went on after another's pieces
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

    def feed(self, message: bytes) -> MtcEvent | None:
        """Take one message; None where it tells nothing yet. Raises nothing, whatever the bytes."""
        line = self._line
        if message != line.expected or self._between:
            return self._take_slowly(message)
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

    def _take_slowly(self, message: bytes) -> MtcEvent | None:
        line = self._line
        if message != line.expected or self._is_rivals(message, 2):
            return self._take_unexpected(message)
        told = (line.rate, line.piece, line.forward, line.position)
        running = Running(*told, extra=self._between)
        line.last = message
        line.advance()
        self._stray += self._strays
        self._between = self._strays = 0
        return running

    def _take_unexpected(self, message: bytes) -> MtcEvent | None:
        status = message[0] if message else 0
        if status == QUARTER_FRAME and len(message) == 2 and message[1] < len(QUARTER_FRAMES):
            return self._take_stray(message)
        if status == SYSEX and message[-1] == SYSEX_END:
            return self._take_sysex(message)
        if status < 0x80 or status in (QUARTER_FRAME, SYSEX):
            self._garbage += 1
        else:
            self._ignored += 1
        return None

    def _take_stray(self, message: bytes) -> Running | None:
        """A piece that the followed line does not predict."""
        line, rival = self._line, self._rival
        self._between += 1
        if (message == line.last and not self._is_rivals(message, 1)) or (
            self._strays and message == rival.last
        ):
            self._doubled += 1
            if rival.goes_on(message, SURE_PIECES):  # or both senders are at the same digit
                rival.gather(message)
            return None
        self._strays += 1
        if line.expected is not None:
            self._suspect(line, rival, message)
        confirmed = rival.gather(message)
        if self._doubted is not None and self._goes_on(self._doubted, message):
            return self._trust(self._doubted)
        if confirmed and self._line.expected is None:
            return self._change_line()
        return None

    def _goes_on(self, doubted: _Line, message: bytes) -> bool:
        """Whether a line that was given up has spelled a whole address since: it never left.

        Another's pieces must have come in between, or it is but a gap that looks like it.
        """
        if message == doubted.expected:
            self._meetings += self._doubts < MAX_DOUBTS
            self._doubts = MAX_DOUBTS
            doubted.match(message)
        else:
            self._doubts -= 1
            if self._doubts == 0:
                self._doubted = None
        return doubted.matched >= PIECES and self._meetings >= SURE_MEETINGS

    def _trust(self, line: _Line) -> Running:
        """Follow a line again that was given up; what came between was another's."""
        rate, piece, position = line.at
        running = Running(rate, piece, line.forward, position, extra=self._strays)
        self._line, self._doubted = line, None
        self._stray += self._strays
        self._between = self._strays = 0
        return running

    def _is_rivals(self, message: bytes, in_order: int) -> bool:
        """After a gap a line's next pieces look like those the gap began with, or ended.

        They are the rival's where it expects them, or where they go on from so many of its own;
        but not where it has sent since before the followed line's last: then both are there.
        """
        rival, strays = self._rival, self._strays
        if strays > 0 and rival.matched > 0 and message == rival.expected:
            return not rival.goes_on(message, strays + 2)
        return strays >= in_order and rival.goes_on(message, in_order)

    def _suspect(self, line: _Line, rival: _Line, message: bytes) -> None:
        since = self._position_at_stray
        if since is None or abs(line.position - since) > MAX_STRAYS * abs(line.piece_flicks):
            # The first for a while: most likely pieces of this same line were lost.
            rival.follow(line)
        self._position_at_stray = line.position
        if self._strays >= MAX_STRAYS or message == line.expected:
            line.matched = 0
            self._impossible += line.impossible
            self._doubted, self._line, self._doubts = line, _Line(), MAX_DOUBTS
            self._meetings = 0
            line.impossible = 0

    def _change_line(self) -> Running:
        """Follow the rival: the line is silent, or goes on there after a gap."""
        line, rival = self._line, self._rival
        rate, piece, position = rival.at
        self._missed += rival.skipped
        line.forget()
        self._line, self._rival = rival, line
        self._between = self._strays = 0
        self._position_at_stray = self._doubted = None
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
        if located is None:
            self._impossible += 1
        elif self._line.expected is not None:
            self._doubt(located.timecode)
        return located

    def _doubt(self, elsewhere: Timecode) -> None:
        """Where the source may have gone elsewhere, what it was to send proves itself again."""
        line = self._line
        ahead = elsewhere.frames - line.frames + FRAMES_PER_GROUP
        if (
            elsewhere.rate is not line.rate
            or ahead % elsewhere.rate.frames_per_day > 2 * FRAMES_PER_GROUP
        ):
            self._rival.follow(line)
            line.forget()


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
