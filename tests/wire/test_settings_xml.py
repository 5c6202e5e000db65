import re

import pytest

from cuems.core.cues import NodeId
from cuems.wire.file_faults import ProjectFileError
from cuems.wire.settings_xml import (
    AudioMixerSettings,
    AudioPlayerSettings,
    DmxPlayerSettings,
    HostSettings,
    NodeSettings,
    VideoPlayerSettings,
    read_project_settings,
    read_settings,
    write_project_settings,
    write_settings,
)

SHIPPED = """<?xml version="1.0" encoding="UTF-8"?>
<cms:CuemsSettings xmlns:cms="https://stagelab.coop/cuems/">
  <Settings>
    <conf_path>/etc/cuems</conf_path>
    <library_path>/opt/cuems_library</library_path>
    <tmp_path>/tmp/cuems</tmp_path>
    <database_name>project-manager.db</database_name>
    <show_lock_file>show.lock</show_lock_file>
    <editor_url>formitgo.local</editor_url>
    <controller_url>controller.local</controller_url>
    <templates_path>/usr/share/cuems</templates_path>
    <controller_interfaces_template>interfaces.controller</controller_interfaces_template>
    <node_interfaces_template>interfaces.node</node_interfaces_template>
    <controller_lock_file>controller.lock</controller_lock_file>
    <node>
      <uuid>stage-left</uuid>
      <mac>2cf05d21cca3</mac>
      <osc_dest_host>localhost</osc_dest_host>
      <oscquery_ws_port>9190</oscquery_ws_port>
      <oscquery_osc_port>9191</oscquery_osc_port>
      <websocket_port>9092</websocket_port>
      <load_timeout>15000</load_timeout>
      <nodeconf_timeout>5000</nodeconf_timeout>
      <discovery_timeout>15000</discovery_timeout>
      <mtc_port>Midi Through Port-0</mtc_port>
      <osc_in_port_base>7000</osc_in_port_base>
      <nng_hub_port>9093</nng_hub_port>
      <gradient_osc_port>7100</gradient_osc_port>
      <videoplayer>
        <path>/usr/bin/cuems-videocomposer</path>
        <args></args>
        <outputs>2</outputs>
        <osc_port>7001</osc_port>
        <output_latency_ms>auto</output_latency_ms>
      </videoplayer>
      <audioplayer>
        <path>/usr/bin/cuems-audioplayer</path>
        <args>-w -1</args>
        <audio_cards>1</audio_cards>
        <output_latency_ms>12</output_latency_ms>
      </audioplayer>
      <audiomixer>
        <path>/usr/bin/jack-volume</path>
        <args/>
      </audiomixer>
      <dmxplayer>
        <path>/usr/bin/cuems-dmxplayer</path>
        <args/>
        <universes>1</universes>
        <output_latency_ms>35</output_latency_ms>
      </dmxplayer>
    </node>
  </Settings>
</cms:CuemsSettings>
"""
VALUES = HostSettings(
    node=NodeSettings(
        uuid=NodeId("stage-left"),
        mac="2cf05d21cca3",
        video_player=VideoPlayerSettings(path="/usr/bin/cuems-videocomposer", osc_port=7001),
        audio_player=AudioPlayerSettings(
            path="/usr/bin/cuems-audioplayer", args="-w -1", output_latency_ms=12
        ),
        audio_mixer=AudioMixerSettings(path="/usr/bin/jack-volume"),
        dmx_player=DmxPlayerSettings(path="/usr/bin/cuems-dmxplayer", output_latency_ms=35),
    )
)


def told(text: str) -> str:
    with pytest.raises(ProjectFileError) as refusal:
        read_settings(text.encode(), "settings.xml")
    return str(refusal.value)


def test_the_shipped_settings_are_the_defaults() -> None:
    assert read_settings(SHIPPED.encode(), "settings.xml") == VALUES


def test_a_host_may_have_no_players() -> None:
    text = re.sub("<videoplayer>.*</dmxplayer>", "", SHIPPED, flags=re.DOTALL)
    node = read_settings(text.encode(), "settings.xml").node
    assert node == NodeSettings(uuid=NodeId("stage-left"), mac="2cf05d21cca3")


def test_what_is_written_reads_back_equal() -> None:
    bare = HostSettings(
        node=NodeSettings(
            uuid=NodeId("a"),
            mac="b",
            video_player=VideoPlayerSettings(path="v", output_latency_ms=500),
            dmx_player=DmxPlayerSettings(path="d", args="--x"),
        )
    )
    alone = HostSettings(node=NodeSettings(uuid=NodeId("a"), mac="b"))
    for settings in (VALUES, bare, alone):
        assert read_settings(write_settings(settings), "settings.xml") == settings


def test_absent_latencies_are_the_players_own() -> None:
    text = re.sub("<output_latency_ms>.*?</output_latency_ms>", "", SHIPPED)
    node = read_settings(text.replace("<osc_port>7001</osc_port>", "").encode(), "s").node
    assert node.video_player == VideoPlayerSettings(path="/usr/bin/cuems-videocomposer")
    assert node.dmx_player == DmxPlayerSettings(path="/usr/bin/cuems-dmxplayer")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("<conf_path>/etc/cuems", "<conf_path>", "4: CuemsSettings/Settings/conf_path: '': exp"),
        (">9190<", ">80<", "node/oscquery_ws_port: '80': expected a whole number from 1024 to 65"),
        (">9093<", ">65536<", "node/nng_hub_port: '65536': expected a whole number from 1024"),
        (">5000<", ">0<", "node/nodeconf_timeout: '0': expected a whole number from 1"),
        (">12<", ">501<", "output_latency_ms: '501': expected a whole number from 0 to 500"),
        (">35<", ">auto<", "dmxplayer/output_latency_ms: 'auto': expected a whole number from 0"),
        ("<universes>1</universes>", "", "dmxplayer: '': expected an element <universes>"),
        ("<uuid>stage-left</uuid>", "<uuid/>", "node/uuid: '': expected 1 to 4096 characters"),
        ("<node>", "<extra/><node>", "Settings/extra: 'extra': expected no such element"),
    ],
)
def test_a_rule_that_is_broken_is_told(old: str, new: str, expected: str) -> None:
    assert expected in told(SHIPPED.replace(old, new, 1))


def test_settings_without_a_node_or_without_any_are_refused() -> None:
    no_node = re.sub("<node>.*</node>", "", SHIPPED, flags=re.DOTALL)
    assert told(no_node) == "settings.xml:3: CuemsSettings/Settings: '': expected an element <node>"
    nothing = re.sub("<Settings>.*</Settings>", "", SHIPPED, flags=re.DOTALL)
    assert told(nothing) == "settings.xml:2: CuemsSettings: '': expected an element <Settings>"


def test_project_settings_are_names_and_values_in_file_order() -> None:
    settings = (("b", "1"), ("a", ""))
    assert read_project_settings(write_project_settings(settings), "settings.xml") == settings
    assert read_project_settings(write_project_settings(()), "settings.xml") == ()


def test_a_project_setting_without_a_value_is_told() -> None:
    data = write_project_settings((("b", "1"),)).replace(b"<value>1</value>", b"")
    with pytest.raises(ProjectFileError, match="setting: '': expected an element <value>"):
        read_project_settings(data, "settings.xml")
