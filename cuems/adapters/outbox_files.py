"""The outbox on disk. Every call blocks; killed anywhere, `scan` and the same calls finish it.

    spool/<run>/               what the writer has sealed with done.marker
    outbox/<id>.tar.zst        packed: made whole as .partial, then renamed
    outbox/shipped/            the controller has it: kept while there is room
    outbox/conflict, rejected  kept until somebody has looked at it

A run is whole in at least one of them or at the controller at every moment: its spool is deleted
only after its archive has come to rest.
"""

import hashlib
import os
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import zstandard

from cuems.adapters.journal_files import DONE
from cuems.core.errors import CuemsError
from cuems.core.outbox import Aside

ARCHIVE, PARTIAL = ".tar.zst", ".tar.zst.partial"
SHIPPED = "shipped"
TRASH = ".trash-"
CHUNK_BYTES = 1 << 20
LEVEL = 3
PRIVATE_FOLDER, PRIVATE = 0o700, 0o600


class BrokenOffError(CuemsError):
    """Packing was broken off, and has left nothing."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is on its way: sealed runs, and those of which the archive is made."""

    ready: tuple[str, ...]
    packed: tuple[str, ...]


class OutboxFiles:
    """The folders of one machine; `prefix` makes a run's id of its name.

    What the controller has is kept as long as all of it takes no more than `shipped_bytes`.
    """

    def __init__(self, spool: Path, outbox: Path, prefix: str, shipped_bytes: int) -> None:
        self._spool = spool
        self._outbox = outbox
        self._prefix = prefix
        self._shipped_bytes = shipped_bytes
        self._shipped_now = -1  # bytes; not looked at yet
        self._rests = [outbox / name for name in (SHIPPED, *Aside)]

    def scan(self) -> Found:
        """What there is; finishes what a crash has left half done."""
        for folder in (self._spool, self._outbox, *self._rests):
            folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        for path in self._outbox.glob(f"*{PARTIAL}"):
            path.unlink(missing_ok=True)
        for path in self._spool.glob(f"{TRASH}*"):
            shutil.rmtree(path, ignore_errors=True)
        packed = [path.name.removesuffix(ARCHIVE) for path in self._outbox.glob(f"*{ARCHIVE}")]
        ready = []
        for path in self._spool.iterdir():
            run = f"{self._prefix}{path.name}"
            if path.name.startswith(".") or not (path / DONE).exists():
                continue
            if any((rest / f"{run}{ARCHIVE}").exists() for rest in self._rests):
                self._forget(run)
            elif run not in packed:
                ready.append(run)
        return Found(tuple(sorted(ready)), tuple(sorted(packed)))

    def archive(self, run: str) -> Path:
        """Where a run's archive is while it is on its way."""
        return self._outbox / f"{run}{ARCHIVE}"

    def pack(self, run: str, is_broken_off: Callable[[], bool]) -> None:
        """Make the archive of a run; the same content gives the same bytes."""
        folder = self._spool / run.removeprefix(self._prefix)
        partial = self._outbox / f"{run}{PARTIAL}"
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
            with os.fdopen(descriptor, "wb") as out:
                compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
                with (
                    compressor.stream_writer(out, closefd=False) as packed,
                    tarfile.open(fileobj=packed, mode="w|", format=tarfile.GNU_FORMAT) as tar,
                ):
                    for path in sorted(folder.rglob("*")):
                        if is_broken_off():
                            raise BrokenOffError(f"{run}: broken off")
                        _add(tar, path, f"{run}/{path.relative_to(folder)}")
                out.flush()
                os.fsync(out.fileno())
            partial.rename(self.archive(run))
            sync_folder(self._outbox)
        finally:
            partial.unlink(missing_ok=True)

    def retire(self, run: str) -> None:
        """The controller has it."""
        self._come_to_rest(run, SHIPPED)
        if self._shipped_now >= 0:
            self._shipped_now += (self._outbox / SHIPPED / f"{run}{ARCHIVE}").stat().st_size
        if not 0 <= self._shipped_now <= self._shipped_bytes:
            self._make_room()

    def set_aside(self, run: str, aside: Aside) -> None:
        """Somebody has to look at it."""
        self._come_to_rest(run, aside)

    def _come_to_rest(self, run: str, where: str) -> None:
        self.archive(run).rename(self._outbox / where / f"{run}{ARCHIVE}")
        sync_folder(self._outbox / where)
        sync_folder(self._outbox)
        self._forget(run)

    def _forget(self, run: str) -> None:
        """Delete its spool, in one step as far as `scan` can see."""
        folder = self._spool / run.removeprefix(self._prefix)
        trash = folder.with_name(f"{TRASH}{folder.name}")
        if folder.exists():
            folder.rename(trash)
        shutil.rmtree(trash, ignore_errors=True)

    def _make_room(self) -> None:
        shipped = sorted(self._outbox.joinpath(SHIPPED).iterdir())
        sizes = [path.stat().st_size for path in shipped]
        self._shipped_now = sum(sizes)
        for path, size in zip(shipped, sizes, strict=True):
            if self._shipped_now <= self._shipped_bytes:
                return
            path.unlink(missing_ok=True)
            self._shipped_now -= size


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    if not path.is_file() or path.is_symlink() or path.name.endswith(".partial"):
        return
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = status.st_size, int(status.st_mtime), PRIVATE
        tar.addfile(member, file)


def digest(path: Path) -> tuple[str, int]:
    """The SHA-256 of a file, and its size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size


def sync_folder(folder: Path) -> None:
    """What was renamed in it stays renamed after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
