"""What reaches a controller from outside: its nodes, by bus and by lane, and timecode by MIDI."""

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskStatus
from anyio.streams.memory import MemoryObjectSendStream

from cuems.adapters.ipc import serve_requests
from cuems.adapters.lane import Lane
from cuems.adapters.midi import MidiInput, open_midi_input
from cuems.app.leading import Leading
from cuems.app.links import Bus, ControllerItem, NodeSaid, bell
from cuems.core import bus
from cuems.core.chased_line import ChasedLine
from cuems.core.midi_ports import MidiOpen, MidiState

log = logging.getLogger(__name__)


@asynccontextmanager
async def open_outside_line(
    port: str, line: ChasedLine, send: MemoryObjectSendStream[ControllerItem]
) -> AsyncIterator[MidiInput]:
    """Let the line follow the timecode of a MIDI port, whenever that is there."""

    def changed(state: MidiState) -> None:
        if isinstance(state, MidiOpen):
            log.info("timecode comes from MIDI port %s (%s)", state.port, state.api)
        else:
            log.warning("no timecode from MIDI: %s", state.reason)

    ring = bell(send)

    def hear(received_ns: int, message: bytes) -> bool:
        if line.hear(message, received_ns):
            ring()
        return line.is_steady

    async with open_midi_input(port, on_state=changed, on_message=hear) as midi:
        yield midi


async def hear_bus(
    link: Bus, leading: Leading, send: MemoryObjectSendStream[ControllerItem], *, near: bool
) -> None:
    """What nodes say on a bus; `near` is the one within this process."""
    while True:
        data = await link.receive()
        received_ns = time.monotonic_ns()
        said = leading.from_bus(data, near=near)
        if said is not None and isinstance(said.message, bus.NodeReport):
            await send.send(NodeSaid(said.sender, said.message, received_ns, by_bus=True))


async def hear_lane(
    lane: Lane, leading: Leading, send: MemoryObjectSendStream[ControllerItem]
) -> None:
    """What nodes say on lane X."""
    while True:
        data, address = await lane.receive()
        received_ns = time.monotonic_ns()
        said = leading.from_lane(data, address)
        if said is not None and isinstance(said.message, bus.NodeReport):
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
