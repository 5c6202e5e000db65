"""A manifest as text, and the hashes in it. Source: ours; BLAKE3 as hexadecimal digits.

The text is what a node fetches before anything else, and what it keeps of each version. It comes
from another machine, so every name in it is checked.
"""

import msgspec
from blake3 import blake3

from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError
from cuems.core.manifest import FileFacts, Manifest, ManifestFile, Needed
from cuems.wire.rsync import RsyncNameError, check_name

VERSION = 1
HASH_DIGITS = 64


class ManifestDecodeError(CuemsError):
    """A manifest that cannot be believed."""


class _File(msgspec.Struct, frozen=True):
    name: str
    size: int
    mtime_ns: int
    hash: str
    nodes: tuple[str, ...] = ()


class _Missing(msgspec.Struct, frozen=True):
    name: str
    nodes: tuple[str, ...] = ()


class _Text(msgspec.Struct, frozen=True):
    version: int
    project: str
    files: tuple[_File, ...]
    missing: tuple[_Missing, ...] = ()


def new_hash() -> blake3:
    """A hash that content is given to piece by piece."""
    return blake3()


def content_hash(data: bytes) -> str:
    """The hash of some content."""
    return blake3(data).hexdigest()


def project_hash(manifest: Manifest) -> str:
    """One hash for a project's whole content: of its names, times, sizes and hashes."""
    lines = (
        f"{file.name}\0{file.facts.mtime_ns}\0{file.facts.size_bytes}\0{file.facts.hash}\n"
        for file in sorted(manifest.files, key=lambda file: file.name)
    )
    return content_hash("".join((f"{manifest.project}\n", *lines)).encode())


def manifest_text(manifest: Manifest) -> bytes:
    """A manifest as text."""
    files = tuple(
        _File(
            file.name,
            file.facts.size_bytes,
            file.facts.mtime_ns,
            file.facts.hash,
            tuple(sorted(file.nodes)),
        )
        for file in manifest.files
    )
    missing = tuple(_Missing(file.name, tuple(sorted(file.nodes))) for file in manifest.missing)
    return msgspec.json.encode(_Text(VERSION, manifest.project, files, missing))


def read_manifest(data: bytes, name: str) -> Manifest:
    """The manifest in a text; `name` is what an error calls it. Raises ManifestDecodeError."""
    try:
        text = msgspec.json.decode(data, type=_Text)
        if text.version != VERSION:
            raise ManifestDecodeError(f"{name}: expected version {VERSION}, got {text.version}")
        _check(text, name)
    except (msgspec.DecodeError, UnicodeDecodeError, RsyncNameError) as error:
        raise ManifestDecodeError(f"{name}: {error}") from error
    return Manifest(
        project=text.project,
        files=tuple(
            ManifestFile(
                file.name, FileFacts(file.size, file.mtime_ns, file.hash), _nodes(file.nodes)
            )
            for file in text.files
        ),
        missing=tuple(Needed(file.name, _nodes(file.nodes)) for file in text.missing),
    )


def _check(text: _Text, name: str) -> None:
    if "/" in check_name(text.project):
        raise ManifestDecodeError(f"{name}: project {text.project!r}: expected a plain name")
    inside = (f"projects/{text.project}/", "media/")
    for file in text.files:
        check_name(file.name)
        if not file.name.startswith(inside):
            raise ManifestDecodeError(f"{name}: {file.name!r}: expected a file of the project")
        if file.size < 0 or len(file.hash) != HASH_DIGITS:
            raise ManifestDecodeError(f"{name}: {file.name!r}: expected a size and a hash")


def _nodes(nodes: tuple[str, ...]) -> frozenset[NodeId]:
    return frozenset(NodeId(node) for node in nodes)
