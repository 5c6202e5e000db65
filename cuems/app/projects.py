"""A library's projects: listed, removed, exported, imported, their lost media found again."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread

from cuems.adapters.archive import ArchiveError, open_archive, write_archive
from cuems.adapters.hashes import FileHashes
from cuems.adapters.staging import Change, Stage, open_stage
from cuems.app.manifests import make_manifest
from cuems.app.project import load_show, project_folder
from cuems.app.versions import Versions
from cuems.core.deploy_meter import mib
from cuems.core.errors import CuemsError
from cuems.core.manifest import SCRIPT, FileFacts, Manifest, needed_files
from cuems.wire.manifest import ManifestDecodeError, manifest_text, new_hash, read_manifest

MOST_FILES = 100_000
SPARE_BYTES = 1 << 30  # a disk that is full cannot even be worked on


class ProjectFilesError(CuemsError):
    """Something about a project's files that cannot be done; nothing was changed then."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A project of a library; `problem` is why it cannot be read ("": it can)."""

    name: str
    files: int = 0
    size_bytes: int = 0
    missing: int = 0
    problem: str = ""


def hashes_of(library: Path, state: Path) -> FileHashes:
    """The hashes of a library's files, as the controller remembers them."""
    return FileHashes(library, state / "library-hashes")


async def list_projects(library: Path) -> list[Listed]:
    """Every project, by name; nothing is hashed."""
    names = await anyio.to_thread.run_sync(_names, library)
    return [await _listed(library, name) for name in names]


def _names(library: Path) -> list[str]:
    return sorted(path.parent.name for path in (library / "projects").glob(f"*/{SCRIPT}"))


async def _listed(library: Path, name: str) -> Listed:
    try:
        show = await load_show(library, name)
    except CuemsError as error:
        return Listed(name, problem=str(error).splitlines()[0])
    needed = needed_files(name, show)
    sizes = await anyio.to_thread.run_sync(_sizes, library, [file.name for file in needed])
    missing = sum(1 for file in needed if file.name not in sizes and not file.optional)
    return Listed(name, len(sizes), sum(sizes.values()), missing)


def _sizes(library: Path, names: Sequence[str]) -> dict[str, int]:
    found = {}
    for name in names:
        if (library / name).is_file():
            found[name] = (library / name).stat().st_size
    return found


async def remove_project(library: Path, name: str) -> None:
    """Delete a project's folder. Its media stay: others may use them. Raises CuemsError."""
    folder = project_folder(library, name)
    if not await anyio.to_thread.run_sync((folder / SCRIPT).exists):
        raise ProjectFilesError(f"{folder}: there is no such project")
    gone = library / ".incoming" / f"removed.{os.getpid()}"
    try:
        await anyio.to_thread.run_sync(_remove, folder, gone)
    except OSError as error:
        raise ProjectFilesError(f"{error.filename or folder}: {error.strerror}") from error


def _remove(folder: Path, gone: Path) -> None:
    gone.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(gone)  # all at once, whatever happens then
    shutil.rmtree(gone)


async def export_project(library: Path, hashes: FileHashes, name: str, path: Path) -> Manifest:
    """Write a project with all its media into one file. Raises CuemsError."""
    manifest = await make_manifest(hashes, name, await load_show(library, name))
    if manifest.missing:
        first, more = manifest.missing[0].name, len(manifest.missing) - 1
        also = f" (nor are {more} more)" if more else ""
        raise ProjectFilesError(f"{first}: not in the library {library}{also}: put it there first")
    files = {file.name: (file.facts.size_bytes, file.facts.mtime_ns) for file in manifest.files}
    text = manifest_text(manifest)
    await anyio.to_thread.run_sync(write_archive, path, text, library, files)
    return manifest


# ---- import


async def import_project(library: Path, path: Path, *, replace: bool) -> Manifest:
    """Bring an exported project in, each file verified; raises CuemsError, nothing changed then.

    A media file of the same name and other content, or a project of the same name, is replaced
    only when asked.
    """
    async with open_stage(library) as stage:
        await anyio.to_thread.run_sync(stage.prepare, {})
        try:
            manifest = await anyio.to_thread.run_sync(_unpack, path, stage)
        except OSError as error:
            place = error.filename or library
            raise ProjectFilesError(f"{place}: {error.strerror}: nothing was imported") from error
        wanted = {file.name: file.facts for file in manifest.files}
        here = await FileHashes(library, stage.files.with_name("import-hashes")).facts(wanted)
        other = [name for name, facts in here.items() if facts.hash != wanted[name].hash]
        if other and not replace:
            raise ProjectFilesError(
                f"{library / other[0]}: there is another file of that name; --replace takes the"
                f" imported one{f', also of {len(other) - 1} more' if other[1:] else ''}"
            )
        await anyio.to_thread.run_sync(stage.apply, _change(manifest, here, other))
    return manifest


def _change(manifest: Manifest, here: Mapping[str, FileFacts], other: Sequence[str]) -> Change:
    wanted = {file.name: file.facts for file in manifest.files}
    new = [name for name in wanted if name not in here or name in other]
    return Change(
        project=manifest.project,
        put={name: here[name].hash if name in here else "" for name in new},
        times={name: wanted[name].mtime_ns for name in new},
    )


def _unpack(path: Path, stage: Stage) -> Manifest:
    with open_archive(path) as archive:
        try:
            manifest = read_manifest(archive.manifest(), f"{path}: manifest")
        except ManifestDecodeError as error:
            raise ArchiveError(path, f"not an exported project: {error}") from error
        left = {file.name: file.facts for file in manifest.files}
        _check_bounds(path, left, shutil.disk_usage(stage.library).free)
        stage.check_places(left)
        for name, size, content in archive.files():
            facts = left.pop(name, None)
            if facts is None or facts.size_bytes != size:
                raise ArchiveError(path, f"{name!r:.80}: not as its manifest says: refused")
            if _receive(stage.files / name, content) != facts.hash:
                raise ArchiveError(path, f"{name!r:.80}: damaged: copy the archive again")
        if left:
            raise ArchiveError(path, f"{next(iter(left))!r:.80} is not in it: export it again")
    return manifest


def _check_bounds(path: Path, files: Mapping[str, FileFacts], free: int) -> None:
    total = sum(facts.size_bytes for facts in files.values())
    if len(files) > MOST_FILES:
        raise ArchiveError(path, f"{len(files)} files, expected at most {MOST_FILES}")
    if total + SPARE_BYTES > free:
        raise ArchiveError(path, f"unpacks to {mib(total)}, and {mib(free)} are free")


def _receive(target: Path, content: Iterator[bytes]) -> str:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    found = new_hash()
    with target.open("wb") as file:
        for chunk in content:
            file.write(chunk)
            found.update(chunk)
        file.flush()
        os.fsync(file.fileno())
    return found.hexdigest()


# ---- media that moved


async def relink_media(
    library: Path, hashes: FileHashes, versions: Versions, name: str, folders: Sequence[Path]
) -> tuple[list[str], list[str]]:
    """Find a project's missing media by their content, in the library's media and in `folders`.

    What they were is known from the newest version that was loaded or deployed. The names of
    those found, which are in place now, and of those that were not. Raises CuemsError.
    """
    manifest = await make_manifest(hashes, name, await load_show(library, name))
    known = await versions.known_files(name)
    lost = {file.name: known.get(file.name) for file in manifest.missing}
    wanted = {facts.size_bytes for facts in lost.values() if facts is not None}
    found: list[str] = []
    for folder in (library / "media", *folders):
        candidates = await anyio.to_thread.run_sync(_of_sizes, folder, wanted)
        store = FileHashes(folder, None)
        facts = await store.facts(candidates)
        by_hash = {each.hash: path for path, each in facts.items()}
        for missing, each in list(lost.items()):
            if each is not None and each.hash in by_hash:
                source = folder / by_hash[each.hash]
                await anyio.to_thread.run_sync(_bring, source, library / missing)
                found.append(missing)
                del lost[missing]
    return found, sorted(lost)


def _of_sizes(folder: Path, sizes: set[int]) -> list[str]:
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and path.stat().st_size in sizes
    ]


def _bring(source: Path, target: Path) -> None:
    made = target.with_name(f".{target.name}.{os.getpid()}")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, made)
    made.replace(target)
