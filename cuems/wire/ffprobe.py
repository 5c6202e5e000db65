"""ffprobe's command lines, and its answers → what a media file is.

Source: ffprobe manual (FFmpeg 5.1), "-of json", "-of csv", "-read_intervals". A file that is a
playlist may name others: only local files are opened.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from itertools import pairwise

import msgspec

from cuems.core.errors import CuemsError
from cuems.core.media_facts import KeyFrames, MeasuredMedia, Picture, Sound
from cuems.core.timecode import FLICKS_PER_S

LOOKED_AT_S = 20  # of a picture, for its key frames; the longest GOP encoders choose is 10 s
STREAM_FIELDS = "codec_type,codec_name,width,height,avg_frame_rate,duration,sample_rate,channels"
INTRA_CODECS = frozenset(
    {"rawvideo", "mjpeg", "prores", "dnxhd", "hap", "ffv1", "huffyuv", "utvideo", "png", "v210"}
)


class FfprobeAnswerError(CuemsError):
    """ffprobe answered something else than what it was asked for."""


class _Stream(msgspec.Struct):
    codec_type: str = ""
    codec_name: str = "unknown"
    width: int = 0
    height: int = 0
    avg_frame_rate: str = "0/0"
    duration: str = ""
    sample_rate: str = "0"
    channels: int = 0
    disposition: dict[str, int] = {}


class _Format(msgspec.Struct):
    format_name: str = ""
    duration: str = ""


class _Answer(msgspec.Struct):
    streams: list[_Stream] = []
    format: _Format = msgspec.field(default_factory=_Format)


def facts_argv(program: str, path: str) -> list[str]:
    """Ask what is in a file."""
    wanted = f"format=format_name,duration:stream={STREAM_FIELDS}:stream_disposition=attached_pic"
    return [*_common(program), "-of", "json", "-show_entries", wanted, f"file:{path}"]


def packets_argv(program: str, path: str) -> list[str]:
    """Ask which of the first pictures are key frames."""
    return [
        *_common(program), "-of", "csv=p=0", "-select_streams", "v:0",
        "-read_intervals", f"%+{LOOKED_AT_S}",
        "-show_entries", "packet=pts_time,duration_time,flags", f"file:{path}",
    ]  # fmt: skip


def _common(program: str) -> list[str]:
    return [program, "-v", "error", "-protocol_whitelist", "file"]


def read_facts(data: bytes) -> MeasuredMedia:
    """What ffprobe says is in a file; raises FfprobeAnswerError."""
    try:
        answer = msgspec.json.decode(data, type=_Answer)
    except msgspec.MsgspecError as error:
        raise FfprobeAnswerError(f"ffprobe answered no such JSON as expected: {error}") from error
    return MeasuredMedia(
        duration_flicks=_flicks(answer.format.duration),
        sound=next(_sounds(answer), None),
        picture=next(_pictures(answer), None),
    )


def _sounds(answer: _Answer) -> Iterator[Sound]:
    for stream in answer.streams:
        if stream.codec_type == "audio":
            yield Sound(
                codec=stream.codec_name,
                rate_hz=int(stream.sample_rate) if stream.sample_rate.isdecimal() else 0,
                channels=stream.channels,
                duration_flicks=_flicks(stream.duration),
            )


def _pictures(answer: _Answer) -> Iterator[Picture]:
    names = answer.format.format_name
    still = names.endswith("_pipe") or names == "image2"
    for stream in answer.streams:
        if stream.codec_type == "video" and not stream.disposition.get("attached_pic"):
            yield Picture(
                codec=stream.codec_name,
                width=stream.width,
                height=stream.height,
                still=still,
                frame_flicks=_frame_flicks(stream.avg_frame_rate),
                duration_flicks=_flicks(stream.duration),
            )


def may_have_long_gops(facts: MeasuredMedia) -> bool:
    """Whether it pays to ask for key frames."""
    picture = facts.picture
    return picture is not None and not picture.still and picture.codec not in INTRA_CODECS


def with_key_frames(facts: MeasuredMedia, data: bytes) -> MeasuredMedia:
    """The facts with what `packets_argv` was answered, as far as it can be read."""
    if facts.picture is None:
        return facts
    return replace(facts, picture=replace(facts.picture, key_frames=_key_frames(data)))


def _key_frames(data: bytes) -> KeyFrames | None:
    at: list[int] = []
    end = 0
    for row in data.decode(errors="replace").splitlines():
        pts, duration, flags = [*row.split(","), "", ""][:3]
        shown = _flicks(pts)
        if shown is None:
            continue
        end = max(end, shown + (_flicks(duration) or 0))
        if "K" in flags:
            at.append(shown)
    if not at:
        return None
    at.sort()
    gaps = [after - before for before, after in pairwise(at)]
    last = end - at[-1]
    cut_off = end - at[0] >= (LOOKED_AT_S - 1) * FLICKS_PER_S
    return KeyFrames(max([*gaps, last]), or_more=cut_off and last > max(gaps, default=0))


def _flicks(text: str) -> int | None:
    try:
        seconds = Decimal(text)
    except InvalidOperation:
        return None
    if not seconds.is_finite() or abs(seconds) > 10**9:
        return None
    return int((seconds * FLICKS_PER_S).to_integral_value(ROUND_HALF_UP))


def _frame_flicks(rate: str) -> int | None:
    numerator, _, denominator = rate.partition("/")
    if not (numerator.isdecimal() and denominator.isdecimal() and int(numerator)):
        return None
    return FLICKS_PER_S * int(denominator) // int(numerator) or None
