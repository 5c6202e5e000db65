"""The hashes of files, computed off the loop, and remembered as long as a file is the same.

A file is the same as long as its inode, size, modification time and change time are: the last
one moves with every write, also where somebody puts the modification time back. Reading and
hashing release the interpreter lock, so a thread will do (limits.md A2); a batch is small, so that
whoever gives up need not wait for long.

A file that is being received is hashed as it grows: what is proven at the end is then nearly all
read already, out of memory and not again from a disk.
"""

import os
import stat
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from threading import Event

import anyio
import anyio.from_thread
import anyio.to_thread
import msgspec
from blake3 import blake3

from cuems.core.errors import CuemsError
from cuems.core.manifest import FileFacts

CHUNK_BYTES = 1 << 20
BATCH_ITEMS = 32
BATCH_BYTES = 64 << 20
TRICKLE_S = 0.05  # after every chunk, while a show needs the machine: 20 MiB/s at most

OnBytes = Callable[[int], None]
Identity = tuple[int, int, int, int]


class UnreadableFileError(CuemsError):
    """A file that cannot be read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


class _Known(msgspec.Struct, frozen=True, array_like=True):
    identity: Identity
    hash: str


class _Begun:
    """A file, held open, of which so much is hashed; its inode is nobody else's meanwhile."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._file = os.fdopen(descriptor, "rb", buffering=0)
        self._digest = blake3()

    @property
    def status(self) -> os.stat_result:
        """As it is now."""
        return os.fstat(self._file.fileno())

    def go_on(self, before_chunk: Callable[[], None]) -> str:
        """Hash what has come since; the hash of all of it. What is called before may raise."""
        room = memoryview(bytearray(CHUNK_BYTES))
        while count := self._file.readinto(room):
            before_chunk()
            self._digest.update(room[:count])
        return self._digest.hexdigest()

    def close(self) -> None:
        """Let go of it."""
        self._file.close()


class FileHashes:
    """The hashes of the files of one folder; `store` is where they are remembered, if anywhere.

    While `trickles`, a show needs the machine: hashing is slow then.
    """

    def __init__(self, folder: Path, store: Path | None) -> None:
        self.trickles = False
        self._folder = folder
        self._store = store
        self._begun: _Begun | None = None
        self._followed: dict[Identity, str] = {}
        self._known: dict[str, _Known] | None = None
        self._changed = False

    async def facts(
        self, names: Iterable[str], on_bytes: OnBytes = lambda _: None
    ) -> dict[str, FileFacts]:
        """Those of the named files that are there and plain files; links are not.

        `on_bytes` hears of every batch, how many bytes of files it was. Raises
        UnreadableFileError.
        """
        if self._known is None:
            self._known = await anyio.to_thread.run_sync(_read_store, self._store)
        found: dict[str, FileFacts] = {}
        waiting = list(names)
        waiting.reverse()
        while waiting:
            given_up = Event()
            try:
                batch = await anyio.to_thread.run_sync(
                    self._batch, waiting, given_up, abandon_on_cancel=True
                )
            finally:
                given_up.set()
            found.update(batch)
            on_bytes(sum(facts.size_bytes for facts in batch.values()))
        await self._save()
        return found

    async def follow(self, path: Path) -> None:
        """Hash what has come of a file that is written from its beginning on.

        Its facts take that for their own, wherever it is by then. Not beside `facts`.
        """
        await anyio.to_thread.run_sync(self._follow, path)

    def _follow(self, path: Path) -> None:
        with suppress(OSError):  # it is whole and in its place meanwhile, and is looked at then
            if self._begun is not None and self._begun.status.st_ino != path.lstat().st_ino:
                self._finish(self._begun)
            if self._begun is None:
                self._begun = _Begun(path)
            self._begun.go_on(anyio.from_thread.check_cancelled)

    def _finish(self, begun: _Begun) -> None:
        """It is whole, now that another one comes."""
        before = _identity(begun.status)
        found = begun.go_on(anyio.from_thread.check_cancelled)
        if _identity(begun.status) == before:
            self._followed[before] = found
        self.close()

    def close(self) -> None:
        """Follow no more."""
        if self._begun is not None:
            self._begun.close()
            self._begun = None

    def _chunk(self, given_up: Event) -> None:
        if given_up.wait(TRICKLE_S if self.trickles else 0):
            raise InterruptedError

    async def note(self, facts: dict[str, FileFacts]) -> None:
        """Remember files that were put in place just now, with hashes that were proven."""
        if self._known is None:
            self._known = await anyio.to_thread.run_sync(_read_store, self._store)
        await anyio.to_thread.run_sync(self._note, facts)
        await self._save()

    def _note(self, facts: dict[str, FileFacts]) -> None:
        assert self._known is not None
        for name, each in facts.items():
            try:
                status = (self._folder / name).lstat()
            except OSError:
                continue
            self._known[name] = _Known(_identity(status), each.hash)
            self._changed = True

    def _batch(self, waiting: list[str], given_up: Event) -> dict[str, FileFacts]:
        found: dict[str, FileFacts] = {}
        hashed_bytes = 0
        for _ in range(BATCH_ITEMS):
            if not waiting or hashed_bytes >= BATCH_BYTES or given_up.is_set():
                break
            name = waiting.pop()
            facts, read_bytes = self._file(name, given_up)
            if facts is not None:
                found[name] = facts
            hashed_bytes += read_bytes
        return found

    def _file(self, name: str, given_up: Event) -> tuple[FileFacts | None, int]:
        path = self._folder / name
        assert self._known is not None
        try:
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                return None, 0
            known = self._known.get(name)
            if known is not None and known.identity == _identity(status):
                return FileFacts(status.st_size, status.st_mtime_ns, known.hash), 0
            status, found = self._hashed(path, given_up)
        except (FileNotFoundError, NotADirectoryError):
            return None, 0
        except OSError as error:
            raise UnreadableFileError(path, error.strerror or str(error)) from error
        self._known[name] = _Known(_identity(status), found)
        self._changed = True
        return FileFacts(status.st_size, status.st_mtime_ns, found), status.st_size

    def _hashed(self, path: Path, given_up: Event) -> tuple[os.stat_result, str]:
        """The status and the hash of a file, of one and the same moment."""
        for _ in range(2):
            with closing(self._begin(path)) as begun:
                before = begun.status
                found = self._followed.get(_identity(before))
                found = found or begun.go_on(partial(self._chunk, given_up))
                if _identity(begun.status) == _identity(before):
                    return before, found
        raise OSError(0, "it changes while it is read; load again when it is written")

    def _begin(self, path: Path) -> _Begun:
        """The file, from where following it has come to."""
        fresh = _Begun(path)
        begun = self._begun
        if begun is None or begun.status.st_ino != fresh.status.st_ino:
            return fresh
        fresh.close()
        self._begun = None
        return begun

    async def _save(self) -> None:
        if self._store is not None and self._changed and self._known is not None:
            self._changed = False
            await anyio.to_thread.run_sync(_write_store, self._store, dict(self._known))


def _identity(status: os.stat_result) -> Identity:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _read_store(store: Path | None) -> dict[str, _Known]:
    """What was remembered; a store that cannot be read is an empty one."""
    if store is None:
        return {}
    try:
        return msgspec.msgpack.decode(store.read_bytes(), type=dict[str, _Known])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}


def _write_store(store: Path, known: dict[str, _Known]) -> None:
    made = store.with_name(f".{store.name}.{os.getpid()}")
    try:
        store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made.write_bytes(msgspec.msgpack.encode(known))
        made.replace(store)
    except OSError:
        made.unlink(missing_ok=True)  # it is only remembered so as not to read everything again
