"""Where a controller has its timecode line from, and where it sends it: MIDI, if any."""

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio.streams.memory import MemoryObjectSendStream

from cuems.adapters.midi import MidiInput, open_midi_input
from cuems.adapters.mtc_output import MtcOutput, open_mtc_output
from cuems.app.config import RunConfig, Timecode
from cuems.app.controller_parts import ShowLine
from cuems.app.links import ControllerItem, bell
from cuems.core.chased_line import ChasedLine
from cuems.core.midi_ports import MidiOpen, MidiState
from cuems.core.own_line import OwnLine

log = logging.getLogger(__name__)


@asynccontextmanager
async def open_line(
    config: RunConfig, send: MemoryObjectSendStream[ControllerItem]
) -> AsyncIterator[tuple[ShowLine, MidiInput | None]]:
    """Our own line, or one that follows the timecode of a MIDI port, whenever that is there."""
    if not config.chases:
        yield OwnLine(time.monotonic_ns()), None
        return
    line, ring = ChasedLine(), bell(send)

    def changed(state: MidiState) -> None:
        if isinstance(state, MidiOpen):
            log.info("timecode comes from MIDI port %s (%s)", state.port, state.api)
        else:
            log.warning("no timecode from MIDI: %s", state.reason)

    def hear(received_ns: int, message: bytes) -> bool:
        if line.hear(message, received_ns):
            ring()
        return line.is_steady

    async with open_midi_input(config.mtc, on_state=changed, on_message=hear) as midi:
        yield line, midi


@asynccontextmanager
async def open_sent_timecode(config: RunConfig) -> AsyncIterator[MtcOutput | None]:
    """The MIDI output, where timecode is to be sent."""

    def changed(state: MidiState) -> None:
        if isinstance(state, MidiOpen):
            log.info("timecode is sent on MIDI port %s (%s)", state.port, state.api)
        else:
            log.info("timecode is not sent by MIDI: %s", state.reason)

    if config.mtc != Timecode.AUTO:
        yield None
        return
    # Players of the ecosystem read the port of the settings, "Midi Through Port-0".
    async with open_mtc_output(connect=config.mtc_port, required=False, on_state=changed) as output:
        yield output
