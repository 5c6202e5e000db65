"""Small files of this machine: who it is, the rig's key, and who uses a state folder."""

import fcntl
import os
import platform
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError

KEY_BYTES = 32
PRIVATE = 0o600


class FileError(CuemsError):
    """A file of ours cannot be read, written or believed; the text names it."""


def read_identity(state: Path) -> NodeId:
    """This machine's uuid, made and kept at the first call."""
    path = state / "identity"
    text = _read_or_make(path, str(uuid.uuid4()).encode(), 0o644).decode(errors="replace").strip()
    try:
        return NodeId(str(uuid.UUID(text)))
    except ValueError:
        raise FileError(f"{path}: {text[:60]!r}: expected a uuid") from None


def read_cluster_key(state: Path, *, make: bool) -> bytes | None:
    """The rig's key; None where there is none and `make` is false."""
    path = state / "cluster.key"
    if not make and not path.exists():
        return None
    text = _read_or_make(path, secrets.token_hex(KEY_BYTES).encode(), PRIVATE)
    try:
        return bytes.fromhex(text.decode())
    except ValueError:
        raise FileError(f"{path}: expected {2 * KEY_BYTES} hex digits") from None


def read_small_file(path: Path) -> bytes:
    """A configuration file's content."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from error


def _read_or_make(path: Path, fresh: bytes, mode: int) -> bytes:
    """A file's content; `fresh` where there was none, whoever else makes it at the same time."""
    try:
        _make_folder(path.parent, "state folder", 0o700)
        made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(fresh)
            os.fsync(file.fileno())
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"{error.filename or path}: {error.strerror}") from error


def _make_folder(folder: Path, what: str, mode: int = 0o777) -> None:
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise FileError(f"{what} {folder}: expected a folder, found a file") from error
    except OSError as error:
        raise FileError(f"{what} {folder}: it cannot be made: {error.strerror}") from error


@contextmanager
def only_one(state: Path, role: str) -> Iterator[None]:
    """Hold a role of this state folder; FileError where another process holds it."""
    path = state / f"{role}.lock"
    _make_folder(state, "state folder", 0o700)
    try:
        file = path.open("a+b")
    except OSError as error:
        raise FileError(f"{error.filename or path}: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            reason = f"another cuems {role} is running; stop it, or give this one another --state"
            raise FileError(f"{path}: {reason}") from None
        yield


def library_identity(library: Path) -> str:
    """The same text for the same folder on the same machine, and for no other; made if absent."""
    _make_folder(library, "library")
    try:
        status = library.stat()
    except OSError as error:
        raise FileError(f"library {error.filename or library}: {error.strerror}") from error
    return f"{_machine()}:{status.st_dev:x}:{status.st_ino:x}"


def _machine() -> str:
    try:
        return Path("/etc/machine-id").read_text().strip() or platform.node()
    except OSError:
        return platform.node()
