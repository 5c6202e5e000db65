from dataclasses import replace

import pytest

from cuems.core.check_outputs import NodeOutputs, Output, Rig
from cuems.core.cues import (
    AnyCue,
    AudioCue,
    AudioOutput,
    CanvasRegion,
    ChannelLevel,
    CueId,
    DmxCue,
    DmxScene,
    Geometry,
    Media,
    NodeId,
    Point,
    Region,
    VideoOutput,
)
from cuems.core.findings import Finding, Severity
from cuems.players import AudioProgram, PlayerConfig
from cuems.players.limits import check_players
from tests.build import NODE, audio, video
from tests.checks import only, script, told

MPV = PlayerConfig()
AUDIO_PLAYER = PlayerConfig(audio_program=AudioProgram(path="/usr/bin/cuems-audioplayer"))
HERE = NodeId(NODE)
RIG = Rig(
    file="mappings.xml",
    nodes={
        HERE: NodeOutputs(
            audio=tuple(Output(str(n), f"system:playback_{n + 1}") for n in range(4)),
            video=(Output("0", "HDMI-A-1"), Output("1", "HDMI-A-2")),
        )
    },
)


def sound(*outputs: str, percent: int = 100) -> AudioCue:
    names = tuple(AudioOutput(output_name=f"{HERE}_{output}") for output in outputs)
    return audio("a", outputs=names, master_volume_percent=percent)


def check(*cues: AnyCue, config: PlayerConfig = MPV, rig: Rig | None = RIG) -> list[Finding]:
    return list(check_players(script(*cues), config, rig))


def test_what_every_player_does_has_no_finding() -> None:
    screen = VideoOutput(output_name=f"{HERE}_0", geometry=Geometry())
    assert check(sound("0", "1", percent=40), video("v", outputs=(screen,))) == []


def test_sound_can_be_told_by_the_jack_port_too() -> None:
    assert check(sound("system:playback_1", "system:playback_2")) == []


@pytest.mark.parametrize("config", [MPV, AUDIO_PLAYER])
def test_sound_on_other_outputs_than_the_first_is_a_warning(config: PlayerConfig) -> None:
    found = only(check(sound("2", "3"), config=config))
    assert (found.severity, found.code, found.field) == (
        Severity.WARNING,
        "not-honoured",
        "outputs",
    )
    assert "it names output 2, 3" in found.text
    assert "sound is on output 0, 1 of that node" in found.text


def test_sound_by_jack_goes_where_it_says_at_the_levels_it_says() -> None:
    output = AudioOutput(output_name=f"{HERE}_3", volume_percent=50)
    assert check(audio("a", outputs=(output,)), config=PlayerConfig(audio_output="jack")) == []
    maybe = check(audio("a", outputs=(output,)))
    assert [each.field for each in maybe] == ["output_vol", "outputs"]
    assert all("where its node runs a JACK server it is as authored" in each.text for each in maybe)


def test_a_picture_on_any_screen_at_any_scale_is_as_authored() -> None:
    scaled = VideoOutput(output_name=f"{HERE}_1", geometry=Geometry(x_scale=0.5))
    assert check(video("v", outputs=(scaled, VideoOutput(output_name=f"{HERE}_0")))) == []


def test_outputs_nobody_can_look_up_are_left_to_others() -> None:
    assert check(sound("9")) == []
    assert check(sound("2", "3"), rig=None) == []


def test_levels_of_outputs_and_channels_are_not_honoured() -> None:
    output = AudioOutput(
        output_name=f"{HERE}_0", volume_percent=50, channels=(ChannelLevel(1, 30),)
    )
    found = check(audio("a", outputs=(output, AudioOutput(output_name=f"{HERE}_1"))))
    assert [each.field for each in found] == ["output_vol", "channel_vol"]
    assert "output 0 is to be at 50 %" in found[0].text
    assert "channel 1 at 30 % on output 0" in found[1].text


def test_corners_and_regions_of_pictures_are_not_honoured() -> None:
    bent = Geometry(x_scale=0.5, top_left=Point(3, 4))
    region = CanvasRegion(x=0.5, y=0, width=0.5, height=1)
    found = check(
        video("v", outputs=(VideoOutput(output_name=f"{HERE}_0", geometry=bent),)),
        video("w", outputs=(VideoOutput(output_name=f"{HERE}_custom_1", canvas_region=region),)),
    )
    assert [(each.field, each.line, each.value) for each in found] == [
        ("output_geometry", 10, "moved corners"),
        ("canvas_region", 20, "0.5,0 0.5x1"),
    ]


def test_opacity_matters_only_where_another_picture_may_lie_beneath() -> None:
    dim = video("v", opacity_percent=50)
    assert check(dim) == []
    assert only(check(dim, video("w"))).field == "opacity"


def test_lights_without_a_dmx_player_are_a_warning() -> None:
    cue = DmxCue(id=CueId("l"), name="l", scene=DmxScene(id="1"))
    found = only(check(cue))
    assert (found.severity, found.code) == (Severity.WARNING, "no-player")
    assert "no DMX output" in found.text


def test_more_loops_of_regions_than_mpv_is_given_are_an_error() -> None:
    region = Region(id=1, loop=5000, in_flicks=0, out_flicks=5)
    cue = replace(sound("0", "1"), media=Media(file_name="a.wav", regions=(region,)))
    assert told(check(cue)) == [("error", "no-player", 10)]
    assert check(cue, config=AUDIO_PLAYER) == []
