"""MIDI timecode as a node hears it: of a hundred messages a second only news wakes its loop."""

import logging
from collections.abc import Callable

import anyio

from cuems.adapters.midi import MidiInput, open_midi_input
from cuems.core.health import Queue
from cuems.core.line_news import LineNews
from cuems.core.midi_ports import MidiOpen, MidiState
from cuems.core.timekeeper import Timekeeper

log = logging.getLogger(__name__)


class MidiTimecode:
    """What came of a MIDI port gathers in `news`; there may be no port."""

    def __init__(self, timekeeper: Timekeeper) -> None:
        self.news = LineNews()
        self._time = timekeeper
        self._input: MidiInput | None = None

    def drain(self) -> None:
        """Hear now what has come and was not heard yet."""
        if self._input is not None:
            self._input.drain()

    def queue(self) -> Queue:
        """What of the port's messages found no room."""
        dropped = 0 if self._input is None else self._input.dropped_messages
        return Queue(name="midi", waiting=0, room=1, dropped=dropped)

    async def read(self, port: str, ring: Callable[[], None]) -> None:
        """Read timecode from a port, whenever it is there, and ring when there is news."""

        def changed(state: MidiState) -> None:
            if isinstance(state, MidiOpen):
                log.info("timecode from MIDI port %s (%s)", state.port, state.api)
            else:
                log.info("no MIDI timecode: %s", state.reason)

        def hear(received_ns: int, message: bytes) -> bool:
            if self.news.put(self._time.hear_midi(message, received_ns)):
                ring()
            return self._time.is_steady

        async with open_midi_input(port, on_state=changed, on_message=hear) as self._input:
            await anyio.sleep_forever()
