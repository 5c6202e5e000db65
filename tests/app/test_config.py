"""What a run is told, from the command line, the machine's files and the defaults."""

import os
import pwd
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cuems.adapters.files import FileError
from cuems.app.config import ConfigError, Flags, Role, read_config
from cuems.app.doors import to_address
from cuems.core.check_outputs import Output
from cuems.core.cues import NodeId
from cuems.players import AudioProgram
from cuems.wire.file_faults import ProjectFileError
from cuems.wire.mappings_xml import Device, MappedNode, Mappings, Port, write_mappings
from cuems.wire.network_map_xml import MapNode, NetworkMap, NodeRole, write_network_map
from cuems.wire.settings_xml import (
    AudioPlayerSettings,
    HostSettings,
    NodeSettings,
    write_settings,
)

HERE = NodeId("11111111-1111-4111-8111-111111111111")
THERE = NodeId("22222222-2222-4222-8222-222222222222")


def flags(folder: Path, config: Path | None = None) -> Flags:
    return Flags(role=Role.NODE, state=folder / "state", config=config)


def configured(folder: Path, node: NodeSettings, *others: MapNode) -> Path:
    config = folder / "etc"
    config.mkdir()
    (config / "settings.xml").write_bytes(
        write_settings(HostSettings(node=node, library_path="/srv/library"))
    )
    if others:
        (config / "network_map.xml").write_bytes(write_network_map(NetworkMap(others)))
    return config


def on_map(uuid: NodeId, role: NodeRole, ip: str) -> MapNode:
    return MapNode(uuid=uuid, mac="0242ac110002", name="x", role=role, ip=ip, adopted=True)


def test_without_configuration_everything_has_a_default(tmp_path: Path) -> None:
    config = read_config(flags(tmp_path))
    assert config.embedded
    assert config.control == ("127.0.0.1", 9190)
    assert config.bus_url == "tcp://127.0.0.1:9093"
    assert config.midi_port == ""
    assert config.node == (tmp_path / "state" / "identity").read_text()


def test_the_outputs_of_a_node_are_those_of_its_mappings(tmp_path: Path) -> None:
    config = configured(tmp_path, NodeSettings(uuid=HERE, mac="m"))
    players = read_config(flags(tmp_path, config)).players
    assert (players.audio_outputs, players.video_outputs) == (None, None)
    screen = Device(outputs=(Port(id=4, name="s", mapped_to=("HDMI-A-1",)),))
    mapped = MappedNode(uuid=HERE, mac="m", video=screen)
    mappings = Mappings(number_of_nodes=1, nodes=(mapped,))
    (config / "default_mappings.xml").write_bytes(write_mappings(mappings))
    players = read_config(flags(tmp_path, config)).players
    assert (players.audio_outputs, players.video_outputs) == ((), (Output("4", "HDMI-A-1"),))


def test_the_ecosystems_settings_are_used_where_nothing_is_said(tmp_path: Path) -> None:
    node = NodeSettings(uuid=HERE, mac="m", oscquery_ws_port=9290, nng_hub_port=5555)
    config = read_config(flags(tmp_path, configured(tmp_path, node)))
    assert not config.embedded
    assert config.node == HERE
    assert config.library == Path("/srv/library")
    assert config.control == ("127.0.0.1", 9290)
    assert config.bus_url == "tcp://127.0.0.1:5555"
    assert config.midi_port == "Midi Through Port-0"
    assert 5555 in config.players.excluded_ports


def test_what_is_said_goes_before_what_is_written(tmp_path: Path) -> None:
    said = replace(
        flags(tmp_path, configured(tmp_path, NodeSettings(uuid=HERE, mac="m"))),
        library=tmp_path,
        control="[::1]:80",
        bus="tcp://10.0.0.1:1",
        mtc="internal",
    )
    config = read_config(said)
    assert config.library == tmp_path
    assert config.control == ("::1", 80)
    assert config.bus_url == "tcp://10.0.0.1:1"
    assert config.midi_port is None


def test_a_node_dials_the_controller_of_the_network_map(tmp_path: Path) -> None:
    others = (
        on_map(HERE, NodeRole.NODE, "10.0.0.2"),
        on_map(THERE, NodeRole.CONTROLLER, "10.0.0.1"),
    )
    folder = configured(tmp_path, NodeSettings(uuid=HERE, mac="m"), *others)
    assert read_config(flags(tmp_path, folder)).bus_url == "tcp://10.0.0.1:9093"


def test_the_controller_of_the_network_map_is_here_for_itself(tmp_path: Path) -> None:
    here = on_map(HERE, NodeRole.CONTROLLER, "10.0.0.2")
    folder = configured(tmp_path, NodeSettings(uuid=HERE, mac="m"), here)
    assert read_config(flags(tmp_path, folder)).bus_url == "tcp://127.0.0.1:9093"


@pytest.mark.parametrize("installed", [True, False])
def test_the_configured_audio_player_plays_where_it_is_installed(
    tmp_path: Path, installed: bool
) -> None:
    path = sys.executable if installed else "/nowhere/cuems-audioplayer"
    player = AudioPlayerSettings(path=path, args="-w -1", output_latency_ms=20)
    node = NodeSettings(uuid=HERE, mac="m", audio_player=player)
    program = read_config(flags(tmp_path, configured(tmp_path, node))).players.audio_program
    expected = AudioProgram(path=path, args=("-w", "-1"), output_latency_ms=20)
    assert program == (expected if installed else None)


def test_a_port_name_is_chased(tmp_path: Path) -> None:
    config = read_config(replace(flags(tmp_path), mtc="Desk"))
    assert config.chases
    assert config.midi_port == "Desk"


def test_a_folder_without_settings_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"settings\.xml: No such file"):
        read_config(flags(tmp_path, tmp_path))


def test_settings_that_cannot_be_believed_are_named_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "settings.xml").write_text("<nonsense/>\n")
    with pytest.raises(ProjectFileError, match=r"settings\.xml:1: "):
        read_config(flags(tmp_path, tmp_path))


@pytest.mark.parametrize(
    "text", ["9190", "host", "host:", ":80", "host:port", "host:80/x", "a:99999"]
)
def test_an_address_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="expected HOST:PORT"):
        to_address("--control", text)


def test_whose_programs_may_be_the_editor_is_root_ourselves_and_who_is_named(
    tmp_path: Path,
) -> None:
    def users(name: str | None) -> frozenset[int]:
        return read_config(replace(flags(tmp_path), ipc_user=name)).ipc_users

    own = {0, os.geteuid()}
    assert users(None) == own
    assert users("12345") == {*own, 12345}
    assert users(pwd.getpwuid(1).pw_name) == {*own, 1}
    with pytest.raises(ConfigError, match="--ipc-user 'ghost': there is no such user"):
        users("ghost")
