"""settings.toml, to be killed while it is saved: the old one or the new one, never less."""

from pathlib import Path

from cuems.adapters.settings_file import SettingsFile, read_settings_file
from tests.soak.kill_points import safe

SAVES = 20


def act(folder: Path) -> None:
    """Save one after the other; a save that has returned is safe."""
    with SettingsFile(folder / "settings.toml") as file:
        for number in range(1, SAVES + 1):
            file.save(_values(number))
            safe(folder, str(number))


def _values(number: int) -> dict[str, object]:
    return {"panic_ms": number, "library": "x" * 50 * number}


def check(folder: Path, told: list[str]) -> list[str]:
    """What stands there is the last that was safe, or the one after it; a restart goes on."""
    path = folder / "settings.toml"
    last = int(told[-1]) if told else 0
    found = read_settings_file(path)
    if found not in ([_values(last), _values(last + 1)] if last else [{}, _values(1)]):
        return [f"{found}: expected save {last} or {last + 1}"]
    with SettingsFile(path) as file:
        file.save(_values(99))
    left = sorted(each.name for each in folder.iterdir())
    if read_settings_file(path) != _values(99) or left != ["settings.toml"]:
        return [f"after a restart: {left}"]
    return []
