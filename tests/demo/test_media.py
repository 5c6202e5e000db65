import io
import wave
from array import array

import pytest

from cuems.demo.media import (
    FRAMES_PER_S,
    FULL_SCALE,
    HEIGHT,
    MARKER_WIDTH,
    PEAK,
    WHITE,
    WIDTH,
    colour_bars,
    struck,
    tone,
)

LUMA_BYTES = WIDTH * HEIGHT
FRAME_BYTES = LUMA_BYTES * 3 // 2


def samples(sound: bytes) -> "array[int]":
    with wave.open(io.BytesIO(sound), "rb") as file:
        return array("h", file.readframes(file.getnframes()))


def frames(clip: bytes) -> list[bytes]:
    _header, *rest = clip.split(b"FRAME\n")
    return rest


def test_a_tone_lasts_exactly_as_long_as_asked() -> None:
    with wave.open(io.BytesIO(tone(struck(440.0, decay_s=0.5), 2)), "rb") as file:
        assert (file.getnframes(), file.getframerate()) == (96_000, 48_000)
        assert (file.getnchannels(), file.getsampwidth()) == (2, 2)


def test_a_tone_is_of_moderate_level_alike_on_both_sides_and_begins_and_ends_in_silence() -> None:
    sound = samples(tone(struck(440.0, decay_s=0.5), 1))
    assert max(map(abs, sound)) == round(PEAK * FULL_SCALE)
    assert sound[0::2] == sound[1::2]
    assert sound[0] == sound[-1] == 0


def test_a_struck_tone_dies_away() -> None:
    sound = samples(tone(struck(440.0, decay_s=0.3), 2))
    first, last = sound[: len(sound) // 4], sound[-len(sound) // 4 :]
    assert max(map(abs, last)) < max(map(abs, first)) / 20


def test_a_note_may_begin_later() -> None:
    sound = samples(tone(struck(440.0, decay_s=0.3, begin_s=0.5), 1))
    assert set(sound[:48_000]) == {0}
    assert any(sound[48_000:])


@pytest.mark.parametrize("duration_s", [1, 4])
def test_the_clip_has_every_frame_whole(duration_s: int) -> None:
    clip = colour_bars(duration_s)
    assert clip.startswith(b"YUV4MPEG2 W224 H126 F25:1 ")
    assert [len(frame) for frame in frames(clip)] == [FRAME_BYTES] * FRAMES_PER_S * duration_s


def test_the_marker_crosses_the_picture_once_from_left_to_right() -> None:
    places = []
    for frame in frames(colour_bars(4)):
        last_row = frame[LUMA_BYTES - WIDTH : LUMA_BYTES]
        assert last_row.count(WHITE) == MARKER_WIDTH
        places.append(last_row.index(WHITE))
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, WIDTH - MARKER_WIDTH)


def test_the_seven_bars_fall_in_brightness() -> None:
    (frame, *_) = frames(colour_bars(1))
    row = list(frame[:WIDTH])
    assert len(set(row)) == 7
    assert row == sorted(row, reverse=True)
