"""Small files of this machine: who it is, the rig's key, and who uses a state folder."""

import fcntl
import os
import platform
import secrets
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError
from cuems.core.receipt import Term

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


def cluster_key_path(state: Path) -> Path:
    """Where the rig's key is kept."""
    return state / "cluster.key"


def read_cluster_key(state: Path, *, make: bool) -> bytes | None:
    """The rig's key; None where there is none and `make` is false."""
    path = cluster_key_path(state)
    if not make and not path.exists():
        return None
    return _kept_key(path, secrets.token_bytes(KEY_BYTES))


def read_deploy_key(state: Path, *, make: bool) -> bytes | None:
    """What the deploy daemon's secret is made from: the rig's key or, of this machine alone, ours.

    None where there is neither and `make` is false.
    """
    key = read_cluster_key(state, make=False)
    path = state / "loopback.key"
    if key is not None or (not make and not path.exists()):
        return key
    return _kept_key(path, secrets.token_bytes(KEY_BYTES))


def write_cluster_key(state: Path, key: bytes, *, replace: bool) -> Path:
    """Keep a key for this machine; FileError where there is one that is not to be replaced."""
    path = cluster_key_path(state)
    if replace:
        with _made(path, _key_text(key), PRIVATE) as made:
            made.replace(path)
    elif _kept_key(path, key) != key:
        reason = "there is a key already; --force replaces it, and then the whole rig needs the new"
        raise FileError(f"{path}: {reason}")
    return path


def to_cluster_key(text: str, place: str) -> bytes:
    """A key from its hex digits; FileError naming the place, never what stands there."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise FileError(f"{place}: expected {2 * KEY_BYTES} hex digits")
    return key


def _key_text(key: bytes) -> bytes:
    return key.hex().encode() + b"\n"


def _kept_key(path: Path, fresh: bytes) -> bytes:
    text = _read_or_make(path, _key_text(fresh), PRIVATE)
    _check_private(path)
    return to_cluster_key(text.decode(errors="replace"), str(path))


def _check_private(path: Path) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from error
    if mode & ~PRIVATE:
        raise FileError(f"{path}: others can read it (mode {mode:04o}): chmod 600 {path}")


def next_epoch(state: Path) -> int:
    """A number higher than at any start before, on disk before it is used."""
    path = state / "epoch"
    epoch = _whole_number(path) + 1
    _replace(path, f"{epoch}\n".encode())
    return epoch


def raise_epoch(state: Path, above: int) -> int:
    """A number that is at least `above` and higher than at any start before; on disk by then."""
    epoch = max(_whole_number(state / "epoch") + 1, above)
    _replace(state / "epoch", f"{epoch}\n".encode())
    return epoch


def keep_role(state: Path, *, leads: bool) -> None:
    """Whether a standby has taken over: it goes on leading after a restart."""
    if leads:
        _replace(state / "leads", b"")
    else:
        (state / "leads").unlink(missing_ok=True)


def has_taken_over(state: Path) -> bool:
    """Whether a standby that was started here has taken over, and not stepped down since."""
    return (state / "leads").exists()


def read_term(state: Path) -> Term:
    """The highest epoch this node has followed, and whose it was."""
    path = state / "term"
    if not path.exists():
        return Term()
    epoch, _, leader = read_small_file(path).decode(errors="replace").strip().partition(" ")
    if not epoch.isascii() or not epoch.isdigit():
        raise FileError(f"{path}: expected a number and a uuid")
    return Term(int(epoch), NodeId(leader))


def keep_term(state: Path, term: Term) -> None:
    """Keep it, on disk before anything is done by it."""
    _replace(state / "term", f"{term.epoch} {term.leader}\n".encode())


def _whole_number(path: Path) -> int:
    if not path.exists():
        return 0
    text = read_small_file(path).decode(errors="replace").strip()
    if not text.isascii() or not text.isdigit():
        raise FileError(f"{path}: expected a whole number")
    return int(text)


def _replace(path: Path, content: bytes) -> None:
    with _made(path, content, 0o644) as made:
        made.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def read_small_file(path: Path) -> bytes:
    """A configuration file's content."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from error


def _read_or_make(path: Path, fresh: bytes, mode: int) -> bytes:
    """A file's content; `fresh` where there was none, whoever else makes it at the same time."""
    with _made(path, fresh, mode) as made:
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
        return path.read_bytes()


@contextmanager
def _made(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """A whole file beside `path`, to be put in its place. Raises FileError."""
    try:
        _make_folder(path.parent, "state folder", 0o700)
        made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fsync(file.fileno())
        yield made
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


def is_held(state: Path, role: str) -> bool:
    """Whether a process holds a role of this state folder; who begins just now is not disturbed."""
    try:
        inode = (state / f"{role}.lock").stat().st_ino
        locks = Path("/proc/locks").read_text()
    except OSError:
        return False
    return any("FLOCK" in line and f":{inode} " in line for line in locks.splitlines())


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
