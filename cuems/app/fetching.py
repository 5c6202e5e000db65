"""What a node does so that a project is in its library: nothing, where it is the controller's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import anyio.to_thread

from cuems.adapters.files import cluster_key_path, read_deploy_key
from cuems.app.deploy import Deployment, deploy_project, media_names
from cuems.app.node import OnProgress
from cuems.app.project import load_show
from cuems.core.bus import LoadCommand
from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError
from cuems.core.status import DeployProgress
from cuems.wire.rsync import Source, derive_secret


class NoKeyError(CuemsError):
    """This node cannot fetch from a controller whose rig it does not belong to."""

    def __init__(self, state: Path) -> None:
        super().__init__(
            f"{cluster_key_path(state)} is missing, so no files can be fetched: give this machine"
            " the rig's key (cuems key show on the controller, cuems key new --stdin here)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetching:
    """A node's way to a project's files. `library_identity` is adapters/files.py's."""

    node: NodeId
    library: Path
    library_identity: str
    state: Path
    bus_url: Callable[[], str]

    async def fetch(self, load: LoadCommand, on_progress: OnProgress) -> None:
        """Bring what a load needs; raises CuemsError, and what was there before stays whole."""
        source = load.source
        if source is None or source.library == self.library_identity:
            return
        if source.port == 0:
            raise NothingServedError
        key = await anyio.to_thread.run_sync(lambda: read_deploy_key(self.state, make=False))
        if key is None:
            raise NoKeyError(self.state)
        deployment = Deployment(
            project=load.project,
            node=self.node,
            source=Source(
                host=urlsplit(self.bus_url()).hostname or "127.0.0.1",
                port=source.port,
                secret=derive_secret(key),
            ),
            library=self.library,
        )

        async def read_media(folder: Path) -> Sequence[str]:
            return media_names(await load_show(self.library, folder.name), self.node)

        def progress(status: DeployProgress) -> None:
            on_progress(status.percent, status.detail)

        await deploy_project(deployment, read_media, progress)


class NothingServedError(CuemsError):
    """The controller serves no files."""

    def __init__(self) -> None:
        super().__init__("the controller serves no files: install rsync there")
