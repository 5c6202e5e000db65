"""What the controller serves of its library: where, what a project consists of, how fast."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import anyio.to_thread

from cuems.adapters.files import library_identity, read_deploy_key
from cuems.adapters.hashes import FileHashes
from cuems.adapters.rsync_daemon import Daemon, RsyncDaemonError, open_rsync_daemon
from cuems.app.manifests import make_manifest, publish_manifest
from cuems.app.versions import Versions
from cuems.core.bus import Source
from cuems.core.cues import Show
from cuems.core.errors import CuemsError
from cuems.wire.rsync import derive_secret

TRICKLE_BYTES_PER_S = 1 << 20  # of all transfers together, while a show needs the machines

log = logging.getLogger(__name__)


class NotServedError(CuemsError):
    """What cannot be served to nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A library and the daemon that serves it; `source` is without a project's hash."""

    source: Source
    library: Path
    hashes: FileHashes
    versions: Versions
    daemon: Daemon | None

    async def hashed(self, project: str, show: Show) -> Source:
        """The source of a project as its files are now, which are kept. Raises CuemsError."""
        if self.daemon is None:
            return self.source
        manifest = await make_manifest(self.hashes, project, show)
        await self.versions.keep(manifest)
        try:
            found = await publish_manifest(self.daemon.manifests, manifest)
        except OSError as error:
            place = error.filename or self.daemon.manifests
            raise NotServedError(f"{place}: {error.strerror}") from error
        return replace(self.source, project_hash=found)

    def admit(self, admits: Callable[[str], bool]) -> None:
        """Serve only addresses of which this is true."""
        if self.daemon is not None:
            self.daemon.admits = admits

    def look_again(self) -> None:
        """Somebody may be admitted by now."""
        if self.daemon is not None:
            self.daemon.look_again()

    def pace(self, *, trickle: bool) -> None:
        """Yield to the show, or go on."""
        self.hashes.trickles = trickle
        if self.daemon is not None:
            self.daemon.limit(TRICKLE_BYTES_PER_S if trickle else 0)


@asynccontextmanager
async def open_served(library: Path, state: Path, address: str) -> AsyncIterator[Served]:
    """Serve a library to nodes; where that cannot be, the source has port 0."""
    identity = await anyio.to_thread.run_sync(library_identity, library)
    key = await anyio.to_thread.run_sync(lambda: read_deploy_key(state, make=True))
    assert key is not None
    opening = open_rsync_daemon(
        library=library,
        state=state / "rsync",
        secret=derive_secret(key),
        address=address,
    )
    async with AsyncExitStack() as stack:
        daemon: Daemon | None = None
        try:
            daemon = await stack.enter_async_context(opening)
        except RsyncDaemonError as error:
            log.warning("%s", error)
        hashes = FileHashes(library, state / "library-hashes")
        port = 0 if daemon is None else daemon.source.port
        yield Served(
            source=Source(library=identity, port=port, project_hash=""),
            library=library,
            hashes=hashes,
            versions=Versions(library, state / "versions", hashes),
            daemon=daemon,
        )
