"""`cuems settings`: what can be set, what it is and where that comes from; and changing it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import platformdirs

from cuems.adapters.settings_file import SettingsFile, read_toml, to_toml
from cuems.app.config import ECOSYSTEM_CONFIG, has_settings
from cuems.app.settings import Sources, read_layers
from cuems.cli.client import ask, client_options
from cuems.cli.show_lines import printable
from cuems.core.settings import BY_NAME, Resolved, SettingError, checked, layer


def to_setting(text: str) -> tuple[str, str]:
    """A name and a value from `NAME=VALUE`; raises click.BadParameter."""
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text[:60]!r}: expected NAME=VALUE, as in panic_ms=3000")
    try:
        checked(name, value)
    except SettingError as error:
        raise click.BadParameter(str(error)) from error
    return name, value


def _places(command: Callable[..., Any]) -> Callable[..., Any]:
    """Whose settings they are."""
    config = click.option(
        "--config",
        envvar="CUEMS_CONF_PATH",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        help="Folder of settings.xml.",
    )
    state = click.option(
        "--state",
        envvar="CUEMS_STATE",
        type=click.Path(path_type=Path),
        help="Folder of what this host keeps.",
    )
    return config(state(command))


def _sources(config: Path | None, state: Path | None) -> Sources:
    folder = config or (ECOSYSTEM_CONFIG if has_settings(ECOSYSTEM_CONFIG) else None)
    return Sources(config=folder, state=state or platformdirs.user_state_path("cuems"), said={})


@click.group("settings")
def settings() -> None:
    """Show, change, export and import how this rig is run."""


@settings.command("show")
@_places
@click.option("--json", "as_json", is_flag=True, help="For a program.")
def show(*, config: Path | None, state: Path | None, as_json: bool) -> None:
    """Say what every setting is, where that comes from, and what it may be."""
    resolved = read_layers(_sources(config, state))
    if as_json:
        click.echo(json.dumps([_plain(resolved, name) for name in BY_NAME], indent=1))
        return
    for name, setting in BY_NAME.items():
        value = getattr(resolved.settings, name)
        unit = f" {setting.unit}" if setting.unit else ""
        click.secho(printable(f"{name} = {value!r}{unit}"), bold=True, nl=False)
        click.secho(printable(f"  from {resolved.layers[name].source}"), dim=True)
        click.echo(f"    {setting.text}: {setting.expected}; takes effect {setting.takes}")


def _plain(resolved: Resolved, name: str) -> dict[str, object]:
    setting = BY_NAME[name]
    return {
        "name": name,
        "value": getattr(resolved.settings, name),
        "from": resolved.layers[name].source,
        "built_in": setting.default,
        "description": setting.text,
        "unit": setting.unit,
        "minimum": setting.low,
        "maximum": setting.high,
        "choices": list(setting.choices),
        "takes_effect": str(setting.takes),
    }


@settings.command("export")
@_places
def export(*, config: Path | None, state: Path | None) -> None:
    """Write all settings that are not built in, as TOML, to standard output."""
    resolved = read_layers(_sources(config, state))
    values = {
        name: getattr(resolved.settings, name)
        for name, setting in BY_NAME.items()
        if getattr(resolved.settings, name) != setting.default
    }
    click.echo(to_toml(values).decode(), nl=False)


@settings.command("import")
@click.argument("file", type=click.File("rb"))
@_places
def import_(*, file: Any, config: Path | None, state: Path | None) -> None:
    """Have settings.toml set what FILE (- for standard input) sets, and nothing else.

    A controller that runs takes it at a SIGHUP, or at its next start.
    """
    found = layer(file.name, read_toml(file.read(), file.name))
    path = _sources(config, state).file
    with SettingsFile(path) as target:
        target.save(found.values)
    click.echo(f"{path}: {len(found.values)} settings")


@settings.command("set")
@click.argument("name")
@click.argument("value")
@client_options
def set_(*, name: str, value: str, url: str, token: str, timeout: float, as_json: bool) -> int:
    """Change a setting of the engine that runs. Done means kept on its disk, and in force."""
    try:
        checked(name, value)
    except SettingError as error:
        raise click.BadParameter(str(error)) from error
    return ask("setting", name, value, url=url, token=token, timeout=timeout, as_json=as_json)
