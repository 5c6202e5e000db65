"""`cuems doctor` on this very machine."""

import json
import socket
from pathlib import Path

from click.testing import CliRunner

from cuems.cli.doctor import doctor
from tests.e2e.rig import free_port

SETTINGS = "settings.xml"


def ask(tmp_path: Path, *arguments: str) -> tuple[int, dict[str, list[tuple[str, str]]]]:
    """Exit status, and (verdict, text) of everything that was looked at."""
    places = ("--state", str(tmp_path / "state"), "--library", str(tmp_path / "library"))
    result = CliRunner().invoke(doctor, [*places, "--json", *arguments], standalone_mode=False)
    assert result.exception is None, result.output
    told = json.loads(result.stdout)
    found: dict[str, list[tuple[str, str]]] = {}
    for finding in told["findings"]:
        found.setdefault(finding["what"], []).append((finding["verdict"], finding["text"]))
        assert bool(finding["remedy"]) is (finding["verdict"] != "ok")
    return result.return_value, found


def test_it_changes_nothing_and_looks_at_everything(tmp_path: Path) -> None:
    _, found = ask(tmp_path)
    assert list(tmp_path.iterdir()) == []
    looked_at = {"settings", "configuration", "state", "library", "rig key", "ports", "clock"}
    assert looked_at | {"JACK", "MIDI", "mpv", "rsync", "codecs", "processor"} <= found.keys()
    assert found["rig key"][0][0] == "warning"


def test_a_key_that_others_can_read_makes_the_machine_unfit(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    key = tmp_path / "state" / "cluster.key"
    key.write_text("00" * 32)
    key.chmod(0o644)
    status, found = ask(tmp_path)
    assert status == 1
    assert found["rig key"][0][0] == "error"


def test_settings_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    config = tmp_path / "etc"
    config.mkdir()
    (config / SETTINGS).write_text("<nonsense")
    status, found = ask(tmp_path, "--config", str(config))
    assert status == 1
    assert any(
        verdict == "error" and str(config / SETTINGS) in text
        for verdict, text in found[SETTINGS] + found["settings"]
    )


def test_a_node_says_whether_its_controller_can_be_reached(tmp_path: Path) -> None:
    with socket.socket() as controller:
        controller.bind(("127.0.0.1", 0))
        controller.listen()
        port = controller.getsockname()[1]
        status, found = ask(tmp_path, "--role", "node", "--bus", f"tcp://127.0.0.1:{port}")
    bus, joining = found["controller"]
    assert bus == ("ok", f"127.0.0.1:{port} (bus) answers")
    assert joining[0] == "error"
    assert status == 1


def test_a_person_reads_remedies(tmp_path: Path) -> None:
    places = ["--state", str(tmp_path), "--role", "node", "--bus", f"tcp://127.0.0.1:{free_port()}"]
    result = CliRunner().invoke(doctor, places, standalone_mode=False)
    assert "cannot be reached: Connection refused" in result.stdout
    assert "→ start the controller there" in result.stdout
    assert "this machine is not fit for the show: " in result.stdout
