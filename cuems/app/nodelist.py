"""Who belongs to the rig, as the ecosystem keeps it: network_map.xml, and nodeconf that owns it."""

from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from cuems.adapters.files import read_small_file
from cuems.adapters.ipc import request
from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError
from cuems.wire import ipc
from cuems.wire.network_map_xml import read_network_map

PEER_S = 1.5  # nodeconf, hwdiscovery: who asks for them is to hear of their silence within 2 s


class NotDoneError(CuemsError):
    """What was asked for is not done; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodelist:
    """The list and its keeper. `own` is this controller, which belongs to the rig untold.

    The ecosystem's daemons are those of the `users` (None: of anybody).
    """

    own: NodeId
    network_map: Path | None
    folder: Path | None
    users: frozenset[int] | None = None

    async def adopted(self) -> tuple[NodeId, ...] | None:
        """Who belongs to the rig; None where nothing says so: every node that comes.

        Raises CuemsError for a file that cannot be used.
        """
        path = self.network_map
        if path is None:
            return None
        data = await anyio.to_thread.run_sync(read_small_file, path)
        nodes = read_network_map(data, str(path)).nodes
        return tuple(sorted({self.own, *(node.uuid for node in nodes if node.adopted)}))

    async def modify(self, node: NodeId, *, adopt: bool) -> None:
        """Have nodeconf adopt a node, or let go of it; raises CuemsError with its reason."""
        change = ipc.Modify.ADD if adopt else ipc.Modify.REMOVE
        await self.ask("nodeconf", ipc.nodelist_modify(node, change))

    async def ask(self, name: str, data: bytes) -> None:
        """Have one of the ecosystem's daemons do something; raises CuemsError with its reason."""
        if self.folder is None:
            raise NotDoneError(f"there is no {name} here: this machine is not the ecosystem's")
        answer = await request(url(self.folder, name), data, PEER_S, self.users)
        reason = ipc.why_not_done(answer)
        if reason:
            raise NotDoneError(f"{name}: {reason}")


def url(folder: Path, name: str) -> str:
    """Where one of the ecosystem's sockets is."""
    return f"ipc://{folder / name}.ipc"
