"""Deploy by rsync: the controller's own daemon, and one transfer in one cancel scope.

The daemon is one rsync child per connection, on a listening socket of ours: it is ready when the
socket listens, and there is nothing that can die between two transfers. rsync's own `--timeout`
does not see a frozen peer (what it writes itself counts as life, and the kernel takes that), so a
transfer is watched by the bytes that its processes read.
"""

import fcntl
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import DEVNULL, PIPE

import anyio
import anyio.to_thread
from anyio.abc import ByteReceiveStream, Process

from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError
from cuems.wire.rsync import (
    REFUSAL,
    DaemonFiles,
    Progress,
    Source,
    daemon_arguments,
    daemon_configuration,
    fetch_arguments,
    file_list,
    list_arguments,
    read_listed,
    read_progress,
    read_skipped,
    secrets_text,
    stage_arguments,
)
from cuems.wire.rsync_errors import (
    DeployError,
    Diagnosis,
    diagnose,
    missing_diagnosis,
    missing_names,
)

STARTUP_S = 10.0  # from the start of rsync until it has an answer from the other side
STALL_S = 5.0  # without bytes, once it has
STOP_GRACE_S = 1.0  # from TERM to KILL: rsync uses it to put a partial file aside
REAP_S = 1.0  # from KILL to giving up on a process the kernel cannot end
CONNECTIONS = 16  # transfers at once; more nodes wait in the backlog
MANIFESTS_FOLDER = "manifests"  # in the daemon's own folder
INCOMING = ".incoming"  # in the library, so on its file system: what is being received
ERROR_TAIL_BYTES = 8192
LINE_BYTES = 65536
NICENESS = "19"  # a show that runs comes first (limits.md A7)

PARTIAL_EXIT_CODE = 23
SO_MAX_PACING_RATE = 47  # <asm-generic/socket.h>; the socket module has no name for it
UNPACED = (1 << 64) - 1
LEAST_BYTES_PER_S = 16 << 10  # a connection that starves would be taken for a frozen one
ADMISSION_S = 2.0  # a node is heard four times a second, and a client waits for longer
TURNED_AWAY_S = 1.0  # until a client that is refused has read why
SCARCE_S = 1.0  # until there may be descriptors or memory again

log = logging.getLogger(__name__)


class RsyncDaemonError(CuemsError):
    """The deploy daemon cannot be opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """Files, relative to the library, that `node` wants as they are at the source.

    `limit_kib_per_s` bounds the bandwidth, 0 does not.
    """

    node: NodeId
    source: Source
    names: tuple[str, ...]
    library: Path
    limit_kib_per_s: int = 0
    startup_s: float = STARTUP_S
    stall_s: float = STALL_S


# ---- one transfer


async def fetch(request: Fetch, on_progress: Callable[[Progress], None]) -> None:
    """Bring the files; they appear when all have arrived. The last progress says 100.

    Raises DeployError, RsyncNameError.
    """
    listing = file_list(request.names)
    newest = Progress(bytes=0, percent=0, bytes_per_s=0, eta_s=0)
    skipped: list[str] = []

    def take(line: str) -> None:
        nonlocal newest
        if (name := read_skipped(line)) is not None:
            skipped.append(name)
        elif (progress := read_progress(line)) is not None:
            newest = progress
            on_progress(progress)

    async with _open_incoming(request, listing) as incoming:
        command = fetch_arguments(
            request.source,
            incoming / "list",
            incoming / "files",
            request.library,
            limit_kib_per_s=request.limit_kib_per_s,
        )
        exit_code, errors = await _run_client(request, command, take)
    if exit_code != 0:
        raise _deploy_error(request, diagnose(exit_code, errors))
    if skipped:
        raise _deploy_error(request, missing_diagnosis(skipped))
    if newest.percent < 100:
        on_progress(replace(newest, percent=100, eta_s=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePlaces:
    """Where on a stage the list, what is being written, and what is whole are."""

    listing: Path
    temporary: Path
    files: Path


async def fetch_staged(
    request: Fetch, stage: StagePlaces, on_progress: Callable[[Progress, str], None]
) -> None:
    """Bring the files to a stage; what arrived before a transfer ends early is kept there.

    `on_progress` hears also which file is coming. Raises DeployError, RsyncNameError.
    """
    skipped: list[str] = []
    wanted = frozenset(request.names)
    coming = ""

    def take(line: str) -> None:
        nonlocal coming
        if line in wanted:
            coming = line
        elif (name := read_skipped(line)) is not None:
            skipped.append(name)
        elif (progress := read_progress(line)) is not None:
            on_progress(progress, coming)

    listing = file_list(request.names)
    try:
        await anyio.to_thread.run_sync(stage.listing.write_bytes, listing)
    except OSError as error:
        raise _deploy_error(
            request,
            Diagnosis(
                f"cannot write to the library {request.library} ({error.strerror})",
                "check its permissions and free space",
            ),
        ) from error
    command = stage_arguments(
        request.source,
        stage.listing,
        stage.temporary,
        stage.files,
        request.library,
        limit_kib_per_s=request.limit_kib_per_s,
    )
    exit_code, errors = await _run_client(request, command, take)
    if exit_code != 0:
        raise _deploy_error(request, diagnose(exit_code, errors))
    if skipped:
        raise _deploy_error(request, missing_diagnosis(skipped))


async def list_present(request: Fetch) -> Mapping[str, int]:
    """Which of the files are plain files at the source, with their sizes in bytes.

    Raises DeployError, RsyncNameError.
    """
    present: dict[str, int] = {}

    def take(line: str) -> None:
        if (listed := read_listed(line)) is not None:
            present.update([listed])

    async with _open_incoming(request, file_list(request.names)) as incoming:
        command = list_arguments(request.source, incoming / "list", request.library)
        exit_code, errors = await _run_client(request, command, take)
    some_missing = exit_code == PARTIAL_EXIT_CODE and missing_names(errors) is not None
    if exit_code != 0 and not some_missing:
        raise _deploy_error(request, diagnose(exit_code, errors))
    return present


def _deploy_error(request: Fetch, diagnosis: Diagnosis) -> DeployError:
    return DeployError(
        node=request.node, what=diagnosis.what, remedy=diagnosis.remedy, file=diagnosis.file
    )


async def _run_client(
    request: Fetch, command: Sequence[str], take: Callable[[str], None]
) -> tuple[int, str]:
    """Exit code and error text of a client whose output lines go to `take`."""
    errors = bytearray()
    heard = anyio.Event()
    stalls: list[Diagnosis] = []

    async def watch(process: Process, scope: anyio.CancelScope) -> None:
        stalls.append(await _stall(process, request, heard))
        scope.cancel()

    async with _open_group(command) as process, anyio.create_task_group() as watched:
        watched.start_soon(watch, process, watched.cancel_scope)
        async with anyio.create_task_group() as pumps:
            pumps.start_soon(_keep_tail, _output(process.stderr), errors)
            pumps.start_soon(_read_lines, _output(process.stdout), heard, take)
            await _send_secret(process, request.source.secret)
        exit_code = await process.wait()
        watched.cancel_scope.cancel()
    if stalls:
        raise _deploy_error(request, stalls[0])
    return exit_code, errors.decode(errors="replace")


async def _stall(process: Process, request: Fetch, heard: anyio.Event) -> Diagnosis:
    """Returns when the client gets no further, with what to say about it."""
    with anyio.move_on_after(request.startup_s):
        await heard.wait()
    if not heard.is_set():
        return Diagnosis(
            f"the controller's rsync has not answered in {request.startup_s:g} s",
            "check the network and load again",
        )
    bytes_read = await anyio.to_thread.run_sync(_bytes_read, process.pid)
    while True:
        await anyio.sleep(request.stall_s)
        before, bytes_read = bytes_read, await anyio.to_thread.run_sync(_bytes_read, process.pid)
        if bytes_read == before:
            return Diagnosis(
                f"no bytes for {request.stall_s:g} s", "check the network and load again"
            )


def _bytes_read(pid: int) -> int:
    """What a client and its children have read so far, from the network or of old files.

    rsync's progress lines will not do: while it looks at what is there already it prints none.
    """
    with suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return sum(_bytes_read_by(each) for each in (str(pid), *children))
    return 0


def _bytes_read_by(pid: str) -> int:
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    counters = dict(line.split(": ") for line in lines)
    # `read_bytes` is from storage: it grows also while folders and inodes are read
    return int(counters["rchar"]) + int(counters["read_bytes"])


async def _send_secret(process: Process, secret: str) -> None:
    if process.stdin is None:
        return
    # A client that is gone already says why by its exit code.
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        await process.stdin.send(f"{secret}\n".encode())
    await process.stdin.aclose()


def _output(stream: ByteReceiveStream | None) -> ByteReceiveStream:
    if stream is None:
        raise TypeError("the process was started without this pipe")
    return stream


async def _keep_tail(stream: ByteReceiveStream, tail: bytearray) -> None:
    async for chunk in stream:
        tail += chunk
        del tail[:-ERROR_TAIL_BYTES]


async def _read_lines(
    stream: ByteReceiveStream, heard: anyio.Event, take: Callable[[str], None]
) -> None:
    rest = b""
    async for chunk in stream:
        heard.set()
        *lines, rest = (rest + chunk.replace(b"\r", b"\n")).split(b"\n")
        for line in lines:
            take(line.decode(errors="replace"))
        rest = rest[-LINE_BYTES:]


# ---- what is being received


@asynccontextmanager
async def _open_incoming(request: Fetch, listing: bytes) -> AsyncIterator[Path]:
    """A folder of one transfer with its `list` and room for `files`; abandoned ones are swept."""
    try:
        folder, lock = await anyio.to_thread.run_sync(_make_incoming, request.library, listing)
    except OSError as error:
        raise DeployError(
            node=request.node,
            what=f"cannot write to the library {request.library} ({error.strerror})",
            remedy="check its permissions and free space",
        ) from error
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


# ---- processes


@asynccontextmanager
async def _open_group(command: Sequence[str], stdin: int | None = None) -> AsyncIterator[Process]:
    """A child that leads its own process group and dies with us; leaving ends the whole group.

    With `stdin`, that descriptor is all it has; without, three pipes.
    """
    output = PIPE if stdin is None else DEVNULL
    process = await anyio.open_process(
        ["setpriv", "--pdeathsig", "TERM", "--", "nice", "-n", NICENESS, *command],
        stdin=PIPE if stdin is None else stdin,
        stdout=output,
        stderr=output,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with anyio.CancelScope(shield=True):
            await _end_group(process)


async def _end_group(process: Process) -> None:
    for number, patience_s in ((signal.SIGTERM, STOP_GRACE_S), (signal.SIGKILL, REAP_S)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with anyio.move_on_after(patience_s):
            await _all_gone(process)
            break
    with anyio.move_on_after(REAP_S):
        await process.aclose()


async def _all_gone(process: Process) -> None:
    """Returns when the child is reaped and no process of its group holds its pipes any more."""
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            with suppress(anyio.ClosedResourceError):
                async for _ in stream:
                    pass
    await process.wait()


# ---- the daemon


class Daemon:
    """A daemon that serves; `source` is where, and `manifests` is a folder it serves besides.

    It serves addresses that `admits` says yes to, whoever has the secret.
    """

    def __init__(self, source: Source, manifests: Path) -> None:
        self.source = source
        self.manifests = manifests
        self.admits: Callable[[str], bool] = lambda _: True
        self._news = anyio.Event()
        self._connections: set[socket.socket] = set()
        self._limit_bytes_per_s = 0

    async def admitted(self, address: str) -> bool:
        """Whether it is; a node may ask for files before it is heard on all its ways."""
        with anyio.move_on_after(ADMISSION_S):
            while not self.admits(address):
                await self._news.wait()
            return True
        return False

    def look_again(self) -> None:
        """Somebody may be admitted by now."""
        if self._news.statistics().tasks_waiting:
            self._news.set()
            self._news = anyio.Event()

    def limit(self, bytes_per_s: int) -> None:
        """Serve no faster from now on, all connections taken together; 0 is no limit.

        The kernel paces: it takes effect at once, also on transfers under way. Measured
        (tests/bench/bench_deploy_yield.py): starting rsync again with another --bwlimit makes
        both sides read again what has come, and stopping it by signal leaves stopped processes
        behind where we are killed.
        """
        self._limit_bytes_per_s = bytes_per_s
        self._share()

    def add(self, connection: socket.socket) -> None:
        """One more to share with."""
        self._connections.add(connection)
        self._share()

    def remove(self, connection: socket.socket) -> None:
        """One less."""
        self._connections.discard(connection)
        self._share()

    def _share(self) -> None:
        limit = self._limit_bytes_per_s
        share = max(LEAST_BYTES_PER_S, limit // max(len(self._connections), 1))
        rate = (share if limit else UNPACED).to_bytes(8, sys.byteorder)
        for connection in self._connections:
            connection.setsockopt(socket.SOL_SOCKET, SO_MAX_PACING_RATE, rate)


@asynccontextmanager
async def open_rsync_daemon(
    *,
    library: Path,
    state: Path,
    secret: str,
    address: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[Daemon]:
    """Serve a library's projects and media, to be read only, until left.

    `state` is a folder of the daemon's own. Port 0 takes a free one; the daemon's source names it.
    Raises RsyncDaemonError, RsyncNameError.
    """
    with _listen(address, port) as listener:
        command = await anyio.to_thread.run_sync(_write_daemon, library, state, secret)
        source = Source(host=address, port=listener.getsockname()[1], secret=secret)
        daemon = Daemon(source, state / MANIFESTS_FOLDER)
        async with anyio.create_task_group() as tg:
            tg.start_soon(_serve, listener, command, daemon)
            yield daemon
            tg.cancel_scope.cancel()


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(CONNECTIONS)
    except OSError as error:
        listener.close()
        raise RsyncDaemonError(f"deploy address {address}:{port}: {error.strerror}") from error
    listener.setblocking(False)
    return listener


def _write_daemon(library: Path, state: Path, secret: str) -> list[str]:
    """Write the daemon's files, all private; its command line."""
    if shutil.which("rsync") is None:
        raise RsyncDaemonError(
            "rsync is not installed, so nodes get no files: apt-get install rsync"
        )
    files = DaemonFiles(
        configuration=state / "rsyncd.conf",
        secrets=state / "rsyncd.secrets",
        log=state / "rsyncd.log",
        manifests=state / MANIFESTS_FOLDER,
    )
    try:
        owner = library.stat()
        text = daemon_configuration(
            library.resolve(),
            files,
            chroot_owner=(owner.st_uid, owner.st_gid) if os.geteuid() == 0 else None,
        )
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        state.chmod(0o700)
        served = state / MANIFESTS_FOLDER
        served.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(served, owner.st_uid, owner.st_gid)
        _write_private(state / "rsyncd.log", "")
        _write_private(state / "rsyncd.secrets", secrets_text(secret))
        _write_private(state / "rsyncd.conf", text)
    except OSError as error:
        place = error.filename or state
        raise RsyncDaemonError(f"deploy daemon: {place}: {error.strerror}") from error
    return daemon_arguments(files.configuration)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


async def _serve(listener: socket.socket, command: Sequence[str], daemon: Daemon) -> None:
    slots = anyio.Semaphore(CONNECTIONS)
    async with anyio.create_task_group() as connections:
        while True:
            await slots.acquire()
            connection = await _accept(listener)
            connections.start_soon(_serve_connection, connection, command, daemon, slots)


async def _accept(listener: socket.socket) -> socket.socket:
    while True:
        await anyio.wait_readable(listener)
        try:
            return listener.accept()[0]
        except (BlockingIOError, ConnectionError):  # the client has left again
            continue
        except OSError as error:
            log.warning("a node cannot fetch files now: %s", error.strerror)
            await anyio.sleep(SCARCE_S)


async def _serve_connection(
    connection: socket.socket, command: Sequence[str], daemon: Daemon, slots: anyio.Semaphore
) -> None:
    with connection:
        try:
            address = connection.getpeername()[0]
            if not await daemon.admitted(address):
                log.warning("no files for %s: no node that was adopted speaks from there", address)
                await _turn_away(connection)
                return
            async with _open_group(command, stdin=connection.fileno()) as process:
                daemon.add(connection)
                try:
                    await process.wait()
                finally:
                    daemon.remove(connection)
                    connection.close()  # with the child's copy gone, the client sees the end
        except OSError as error:  # this node has to ask again; the others go on
            log.warning("a node cannot fetch files now: %s", error.strerror)
        finally:
            slots.release()


async def _turn_away(connection: socket.socket) -> None:
    """Say so in rsync's words, and wait until the client has taken it."""
    connection.setblocking(False)
    connection.send(REFUSAL)
    connection.shutdown(socket.SHUT_WR)
    with anyio.move_on_after(TURNED_AWAY_S):
        while True:
            await anyio.wait_readable(connection)
            if not connection.recv(ERROR_TAIL_BYTES):
                return
