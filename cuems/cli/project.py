"""`cuems project`: make, list, export, import and remove the projects of a library."""

import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import anyio
import click
import platformdirs

from cuems.adapters.files import read_identity, read_small_file
from cuems.app.config import ECOSYSTEM_CONFIG, default_library, has_settings
from cuems.app.new_project import Outputs, make_project, outputs_of, outputs_of_this_machine
from cuems.app.projects import (
    Listed,
    export_project,
    hashes_of,
    import_project,
    list_projects,
    relink_media,
    remove_project,
)
from cuems.app.versions import Versions
from cuems.cli.show_lines import printable
from cuems.core.deploy_meter import mib
from cuems.core.errors import CuemsError
from cuems.wire.mappings_xml import read_mappings
from cuems.wire.settings_xml import read_settings

FAILED = 1
MAPPINGS_FILE = "default_mappings.xml"
T = TypeVar("T")

library_option = click.option(
    "--library", type=click.Path(path_type=Path), help="Folder of projects and media."
)
config_option = click.option(
    "--config",
    envvar="CUEMS_CONF_PATH",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of settings.xml and default_mappings.xml.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="For a program: JSON.")
name_argument = click.argument("name")


@click.group("project")
def project() -> None:
    """The projects of this machine's library. Exit status: 0 done, 1 not, with the reason."""


@project.command("new")
@name_argument
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--auto-follow", is_flag=True, help="Each cue starts when the one before it ends.")
@library_option
@config_option
def new(
    *,
    name: str,
    files: tuple[Path, ...],
    auto_follow: bool,
    library: Path | None,
    config: Path | None,
) -> int:
    """Make a project NAME of media FILES, one cue each in their order, ready to play.

    The files are copied into the library. Sound goes to the default outputs of the mappings,
    pictures to the default screen.
    """

    async def make() -> None:
        made = await make_project(
            _library(library, config),
            name,
            [path.absolute() for path in files],
            _outputs(config),
            auto_follow=auto_follow,
            ffprobe=shutil.which("ffprobe"),
        )
        click.echo(f"{printable(str(made))}: {len(files)} cues")

    return _status(make)


@project.command("ls")
@library_option
@config_option
@json_option
def ls(*, library: Path | None, config: Path | None, as_json: bool) -> int:
    """List the projects."""

    async def show() -> None:
        found = await list_projects(_library(library, config))
        if as_json:
            click.echo(json.dumps([_to_json(each) for each in found], indent=2))
            return
        for each in found:
            click.echo(_line(each))

    return _status(show)


@project.command("rm")
@name_argument
@library_option
@config_option
def rm(*, name: str, library: Path | None, config: Path | None) -> int:
    """Remove a project. Its media stay, since others may use them."""
    return _status(lambda: remove_project(_library(library, config), name))


@project.command("export")
@name_argument
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@library_option
@config_option
def export(*, name: str, file: Path, library: Path | None, config: Path | None) -> int:
    """Write a project with all its media to FILE, say NAME.tar.zst."""

    target = file.absolute()

    async def write() -> None:
        place = _library(library, config)
        manifest = await export_project(place, hashes_of(place, _state()), name, target)
        size = mib((await anyio.Path(target).stat()).st_size)
        click.echo(f"{printable(str(file))}: {len(manifest.files)} files, {size}")

    return _status(write)


@project.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--replace", is_flag=True, help="Also what is there by the same names.")
@library_option
@config_option
def import_(*, file: Path, replace: bool, library: Path | None, config: Path | None) -> int:
    """Bring an exported project in; every file is verified before any is in place."""

    source = file.absolute()

    async def bring() -> None:
        place = _library(library, config)
        manifest = await import_project(place, source, replace=replace)
        click.echo(f"{printable(manifest.project)}: {len(manifest.files)} files, verified")

    return _status(bring)


@project.command("relink")
@name_argument
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, file_okay=False, exists=True))
@library_option
@config_option
def relink(
    *, name: str, folders: tuple[Path, ...], library: Path | None, config: Path | None
) -> int:
    """Find a project's missing media by their content, wherever and whatever they are called.

    FOLDERS are looked through besides the library. What a file was is known once the project has
    been loaded or deployed here.
    """

    async def find() -> None:
        place = _library(library, config)
        hashes = hashes_of(place, _state())
        versions = Versions(place, _state() / "versions", hashes)
        found, lost = await relink_media(place, hashes, versions, name, folders)
        for each in found:
            click.echo(f"found {printable(each)}")
        if lost:
            raise StillMissingError(lost)

    return _status(find)


class StillMissingError(CuemsError):
    """Media that are nowhere to be found."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"not found: {', '.join(names)}")


# ---- what all have in common


def _status(act: Callable[[], Awaitable[T]]) -> int:
    try:
        anyio.run(act)
    except CuemsError as error:
        click.echo(f"cuems: {error}", err=True)
        return FAILED
    return 0


def _config(folder: Path | None) -> Path | None:
    return folder or (ECOSYSTEM_CONFIG if has_settings(ECOSYSTEM_CONFIG) else None)


def _state() -> Path:
    return platformdirs.user_state_path("cuems")


def _library(library: Path | None, config: Path | None) -> Path:
    folder = _config(config)
    if library is not None or folder is None or not has_settings(folder):
        return (library or default_library()).absolute()
    path = folder / "settings.xml"
    return Path(read_settings(read_small_file(path), str(path)).library_path)


def _outputs(config: Path | None) -> Outputs:
    folder = _config(config)
    if folder is None or not (folder / MAPPINGS_FILE).is_file():
        return outputs_of_this_machine(read_identity(_state()))
    path = folder / MAPPINGS_FILE
    text = read_small_file(path)
    return outputs_of(read_mappings(text, str(path)), text)


def _line(listed: Listed) -> str:
    name = printable(listed.name)
    if listed.problem:
        return f"{name}: {printable(listed.problem)}"
    missing = f", {listed.missing} missing" if listed.missing else ""
    return f"{name}: {listed.files} files, {mib(listed.size_bytes)}{missing}"


def _to_json(listed: Listed) -> dict[str, object]:
    return {
        "name": listed.name,
        "files": listed.files,
        "bytes": listed.size_bytes,
        "missing": listed.missing,
        "problem": listed.problem,
    }
