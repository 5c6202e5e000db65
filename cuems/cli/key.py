"""`cuems key`: the one key by which the machines of a rig know each other."""

import secrets
import sys
from collections.abc import Callable
from pathlib import Path

import click
import platformdirs

from cuems.adapters.files import (
    KEY_BYTES,
    FileError,
    cluster_key_path,
    read_cluster_key,
    to_cluster_key,
    write_cluster_key,
)

LONGEST_KEY_TEXT = 1024


def _state_option(command: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--state",
        envvar="CUEMS_STATE",
        type=click.Path(path_type=Path),
        help="Folder of what this host keeps.",
    )(command)


@click.group("key")
def key() -> None:
    """The key of the rig: every machine of it has the same, and listens to no other."""


@key.command("new")
@_state_option
@click.option("--force", is_flag=True, help="Replace the key that is there.")
@click.option(
    "--stdin", "given", is_flag=True, help="Take the key of another machine: cuems key show there."
)
def new(*, state: Path | None, force: bool, given: bool) -> None:
    """Write a key for this machine, readable by its owner alone."""
    fresh = secrets.token_bytes(KEY_BYTES)
    if given:
        fresh = to_cluster_key(sys.stdin.read(LONGEST_KEY_TEXT), "standard input")
    click.echo(str(write_cluster_key(_folder(state), fresh, replace=force)))


@key.command("show")
@_state_option
def show(*, state: Path | None) -> None:
    """Print the key, to be given to the other machines of the rig."""
    folder = _folder(state)
    found = read_cluster_key(folder, make=False)
    if found is None:
        raise FileError(f"{cluster_key_path(folder)}: there is no key: cuems key new makes one")
    click.echo(found.hex())


def _folder(state: Path | None) -> Path:
    return state or platformdirs.user_state_path("cuems")
