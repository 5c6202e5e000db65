"""The control surface as a whole: the desk, the gate before it, and every door that is open."""

import logging
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup, TaskStatus
from anyio.streams.memory import MemoryObjectSendStream

from cuems.adapters.clients import Clients, Surface
from cuems.adapters.control import read_console, serve_control
from cuems.adapters.osc_server import serve_osc_tcp, serve_osc_udp
from cuems.app.desk import ControlDesk
from cuems.app.doors import Address, Doors
from cuems.app.gate import Gate, is_loopback
from cuems.app.guests import Guests
from cuems.app.links import ControllerItem
from cuems.app.qlab_desk import QlabDesk
from cuems.core.access import Keyring
from cuems.wire.oscquery import OscDoor

LOOPBACK = "127.0.0.1"
QLAB_REPLY_PORT = 53001

log = logging.getLogger(__name__)


class Front:
    """Who meets the clients."""

    def __init__(self, send: MemoryObjectSendStream[ControllerItem], keys: Keyring) -> None:
        self.is_open = bool(keys.keys)
        self.osc_udp: Address | None = None  # where OSC is taken as datagrams
        self.clients = Clients()
        self.gate = Gate(keys)
        guests = Guests(self.gate, self.clients)
        self.desk = ControlDesk(send, self.clients, guests)
        self.qlab = QlabDesk(self.clients, guests, self.desk.requests)

    def open_qlab(self) -> None:
        """Keep the QLab remotes' view of the show up to date from now on."""
        self.desk.followers.append(self.qlab.follow)


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
        own_names=doors.origins,
        tls=doors.tls,
    )
    async with anyio.create_task_group() as tg:
        tg.start_soon(front.gate.follow, state)
        tg.start_soon(front.desk.requests.serve)
        await _open_osc(front, doors, tg)
        port = await tg.start(serve)
        shown = f"[{host}]" if ":" in host else host
        task_status.started(f"http{'s' if doors.tls else ''}://{shown}:{port}/")


async def _open_osc(front: Front, doors: Doors, tg: TaskGroup) -> None:
    """Open the doors for those who speak OSC without WebSocket."""
    at = partial(_serve_osc, front, doors.max_clients, tg)
    if doors.osc_udp is not None:
        front.osc_udp = await at(serve_osc_udp, "OSC UDP", doors.osc_udp, front.desk)
        front.desk.posts.osc = OscDoor("UDP", front.osc_udp[1])
    if doors.osc_tcp is not None:  # the one to be preferred: it loses nothing
        _, port = await at(serve_osc_tcp, "OSC TCP", doors.osc_tcp, front.desk)
        front.desk.posts.osc = OscDoor("TCP", port)
    if doors.qlab is not None:
        front.open_qlab()
        serve_udp = partial(serve_osc_udp, reply_port=QLAB_REPLY_PORT)
        await at(serve_osc_tcp, "QLab TCP", doors.qlab, front.qlab)
        await at(serve_udp, "QLab UDP", doors.qlab, front.qlab)


async def _serve_osc(
    front: Front,
    max_clients: int,
    tg: TaskGroup,
    serve: Callable[..., Coroutine[Any, Any, None]],
    door: str,
    address: Address,
    surface: Surface,
) -> Address:
    """Open one; where it is."""
    host, port = _guarded(front, door, address)
    named = partial(
        serve,
        (host, port),
        door=door,
        surface=surface,
        clients=front.clients,
        max_clients=max_clients,
    )
    port = int(await tg.start(named))
    log.info("%s is served at %s:%s", door, host, port)
    return host, port


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
