"""The controller's manifests: what a project consists of, hashed off the loop, served to nodes."""

import os
from collections.abc import Callable
from pathlib import Path

import anyio.to_thread

from cuems.adapters.hashes import FileHashes
from cuems.core.cues import Show
from cuems.core.errors import CuemsError
from cuems.core.manifest import SCRIPT, Manifest, ManifestFile, Needed, needed_files
from cuems.wire.manifest import manifest_text, project_hash
from cuems.wire.rsync import RsyncNameError, check_name

KEPT_ITEMS = 32  # manifests that nodes may still ask for
READABLE = 0o644  # inside a folder that only the daemon opens


class NoScriptError(CuemsError):
    """A project that went away while it was looked at."""

    def __init__(self, project: str) -> None:
        super().__init__(f"project {project}: its {SCRIPT} is gone; save it again and load again")


async def make_manifest(
    hashes: FileHashes, project: str, show: Show, on_bytes: Callable[[int], None] = lambda _: None
) -> Manifest:
    """A project as it is in the library now. Raises CuemsError."""
    needed = needed_files(project, show)
    sound = {file.name: file for file in needed if _is_sound(file.name)}
    facts = await hashes.facts(sound, on_bytes)
    if needed[0].name not in facts:
        raise NoScriptError(project)
    return Manifest(
        project=project,
        files=tuple(
            ManifestFile(name, facts[name], file.nodes)
            for name, file in sound.items()
            if name in facts
        ),
        missing=tuple(file for file in needed if _is_missing(file, facts.keys())),
    )


def _is_sound(name: str) -> bool:
    """Whether a name can be transferred; what cannot is as good as missing."""
    try:
        check_name(name)
    except RsyncNameError:
        return False
    return True


def _is_missing(file: Needed, there: object) -> bool:
    return not file.optional and file.name not in there  # type: ignore[operator]


async def publish_manifest(folder: Path, manifest: Manifest) -> str:
    """Let nodes fetch a manifest; the hash it goes by."""
    found = project_hash(manifest)
    await anyio.to_thread.run_sync(_write, folder / f"{found}.json", manifest_text(manifest))
    return found


def _write(path: Path, text: bytes) -> None:
    made = path.with_name(f".{path.name}.{os.getpid()}")
    made.write_bytes(text)
    made.chmod(READABLE)
    made.replace(path)
    old = sorted(path.parent.glob("*.json"), key=lambda each: each.stat().st_mtime_ns)
    for each in old[:-KEPT_ITEMS]:
        each.unlink(missing_ok=True)
