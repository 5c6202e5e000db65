"""Listening to timecode and sending it, for a technician: what `cuems mtc` does."""

import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from anyio.abc import TaskGroup, TaskStatus

from cuems.adapters.mailbox import Mailbox
from cuems.adapters.midi import MidiInput, open_midi_input
from cuems.adapters.mtc_output import open_mtc_output
from cuems.core.errors import CuemsError
from cuems.core.line import Line
from cuems.core.midi_ports import MidiAbsent, MidiOpen, MidiState
from cuems.core.mtc_monitor import MtcMonitor, Reading
from cuems.core.timecode import FrameRate, Timecode

PORT_DEADLINE_S = 5.0
DRAIN_S = 0.3  # until the last full frame has gone through the sender and a JACK period
DEFAULT_PORT = "MTCPort"


class NoOutputError(CuemsError):
    """There is no port to send timecode on."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no MIDI port to send on: {reason}")


class OutputLostError(CuemsError):
    """The port that timecode was sent on went away."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the MIDI port went away: {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """What to listen to: `port` as `choose_port` takes it, `rate` what should come (None: any).

    A reading is told `every_s`, and whenever the state changes.
    """

    port: str
    api: str
    rate: FrameRate | None
    every_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What to send from where: `port` is CLIENT:PORT, `connect` an input to play into, or ""."""

    port: str
    connect: str
    api: str
    start: Timecode


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What was sent, and how late the latest of it was."""

    messages: int
    late_ns: int


class Ending:
    """When it is over: after `for_s` (None: never), or with a signal."""

    def __init__(self, for_s: float | None) -> None:
        self.for_s = for_s
        self._signal: signal.Signals | None = None

    @property
    def interrupted(self) -> bool:
        """Whether it was SIGINT that ended it."""
        return self._signal is signal.SIGINT

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TaskGroup]:
        """Cancel the body, and the tasks it starts, when it is over."""
        async with anyio.create_task_group() as tasks:
            if self.for_s is not None:
                tasks.cancel_scope.deadline = anyio.current_time() + self.for_s
            await tasks.start(self._hear_signals, tasks.cancel_scope)
            yield tasks
            tasks.cancel_scope.cancel()

    async def _hear_signals(
        self, scope: anyio.CancelScope, *, task_status: TaskStatus[None]
    ) -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            task_status.started()
            async for number in signals:
                self._signal = number
                scope.cancel()


async def monitor(
    listening: Listening, ending: Ending, tell: Callable[[Reading], None]
) -> MtcMonitor:
    """Listen, and tell how it is, until it is over."""
    heard = MtcMonitor(listening.rate)
    news = Mailbox[None](1)

    def changed(state: MidiState) -> None:
        heard.port_changed(state, time.monotonic_ns())
        news.put(None)

    async def listen(midi: MidiInput) -> None:
        async for received_ns, message in midi:
            if heard.hear(message, received_ns):
                news.put(None)

    async with (
        open_midi_input(listening.port, api=listening.api, on_state=changed) as midi,
        ending.open() as tasks,
    ):
        tasks.start_soon(listen, midi)
        while True:
            tell(heard.read(time.monotonic_ns()))
            with anyio.move_on_after(listening.every_s):
                await news.receive()
    return heard


async def send(sending: Sending, ending: Ending, opened: Callable[[MidiOpen], None]) -> Sent:
    """Send timecode until it is over; it ends with a full frame.

    Raises NoOutputError where there is no port within PORT_DEADLINE_S, OutputLostError where it
    goes away.
    """
    states = Mailbox[MidiState](4)
    client, _, port = sending.port.partition(":")
    async with open_mtc_output(
        client,
        port or DEFAULT_PORT,
        connect=sending.connect,
        api=sending.api,
        on_state=states.put,
    ) as output:
        with anyio.move_on_after(PORT_DEADLINE_S):
            while not isinstance(output.state, MidiOpen):
                await states.receive()
        if isinstance(output.state, MidiAbsent):
            raise NoOutputError(output.state.reason)
        states.drain()
        opened(output.state)
        line = Line(sending.start.flicks, time.monotonic_ns(), True, sending.start.rate)
        output.follow(line)
        async with ending.open():
            await states.receive()
        if isinstance(output.state, MidiAbsent):
            raise OutputLostError(output.state.reason)
        output.follow(line.stopped(time.monotonic_ns()))
        await anyio.sleep(DRAIN_S)
        return Sent(messages=output.sent_messages, late_ns=output.worst_late_ns)
