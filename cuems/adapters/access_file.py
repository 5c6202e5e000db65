"""The file of keys, and news of it: a key that is revoked is void at once.

Linux tells of a folder's changes through inotify, which the standard library does not know: three
calls of libc. A file that is replaced by renaming is seen, since the folder is watched.
"""

import ctypes
import os
import secrets
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import anyio.to_thread

from cuems.core.access import Keyring
from cuems.core.errors import CuemsError
from cuems.wire.access_json import read_keyring, write_keyring

FILE_NAME = "access.json"
PRIVATE = 0o600
CLOSED_AFTER_WRITING, MOVED_TO, DELETED, MOVED_FROM = 0x8, 0x80, 0x200, 0x40
EVENT_BYTES = 4096


class AccessFileError(CuemsError):
    """The file of keys cannot be read or written; the text names it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


def read_keys(state: Path) -> Keyring:
    """The keys there are; none where there is no file.

    Raises AccessFileError or AccessDecodeError.
    """
    path = state / FILE_NAME
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Keyring()
    except OSError as error:
        raise AccessFileError(path, error.strerror or str(error)) from error
    return read_keyring(data, str(path))


def write_keys(state: Path, ring: Keyring) -> None:
    """Replace the file as a whole; raises AccessFileError."""
    path = state / FILE_NAME
    made = path.with_name(f".{FILE_NAME}.{secrets.token_hex(4)}")
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(write_keyring(ring))
                file.flush()
                os.fsync(file.fileno())
            made.replace(path)
        finally:
            made.unlink(missing_ok=True)
    except OSError as error:
        raise AccessFileError(path, error.strerror or str(error)) from error


async def key_changes(state: Path) -> AsyncGenerator[None]:
    """Something has become of the file of keys, perhaps; yields once at the start."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0:
        raise AccessFileError(state, f"cannot be watched: {os.strerror(ctypes.get_errno())}")
    try:
        wanted = CLOSED_AFTER_WRITING | MOVED_TO | MOVED_FROM | DELETED
        if libc.inotify_add_watch(descriptor, os.fsencode(state), wanted) < 0:
            raise AccessFileError(state, f"cannot be watched: {os.strerror(ctypes.get_errno())}")
        yield
        while True:
            await anyio.wait_readable(descriptor)
            if FILE_NAME.encode() + b"\0" in os.read(descriptor, EVENT_BYTES):
                yield
    finally:
        os.close(descriptor)
