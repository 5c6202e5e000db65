import pytest

from cuems.core.check_outputs import Output
from cuems.core.cues import (
    CanvasRegion,
    CueId,
    Geometry,
    Media,
    NodeId,
    Point,
    VideoCue,
    VideoOutput,
)
from cuems.core.timecode import FLICKS_PER_S, FrameRate, from_ms
from cuems.players.errors import CannotPlayError
from cuems.players.video import (
    Screens,
    Size,
    hold,
    layers,
    load,
    opacity,
    place,
    start,
    unload,
)
from cuems.wire.display_conf import read_display_conf
from cuems.wire.osc import Osc

NODE = NodeId("11111111-1111-4111-8111-111111111111")
CONF = """
[output:HDMI-A-1]
canvas_region=0,0,1920,1080
[output:HDMI-A-2]
canvas_region=1920,0,1280,720
"""
SCREENS = Screens(
    node=NODE,
    outputs=(Output("0", "HDMI-A-1"), Output("1", "HDMI-A-2"), Output("2", "DP-1")),
    mappings_file="default_mappings.xml",
    conf=read_display_conf(CONF.encode(), "display.conf"),
    conf_file="display.conf",
)
SKY = CueId("sky")
FULL_HD: Size = (1920, 1080)
FPS_25 = FrameRate.FPS_25


def sky(*outputs: VideoOutput, loop: int = 1, opacity: int = 100) -> VideoCue:
    media = Media(file_name="sky.mp4", duration_flicks=10 * FLICKS_PER_S)
    return VideoCue(
        id=SKY, name="sky", media=media, outputs=outputs, loop=loop, opacity_percent=opacity
    )


def on(name: str, geometry: Geometry | None = None) -> VideoOutput:
    return VideoOutput(output_name=f"{NODE}_{name}", geometry=geometry)


def placed(*outputs: VideoOutput, size: Size | None = FULL_HD) -> list[tuple[int, int, float]]:
    return [(one.x, one.y, round(one.x_scale, 6)) for one in layers(sky(*outputs), SCREENS, size)]


def told(messages: object) -> list[tuple[str, tuple[object, ...]]]:
    assert not isinstance(messages, Osc)
    return [
        (one.address.removeprefix("/videocomposer/layer/"), one.args)
        for one in messages  # type: ignore[attr-defined]
    ]


def test_a_picture_lies_in_the_middle_of_its_output_and_fits_it() -> None:
    assert placed(on("0")) == [(-640, 0, 1.0)]
    assert placed(on("1")) == [(960, 180, round(720 / 1080, 6))]


def test_a_small_picture_is_not_blown_up_and_a_wide_one_is_fitted() -> None:
    assert placed(on("0"), size=(640, 360))[0][2] == round(360 / 1080, 6)
    assert placed(on("1"), size=(2560, 720))[0][2] == round(1280 * 720 / (2560 * 1080), 6)
    assert placed(on("1"), size=None)[0][2] == round(720 / 1080, 6)


def test_a_region_of_the_canvas_is_a_place_as_well() -> None:
    region = CanvasRegion(x=0.5, y=0.0, width=0.25, height=0.5)
    custom = VideoOutput(output_name=f"{NODE}_custom_1", canvas_region=region)
    assert placed(custom) == [(400, 270, round(800 / 1920, 6))]


def test_a_cue_without_outputs_is_shown_on_the_first() -> None:
    assert placed() == placed(on("0"))


def test_only_the_outputs_of_this_node_have_layers() -> None:
    other = VideoOutput(output_name="22222222-2222-4222-8222-222222222222_0")
    assert [one.id for one in layers(sky(other, on("1")), SCREENS, None)] == ["sky_0"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("7", "its output 7 is not among this node's video outputs (0, 1, 2) in default_map"),
        ("2", "its output 2 is DP-1, which display.conf does not lay out"),
    ],
)
def test_an_output_that_is_not_there_says_what_was_looked_for(name: str, words: str) -> None:
    with pytest.raises(CannotPlayError) as caught:
        placed(on(name))
    assert words in str(caught.value)


def test_a_layer_is_loaded_unseen_and_others_share_it() -> None:
    stack = layers(sky(on("0"), on("1")), SCREENS, FULL_HD)
    assert told(load(stack, "/m/sky.mp4", 50)) == [
        ("load", ("/m/sky.mp4", "sky_0")),
        ("sky_0/visible", (0,)),
        ("sky_0/autounload", (1,)),
        ("sky_0/position", (-640, 0)),
        ("sky_0/scale", (1.0, 1.0)),
        ("sky_0/opacity", (0.5,)),
        ("load_shared", ("/m/sky.mp4", "sky_1", "sky_0")),
        ("sky_1/visible", (0,)),
        ("sky_1/autounload", (1,)),
        ("sky_1/position", (960, 180)),
        ("sky_1/scale", (720 / 1080, 720 / 1080)),
        ("sky_1/opacity", (0.5,)),
    ]


def test_geometry_scales_and_moves_corners() -> None:
    bent = Geometry(x_scale=0.5, y_scale=2.0, top_left=Point(3, -4), bottom_right=Point(1, 0))
    stack = layers(sky(on("0", bent)), SCREENS, FULL_HD)
    assert told(load(stack, "/m/sky.mp4", 100))[4:] == [
        ("sky_0/scale", (0.5, 2.0)),
        ("sky_0/corner4", (3.0, -4.0)),
        ("sky_0/corner2", (1.0, 0.0)),
    ]


def test_at_its_start_a_layer_is_laid_on_the_line_and_shown() -> None:
    stack = layers(sky(on("0")), SCREENS, FULL_HD)
    assert told(start(stack, sky(), from_ms(4000), 0, FPS_25)) == [
        ("sky_0/position", (-640, 0)),
        ("sky_0/scale", (1.0, 1.0)),
        ("sky_0/offset", (-98,)),  # 100 frames, less the two that an address lags
        ("sky_0/mtcfollow", (1,)),
        ("sky_0/visible", (1,)),
    ]


def test_a_looping_layer_says_so_and_every_iteration_is_laid_anew() -> None:
    stack, cue = layers(sky(on("0")), SCREENS, FULL_HD), sky(loop=0)
    assert ("sky_0/loop", (1,)) in told(start(stack, cue, 0, 0, FPS_25))
    assert told(place(stack, cue, 0, from_ms(20_000), FPS_25)) == [("sky_0/offset", (-498,))]


def test_a_position_between_frames_is_the_nearest() -> None:
    stack = layers(sky(on("0")), SCREENS, FULL_HD)
    offsets = [told(place(stack, sky(), from_ms(ms), 0, FPS_25))[0][1] for ms in (81, 99, 101)]
    assert offsets == [(0,), (0,), (-1,)]


def test_the_rest_of_its_life() -> None:
    stack = layers(sky(on("0")), SCREENS, FULL_HD)
    assert told(hold(stack)) == [("sky_0/mtcfollow", (0,))]
    assert told(opacity(stack, 1.5)) == [("sky_0/opacity", (1.0,))]
    assert told(unload(stack)) == [("sky_0/visible", (0,)), ("unload", ("sky_0",))]
