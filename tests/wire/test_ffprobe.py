import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.core.media_facts import KeyFrames, MeasuredMedia, Picture, Sound
from cuems.core.timecode import FLICKS_PER_S, from_ms
from cuems.wire.ffprobe import (
    FfprobeAnswerError,
    facts_argv,
    may_have_long_gops,
    packets_argv,
    read_facts,
    with_key_frames,
)

FILM = {
    "programs": [],
    "streams": [
        {"codec_name": "mjpeg", "codec_type": "video", "disposition": {"attached_pic": 1}},
        {
            "codec_name": "h264",
            "codec_type": "video",
            "avg_frame_rate": "30000/1001",
            "duration": "4.004000",
            "disposition": {"attached_pic": 0},
        },
        {
            "codec_name": "aac",
            "codec_type": "audio",
            "sample_rate": "44100",
            "channels": 2,
            "avg_frame_rate": "0/0",
            "duration": "N/A",
        },
    ],
    "format": {"format_name": "mov,mp4", "duration": "4.010000"},
}


def answer(value: object) -> bytes:
    return json.dumps(value).encode()


def packets(*rows: str, facts: MeasuredMedia | None = None) -> KeyFrames | None:
    film = read_facts(answer(FILM)) if facts is None else facts
    picture = with_key_frames(film, "\n".join(rows).encode()).picture
    assert picture is not None
    return picture.key_frames


def test_only_local_files_are_opened_whatever_a_playlist_names() -> None:
    for argv in (facts_argv("ffprobe", "/m/-a.wav"), packets_argv("ffprobe", "/m/-a.wav")):
        assert argv[argv.index("-protocol_whitelist") + 1] == "file"
        assert argv[-1] == "file:/m/-a.wav"


def test_a_film_is_its_first_sound_and_its_first_moving_picture() -> None:
    assert read_facts(answer(FILM)) == MeasuredMedia(
        duration_flicks=from_ms(4010),
        sound=Sound(codec="aac", rate_hz=44_100, channels=2),
        picture=Picture(
            codec="h264", frame_flicks=FLICKS_PER_S * 1001 // 30_000, duration_flicks=from_ms(4004)
        ),
    )


@pytest.mark.parametrize("name", ["png_pipe", "jpeg_pipe", "image2"])
def test_an_image_is_a_still(name: str) -> None:
    stream = {"codec_type": "video", "codec_name": "png", "avg_frame_rate": "25/1"}
    facts = read_facts(answer({"streams": [stream], "format": {"format_name": name}}))
    assert facts.picture is not None
    assert facts.picture.still
    assert not may_have_long_gops(facts)


def test_key_frames_are_asked_for_only_where_they_may_be_far_apart() -> None:
    film = read_facts(answer(FILM))
    assert may_have_long_gops(film)
    raw = {"streams": [{"codec_type": "video", "codec_name": "rawvideo"}]}
    assert not may_have_long_gops(read_facts(answer(raw)))
    assert not may_have_long_gops(read_facts(answer({"streams": []})))


def test_what_is_no_answer_is_an_error() -> None:
    for data in (b"", b"[]", b'{"streams": 3}', b"\xff"):
        with pytest.raises(FfprobeAnswerError):
            read_facts(data)


@given(st.binary(max_size=200))
def test_no_answer_raises_anything_else(data: bytes) -> None:
    with suppress(FfprobeAnswerError):
        read_facts(data)
    with_key_frames(read_facts(answer(FILM)), data)


def test_the_longest_way_between_key_frames_counts() -> None:
    rows = ["0.0,0.5,K_", "0.5,0.5,__", "1.0,0.5,K_", "1.5,0.5,__", "2.0,0.5,__", "2.5,0.5,K__"]
    assert packets(*rows) == KeyFrames(from_ms(1500))


def test_packets_stand_in_coding_order() -> None:
    rows = ["0.0,0.5,K_", "3.0,0.5,K_", "2.0,0.5,__", "1.0,0.5,K_"]
    assert packets(*rows) == KeyFrames(from_ms(2000))


def test_the_way_from_the_last_key_frame_to_the_end_of_a_short_file_counts() -> None:
    assert packets("0.0,1.0,K_", "1.0,1.0,__", "2.0,1.0,__") == KeyFrames(from_ms(3000))


def test_a_look_that_ends_before_the_next_key_frame_says_so() -> None:
    rows = ["0.0,0.5,K_", *(f"{second}.0,1.0,__" for second in range(1, 20))]
    assert packets(*rows) == KeyFrames(from_ms(20_000), or_more=True)
    full = ["0.0,1.0,K_", "10.0,1.0,K_", "19.0,1.0,__"]
    assert packets(*full) == KeyFrames(from_ms(10_000))


def test_rows_without_a_time_are_passed_over() -> None:
    assert packets("N/A,N/A,K_", "", "0.0,N/A,K_") == KeyFrames(0)
    assert packets("N/A,N/A,K_") is None
    assert packets("1e99,1.0,K_", "inf,1.0,K_") is None


def test_a_file_without_a_picture_stays_as_it_is() -> None:
    facts = MeasuredMedia(sound=Sound(codec="aac"))
    assert with_key_frames(facts, b"0.0,1.0,K_") == facts
