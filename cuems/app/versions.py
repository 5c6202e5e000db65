"""A project's own files as they were at each deploy, so that the controller can go back.

Only script, mappings and settings are kept: media are large, and nodes keep what was replaced of
theirs. Going back is refused where a media file is not any more what the version before had.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import anyio.to_thread

from cuems.adapters.hashes import FileHashes
from cuems.core.errors import CuemsError
from cuems.core.manifest import FileFacts, Manifest, project_files
from cuems.wire.manifest import ManifestDecodeError, manifest_text, project_hash, read_manifest

KEPT_VERSIONS = 10  # of each project; a few small files each
MANIFEST = "manifest.json"


class RollbackError(CuemsError):
    """There is no version to go back to, or not all of it is there any more."""


class Versions:
    """The versions of the projects of one library, in `folder`, the newest last."""

    def __init__(self, library: Path, folder: Path, hashes: FileHashes) -> None:
        self._library = library
        self._folder = folder
        self._hashes = hashes

    async def keep(self, manifest: Manifest) -> None:
        """Remember a project as it is now, unless its newest version is the same."""
        try:
            await anyio.to_thread.run_sync(self._keep, manifest)
        except OSError as error:
            place = error.filename or self._folder
            raise RollbackError(f"a version cannot be kept: {place}: {error.strerror}") from error

    async def go_back(self, project: str) -> None:
        """Put the files of the version before in place. Raises CuemsError, nothing changed then.

        What there was becomes the version before: going back twice is where one was.
        """
        names = project_files(project)
        here = await self._hashes.facts(names)
        found = await anyio.to_thread.run_sync(self._before, project, here)
        if found is None:
            raise RollbackError(f"project {project}: there is no version before this one")
        folder, manifest = found
        wanted = {file.name: file.facts for file in manifest.files if file.name not in names}
        media = await self._hashes.facts(wanted)
        changed = [name for name in wanted if not _same(media.get(name), wanted[name])]
        if changed:
            more = f" (nor are {len(changed) - 1} more)" if len(changed) > 1 else ""
            raise RollbackError(
                f"project {project}: {changed[0]} is not any more what the version before had"
                f"{more}: put it back first"
            )
        try:
            await anyio.to_thread.run_sync(self._restore, folder, manifest)
        except OSError as error:
            place = error.filename or self._library
            raise RollbackError(f"{place}: {error.strerror}: nothing was taken back") from error

    async def known_files(self, project: str) -> dict[str, FileFacts]:
        """Every file that any version of a project had, as the newest of these had it."""
        return await anyio.to_thread.run_sync(self._known_files, project)

    def _known_files(self, project: str) -> dict[str, FileFacts]:
        known: dict[str, FileFacts] = {}
        for folder in self._kept(project):
            manifest = _read(folder)
            if manifest is not None:
                known |= {file.name: file.facts for file in manifest.files}
        return known

    def _kept(self, project: str) -> list[Path]:
        return sorted(path for path in (self._folder / project).glob("*") if path.name.isdigit())

    def _keep(self, manifest: Manifest) -> None:
        kept = self._kept(manifest.project)
        if kept and _hash_of(kept[-1]) == project_hash(manifest):
            return
        number = int(kept[-1].name) + 1 if kept else 1
        folder = self._folder / manifest.project / f"{number:08d}"
        made = folder.with_name(f".{folder.name}.{os.getpid()}")
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True, mode=0o700)
        for name in _own(manifest):
            shutil.copy2(self._library / name, made / Path(name).name)
        (made / MANIFEST).write_bytes(manifest_text(manifest))
        made.rename(folder)
        for old in kept[: -KEPT_VERSIONS + 1]:
            shutil.rmtree(old, ignore_errors=True)

    def _before(self, project: str, here: Mapping[str, FileFacts]) -> tuple[Path, Manifest] | None:
        """The newest version whose own files differ from those in place."""
        for folder in reversed(self._kept(project)):
            manifest = _read(folder)
            if manifest is None:
                continue
            own = {name: facts.hash for name, facts in _own(manifest).items()}
            if own != {name: facts.hash for name, facts in here.items()}:
                return folder, manifest
        return None

    def _restore(self, folder: Path, manifest: Manifest) -> None:
        own = _own(manifest)
        for name in own:
            target = self._library / name
            made = target.with_name(f".{target.name}.{os.getpid()}")
            shutil.copy2(folder / target.name, made)
            with made.open("rb") as file:
                os.fsync(file.fileno())
            made.replace(target)
        for name in project_files(manifest.project):
            if name not in own:
                (self._library / name).unlink(missing_ok=True)


def _own(manifest: Manifest) -> dict[str, FileFacts]:
    names = project_files(manifest.project)
    return {file.name: file.facts for file in manifest.files if file.name in names}


def _same(here: FileFacts | None, wanted: FileFacts) -> bool:
    return here is not None and (here.size_bytes, here.hash) == (wanted.size_bytes, wanted.hash)


def _read(folder: Path) -> Manifest | None:
    try:
        return read_manifest((folder / MANIFEST).read_bytes(), str(folder))
    except (OSError, ManifestDecodeError):
        return None


def _hash_of(folder: Path) -> str | None:
    manifest = _read(folder)
    return None if manifest is None else project_hash(manifest)
