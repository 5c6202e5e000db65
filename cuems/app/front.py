"""The control surface as a whole: the desk, the gate before it, and every door that is open."""

import logging
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
from anyio.abc import TaskStatus
from anyio.streams.memory import MemoryObjectSendStream

from cuems.adapters.clients import Clients
from cuems.adapters.control import read_console, serve_control
from cuems.app.desk import ControlDesk
from cuems.app.doors import Address, Doors
from cuems.app.gate import Gate, is_loopback
from cuems.app.guests import Guests
from cuems.app.links import ControllerItem
from cuems.core.access import Keyring

LOOPBACK = "127.0.0.1"

log = logging.getLogger(__name__)


class Front:
    """Who meets the clients."""

    def __init__(self, send: MemoryObjectSendStream[ControllerItem], keys: Keyring) -> None:
        self.is_open = bool(keys.keys)
        self.clients = Clients()
        self.gate = Gate(keys)
        self.desk = ControlDesk(send, self.clients, Guests(self.gate, self.clients))


async def serve_front(
    front: Front,
    state: Path,
    control: Address,
    doors: Doors,
    *,
    task_status: TaskStatus[str] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Serve clients until cancelled; the start value is the control port's URL.

    Raises the error of the port that cannot be opened.
    """
    console = await anyio.to_thread.run_sync(read_console)
    host, wanted_port = _guarded(front, "the control surface", control)
    serve = partial(
        serve_control,
        (host, wanted_port),
        console=console,
        surface=front.desk,
        clients=front.clients,
        max_clients=doors.max_clients,
        tls=doors.tls,
    )
    async with anyio.create_task_group() as tg:
        tg.start_soon(front.gate.follow, state)
        tg.start_soon(front.desk.requests.serve)
        port = await tg.start(serve)
        shown = f"[{host}]" if ":" in host else host
        task_status.started(f"http{'s' if doors.tls else ''}://{shown}:{port}/")


def _guarded(front: Front, what: str, address: Address) -> Address:
    """The address asked for, unless that would let in everybody who can reach it."""
    host, port = address
    if front.is_open or is_loopback(host):
        return address
    log.warning(
        "%s stays on %s, for nobody has a key to %s yet. Make one, then start again:"
        " cuems token new NAME --scope control",
        what, LOOPBACK, host,
    )  # fmt: skip
    return LOOPBACK, port
