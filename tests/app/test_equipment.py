"""What a machine's files say of its players."""

import platform
import sys
from pathlib import Path

import pytest

from cuems.app.equipment import read_equipment
from cuems.core.cues import NodeId
from cuems.players.equipment import Composer, DmxProgram, Equipment, MixerProgram, Motions
from cuems.wire.mappings_xml import Device, MappedNode, Mappings, Port, write_mappings
from cuems.wire.settings_xml import (
    AudioMixerSettings,
    DmxPlayerSettings,
    NodeSettings,
    VideoPlayerSettings,
)

HERE = NodeId("11111111-1111-4111-8111-111111111111")


def node(path: str) -> NodeSettings:
    return NodeSettings(
        uuid=HERE,
        mac="m",
        gradient_osc_port=7199,
        audio_mixer=AudioMixerSettings(path=path, args="-v -x"),
        dmx_player=DmxPlayerSettings(path=path, output_latency_ms=35),
        video_player=VideoPlayerSettings(path=path, osc_port=7007),
    )


def test_players_that_are_installed_are_used_as_they_are_configured(tmp_path: Path) -> None:
    screen = Device(outputs=(Port(id=4, name="s", mapped_to=("HDMI-A-1", "x")),))
    mapped = MappedNode(uuid=HERE, mac="m", video=screen)
    mappings = tmp_path / "default_mappings.xml"
    mappings.write_bytes(write_mappings(Mappings(number_of_nodes=1, nodes=(mapped,))))
    (tmp_path / "display.conf").write_text("")
    assert read_equipment(node(sys.executable), tmp_path, None) == Equipment(
        mixer=MixerProgram(path=sys.executable, args=("-v", "-x")),
        dmx=DmxProgram(path=sys.executable, output_latency_ms=35),
        composer=Composer(port=7007, display_conf=str(tmp_path / "display.conf")),
        mappings_file=str(mappings),
    )


def test_players_that_are_not_there_are_not_used(tmp_path: Path) -> None:
    found = read_equipment(node("/nowhere/player"), tmp_path, None)
    assert (found.mixer, found.dmx, found.composer, found.motions) == (None, None, None, None)


def test_a_player_that_is_there_and_cannot_be_run_is_used_and_will_say_so(tmp_path: Path) -> None:
    path = tmp_path / "player"
    path.write_text("")
    assert read_equipment(node(str(path)), tmp_path, None).mixer is not None


def test_the_screens_layout_is_the_services_unless_one_lies_beside_the_settings(
    tmp_path: Path,
) -> None:
    found = read_equipment(node(sys.executable), tmp_path, None)
    assert found.composer == Composer(port=7007, display_conf="/run/cuems/display.conf")


@pytest.mark.parametrize(
    ("asked", "file", "name"),
    [
        (None, None, None),
        ("off", "ARGS=--node-name x", None),
        ("uuid", None, HERE),
        ("hostname", None, platform.node()),
        ("stage-left", None, "stage-left"),
        (None, 'ARGS="--midi-port x --node-name stage-left"', "stage-left"),
        (None, "ARGS=--node-name=stage-left", "stage-left"),
        (None, "ARGS=--log-level info", platform.node()),
    ],
)
def test_fades_are_handed_over_only_under_the_name_the_service_obeys(
    tmp_path: Path, asked: str | None, file: str | None, name: str | None
) -> None:
    if file is not None:
        (tmp_path / "gradient-motiond.env").write_text(f"{file}\n")
    found = read_equipment(node("/nowhere"), tmp_path, asked).motions
    assert found == (None if name is None else Motions(port=7199, name=name))
