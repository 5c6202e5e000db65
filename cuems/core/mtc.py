"""MTC on the wire: quarter-frame, full-frame and MMC locate messages ⇄ positions.

Source: MIDI Time Code and Cueing, MMA RP-004/008; MIDI Machine Control, RP-013. A quarter-frame
is F1 0nnndddd: piece number nnn, data nibble dddd. Eight pieces spell one address and take two
frames: 0 to 7 going forward, 7 to 0 in reverse, a quarter of a frame apart. Piece 0 falls on the
beginning of the frame that is spelled, so the line stands at address + piece/4 frames when a
piece arrives (1.75 frames past the address at piece 7, two at the next piece 0), whatever the
direction.
"""

from enum import IntEnum
from typing import NamedTuple, Self

from cuems.core.timecode import FrameRate, Timecode, TimecodeError, from_label

PIECES = 8
FRAMES_PER_GROUP = 2
PIECES_PER_FRAME = 4

QUARTER_FRAME = 0xF1
SYSEX, SYSEX_END = 0xF0, 0xF7
REAL_TIME = 0x7F  # universal real-time SysEx
ALL_DEVICES = 0x7F
FULL_FRAME = bytes((0x01, 0x01))
MMC_LOCATE = bytes((0x06, 0x44, 0x06, 0x01))

QUARTER_FRAMES = tuple(bytes((QUARTER_FRAME, data)) for data in range(0x80))


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
    elsewhere: bool = False  # than where either of two sources is known to roll

    @property
    def rate(self) -> FrameRate:
        """The rate it is labelled at."""
        return self.timecode.rate


MtcEvent = Running | Locate


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
