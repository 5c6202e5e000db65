"""A project as one file: tar inside zstd, its manifest first. Reading believes nothing.

Python's own tar reader takes as much memory as a header asks for; this one knows plain files and
long names, which is all that is ever written here, and gives up at the first thing else. Sizes
are bounded by the manifest, which is bounded itself, so a bomb ends where it first says more.
"""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import zstandard

from cuems.core.errors import CuemsError

LEVEL = 3  # media are compressed already
WINDOW_BYTES = 1 << 23  # what a reader has to hold; more is asked for only by a bomb
MANIFEST = "manifest.json"
MANIFEST_BYTES = 32 << 20  # 100 000 files
NAME_BYTES = 4096
CHUNK_BYTES = 1 << 20
BLOCK = tarfile.BLOCKSIZE
FILE_MODE = 0o644


class ArchiveError(CuemsError):
    """A file that is no project archive, or no longer a whole one."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path


# ---- writing


def write_archive(
    path: Path, manifest: bytes, library: Path, files: dict[str, tuple[int, int]]
) -> None:
    """Write files of a library, by name with their size and modification time in ns.

    The same content gives the same bytes. Raises ArchiveError, and leaves no half file then.
    """
    made = path.with_name(f".{path.name}.part")
    compressor = zstandard.ZstdCompressor(level=LEVEL)
    try:
        with (
            made.open("wb") as out,
            compressor.stream_writer(out, closefd=False) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.GNU_FORMAT) as tar,
        ):
            tar.addfile(_member(MANIFEST, len(manifest), 0), BytesIO(manifest))
            for name, (size, mtime_ns) in sorted(files.items()):
                with (library / name).open("rb") as file:
                    tar.addfile(_member(name, size, mtime_ns // 1_000_000_000), file)
        made.replace(path)
    except OSError as error:
        raise ArchiveError(path, f"cannot be written: {error.strerror or error}") from error
    finally:
        made.unlink(missing_ok=True)


def _member(name: str, size: int, mtime_s: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, mtime_s, FILE_MODE
    return member


# ---- reading


class Archive:
    """An archive that is being read, once, from its beginning."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path = path
        self._stream = stream

    def manifest(self) -> bytes:
        """The manifest's text, which comes first."""
        name, size = self._header() or ("", 0)
        if name != MANIFEST or size > MANIFEST_BYTES:
            raise ArchiveError(self._path, f"expected {MANIFEST} first: not an exported project")
        return b"".join(self._content(size))

    def files(self) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        """Every file: its name, its size, and its content, which has to be read before the next."""
        while (header := self._header()) is not None:
            name, size = header
            content = self._content(size)
            yield name, size, content
            for _ in content:
                pass

    def _header(self) -> tuple[str, int] | None:
        """Name and size of the next plain file; None at the end."""
        long_name: str | None = None
        while True:
            block = self._exactly(BLOCK)
            if block == bytes(BLOCK):
                return None
            try:
                member = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
            except (tarfile.HeaderError, UnicodeDecodeError, ValueError) as error:
                raise ArchiveError(self._path, f"damaged: {error}") from error
            if member.type == tarfile.GNUTYPE_LONGNAME and 0 < member.size <= NAME_BYTES:
                long_name = self._long_name(member.size)
            elif member.type == tarfile.REGTYPE and member.size >= 0:
                return long_name or member.name, member.size
            else:
                raise ArchiveError(self._path, f"{member.name!r:.80} is no plain file: refused")

    def _long_name(self, size: int) -> str:
        try:
            return b"".join(self._content(size)).rstrip(b"\0").decode()
        except UnicodeDecodeError as error:
            raise ArchiveError(self._path, "a name in it is not UTF-8") from error

    def _content(self, size: int) -> Iterator[bytes]:
        left = size
        while left:
            chunk = self._exactly(min(left, CHUNK_BYTES))
            left -= len(chunk)
            yield chunk
        self._exactly(-size % BLOCK)

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            try:
                chunk = self._stream.read(size - len(data))
            except (zstandard.ZstdError, OSError) as error:
                raise ArchiveError(self._path, f"cannot be unpacked: {error}") from error
            if not chunk:
                raise ArchiveError(self._path, "ends too early: copy it again")
            data += chunk
        return data


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Read an archive; raises ArchiveError, also later."""
    unpacker = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES)
    try:
        packed = path.open("rb")
    except OSError as error:
        raise ArchiveError(path, error.strerror or str(error)) from error
    with packed, unpacker.stream_reader(packed) as stream:
        yield Archive(path, stream)
