"""What a media file is, as far as somebody looked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A file's first audio stream; what is not known is 0, a duration None."""

    codec: str
    rate_hz: int = 0
    channels: int = 0
    duration_flicks: int | None = None


@dataclass(frozen=True, slots=True)
class KeyFrames:
    """The longest way from one key frame to the next; `or_more`: the look ended before the next."""

    longest_flicks: int
    or_more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A file's first video stream. A `still` has no duration; a size of 0 is not known."""

    codec: str
    width: int = 0
    height: int = 0
    still: bool = False
    frame_flicks: int | None = None
    duration_flicks: int | None = None
    key_frames: KeyFrames | None = None


@dataclass(frozen=True, slots=True)
class MissingMedia:
    """No such file; `similar` is the name of one that a person would call the same."""

    similar: str | None = None


@dataclass(frozen=True, slots=True)
class EmptyMedia:
    """A file of no bytes."""


@dataclass(frozen=True, slots=True)
class UnreadableMedia:
    """A file that cannot be read, or in which nobody finds sound or picture."""

    reason: str


@dataclass(frozen=True, slots=True)
class UnmeasuredMedia:
    """A file that is there, and of which nothing more was found out; empty: nobody tried to."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredMedia:
    """A file that was opened; a stream of None is not in it."""

    duration_flicks: int | None = None
    sound: Sound | None = None
    picture: Picture | None = None


MediaFacts = MissingMedia | EmptyMedia | UnreadableMedia | UnmeasuredMedia | MeasuredMedia
