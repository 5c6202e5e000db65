"""The controller's own rsync daemon: one rsync child per connection, on a listening socket of ours.

It is ready when the socket listens, and there is nothing that can die between two transfers.
"""

import logging
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from cuems.adapters.process_group import open_group
from cuems.core.errors import CuemsError
from cuems.wire.rsync import (
    REFUSAL,
    DaemonFiles,
    Source,
    daemon_arguments,
    daemon_configuration,
    secrets_text,
)

CONNECTIONS = 16  # transfers at once; more nodes wait in the backlog
MANIFESTS_FOLDER = "manifests"  # in the daemon's own folder
SO_MAX_PACING_RATE = 47  # <asm-generic/socket.h>; the socket module has no name for it
UNPACED = (1 << 64) - 1
LEAST_BYTES_PER_S = 16 << 10  # a connection that starves would be taken for a frozen one
ADMISSION_S = 2.0  # a node is heard four times a second, and a client waits for longer
TURNED_AWAY_S = 1.0  # until a client that is refused has read why
TURNED_AWAY_BYTES = 8192
SCARCE_S = 1.0  # until there may be descriptors or memory again

log = logging.getLogger(__name__)


class RsyncDaemonError(CuemsError):
    """The deploy daemon cannot be opened."""


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
            async with open_group(command, stdin=connection.fileno()) as process:
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
            if not connection.recv(TURNED_AWAY_BYTES):
                return
