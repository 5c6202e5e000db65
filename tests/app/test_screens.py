"""On a real X server of two monitors: every picture on the screens that its cue names."""

import json
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from anyio.to_thread import run_sync
from click.testing import CliRunner

from cuems.app.faders import Faders
from cuems.cli.doctor import doctor
from cuems.core.check_outputs import Output
from cuems.core.cues import CueId, Media, NodeId, VideoCue, VideoOutput
from cuems.core.effects import Arm, Start
from cuems.players import PlayerConfig
from cuems.players.outputs import Machine, choose_outputs
from cuems.players.surface import CannotSetError, setting
from cuems.wire.mappings_xml import Device, MappedNode, Mappings, Port, write_mappings
from cuems.wire.settings_xml import HostSettings, NodeSettings, write_settings
from tests.app.test_stage import MPV, open_house, wrapper
from tests.build import NODE
from tests.media import flicks, write_y4m
from tests.screen import Screen, open_screen

pytestmark = pytest.mark.slow

SECOND, BOTH, ABSENT = CueId("second"), CueId("both"), CueId("absent")
LUMA = {SECOND: 80, BOTH: 235}
MAPPED = (Output("0", "HDMI-A-1"), Output("1", "DP-2"), Output("2", "HDMI-A-3"))
X11 = Machine(x11=True, wayland=False, drm=False, jack=False, sound=False)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with open_screen("HDMI-1", "DP-2") as screen:
        monkeypatch.setenv("DISPLAY", screen.name)
        yield screen


def picture(cue: CueId, *outputs: str) -> VideoCue:
    names = tuple(VideoOutput(output_name=f"{NODE}_{output}") for output in outputs)
    media = Media(file_name=f"{cue}.y4m", duration_flicks=flicks(20))
    return VideoCue(id=cue, name=cue, media=media, outputs=names)


def start(cue: CueId) -> Start:
    return Start(cue=cue, run_seq=1, start=0, elapsed=0)


def is_of(cue: CueId, grey: int) -> bool:
    return abs(grey - (LUMA[cue] - 16) * 255 / 219) < 8


def test_a_doctor_tells_the_screens_and_which_mapped_one_is_missing(
    tmp_path: Path, screen: Screen
) -> None:
    ports = tuple(
        Port(id=int(one.id), name=one.physical, mapped_to=(one.physical,)) for one in MAPPED
    )
    here = MappedNode(uuid=NodeId(NODE), mac="m", video=Device(outputs=ports))
    mappings = Mappings(number_of_nodes=1, nodes=(here,))
    (tmp_path / "default_mappings.xml").write_bytes(write_mappings(mappings))
    settings = HostSettings(node=NodeSettings(uuid=NodeId(NODE), mac="m"))
    (tmp_path / "settings.xml").write_bytes(write_settings(settings))
    told = CliRunner().invoke(doctor, ["--config", str(tmp_path), "--json"], standalone_mode=False)
    found = [each for each in json.loads(told.stdout)["findings"] if each["what"] == "screens"]
    assert [(each["verdict"], each["text"]) for each in found] == [
        ("ok", "connected: HDMI-1, DP-2"),
        ("error", "video output 2 is mapped to HDMI-A-3; connected: HDMI-1, DP-2"),
    ]


async def test_every_picture_is_on_the_screens_that_its_cue_names(
    tmp_path: Path, screen: Screen
) -> None:
    (tmp_path / "media").mkdir()
    for cue in (SECOND, BOTH, ABSENT):
        write_y4m(tmp_path / "media" / f"{cue}.y4m", 500, luma=LUMA.get(cue, 200))
    config = PlayerConfig(
        mpv=wrapper(tmp_path, MPV),
        video_output="x11",
        audio_output="null",
        node=NodeId(NODE),
        video_outputs=MAPPED,
    )
    pictures = picture(SECOND, "1"), picture(BOTH, "0", "1"), picture(ABSENT, "0", "2")
    outputs = choose_outputs(config, X11)
    with anyio.fail_after(60):
        async with open_house(tmp_path, *pictures, config=config, outputs=outputs) as house:
            house.stage.perform(Arm(cue=ABSENT))
            assert await house.broken() == (
                "absent: there is no screen HDMI-A-3; connected: HDMI-1, DP-2; connect and switch"
                " it on, or map the output to one of those in default_mappings.xml"
            )
            for cue in (SECOND, BOTH):
                house.stage.perform(Arm(cue=cue))
                assert await house.armed() == cue
            assert (screen.grey(0), screen.grey(1)) == (0, 0)
            house.stage.perform(start(SECOND))
            assert is_of(SECOND, (await run_sync(screen.next_greys, 2, 1))[1])
            assert screen.grey(0) == 0
            house.stage.perform(start(BOTH))
            assert is_of(BOTH, (await run_sync(screen.next_greys, 2, 0))[1])
            while not is_of(BOTH, screen.grey(1)):  # noqa: ASYNC110 - nothing tells of a pixel
                await anyio.sleep(0.01)
            faders, layer = Faders(None), f"video/0/videocomposer/layer/{BOTH}_1"
            faders.set(layer, setting(f"{layer}/opacity", (0.0,)), house.stage)
            while screen.grey(1) != 0:  # noqa: ASYNC110
                await anyio.sleep(0.01)
            assert is_of(BOTH, screen.grey(0))
            with pytest.raises(CannotSetError, match="mpv has opacity and scale of a layer"):
                faders.set(layer, setting(f"{layer}/rotation", (1.0,)), house.stage)
