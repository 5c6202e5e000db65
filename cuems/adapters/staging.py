"""What a node receives before it is proven, and how it takes its place: all of it, or nothing.

Files arrive in a stage inside the library, so on its file system, and are moved from there once
every one has been verified. What is to be moved is written down first: a crash between two moves
is made good by whoever opens the stage next. What a file replaces is kept for a while by its hash,
so that going back to the version before needs no transfer.
"""

import fcntl
import os
import re
import shutil
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from cuems.core.errors import CuemsError
from cuems.core.manifest import FileFacts
from cuems.wire.rsync import PARTIAL_DIR, check_name

STAGE = ".incoming/stage"
KEPT = ".kept"
KEPT_CHANGES = 3  # of one project; films are large
JOURNAL = "change.json"
ORPHAN = re.compile(r"(?P<name>.+)\.[A-Za-z0-9]{6}")  # what a killed rsync was writing


class StageError(CuemsError):
    """The library cannot be written, or not by us now."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What takes its place, with the hash of what was there before ("": nothing worth keeping)."""

    project: str
    put: dict[str, str] = {}
    remove: dict[str, str] = {}
    touch: dict[str, int] = {}
    times: dict[str, int] = {}


class Stage:
    """A library's stage, locked for us; every method may wait for the disk."""

    def __init__(self, library: Path) -> None:
        self.library = library
        self.files = library / STAGE / "files"
        self.temporary = library / STAGE / "temporary"
        self.listing = library / STAGE / "list"
        self._journal = library / STAGE / JOURNAL

    # ---- what is here of a transfer that ended early

    def prepare(self, wanted: Mapping[str, FileFacts]) -> frozenset[str]:
        """Make room; those of the wanted files that have arrived already, not proven yet.

        What nobody wants any more goes. What a killed transfer left is where the next one looks.
        """
        self.files.mkdir(parents=True, exist_ok=True)
        self.temporary.mkdir(exist_ok=True)
        self._adopt_orphans(wanted)
        for found in [path for path in self.files.rglob("*") if not path.is_dir()]:
            name = str(found.relative_to(self.files))
            if name not in wanted and name.replace(f"{PARTIAL_DIR}/", "") not in wanted:
                found.unlink()
        return frozenset(name for name, facts in wanted.items() if self._is_whole(name, facts))

    def _is_whole(self, name: str, facts: FileFacts) -> bool:
        try:
            status = (self.files / name).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return (status.st_size, status.st_mtime_ns) == (facts.size_bytes, facts.mtime_ns)

    def _adopt_orphans(self, wanted: Iterable[str]) -> None:
        places = {name.rpartition("/")[2]: name for name in wanted}
        for orphan in list(self.temporary.iterdir()):
            match = ORPHAN.fullmatch(orphan.name)
            name = places.get(match["name"]) if match else None
            partial = None if name is None else self._partial(name)
            if partial is not None and _size(orphan) > _size(partial):
                partial.parent.mkdir(parents=True, exist_ok=True)
                orphan.replace(partial)
            else:
                orphan.unlink()

    def _partial(self, name: str) -> Path:
        folder, _, base = name.rpartition("/")
        return self.files / folder / PARTIAL_DIR / base

    def take_kept(self, wanted: Mapping[str, FileFacts]) -> frozenset[str]:
        """Put what was kept of earlier versions on the stage; the names of what that was."""
        kept = {path.name: path for path in (self.library / KEPT).glob("*/*/*")}
        taken = set()
        for name, facts in wanted.items():
            found = kept.get(facts.hash)
            if found is not None and found.lstat().st_size == facts.size_bytes:
                target = self.files / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)
                os.link(found, target, follow_symlinks=False)
                taken.add(name)
        return frozenset(taken)

    def discard(self, names: Iterable[str]) -> None:
        """Throw away what arrived wrong."""
        for name in names:
            (self.files / name).unlink(missing_ok=True)
            self._partial(name).unlink(missing_ok=True)

    # ---- taking its place

    def check_places(self, names: Iterable[str]) -> None:
        """Raises StageError for a file whose folder leads out of the library."""
        inside = self.library.resolve()
        for name in names:
            folder = (self.library / check_name(name)).parent
            if not folder.resolve().is_relative_to(inside):
                raise StageError(
                    f"{folder}: leads out of the library {self.library}; replace the link by a"
                    " folder, or mount what it leads to"
                )

    def sync(self, name: str) -> None:
        """Have a staged file on the disk, whatever happens to the power."""
        _sync(self.files / name)

    def apply(self, change: Change) -> None:
        """Move what was staged to its place, and keep what it replaces."""
        self.check_places((*change.put, *change.remove, *change.touch))
        _write_synced(self._journal, msgspec.json.encode(change))
        self._carry_out(change)

    def recover(self) -> None:
        """Finish a change that was interrupted."""
        try:
            change = msgspec.json.decode(self._journal.read_bytes(), type=Change)
        except FileNotFoundError:
            return
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._journal.unlink()  # it was never whole, so nothing was moved
            return
        self.check_places((*change.put, *change.remove, *change.touch))
        self._carry_out(change)

    def _carry_out(self, change: Change) -> None:
        keep = self._next_kept(change.project)
        folders = set()
        for name, old in change.put.items():
            staged, target = self.files / name, self.library / name
            if staged.exists():
                os.utime(staged, ns=(change.times[name],) * 2)
                target.parent.mkdir(parents=True, exist_ok=True)
                _keep(target, keep, old)
                staged.replace(target)
            folders.add(target.parent)
        for name, old in change.remove.items():
            _keep(self.library / name, keep, old)
            (self.library / name).unlink(missing_ok=True)
            folders.add((self.library / name).parent)
        for name, mtime_ns in change.touch.items():
            with suppress(FileNotFoundError):
                os.utime(self.library / name, ns=(mtime_ns, mtime_ns))
        for folder in folders:
            _sync(folder)
        self._journal.unlink()
        self._forget_old(change.project)

    def _next_kept(self, project: str) -> Path:
        numbers = [int(path.name) for path in self._kept(project)]
        return self.library / KEPT / project / f"{max(numbers, default=0) + 1:08d}"

    def _kept(self, project: str) -> list[Path]:
        folder = self.library / KEPT / project
        return sorted(path for path in folder.glob("*") if path.name.isdigit())

    def _forget_old(self, project: str) -> None:
        for folder in self._kept(project)[:-KEPT_CHANGES]:
            shutil.rmtree(folder, ignore_errors=True)

    # ---- what nobody uses

    def unused_media(self, used: Collection[str]) -> dict[str, int]:
        """Files of `media/` that are not in `used`, with their sizes; hidden ones are not ours."""
        folder = self.library / "media"
        found = {}
        for path in folder.rglob("*"):
            name = str(path.relative_to(self.library))
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if not hidden and not path.is_symlink() and path.is_file() and name not in used:
                found[name] = path.stat().st_size
        return found

    def remove_media(self, names: Iterable[str]) -> None:
        """Delete media, and what was kept of earlier versions."""
        for name in names:
            (self.library / name).unlink(missing_ok=True)
        shutil.rmtree(self.library / KEPT, ignore_errors=True)


@asynccontextmanager
async def open_stage(library: Path) -> AsyncIterator[Stage]:
    """A library's stage; an interrupted change is finished first. Raises StageError."""
    stage = Stage(library)
    try:
        lock = await anyio.to_thread.run_sync(_lock, stage)
    except OSError as error:
        raise StageError(
            f"{error.filename or library}: {error.strerror}; check that the library may be written"
        ) from error
    try:
        yield stage
    finally:
        os.close(lock)


def _lock(stage: Stage) -> int:
    folder = stage.library / STAGE
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as unlocked:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        unlocked.callback(os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StageError(
                f"{stage.library}: another deploy is writing to this library; wait for its end"
            ) from None
        stage.recover()
        unlocked.pop_all()
    return descriptor


def _keep(target: Path, folder: Path, old: str) -> None:
    if not old or not target.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        try:
            os.link(target, folder / old, follow_symlinks=False)
        except PermissionError:  # a file system without links
            target.rename(folder / old)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return -1


def _write_synced(path: Path, data: bytes) -> None:
    made = path.with_name(f"{path.name}.new")
    with made.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    made.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
