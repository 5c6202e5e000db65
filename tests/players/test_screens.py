import pytest

from cuems.core.check_outputs import Output
from cuems.core.cues import CanvasRegion, CueId, Geometry, NodeId, VideoCue, VideoOutput
from cuems.players.errors import CannotPlayError
from cuems.players.screens import Connector, Display, Screen, options, screens

NODE = NodeId("0367f391-ebf4-48b2-9f26-000000000001")
OTHER = NodeId("0367f391-ebf4-48b2-9f26-000000000002")
MAPPED = (Output("0", "HDMI-A-1"), Output("3", "DP-2"))
THERE = (Connector("HDMI-1", "/dev/dri/card0"), Connector("DP-2", "/dev/dri/card1"))


def cue(*names: str, node: str = NODE, scale: float | None = None) -> VideoCue:
    bent = None if scale is None else Geometry(x_scale=scale, y_scale=2.0)
    outputs = tuple(VideoOutput(output_name=f"{node}_{name}", geometry=bent) for name in names)
    return VideoCue(id=CueId("c"), name="sky", media=None, outputs=outputs)


def test_a_cue_is_shown_on_the_screens_that_its_outputs_are_mapped_to() -> None:
    assert screens(cue("3", "0", "3"), NODE, MAPPED) == (Screen("DP-2"), Screen("HDMI-A-1"))
    assert screens(cue("3", scale=0.5), NODE, MAPPED) == (Screen("DP-2", 0.5, 2.0),)


def test_what_names_no_output_of_this_node_is_on_its_first_screen() -> None:
    assert screens(cue(), NODE, MAPPED) == (Screen("HDMI-A-1"),)
    assert screens(cue("3", node=OTHER), NODE, MAPPED) == (Screen("HDMI-A-1"),)
    assert screens(cue(), NODE, None) == screens(cue("3"), None, None) == ()


def test_a_region_of_the_canvas_is_on_the_first_screen() -> None:
    region = CanvasRegion(x=0.5, y=0, width=0.5, height=1)
    output = VideoOutput(output_name=f"{NODE}_custom_1", canvas_region=region)
    drawn = VideoCue(id=CueId("c"), media=None, outputs=(output,))
    assert screens(drawn, NODE, MAPPED) == (Screen("HDMI-A-1"),)
    assert screens(drawn, NODE, None) == ()


def test_without_mappings_an_output_is_a_screen_by_number_or_by_name() -> None:
    assert screens(cue("1", "DP-2"), NODE, None) == (Screen(1), Screen("DP-2"))


@pytest.mark.parametrize("mapped", [MAPPED, ()])
def test_an_output_that_is_not_mapped_is_refused_with_those_that_are(
    mapped: tuple[Output, ...],
) -> None:
    with pytest.raises(CannotPlayError, match=r"sky: video output '7' is not in this node's"):
        screens(cue("7"), NODE, mapped)


@pytest.mark.parametrize(
    ("display", "told"),
    [
        (Display.NONE, ()),
        (Display.X11, ("--fs-screen=1",)),
        (Display.DRM, ("--drm-connector=DP-2", "--drm-device=/dev/dri/card1")),
    ],
)
def test_mpv_is_told_of_a_screen_in_the_words_of_its_display(
    display: Display, told: tuple[str, ...]
) -> None:
    assert options(cue("3"), [Screen("DP-2")], display, THERE) == (told,)
    assert options(cue("3"), [Screen(1)], display, THERE) == (told,)


def test_every_screen_has_a_process_with_its_own_scale() -> None:
    wanted = [Screen("DP-2", 0.5, 2.0), Screen("HDMI-A-1")]
    assert options(cue(), wanted, Display.X11, THERE) == (
        ("--fs-screen=1", "--video-scale-x=0.5", "--video-scale-y=2"),
        ("--fs-screen=0",),
    )
    assert options(cue(), [], Display.X11, THERE) == ((),)


@pytest.mark.parametrize("spelt", ["HDMI-A-1", "HDMI-1", "HDMI1", "hdmi-1"])
def test_a_connector_is_known_in_every_spelling(spelt: str) -> None:
    assert options(cue(), [Screen(spelt)], Display.X11, THERE) == (("--fs-screen=0",),)


@pytest.mark.parametrize("display", [Display.X11, Display.WAYLAND, Display.DRM])
def test_a_screen_that_is_not_there_is_refused_with_those_that_are(display: Display) -> None:
    with pytest.raises(CannotPlayError) as refused:
        options(cue(), [Screen("HDMI-A-3")], display, THERE)
    assert refused.value.problem == "there is no screen HDMI-A-3; connected: HDMI-1, DP-2"
    assert "map the output to one of those" in refused.value.remedy
    with pytest.raises(CannotPlayError, match="no screen number 3; connected: HDMI-1, DP-2"):
        options(cue(), [Screen(2)], display, THERE)
    with pytest.raises(CannotPlayError, match="connected: none"):
        options(cue(), [Screen(0)], display, ())


@pytest.mark.parametrize("display", [Display.X11, Display.WAYLAND])
def test_where_nobody_knows_the_screens_only_the_first_is_no_guess(display: Display) -> None:
    assert options(cue(), [Screen(0)], display, None) == ((),)
    for wanted, told in ((1, "number 2"), ("DP-9", "DP-9")):
        with pytest.raises(CannotPlayError, match=f"does not tell which of its screens is {told}"):
            options(cue(), [Screen(wanted)], display, None)


def test_on_wayland_mpv_takes_the_screen_that_there_is_and_cannot_choose() -> None:
    assert options(cue(), [Screen("DP-2")], Display.WAYLAND, THERE[1:]) == ((),)
    assert options(cue(), [Screen(0)], Display.WAYLAND, THERE) == ((),)
    with pytest.raises(CannotPlayError) as refused:
        options(cue(), [Screen("DP-2")], Display.WAYLAND, THERE)
    assert refused.value.problem == (
        "mpv on Wayland cannot be told which screen to take: HDMI-1, DP-2"
    )
    assert refused.value.remedy == "run an X server, or cuems-videocomposer"


@pytest.mark.parametrize("display", [Display.WAYLAND, Display.DRM])
def test_without_an_x_server_a_picture_is_on_one_screen(display: Display) -> None:
    with pytest.raises(CannotPlayError, match="shows no picture on 2 screens"):
        options(cue(), [Screen("DP-2"), Screen("HDMI-1")], display, THERE)
    assert options(cue(), [Screen("DP-9")], Display.DRM, None) == (("--drm-connector=DP-9",),)
    assert options(cue(), [Screen(0)], Display.DRM, None) == ((),)
