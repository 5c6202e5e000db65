"""What this machine can show a picture and make a sound with."""

import os
from collections.abc import Mapping
from pathlib import Path

from cuems.players.outputs import Machine
from cuems.players.screens import Connector


def look_at_machine(environment: Mapping[str, str], root: Path = Path("/")) -> Machine:
    """Look once, at start-up; it reads the file system."""
    server = environment.get("JACK_DEFAULT_SERVER", "default")
    runtime = Path(environment.get("XDG_RUNTIME_DIR") or f"{root}/run/user/{os.getuid()}")
    return Machine(
        x11=bool(environment.get("DISPLAY")),
        wayland=bool(environment.get("WAYLAND_DISPLAY")),
        drm=_any(root / "dev/dri", "card*"),
        jack=_any(root / "dev/shm", f"jack_{server}_*"),
        sound=_any(root / "dev/snd", "pcm*p")
        or (runtime / "pipewire-0").exists()
        or (runtime / "pulse/native").exists(),
    )


def _any(folder: Path, pattern: str) -> bool:
    return any(folder.glob(pattern))


def look_at_connectors(root: Path = Path("/")) -> tuple[Connector, ...] | None:
    """The screens that hang on this machine's graphics devices; None where it has none of these.

    Reads the file system: /sys/class/drm/card0-HDMI-A-1/status says `connected`.
    """
    ports = sorted((root / "sys/class/drm").glob("card*-*/status"))
    if not ports:
        return None
    found = []
    for port in ports:
        card, _, name = port.parent.name.partition("-")
        if port.read_text().strip() == "connected":
            found.append(Connector(name, f"/dev/dri/{card}"))
    return tuple(found)
