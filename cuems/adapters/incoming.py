"""What is being received: a folder in the library for each transfer, locked as long as it is used.

It is on the library's own file system, so that what has arrived is put in place by a rename.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

INCOMING = ".incoming"  # in the library


@asynccontextmanager
async def open_incoming(library: Path, listing: bytes) -> AsyncIterator[Path]:
    """A folder of one transfer with its `list` and room for `files`; abandoned ones are swept.

    Raises OSError where there can be none.
    """
    folder, lock = await anyio.to_thread.run_sync(_make_incoming, library, listing)
    try:
        yield folder
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(_remove_incoming, folder, lock)


def _make_incoming(library: Path, listing: bytes) -> tuple[Path, int]:
    """The new folder, and an open descriptor whose lock says that it is in use."""
    incoming = library / INCOMING
    incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
    guard = _lock(incoming, fcntl.LOCK_EX)
    try:
        for left in incoming.iterdir():
            _sweep(left)
        folder = Path(tempfile.mkdtemp(dir=incoming))
        lock = _lock(folder, fcntl.LOCK_EX)
    finally:
        os.close(guard)
    (folder / "files").mkdir()
    (folder / "list").write_bytes(listing)
    return folder, lock


def _lock(folder: Path, operation: int) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, operation)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _sweep(folder: Path) -> None:
    try:
        lock = _lock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, NotADirectoryError):
        return  # another transfer of this moment, or nothing of ours
    _remove_incoming(folder, lock)


def _remove_incoming(folder: Path, lock: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # what stays is swept by the next transfer
    os.close(lock)
