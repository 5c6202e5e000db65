"""`cuems token new|ls|revoke`: the keys to this machine's control surface."""

import json
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click
import platformdirs

from cuems.adapters.access_file import read_keys, write_keys
from cuems.core.access import MAX_SECRET_CHARACTERS, KeyKind, Scope, new_key, new_token

SECONDS = {"m": 60, "h": 3600, "d": 86_400}
SHORTEST_PASSCODE = 4


class Duration(click.ParamType[int]):
    """`90m`, `12h` or `30d`, as seconds."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Seconds; fails with what was expected."""
        found = re.fullmatch(r"([1-9][0-9]{0,5})([mhd])", str(value))
        if found is None:
            self.fail(f"{value!r}: expected minutes, hours or days, as in 90m, 12h or 30d")
        return int(found[1]) * SECONDS[found[2]]


def _state_option(command: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--state",
        envvar="CUEMS_STATE",
        type=click.Path(path_type=Path),
        help="Folder of what this host keeps; the controller's own.",
    )(command)


def _folder(state: Path | None) -> Path:
    return state or platformdirs.user_state_path("cuems")


@click.group("token")
def token() -> None:
    """Who may use the control surface: tokens and passcodes, each with a scope.

    Without any, everybody on this machine may do everything, and nobody else can connect. With the
    first one, everybody has to show one. A running engine takes note at once.
    """


@token.command("new")
@click.argument("name")
@click.option("--scope", type=click.Choice([scope.value for scope in Scope]), required=True)
@click.option("--expires", type=Duration(), metavar="90m|12h|30d", help="After so long [never].")
@click.option("--passcode", is_flag=True, help="Ask for a passcode, instead of making a token.")
@click.option("--anyone", is_flag=True, help="No secret: whoever reaches the port has it.")
@_state_option
def new(
    *,
    name: str,
    scope: str,
    expires: int | None,
    passcode: bool,
    anyone: bool,
    state: Path | None,
) -> None:
    """Make a token and print it: it is kept nowhere, and cannot be printed again."""
    if passcode and anyone:
        raise click.UsageError("--passcode and --anyone: expected one of them")
    secret = "" if anyone else _asked_passcode() if passcode else new_token()
    kind = KeyKind.ANYONE if anyone else KeyKind.PASSCODE if passcode else KeyKind.TOKEN
    folder = _folder(state)
    expires_s = None if expires is None else int(time.time_ns() // 1_000_000_000) + expires
    ring = read_keys(folder).with_key(new_key(name, kind, Scope(scope), secret, expires_s))
    write_keys(folder, ring)
    if kind is KeyKind.TOKEN:
        click.echo(secret)


def _asked_passcode() -> str:
    if sys.stdin.isatty():
        given = str(click.prompt("Passcode", hide_input=True, confirmation_prompt=True))
    else:
        given = sys.stdin.read(MAX_SECRET_CHARACTERS + 1).strip()
    if not SHORTEST_PASSCODE <= len(given) <= MAX_SECRET_CHARACTERS:
        expected = f"{SHORTEST_PASSCODE} to {MAX_SECRET_CHARACTERS} characters"
        raise click.UsageError(f"a passcode of {len(given)} characters: expected {expected}")
    return given


@token.command("ls")
@click.option("--json", "as_json", is_flag=True, help="For a program.")
@_state_option
def ls(*, as_json: bool, state: Path | None) -> None:
    """List every token, passcode and open scope by name."""
    keys = read_keys(_folder(state)).keys
    if as_json:
        plain = [
            {"name": key.name, "kind": key.kind, "scope": key.scope, "expires": _day(key.expires_s)}
            for key in keys
        ]
        click.echo(json.dumps(plain, indent=2))
        return
    for key in keys:
        until = "" if key.expires_s is None else f", until {_day(key.expires_s)}"
        click.echo(f"{key.name}: {key.kind}, {key.scope}{until}")


def _day(unix_s: int | None) -> str | None:
    return None if unix_s is None else datetime.fromtimestamp(unix_s, UTC).isoformat()


@token.command("revoke")
@click.argument("name")
@_state_option
def revoke(*, name: str, state: Path | None) -> None:
    """Make a token void. Whoever is connected by it is thrown out at once."""
    folder = _folder(state)
    write_keys(folder, read_keys(folder).without(name))
