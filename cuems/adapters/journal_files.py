"""The journal on disk: a folder for each run, in it segments of lines, closed ones compressed.

    journal/000042-20261125T175040Z-3f9c/
        000001.jsonl.zst   closed: by size, by age, or because a write had failed
        000002.jsonl       the newest
        show-1.xml         the script of a load, as it was read
        done.marker        the run came to an orderly end

Every call here blocks; adapters/journal.py makes them where that hurts nobody. After a write that
failed the next one opens a new segment and says everything again, so that a torn line is always
the last of its segment; whoever reads knows a record that comes twice by its number.
"""

import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedWriter
from pathlib import Path

import zstandard

DONE = "done.marker"
DIED = "died.marker"  # beside it: whoever wrote the run did not come to its end
PARTIAL = ".partial"
SEGMENT, PACKED = ".jsonl", ".jsonl.zst"
NO_MORE_FILES = (errno.EMFILE, errno.ENFILE)
PRIVATE_FOLDER, PRIVATE = 0o700, 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a segment is closed, and how much all runs together may take.

    Beyond that the oldest go, or, where nothing may (`keeps_all`), nothing more is written.
    """

    segment_bytes: int = 8 << 20
    segment_age_ns: int = 3600 * 10**9
    total_bytes: int = 512 << 20
    keeps_all: bool = False


def runs(folder: Path) -> list[Path]:
    """All runs, oldest first."""
    with suppress(OSError):
        return sorted(path for path in folder.iterdir() if path.name[:6].isdigit())
    return []


def segments(run: Path) -> list[Path]:
    """The segments of a run in order; one that a crash has left twice, once."""
    found: dict[str, Path] = {}
    for path in sorted(run.iterdir()):
        if path.name.endswith((SEGMENT, PACKED)):
            found[path.name[:6]] = path  # the packed one sorts after the other
    return list(found.values())


class RunNames:
    """Names for the runs of a process: counted, since no clock is to be trusted with the order."""

    def __init__(self, folder: Path) -> None:
        known = runs(folder)
        self._number = int(known[-1].name[:6]) if known else 0

    def next(self) -> str:
        """Another name."""
        self._number += 1
        return f"{self._number:06}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


class RunFiles:
    """The files of the run that is being written. `write`, `sync` and `tidy` may overlap."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.limits = limits
        self._folder = folder
        self._run: Path | None = None
        self._open: tuple[int, Path] | None = None
        self._closing: list[tuple[int, Path]] = []
        self._closed: list[Path] = []
        self._segment = 0
        self._bytes = 0
        self._opened_ns = 0
        self._ended: list[Path] = []
        self._full = False

    def begin(self, run: str) -> None:
        """Begin a run; the one before has come to its end."""
        path = self._folder / run
        path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        _sync_folder(self._folder)
        self._close_segment()
        if self._run is not None and self._run != path:
            self._ended.append(self._run)
        self._run, self._segment = path, 0
        self._open_segment()

    def write(self, lines: Sequence[bytes]) -> None:
        """Give lines to the kernel, which keeps them if only we die."""
        self._refuse_if_full()
        self._rotate()
        if self._open is None:
            self._open_segment()
        assert self._open is not None
        data = memoryview(b"".join(lines))
        self._bytes += len(data)
        try:
            while data:
                data = data[os.write(self._open[0], data) :]
        except OSError:
            self._close_segment()
            raise

    def _refuse_if_full(self) -> None:
        if self._full:
            self._make_room()
        if self._full:
            reason = f"more than {self.limits.total_bytes} bytes wait to be shipped"
            raise OSError(errno.EDQUOT, reason, str(self._folder))

    def sync(self) -> None:
        """What was written before is on the disk when this returns."""
        current = self._open
        while self._closing:
            descriptor, path = self._closing[0]
            with suppress(OSError):  # whoever wrote it was told
                os.fsync(descriptor)
            os.close(descriptor)
            self._closing.pop(0)
            self._closed.append(path)
        if current is not None and current == self._open:
            try:
                os.fsync(current[0])
            except OSError:  # the kernel has given its pages up: they go into another segment
                self._close_segment()
                raise
        while self._ended:
            _mark(self._ended[0], DONE)
            self._ended.pop(0)

    def keep(self, source: Path, name: str) -> None:
        """Put a copy of a file into the run."""
        if self._run is None:
            return
        target = self._run / name
        with source.open("rb") as read, _private(target.with_name(name + PARTIAL)) as write:
            shutil.copyfileobj(read, write)
            write.flush()
            os.fsync(write.fileno())
        target.with_name(name + PARTIAL).rename(target)
        _sync_folder(self._run)

    def end(self) -> None:
        """The run has come to an orderly end."""
        self._close_segment()
        if self._run is not None:
            self._ended.append(self._run)
            self._run = None
        self.sync()

    def _rotate(self) -> None:
        """Close a segment that is large or old; not so where no other can be opened."""
        full = self._bytes >= self.limits.segment_bytes
        old = time.monotonic_ns() - self._opened_ns >= self.limits.segment_age_ns
        before = self._open
        if before is not None and (full or old) and self._bytes:
            try:
                self._open_segment()
            except OSError as error:
                if error.errno not in NO_MORE_FILES:
                    raise
            else:
                self._closing.append(before)

    def _open_segment(self) -> None:
        if self._run is None:
            raise OSError(errno.ENOENT, "no run has begun")
        path = self._run / f"{self._segment + 1:06}{SEGMENT}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(path, flags, PRIVATE)
        self._segment += 1
        self._open = (descriptor, path)
        self._bytes, self._opened_ns = 0, time.monotonic_ns()
        _sync_folder(self._run)

    def _close_segment(self) -> None:
        if self._open is not None:
            self._closing.append(self._open)
            self._open = None

    # ---- housekeeping

    def tidy(self) -> None:
        """Compress what is closed, and keep within the limit by letting the oldest go."""
        while self._closed:
            pack(self._closed.pop(0))
        self._make_room()

    def tidy_runs_before(self) -> None:
        """Compress what a crash has left as it was."""
        for run in runs(self._folder):
            if run == self._run:
                continue
            for path in list(run.iterdir()):
                if path.name.endswith(PARTIAL):
                    path.unlink(missing_ok=True)  # packing has made it whole meanwhile
                elif path.name.endswith(SEGMENT):
                    pack(path)

    def _make_room(self) -> None:
        files = list(self._all_files())
        total = sum(size for _, size in files)
        if self.limits.keeps_all:
            self._full = total > self.limits.total_bytes
            return
        for path, size in files:
            if total <= self.limits.total_bytes:
                break
            if self._open is not None and path == self._open[1]:
                break
            path.unlink(missing_ok=True)
            total -= size
            if path.parent != self._run:
                with suppress(OSError):  # not empty yet
                    path.parent.rmdir()

    def _all_files(self) -> Iterator[tuple[Path, int]]:
        """Oldest first; of a run the segments before the rest."""
        for run in runs(self._folder):
            for path in sorted(run.iterdir()):
                with suppress(FileNotFoundError):
                    yield path, path.stat().st_size


def seal_runs_before(folder: Path) -> None:
    """Seal what a process that died has left, as far as it had come, before another writes here."""
    RunFiles(folder, Limits()).tidy_runs_before()
    for run in runs(folder):
        if not (run / DONE).exists():
            _mark(run, DIED)
            _mark(run, DONE)


def pack(path: Path) -> None:
    """Compress a segment; at any moment one of the two is there whole."""
    packed = path.with_name(path.name.removesuffix(SEGMENT) + PACKED)
    partial = packed.with_name(packed.name + PARTIAL)
    with path.open("rb") as read, _private(partial) as write:
        zstandard.ZstdCompressor(write_checksum=True).copy_stream(read, write)
        write.flush()
        os.fsync(write.fileno())
    partial.rename(packed)
    _sync_folder(path.parent)
    path.unlink()


def _private(path: Path) -> BufferedWriter:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, PRIVATE), "wb")


def _mark(run: Path, name: str) -> None:
    descriptor = os.open(run / name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    _sync_folder(run)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
