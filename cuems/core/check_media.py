"""Whether a show's media files are there, and are what its script says of them.

What is said of a file is said once, at the first cue that plays it; what is said of a cue's own
figures (duration, regions, offset) at that cue. The cost of long GOPs was measured: field.md 5.
"""

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import assert_never

from cuems.core.body import body_flicks, segments
from cuems.core.cues import AudioCue, Media, MediaCue, VideoCue
from cuems.core.findings import Finding, Script, Severity, named, worst_for
from cuems.core.media_facts import (
    EmptyMedia,
    KeyFrames,
    MeasuredMedia,
    MediaFacts,
    MissingMedia,
    Picture,
    Sound,
    UnmeasuredMedia,
    UnreadableMedia,
)
from cuems.core.timecode import FLICKS_PER_S, FrameRate, divide_nearest, to_duration_text

USUAL_RATES_HZ = frozenset({44_100, 48_000, 88_200, 96_000})
USUAL_CHANNELS = 2
LONGEST_GOP_FLICKS = FLICKS_PER_S
ROUNDED_FLICKS = FLICKS_PER_S // 1000  # a GOP of exactly 1 s may read a hair longer
RELAXED_SUFFIXES = frozenset({".mp4", ".mov", ".mkv"})  # what holds H.264 and the sound as it is
FRAME_FLICKS = FrameRate.FPS_25.flicks_per_frame  # of the timecode, for sound
CHOOSE = "choose a file for it in the editor"
MEASURE = "choose the file again in the editor, which measures it"


def check_media(script: Script, media: Mapping[str, MediaFacts], folder: str) -> Iterator[Finding]:
    """What is wrong with the media of a show; `folder` is where the files were looked for."""
    users: dict[str, list[MediaCue]] = defaultdict(list)
    for cue in script.cues():
        if not isinstance(cue, MediaCue):
            continue
        if cue.media is None or not cue.media.file_name:
            yield script.finding(
                cue,
                worst_for([cue]),
                "no-media",
                field="Media",
                text="it has no media file: expected one, there is nothing to play",
                remedy=CHOOSE,
            )
            continue
        users[cue.media.file_name].append(cue)
        yield from _never_heard(script, cue, cue.media)
    for name, cues in users.items():
        facts = media.get(name, UnmeasuredMedia())
        yield from _of_file(script, name, facts, cues, folder)
        if isinstance(facts, MeasuredMedia):
            for cue in cues:
                yield from _of_cue(script, cue, facts)


def _of_file(
    script: Script, name: str, facts: MediaFacts, cues: list[MediaCue], folder: str
) -> Iterator[Finding]:
    match facts:
        case MissingMedia(similar):
            there = f"; there is {similar!r}" if similar else ""
            text = f"there is no {name!r} in {folder}{there}"
            remedy = "rename it" if similar else "copy it there, or choose another file"
            yield _broken(script, "media-missing", name, cues, text, remedy)
        case EmptyMedia():
            text = f"{name!r} has no bytes: copying it went wrong"
            yield _broken(script, "media-empty", name, cues, text, "copy it to the library again")
        case UnreadableMedia(reason):
            text = f"{name!r} cannot be played: {reason}"
            remedy = "open it in a player; if that fails too, export it again"
            yield _broken(script, "media-unreadable", name, cues, text, remedy)
        case UnmeasuredMedia(reason) if reason:
            yield script.finding(
                cues[0],
                Severity.WARNING,
                "media-unmeasured",
                field="Media/file_name",
                value=name,
                text=f"{name!r} was not examined: {reason}",
                remedy="check the disk it is on, and run this again",
            )
        case UnmeasuredMedia():
            return
        case MeasuredMedia():
            yield from _measured(script, name, facts, cues)
        case _:
            assert_never(facts)


def _broken(
    script: Script, code: str, name: str, cues: list[MediaCue], text: str, remedy: str
) -> Finding:
    others = f"; {named(cues)} play it" if len(cues) > 1 else ""
    return script.finding(
        cues[0],
        worst_for(cues),
        code,
        field="Media/file_name",
        value=name,
        text=text + others,
        remedy=remedy,
    )


def _measured(
    script: Script, name: str, facts: MeasuredMedia, cues: list[MediaCue]
) -> Iterator[Finding]:
    sounding = [cue for cue in cues if isinstance(cue, AudioCue)]
    showing = [cue for cue in cues if isinstance(cue, VideoCue)]
    if sounding and facts.sound is None:
        text = f"{name!r} has no sound in it: an audio cue needs an audio stream"
        remedy = "choose another file, or make it a video cue"
        yield _broken(script, "no-sound", name, list(sounding), text, remedy)
    if showing and facts.picture is None:
        text = f"{name!r} has no picture in it: a video cue needs a video stream"
        remedy = "choose another file, or make it an audio cue"
        yield _broken(script, "no-picture", name, list(showing), text, remedy)
    if sounding and facts.sound is not None:
        yield from _unusual_sound(script, name, facts.sound, sounding[0])
    if showing and facts.picture is not None and facts.picture.key_frames is not None:
        yield from _long_gop(script, name, facts.picture, facts.picture.key_frames, showing[0])


def _unusual_sound(script: Script, name: str, sound: Sound, cue: AudioCue) -> Iterator[Finding]:
    if sound.rate_hz and sound.rate_hz not in USUAL_RATES_HZ:
        yield script.finding(
            cue,
            Severity.ADVICE,
            "sample-rate",
            field="Media/file_name",
            value=sound.rate_hz,
            text=f"{name!r} is sampled at {sound.rate_hz} Hz and is resampled while it plays;"
            " usual is 48000",
            remedy="convert it once:",
            command=shlex.join(
                ("ffmpeg", "-i", name, "-ar", "48000", f"{PurePosixPath(name).stem}-48k.wav")
            ),
        )
    if sound.channels > USUAL_CHANNELS:
        yield script.finding(
            cue,
            Severity.ADVICE,
            "channels",
            field="Media/file_name",
            value=sound.channels,
            text=f"{name!r} has {sound.channels} channels; two are played, or all mixed to two",
            remedy="split it into a stereo file for each pair of outputs",
        )


def _long_gop(
    script: Script, name: str, picture: Picture, key_frames: KeyFrames, cue: VideoCue
) -> Iterator[Finding]:
    if key_frames.longest_flicks <= LONGEST_GOP_FLICKS + ROUNDED_FLICKS:
        return
    apart = f"{'at least ' if key_frames.or_more else ''}{_seconds(key_frames.longest_flicks)}"
    fps = round(FLICKS_PER_S / (picture.frame_flicks or FRAME_FLICKS))
    path = PurePosixPath(name)
    suffix = path.suffix if path.suffix.lower() in RELAXED_SUFFIXES else ".mkv"
    codec = "libx264", "-crf", "16", "-preset", "slow", "-pix_fmt", "yuv420p"
    yield script.finding(
        cue,
        Severity.ADVICE,
        "long-gop",
        field="Media/file_name",
        value=_seconds(key_frames.longest_flicks),
        text=f"{name!r} ({picture.codec}) has key frames {apart} apart: a jump into it, or joining"
        " it late, costs 0.1 to 0.5 s; with 1 s it is 0.03 s",
        remedy="re-encode it with a key frame every second:",
        command=shlex.join(
            ("ffmpeg", "-i", name, "-c:v", *codec, "-g", str(fps), "-c:a", "copy",
             f"{path.stem}-gop{suffix}")
        ),
    )  # fmt: skip


# ---- a cue's own figures


def _never_heard(script: Script, cue: MediaCue, media: Media) -> Iterator[Finding]:
    """Bodies that are over when they begin, and regions that are."""
    if body_flicks(cue) == 0:
        field, value, text, remedy = _why_nothing(cue, media)
        yield script.finding(
            cue,
            worst_for([cue]),
            "zero-length",
            field=field,
            value=value,
            text=f"{text}: it would be over the moment it starts",
            remedy=remedy,
        )
        return
    for region, segment in zip(media.regions, segments(cue), strict=False):
        if not segment.flicks:
            yield script.finding(
                cue,
                Severity.WARNING,
                "empty-region",
                field=f"Region {region.id}",
                value=to_duration_text(region.out_flicks),
                text=f"its region {region.id} starts at {to_duration_text(region.in_flicks)} and"
                f" ends at {to_duration_text(segment.end)}: expected an end after its start",
                remedy="set its in and out points again",
            )


def _why_nothing(cue: MediaCue, media: Media) -> tuple[str, str, str, str]:
    """Field, value, text and remedy of a body that takes no time."""
    lasts = sum(segment.flicks * (segment.plays or 1) for segment in segments(cue))
    if lasts:
        offset, end = to_duration_text(cue.offset_flicks), to_duration_text(lasts)
        text = f"its offset {offset} is not before its end at {end}"
        return "offset", offset, text, "make its offset shorter"
    duration = to_duration_text(media.duration_flicks)
    if media.regions and media.duration_flicks:
        text = "none of its regions ends after it starts"
        return "regions", duration, text, "set their in and out points again"
    return "Media/duration", duration, "the script says that its media lasts 0 s", MEASURE


def _of_cue(script: Script, cue: MediaCue, facts: MeasuredMedia) -> Iterator[Finding]:
    media, stream = cue.media, facts.sound if isinstance(cue, AudioCue) else facts.picture
    if media is None or stream is None or (isinstance(stream, Picture) and stream.still):
        return
    frame = (isinstance(stream, Picture) and stream.frame_flicks) or FRAME_FLICKS
    lengths = [each for each in (stream.duration_flicks, facts.duration_flicks) if each is not None]
    if not lengths:
        return
    yield from _regions_outside(script, cue, media, max(lengths) + frame)
    is_played_to_end = not media.regions or any(not each.out_flicks for each in media.regions)
    if (
        is_played_to_end
        and media.duration_flicks
        and all(abs(media.duration_flicks - each) > frame for each in lengths)
    ):
        yield _wrong_duration(script, cue, media, lengths[0])


def _regions_outside(script: Script, cue: MediaCue, media: Media, limit: int) -> Iterator[Finding]:
    for region in media.regions:
        if region.out_flicks > limit:
            yield script.finding(
                cue,
                Severity.WARNING,
                "region-outside",
                field=f"Region {region.id}",
                value=to_duration_text(region.out_flicks),
                text=f"its region {region.id} ends at {to_duration_text(region.out_flicks)}, after"
                f" the end of {media.file_name!r}",
                remedy="set its out point again",
            )


def _wrong_duration(script: Script, cue: MediaCue, media: Media, lasts: int) -> Finding:
    apart = media.duration_flicks - lasts
    if apart < 0:
        effect = f"its last {_seconds(-apart)} are not played"
    elif isinstance(cue, AudioCue):
        effect = f"{_seconds(apart)} of silence at its end"
    else:
        effect = f"its last frame stands for {_seconds(apart)}"
    return script.finding(
        cue,
        Severity.WARNING,
        "duration",
        field="Media/duration",
        value=to_duration_text(media.duration_flicks),
        text=f"the script says that {media.file_name!r} lasts"
        f" {to_duration_text(media.duration_flicks)}, the file lasts {to_duration_text(lasts)}:"
        f" {effect}",
        remedy=MEASURE,
    )


def _seconds(flicks: int) -> str:
    return f"{divide_nearest(100 * flicks, FLICKS_PER_S) / 100:g} s"
