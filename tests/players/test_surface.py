import pytest

from cuems.core.bus import PlayerValue
from cuems.core.cues import CueId
from cuems.players.dmx_player import scene_now
from cuems.players.surface import (
    CannotSetError,
    SetCueVolume,
    SetFader,
    Setting,
    TellComposer,
    TellDmxPlayer,
    path_for,
    setting,
)
from cuems.wire.osc import Osc

NODE = "11111111-1111-4111-8111-111111111111"
CORNERS = (0.1, 0, 1, 1, 0.5, 0.5, 0, 0, 1, 0, 0.25, 1)  # as a page sends them


def composer(address: str, *args: float) -> TellComposer:
    return TellComposer(Osc(f"/videocomposer/{address}", args))


def dmx(address: str, *args: int) -> TellDmxPlayer:
    return TellDmxPlayer(Osc(address, args))


@pytest.mark.parametrize(
    ("path", "values", "wanted"),
    [
        ("audio/mixer/0/master/volume", (1,), SetFader("master", 1.0)),
        ("audio/mixer/0/3/volume", (0.5,), SetFader("3", 0.5)),
        ("audiomixer/2", (2,), SetFader("2", 2.0)),
        ("audio/cue/abc/0/volume", (7,), SetCueVolume(CueId("abc"), "0", 1.0)),
        ("audio/cue/abc/master/volume", (0,), SetCueVolume(CueId("abc"), "master", 0.0)),
        ("video/mixer/0/xscale", (1,), composer("master/xscale", 1.0)),
        ("video/mixer/0/4/corner4", (1, -0.5), composer("master/corner4", 1.0, -0.5)),
        ("video/1/videocomposer/layer/c_0/scale", (1, 0.5), composer("layer/c_0/scale", 1.0, 0.5)),
        ("video/videocomposer/layer/c_0/corner_deform", CORNERS,
         composer("layer/c_0/corner_deform", *map(float, CORNERS))),
        ("video/videocomposer/layer/c_0/visible", (1.0,), composer("layer/c_0/visible", 1)),
        ("video/videocomposer/osd/text", ("hello",),
         TellComposer(Osc("/videocomposer/osd/text", ("hello",)))),
        ("dmx/mixer/blackout", (), dmx("/blackout")),
        ("dmx/mixer/mtcfollow", (1.0,), dmx("/mtcfollow", 1)),
        ("dmx/mixer/frame", (0, 1, 255, 2, 10), TellDmxPlayer(scene_now({0: {1: 255, 2: 10}}))),
    ],
)  # fmt: skip
def test_what_can_be_set_goes_out_with_all_its_arguments_and_the_types_of_the_player(
    path: str, values: tuple[PlayerValue, ...], wanted: Setting
) -> None:
    found = setting(path, values)
    assert found == wanted
    if isinstance(found, TellComposer) and isinstance(wanted, TellComposer):
        assert list(map(type, found.message.args)) == list(map(type, wanted.message.args))


@pytest.mark.parametrize(
    ("path", "values", "words"),
    [
        ("audio/mixer/1/master/volume", (1,), "expected audio/…, video/… or dmx/mixer/…"),
        ("audio/mixer/0/master/volume", (), "expected one gain from 0, got nothing"),
        ("audio/mixer/0/master/volume", (-1,), "expected one gain from 0, got -1"),
        ("audio/cue/abc/7/volume", (1,), "expected audio/…"),
        ("video/mixer/0/zoom", (1,), "expected xscale, yscale, corner1 to corner4, or"),
        ("video/mixer/0/4/corner4", (1,), "expected 2 numbers, got 1"),
        ("video/videocomposer/layer/c_0/opacity", ("x",), "expected a number, got 'x'"),
        ("video/videocomposer/quit", (), "the composer serves others as well"),
        ("video/videocomposer/reset", (), "the composer serves others as well"),
        ("dmx/mixer/frame", (0, 1), "expected blackout, check, mtcfollow 0|1, or frame with"),
        ("dmx/mixer/quit", (), "expected blackout"),
        ("lights", (1,), "expected audio/…"),
    ],
)
def test_what_cannot_be_set_says_what_can(
    path: str, values: tuple[PlayerValue, ...], words: str
) -> None:
    with pytest.raises(CannotSetError) as caught:
        setting(path, values)
    assert str(caught.value).startswith(f"nothing here can be set by {path}: expected ")
    assert words in str(caught.value)


def test_an_address_is_for_the_node_it_names_in_either_form() -> None:
    assert path_for(NODE, f"/{NODE}/dmx/mixer/blackout") == "dmx/mixer/blackout"
    assert path_for(NODE, f"/engine/players/{NODE}/audiomixer/0") == "audiomixer/0"
    assert path_for("other", f"/{NODE}/audiomixer/0") is None
