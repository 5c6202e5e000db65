from hypothesis import given
from hypothesis import strategies as st

from cuems.core.body import (
    body_flicks,
    iteration_flicks,
    length_flicks,
    media_position,
    next_jump,
)
from cuems.core.cues import (
    ActionCue,
    AudioCue,
    CueId,
    CueList,
    DmxCue,
    DmxScene,
    FadeCue,
    Media,
    Region,
    VideoCue,
)

CUE = CueId("c")


def audio(
    *regions: tuple[int, int, int], duration: int = 100, loop: int = 1, offset: int = 0
) -> AudioCue:
    """An audio cue; a region is (in, out, loop)."""
    media = Media(
        file_name="rain.wav",
        duration_flicks=duration,
        regions=tuple(
            Region(id=number, loop=times, in_flicks=start, out_flicks=end)
            for number, (start, end, times) in enumerate(regions)
        ),
    )
    return AudioCue(id=CUE, media=media, loop=loop, offset_flicks=offset)


def test_a_plain_cue_lasts_as_long_as_its_media() -> None:
    assert (iteration_flicks(audio()), body_flicks(audio())) == (100, 100)


def test_loop_counts_plays_and_below_one_means_until_stopped() -> None:
    assert body_flicks(audio(loop=3)) == 300
    assert [body_flicks(audio(loop=n)) for n in (0, -1)] == [None, None]
    assert iteration_flicks(audio(loop=0)) == 100


def test_an_offset_shortens_every_iteration() -> None:
    cue = audio(loop=2, offset=30)
    assert body_flicks(cue) == 140
    assert [media_position(cue, at) for at in (0, 69, 70, 139)] == [30, 99, 30, 99]


def test_an_offset_beyond_the_end_leaves_nothing() -> None:
    cue = audio(offset=130)
    assert (body_flicks(cue), media_position(cue, 0)) == (0, 100)


def test_regions_play_in_order_each_as_often_as_it_says() -> None:
    cue = audio((10, 20, 2), (50, 55, 1))
    assert body_flicks(cue) == 25
    assert [media_position(cue, at) for at in (0, 9, 10, 19, 20, 24)] == [10, 19, 10, 19, 50, 54]


def test_a_region_without_an_out_point_goes_to_the_end_of_the_file() -> None:
    cue = audio((30, 0, 2), duration=100)
    assert iteration_flicks(cue) == 140
    assert media_position(cue, 100) == 60


def test_an_offset_is_cut_from_the_head_of_the_regions() -> None:
    cue = audio((10, 20, 2), (50, 55, 1), offset=12, loop=2)
    assert body_flicks(cue) == 26
    assert [media_position(cue, at) for at in (0, 7, 8, 13, 20)] == [12, 19, 50, 12, 19]


def test_a_region_without_end_holds_the_cue_until_it_is_stopped() -> None:
    cue = audio((0, 4, 1), (10, 20, 0), (30, 40, 1), loop=5)
    assert (iteration_flicks(cue), body_flicks(cue)) == (None, None)
    assert [media_position(cue, at) for at in (3, 4, 10_004, 10_005)] == [3, 10, 10, 11]


def test_an_empty_region_is_no_stretch_even_without_end() -> None:
    cue = audio((20, 20, 0), (30, 20, 4), (40, 50, 1))
    assert (body_flicks(cue), media_position(cue, 5)) == (10, 45)


def test_outside_its_body_a_cue_stands_at_the_nearest_end() -> None:
    cue = audio((10, 20, 1), loop=2)
    assert [media_position(cue, at) for at in (-5, 20, 99)] == [10, 20, 20]


def test_an_endless_loop_of_nothing_stands_still() -> None:
    assert media_position(audio(duration=0, loop=0), 77) == 0


def test_a_cue_without_media_has_an_empty_body() -> None:
    cue = VideoCue(id=CUE, media=None)
    assert (body_flicks(cue), media_position(cue, 5)) == (0, 0)


def test_lights_last_for_both_fades_a_fade_for_its_duration_an_action_for_nothing() -> None:
    lights = DmxCue(id=CUE, scene=DmxScene(id="1"), fade_in_flicks=7, fade_out_flicks=5)
    fade = FadeCue(id=CUE, action_target=None, duration_flicks=9, loop=0)
    assert [body_flicks(cue) for cue in (lights, fade, ActionCue(id=CUE, loop=0))] == [12, 9, 0]


@given(
    regions=st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(1, 3)), min_size=1, max_size=4
    ),
    loop=st.integers(1, 3),
    offset=st.integers(0, 40),
)
def test_every_moment_is_the_one_a_written_out_playout_has(
    regions: list[tuple[int, int, int]], loop: int, offset: int
) -> None:
    cue = audio(*regions, loop=loop, offset=offset)
    once = [at for start, end, times in regions for at in list(range(start, end or 100)) * times]
    expected = once[offset:] * loop
    assert body_flicks(cue) == len(expected)
    assert [media_position(cue, at) for at in range(len(expected))] == expected


def test_the_next_jump_is_where_the_media_does_not_run_on() -> None:
    cue = audio((10, 20, 2), (50, 55, 1), loop=2)
    assert [next_jump(cue, at) for at in (0, 9, 10, 20, 25, 44, 45)] == [
        10, 10, 20, 25, 35, 45, None,
    ]  # fmt: skip
    assert next_jump(audio(), 5) is None
    assert next_jump(audio(loop=0, offset=40), 70) == 120


@given(loop=st.integers(-1, 3), offset=st.integers(0, 9), at=st.integers(0, 40))
def test_until_the_next_jump_the_media_runs_on(loop: int, offset: int, at: int) -> None:
    cue = audio((10, 13, 2), (30, 34, 1), loop=loop, offset=offset)
    whole = body_flicks(cue)
    end = next_jump(cue, at) or (at + 20 if whole is None else whole)
    places = [media_position(cue, moment) for moment in range(at, end)]
    assert places == list(range(media_position(cue, at), media_position(cue, at) + end - at))


def test_after_the_last_stretch_and_over_empty_ones_there_is_no_jump() -> None:
    empty = Region(id=0, loop=1, in_flicks=5, out_flicks=5)
    once = Region(id=1, loop=1, in_flicks=10, out_flicks=30)
    cue = AudioCue(id=CueId("a"), media=Media(file_name="a.wav", regions=(empty, once)))
    assert next_jump(cue, 0) is None
    nothing = AudioCue(id=CueId("b"), media=Media(file_name="b.wav", regions=(empty,)))
    assert next_jump(nothing, 0) is None


def test_for_people_what_has_no_end_takes_no_time() -> None:
    cues = (audio(loop=3), audio(loop=0), CueList(id=CueId("l"), contents=(audio(),)))
    assert [length_flicks(cue) for cue in cues] == [300, 0, 0]
