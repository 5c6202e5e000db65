from pathlib import Path

from cuems.app.machine import look_at_connectors, look_at_machine
from cuems.players.outputs import Machine
from cuems.players.screens import Connector


def test_a_bare_machine_has_nothing(tmp_path: Path) -> None:
    assert look_at_machine({}, tmp_path) == Machine(
        x11=False, wayland=False, drm=False, jack=False, sound=False
    )


def test_devices_and_servers_are_seen(tmp_path: Path) -> None:
    for name in ("dev/dri/card0", "dev/snd/pcmC0D0p", "dev/shm/jack_show_0_0"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    environment = {"WAYLAND_DISPLAY": "wayland-0", "JACK_DEFAULT_SERVER": "show"}
    assert look_at_machine(environment, tmp_path) == Machine(
        x11=False, wayland=True, drm=True, jack=True, sound=True
    )


def test_another_jack_server_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "dev/shm").mkdir(parents=True)
    (tmp_path / "dev/shm/jack_other_0_0").touch()
    assert not look_at_machine({}, tmp_path).jack


def test_a_sound_server_of_the_session_is_a_sound_device(tmp_path: Path) -> None:
    (tmp_path / "pipewire-0").touch()
    assert look_at_machine({"XDG_RUNTIME_DIR": str(tmp_path)}, tmp_path / "root").sound


def test_the_screens_of_a_machine_are_those_that_are_connected(tmp_path: Path) -> None:
    assert look_at_connectors(tmp_path) is None
    for name, status in (("card0-DP-1", "disconnected"), ("card1-HDMI-A-1", "connected")):
        port = tmp_path / "sys/class/drm" / name
        port.mkdir(parents=True)
        (port / "status").write_text(f"{status}\n")
    assert look_at_connectors(tmp_path) == (Connector("HDMI-A-1", "/dev/dri/card1"),)
