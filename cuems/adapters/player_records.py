"""Players that outlive the engine that started them: how the next engine knows them again.

Each has a record in a folder: its process id, when that process started, its command, and the
unix socket it listens at. A player is known by all four, never by its name: process ids come
round again. Its socket lies beside its record.
"""

import json
import os
import secrets
import select
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import anyio

from cuems.core.errors import CuemsError

NAME_BYTES = 4
SOCKET_PATH_BYTES = 107  # what the kernel takes, less the zero
CONNECT_DEADLINE_S = 1.0
KILL_DEADLINE_S = 2.0
START_FIELD = 19  # of /proc/PID/stat, counted from behind the command


class FolderTooDeepError(CuemsError):
    """A state folder in which no socket can lie."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder}: too long a path for the sockets of players that survive")


class PlayerGoneError(CuemsError):
    """A player that was taken over has ended; how is told to its parent only."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: the player that was taken over has ended")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerRecord:
    """A player at work for cue `cue` with the file at `path`."""

    cue: str
    name: str
    path: str
    pid: int
    started: str
    command: tuple[str, ...]
    endpoint: str


def new_endpoint(folder: Path) -> str:
    """Where one more player is to listen."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    endpoint = str(folder / f"{secrets.token_hex(NAME_BYTES)}.sock")
    if len(os.fsencode(endpoint)) > SOCKET_PATH_BYTES:
        raise FolderTooDeepError(folder)
    return endpoint


def describe(pid: int) -> tuple[str, tuple[str, ...]]:
    """When a process started, and its command; raises OSError where there is none."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    state, *fields = stat.rpartition(")")[2].split()
    if state == "Z":
        raise ProcessLookupError(pid)
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    command = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    return f"{boot} {fields[START_FIELD - 1]}", tuple(map(os.fsdecode, command))


def write_record(cue: str, name: str, path: Path, pid: int, endpoint: str) -> PlayerRecord:
    """Note a player that has opened its socket; whole or not at all."""
    started, command = describe(pid)
    record = PlayerRecord(
        cue=cue,
        name=name,
        path=str(path),
        pid=pid,
        started=started,
        command=command,
        endpoint=endpoint,
    )
    file = _file_of(endpoint)
    new = file.with_suffix(".new")
    new.write_text(json.dumps(asdict(record)))
    new.rename(file)
    return record


def forget_record(endpoint: str) -> None:
    """A player is gone."""
    for path in (_file_of(endpoint), Path(endpoint)):
        path.unlink(missing_ok=True)


def _file_of(endpoint: str) -> Path:
    return Path(endpoint).with_suffix(".json")


def read_records(folder: Path) -> list[PlayerRecord]:
    """The players that are noted and still there; the notes of those that are not are dropped."""
    found = []
    for file in sorted(folder.glob("*.json")):
        record = _read(file)
        if record is not None and is_there(record):
            found.append(record)
        else:
            forget_record(str(file.with_suffix(".sock")))
    return found


def _read(file: Path) -> PlayerRecord | None:
    with suppress(OSError, ValueError, TypeError, KeyError):
        values = json.loads(file.read_text())
        return PlayerRecord(**values | {"command": tuple(values["command"])})
    return None


def is_there(record: PlayerRecord) -> bool:
    """Whether the process of that id is the one that was noted."""
    try:
        return describe(record.pid) == (record.started, record.command)
    except OSError:
        return False


class Adopted:
    """A player that another engine started."""

    def __init__(self, record: PlayerRecord, pidfd: int) -> None:
        self.record = record
        self._pidfd = pidfd

    async def watch(self) -> None:
        """Wait for its end; raises PlayerGoneError."""
        await anyio.wait_readable(self._pidfd)
        raise PlayerGoneError(self.record.name)

    async def connect(self) -> socket.socket:
        """A connection to where it listens; raises OSError or TimeoutError."""
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        with ExitStack() as stack, anyio.fail_after(CONNECT_DEADLINE_S):
            stack.enter_context(link)
            link.connect(self.record.endpoint)  # a unix socket connects at once, or not at all
            await anyio.wait_writable(link)
            stack.pop_all()
        return link

    async def stop(self) -> None:
        """KILL it: it is to be silent now, and has nothing to put away."""
        with anyio.CancelScope(shield=True):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            with anyio.move_on_after(KILL_DEADLINE_S):
                await anyio.wait_readable(self._pidfd)
            await anyio.to_thread.run_sync(forget_record, self.record.endpoint)


@asynccontextmanager
async def open_adopted(record: PlayerRecord) -> AsyncIterator[Adopted | None]:
    """Take over a player; None where it is gone meanwhile."""
    try:
        pidfd = os.pidfd_open(record.pid)
    except OSError:
        yield None
        return
    try:
        # Looked at again while we hold it: from here on the id cannot come to mean another one.
        is_same = await anyio.to_thread.run_sync(is_there, record)
        ended, _, _ = select.select([pidfd], [], [], 0)
        yield Adopted(record, pidfd) if is_same and not ended else None
    finally:
        os.close(pidfd)
