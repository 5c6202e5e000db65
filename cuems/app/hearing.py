"""How a controller hears its nodes: by the bus, lane X and lane R."""

import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import anyio
from anyio.abc import TaskStatus
from anyio.streams.memory import MemoryObjectSendStream

from cuems.adapters.ipc import serve_requests
from cuems.adapters.lane import Lane, LaneError, open_lane
from cuems.app.leading import Leading
from cuems.app.links import Bus, ControllerItem, NodeSaid
from cuems.core.reports import NodeReport
from cuems.wire.lane_r import BUS_PORT, LANE_X_PORT

log = logging.getLogger(__name__)


@asynccontextmanager
async def open_lane_x(bus_url: str) -> AsyncIterator[Lane]:
    """The controller's end of lane X, beside its bus; any port where that is taken."""
    parts = urlsplit(bus_url)
    host, port = parts.hostname or "127.0.0.1", (parts.port or 0) + LANE_X_PORT - BUS_PORT
    async with AsyncExitStack() as stack:
        try:
            lane = await stack.enter_async_context(open_lane(host, port))
        except LaneError as error:
            log.info("%s; another port is taken", error)
            lane = await stack.enter_async_context(open_lane(host))
        yield lane


async def hear_bus(
    link: Bus, leading: Leading, send: MemoryObjectSendStream[ControllerItem], *, near: bool
) -> None:
    """What nodes say on a bus; `near` is the one within this process."""
    while True:
        data = await link.receive()
        received_ns = time.monotonic_ns()
        said = leading.from_bus(data, near=near)
        if said is not None and isinstance(said.message, NodeReport):
            await send.send(NodeSaid(said.sender, said.message, received_ns, by_bus=True))


async def hear_lane(
    lane: Lane, leading: Leading, send: MemoryObjectSendStream[ControllerItem]
) -> None:
    """What nodes say on lane X."""
    while True:
        data, address = await lane.receive()
        received_ns = time.monotonic_ns()
        said = leading.from_lane(data, address)
        if said is not None and isinstance(said.message, NodeReport):
            await send.send(NodeSaid(said.sender, said.message, received_ns))


async def serve_lane_r(
    url: str,
    leading: Leading,
    send: MemoryObjectSendStream[ControllerItem],
    *,
    task_status: TaskStatus[str] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Answer nodes that ask for themselves alone, until cancelled."""

    async def answer(data: bytes) -> bytes:
        return await leading.answer(data, send, time.monotonic_ns())

    await serve_requests(url, answer, task_status=task_status)
