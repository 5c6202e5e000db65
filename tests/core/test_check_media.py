from dataclasses import replace

import pytest

from cuems.core.check_media import check_media
from cuems.core.cues import AnyCue, AudioCue, CueId, Media, Region, VideoCue
from cuems.core.findings import Finding, Severity
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
from cuems.core.timecode import from_ms
from tests.build import audio, video
from tests.checks import only, script, told

SECOND = from_ms(1000)
SOUND = MeasuredMedia(
    duration_flicks=SECOND,
    sound=Sound(codec="pcm", rate_hz=48_000, channels=2, duration_flicks=SECOND),
)
PICTURE = MeasuredMedia(
    duration_flicks=SECOND,
    picture=Picture(codec="h264", frame_flicks=SECOND // 50, duration_flicks=SECOND),
)


def check(facts: MediaFacts, *contents: AnyCue) -> list[Finding]:
    """The findings where every file is like that."""
    read = script(*contents)
    names = {
        cue.media.file_name
        for cue in read.cues()
        if isinstance(cue, AudioCue | VideoCue) and cue.media is not None
    }
    return list(check_media(read, dict.fromkeys(names, facts), "/lib/media"))


def with_regions(cue: AudioCue, *times_ms: tuple[int, int], lasts_ms: int = 1000) -> AudioCue:
    regions = tuple(
        Region(id=number, loop=1, in_flicks=from_ms(start), out_flicks=from_ms(end))
        for number, (start, end) in enumerate(times_ms, 1)
    )
    media = Media(file_name="r.wav", duration_flicks=from_ms(lasts_ms), regions=regions)
    return replace(cue, media=media)


def measured(sound: Sound) -> MeasuredMedia:
    return replace(SOUND, sound=sound)


def key_frames(longest_ms: int, *, or_more: bool = False) -> MeasuredMedia:
    assert PICTURE.picture is not None
    seen = KeyFrames(from_ms(longest_ms), or_more)
    return replace(PICTURE, picture=replace(PICTURE.picture, key_frames=seen))


def test_media_as_the_script_says_has_no_finding() -> None:
    assert check(SOUND, audio("a")) == []
    assert check(PICTURE, video("v")) == []


def test_a_cue_without_media_is_an_error() -> None:
    cue = AudioCue(id=CueId("a"), name="a", media=None)
    assert told(check(SOUND, cue)) == [("error", "no-media", 10)]


def test_a_missing_file_says_where_it_was_looked_for_and_what_is_there_instead() -> None:
    found = only(check(MissingMedia("A.WAV"), audio("a")))
    assert (found.severity, found.code, found.line) == (Severity.ERROR, "media-missing", 10)
    assert found.text == "there is no 'a.wav' in /lib/media; there is 'A.WAV'"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (MissingMedia(), "media-missing"),
        (EmptyMedia(), "media-empty"),
        (UnreadableMedia("Permission denied"), "media-unreadable"),
    ],
)
def test_a_file_that_cannot_play_is_told_once_for_all_its_cues(
    facts: MediaFacts, code: str
) -> None:
    again = replace(audio("b"), media=audio("a").media)
    found = only(check(facts, audio("a"), again))
    assert (found.severity, found.code, found.line) == (Severity.ERROR, code, 10)
    assert found.text.endswith("; 'a' and 'b' play it")


def test_a_file_that_only_disabled_cues_need_is_a_warning() -> None:
    assert told(check(EmptyMedia(), audio("a", enabled=False))) == [("warning", "media-empty", 10)]
    again = replace(audio("b"), media=audio("a").media)
    assert told(check(EmptyMedia(), audio("a", enabled=False), again)) == [
        ("error", "media-empty", 10)
    ]


def test_a_file_nobody_examined_is_no_finding_and_one_that_could_not_be_is() -> None:
    assert check(UnmeasuredMedia(), audio("a")) == []
    assert told(check(UnmeasuredMedia("too slow"), audio("a"))) == [
        ("warning", "media-unmeasured", 10)
    ]


def test_an_audio_cue_needs_sound_and_a_video_cue_a_picture() -> None:
    assert told(check(PICTURE, audio("a"))) == [("error", "no-sound", 10)]
    assert told(check(SOUND, video("v"))) == [("error", "no-picture", 10)]


def test_a_duration_within_a_frame_is_right() -> None:
    assert check(SOUND, audio("a", ms=1040)) == []
    assert told(check(SOUND, audio("a", ms=1041))) == [("warning", "duration", 10)]
    assert check(PICTURE, video("v", ms=1020)) == []
    assert told(check(PICTURE, video("v", ms=1021))) == [("warning", "duration", 10)]


def test_a_wrong_duration_says_what_will_be_heard() -> None:
    longer, shorter = check(SOUND, audio("a", ms=3000), audio("b", ms=400))
    assert longer.text.endswith("the file lasts 00:00:01.000: 2 s of silence at its end")
    assert shorter.text.endswith("the file lasts 00:00:01.000: its last 0.6 s are not played")
    assert only(check(PICTURE, video("v", ms=3000))).text.endswith("last frame stands for 2 s")


def test_the_length_of_the_whole_file_is_right_as_well() -> None:
    longer = replace(SOUND, duration_flicks=2 * SECOND)
    assert check(longer, audio("a", ms=2000)) == []


def test_a_still_picture_lasts_as_long_as_its_cue() -> None:
    still = MeasuredMedia(picture=Picture(codec="png", still=True))
    assert check(still, video("v", ms=60_000)) == []


def test_what_has_no_known_duration_is_not_judged() -> None:
    assert check(MeasuredMedia(sound=Sound(codec="flac")), audio("a", ms=5)) == []


def test_media_of_no_length_would_be_over_at_once() -> None:
    found = only(check(SOUND, audio("a", ms=0)))
    assert (found.severity, found.code, found.field) == (
        Severity.ERROR,
        "zero-length",
        "Media/duration",
    )


def test_an_offset_past_the_end_is_told_as_that() -> None:
    found = only(check(SOUND, audio("a", offset_flicks=SECOND)))
    assert (found.code, found.field) == ("zero-length", "offset")
    assert "its offset 00:00:01.000 is not before its end at 00:00:01.000" in found.text


def test_an_empty_region_is_a_warning_beside_others_and_an_error_alone() -> None:
    beside = with_regions(audio("a"), (0, 500), (700, 700))
    assert told(check(SOUND, beside)) == [("warning", "empty-region", 10)]
    alone = with_regions(audio("a"), (700, 600))
    assert told(check(SOUND, alone)) == [("error", "zero-length", 10)]


def test_a_region_that_ends_after_the_file_is_a_warning() -> None:
    found = only(check(SOUND, with_regions(audio("a"), (0, 500), (500, 1041))))
    assert (found.severity, found.code, found.field) == (
        Severity.WARNING,
        "region-outside",
        "Region 2",
    )


def test_the_duration_counts_for_a_region_that_goes_to_the_end_only() -> None:
    to_the_end = with_regions(audio("a"), (500, 0), lasts_ms=3000)
    assert told(check(SOUND, to_the_end)) == [("warning", "duration", 10)]
    cut = with_regions(audio("a"), (500, 700), lasts_ms=3000)
    assert check(SOUND, cut) == []


def test_an_unusual_sample_rate_is_advised_with_the_line_that_converts_it() -> None:
    found = only(check(measured(Sound(codec="pcm", rate_hz=22_050)), audio("a")))
    assert (found.severity, found.code) == (Severity.ADVICE, "sample-rate")
    assert found.command == "ffmpeg -i a.wav -ar 48000 a-48k.wav"


def test_more_channels_than_two_are_advised() -> None:
    assert told(check(measured(Sound(codec="pcm", channels=6)), audio("a"))) == [
        ("advice", "channels", 10)
    ]


def test_a_key_frame_a_second_is_good_enough() -> None:
    assert check(key_frames(1000), video("v")) == []


def test_a_long_gop_is_advised_with_the_line_that_shortens_it() -> None:
    cue = replace(video("v"), media=Media(file_name="my film.mp4", duration_flicks=SECOND))
    found = only(check(key_frames(10_000, or_more=True), cue))
    assert (found.severity, found.code, found.value) == (Severity.ADVICE, "long-gop", "10 s")
    assert "key frames at least 10 s apart" in found.text
    assert found.command == (
        "ffmpeg -i 'my film.mp4' -c:v libx264 -crf 16 -preset slow -pix_fmt yuv420p -g 50"
        " -c:a copy 'my film-gop.mp4'"
    )


def test_the_sound_of_a_film_is_not_advised_about_its_key_frames() -> None:
    film = replace(key_frames(10_000), sound=SOUND.sound)
    assert check(film, audio("a")) == []
