"""What nodes have shipped, on the controller's disk. Every call blocks.

    received/<id>~<sha256>.tar.zst    whole, and proven: renamed only then
    received/.up.<id>                 coming; never left by anything but a crash, and swept

Archives are kept as they came: unpacking is for whoever reads one.
"""

import hashlib
import os
import shutil
from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from cuems.core.errors import CuemsError
from cuems.wire.ship import Listed, RunList, is_run_id

ARCHIVE, UPLOAD = ".tar.zst", ".up."
SEPARATOR = "~"  # no id has one
SPARE_BYTES = 256 << 20  # a controller whose disk is full cannot even save a show
PRIVATE_FOLDER, PRIVATE = 0o700, 0o600


class Outcome(Enum):
    """What became of an upload."""

    STORED = auto()
    SAME = auto()
    CONFLICT = auto()
    MISMATCH = auto()


class FullError(CuemsError):
    """There is no room; nothing of what came is left."""


class BusyError(CuemsError):
    """Somebody else is bringing the same run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How large one run, and all of them, may be."""

    run_bytes: int = 1 << 30
    total_bytes: int = 20 << 30
    spare_bytes: int = SPARE_BYTES


class Received:
    """The folder, for one process and one call at a time; only writes of uploads may overlap."""

    def __init__(self, folder: Path, room: Room | None = None) -> None:
        self.room = room or Room()
        self._folder = folder
        self._coming: dict[str, int] = {}
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        for path in folder.glob(f"{UPLOAD}*"):
            path.unlink(missing_ok=True)
        self._known = dict(_stored(folder))
        self._taken_bytes = sum(listed.size_bytes for listed in self._known.values())

    def known(self, run: str) -> Listed | None:
        """A run that is there."""
        return self._known.get(run)

    def list_runs(self, after: str, limit: int) -> RunList:
        """So many runs that come after one, by their ids."""
        names = sorted(self._known)
        start = bisect_right(names, after)
        some = [self._known[name] for name in names[start : start + limit]]
        more = start + limit < len(names)
        return RunList(some, some[-1].run if more else "")

    def begin(self, run: str, size_bytes: int) -> "Upload":
        """A run is coming; raises BusyError or FullError."""
        if run in self._coming:
            raise BusyError(f"{run} is being brought already")
        taken = self._taken_bytes + sum(self._coming.values())
        free = shutil.disk_usage(self._folder).free - self.room.spare_bytes
        if taken + size_bytes > self.room.total_bytes or size_bytes > free:
            raise FullError(f"no room for {size_bytes} bytes more")
        try:
            upload = Upload(self, self._folder, run)
        except OSError as error:
            raise FullError(error.strerror or str(error)) from error
        self._coming[run] = size_bytes
        return upload

    def ended(self, run: str, stored: Listed | None) -> None:
        """An upload is over."""
        self._coming.pop(run, None)
        if stored is not None:
            self._known[run] = stored
            self._taken_bytes += stored.size_bytes


class Upload:
    """A run that is coming: `write` all of it, then `commit`; `discard` whatever happens."""

    def __init__(self, received: Received, folder: Path, run: str) -> None:
        self.run = run
        self._received = received
        self._folder = folder
        self._path = folder / f"{UPLOAD}{run}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        self._descriptor: int | None = os.open(self._path, flags, PRIVATE)
        self._digest = hashlib.sha256()
        self._bytes = 0

    def write(self, data: bytes) -> None:
        """More of it; raises FullError."""
        assert self._descriptor is not None
        self._digest.update(data)
        self._bytes += len(data)
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            raise FullError(error.strerror or str(error)) from error

    def commit(self, sha256: str) -> Outcome:
        """That was all of it: store it, if it is what was promised; raises FullError."""
        if self._digest.hexdigest() != sha256:
            return Outcome.MISMATCH
        known = self._received.known(self.run)
        if known is not None:
            return Outcome.SAME if known.sha256 == sha256 else Outcome.CONFLICT
        assert self._descriptor is not None
        try:
            os.fsync(self._descriptor)
            self._path.rename(self._folder / f"{self.run}{SEPARATOR}{sha256}{ARCHIVE}")
            _sync(self._folder)
        except OSError as error:
            raise FullError(error.strerror or str(error)) from error
        self._close()
        self._received.ended(self.run, Listed(self.run, sha256, self._bytes))
        return Outcome.STORED

    def end(self, data: bytes, sha256: str) -> Outcome:
        """The rest of it, and `commit`."""
        self.write(data)
        return self.commit(sha256)

    def discard(self) -> None:
        """Leave nothing behind of what was not stored."""
        if self._descriptor is not None:
            self._close()
            self._path.unlink(missing_ok=True)
            self._received.ended(self.run, None)

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _stored(folder: Path) -> list[tuple[str, Listed]]:
    found = []
    for path in sorted(folder.glob(f"*{ARCHIVE}")):
        run, _, sha256 = path.name.removesuffix(ARCHIVE).partition(SEPARATOR)
        if is_run_id(run) and len(sha256) == 64:
            found.append((run, Listed(run, sha256, path.stat().st_size)))
    return found


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
