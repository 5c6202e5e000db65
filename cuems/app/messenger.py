"""What action cues say to other equipment, sent without ever making the show wait.

Every destination has a queue and a task of its own, so that one that is not there holds up no
other. What cannot be sent is a failed cue with the reason.
"""

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import assert_never

import anyio

from cuems.adapters.midi_output import MidiOutput, open_midi_output
from cuems.adapters.osc_out import OscOut, open_osc_out
from cuems.core.cuelist import walk
from cuems.core.cues import ActionCue, CueId, Show
from cuems.core.errors import CuemsError
from cuems.core.messages import Message, MidiMessage, OscMessage, destination
from cuems.wire.midi_message import to_bytes
from cuems.wire.osc import Osc, encode

WAITING_MESSAGES = 64  # for one destination; more wait only where nobody takes them

log = logging.getLogger(__name__)

Failed = Callable[[CueId, str], Awaitable[None]]


class _Queue:
    """The messages that wait for one destination; without a cue, to be prepared only."""

    def __init__(self, first: Message) -> None:
        self.first = first
        self._waiting: deque[tuple[CueId | None, Message]] = deque()
        self._news = anyio.Event()

    def put(self, cue: CueId | None, message: Message) -> bool:
        """Let it wait, if there is room."""
        if len(self._waiting) == WAITING_MESSAGES:
            return False
        self._waiting.append((cue, message))
        self._news.set()
        return True

    async def take(self) -> tuple[CueId | None, Message]:
        """The next one, as soon as there is one."""
        while not self._waiting:
            self._news = anyio.Event()
            await self._news.wait()
        return self._waiting.popleft()


class Messenger:
    """Sends messages; `failed` is told of those that could not be. `midi_api` as rtmidi's."""

    def __init__(self, failed: Failed, midi_api: str = "auto") -> None:
        self._failed = failed
        self._midi_api = midi_api
        self._queues: dict[str, _Queue] = {}
        self._unserved: list[_Queue] = []
        self._called = anyio.Event()

    def prepare(self, show: Show) -> None:
        """Connect to the MIDI ports of a show: what JACK has just connected loses its first bytes.

        Never waits. A port that is not there is told in the log; it may come until it is needed.
        """
        ports: dict[str, Message] = {}
        for cue in walk(show.cue_list):
            if isinstance(cue, ActionCue) and isinstance(cue.message, MidiMessage):
                ports.setdefault(cue.message.port, cue.message)
        for message in ports.values():
            self._queue(message).put(None, message)

    def send(self, cue: CueId, message: Message) -> str:
        """Set about sending; never waits. Why that is not even tried, "" where it is."""
        if self._queue(message).put(cue, message):
            return ""
        return f"{destination(message)}: {WAITING_MESSAGES} messages wait for it already"

    def _queue(self, message: Message) -> _Queue:
        where = destination(message) if isinstance(message, OscMessage) else "MIDI"
        if where not in self._queues:
            self._queues[where] = _Queue(message)
            self._unserved.append(self._queues[where])
            self._called.set()
        return self._queues[where]

    async def serve(self) -> None:
        """Send until cancelled."""
        async with anyio.create_task_group() as tg:
            while True:
                await self._called.wait()
                self._called = anyio.Event()
                new, self._unserved = self._unserved, []
                for queue in new:
                    tg.start_soon(self._serve, queue)

    async def _serve(self, queue: _Queue) -> None:
        match queue.first:
            case OscMessage(transport=transport, host=host, port=port):
                async with open_osc_out(transport, host, port) as out:
                    await self._send_all(queue, out)
            case MidiMessage():
                async with open_midi_output(self._midi_api) as out:
                    await self._send_all(queue, out)
            case _:
                assert_never(queue.first)

    async def _send_all(self, queue: _Queue, out: OscOut | MidiOutput) -> None:
        while True:
            cue, message = await queue.take()
            try:
                if cue is None:
                    await _prepare(out, message)
                else:
                    await _send(out, message)
            except CuemsError as error:
                if cue is None:
                    log.warning("a cue of this show speaks to it: %s", error)
                else:
                    await self._failed(cue, str(error))


async def _prepare(out: OscOut | MidiOutput, message: Message) -> None:
    if isinstance(out, MidiOutput) and isinstance(message, MidiMessage):
        await out.connect(message.port)


async def _send(out: OscOut | MidiOutput, message: Message) -> None:
    match message, out:
        case OscMessage(address=address, args=args), OscOut():
            await out.send(encode(Osc(address, args)))
        case MidiMessage(port, event), MidiOutput():
            await out.send(port, to_bytes(event))
        case _:
            raise AssertionError("a queue has one destination")
