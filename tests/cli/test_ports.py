"""`cuems ports`, on this very machine."""

import json
import os
import socket
from pathlib import Path

from click.testing import CliRunner

from cuems.adapters.sockets import Holder
from cuems.app.ports import PortUse, purposes
from cuems.cli import cli
from cuems.cli.ports import to_lines
from cuems.core.cues import NodeId
from cuems.wire.settings_xml import (
    HostSettings,
    NodeSettings,
    VideoPlayerSettings,
    write_settings,
)


def test_a_port_of_the_settings_is_told_with_its_purpose_and_its_holder(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as composer:
        composer.bind(("127.0.0.1", 0))
        port = composer.getsockname()[1]
        video = VideoPlayerSettings(path="x", osc_port=port)
        node = NodeSettings(uuid=NodeId("n"), mac="m", video_player=video, nng_hub_port=5999)
        (tmp_path / "settings.xml").write_bytes(write_settings(HostSettings(node=node)))
        arguments = ["ports", "--json", "--config", str(tmp_path)]
        result = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert result.exception is None
    told = {entry["port"]: entry for entry in json.loads(result.output)}
    assert told[port]["purpose"] == "videocomposer"
    assert told[port]["holder"]["pid"] == os.getpid()
    assert told[port]["holder"]["protocol"] == "udp"
    assert told[5999] == {"port": 5999, "purpose": "node bus", "holder": None}


def test_without_settings_the_ports_are_our_own() -> None:
    known = purposes(None)
    assert (known[9190], known[9093]) == ("control surface", "node bus")


def test_a_person_reads_a_line_a_port() -> None:
    holder = Holder(9201, "udp", "127.0.0.1", 77, "mpv", "mpv --idle")
    stranger = Holder(9202, "udp", "0.0.0.0", 0, "", "")
    uses = [PortUse(9093, "node bus", None), PortUse(9201, "player", holder),
            PortUse(9202, "player", stranger)]  # fmt: skip
    assert list(to_lines(uses)) == [
        " 9093      node bus          free",
        " 9201 udp  player            mpv (77)  127.0.0.1",
        " 9202 udp  player            a process of somebody else  0.0.0.0",
    ]
