"""What this machine can show a picture and make a sound with."""

import os
from collections.abc import Mapping
from pathlib import Path

from cuems.players.outputs import Machine


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
