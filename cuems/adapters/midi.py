"""Reading a MIDI port, through the process that owns it (adapters/midi_port.py says why).

The process stamps every message in rtmidi's own callback and passes it on over a socket pair, so
neither the engine's load nor its interpreter lock becomes timecode jitter, and nothing of the
MIDI libraries can stall or crash the engine. It looks for the port as long as there is none,
looks after the one it has, and is killed and started again when it no longer answers.
"""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from subprocess import DEVNULL

import anyio
from anyio.abc import Process

from cuems.adapters.mailbox import Mailbox
from cuems.core.errors import CuemsError
from cuems.core.midi_ports import MidiAbsent, MidiOpen, MidiState

INBOX_MESSAGES = 256  # 2.5 s of quarter-frames at 25 fps; the socket pair holds as many again
RECORD_BYTES = 65536
ARRIVAL_BYTES = 9  # "M" and the arrival
STATUS_DEADLINE_S = 1.0  # it reports every 0.25 s
LIST_DEADLINE_S = 3.0
STOP_GRACE_S = 0.3
KILL_GRACE_S = 1.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0

OnMessage = Callable[[int, bytes], None]

COMMAND = (sys.executable, "-m", "cuems.adapters.midi_port", "--api")


class MidiUnansweredError(CuemsError):
    """The MIDI system does not answer, not even that it has no ports."""

    def __init__(self) -> None:
        super().__init__(f"the MIDI system did not list its ports within {LIST_DEADLINE_S:g} s")


class MidiInput:
    """What is heard on the port, in order: `async for received_ns, message in midi`.

    `received_ns` is the monotonic moment of arrival, `message` one whole MIDI message. Where
    `on_message` is given it gets them instead, which spares a task's turn for each.
    """

    def __init__(
        self, on_state: Callable[[MidiState], None], on_message: OnMessage | None = None
    ) -> None:
        self.state: MidiState = MidiAbsent("not looked for yet")
        self._on_state = on_state
        self._inbox = Mailbox[tuple[int, bytes]](INBOX_MESSAGES)
        self._on_message = on_message or self._keep
        self._dropped_before = 0

    @property
    def dropped_messages(self) -> int:
        """Messages lost because the engine did not take them in time."""
        return self._inbox.dropped_items + self._dropped_before

    def __aiter__(self) -> AsyncIterator[tuple[int, bytes]]:
        return self

    async def __anext__(self) -> tuple[int, bytes]:
        return await self._inbox.receive()

    def put(self, record: bytes) -> None:
        """Take a message from the process that owns the port."""
        received_ns = int.from_bytes(record[1:ARRIVAL_BYTES], sys.byteorder)
        self._on_message(received_ns, record[ARRIVAL_BYTES:])

    def _keep(self, received_ns: int, message: bytes) -> None:
        self._inbox.put((received_ns, message))

    def count_dropped(self, messages: int) -> None:
        """Add what never reached this side."""
        self._dropped_before += messages

    def change(self, state: MidiState) -> None:
        """Tell a new state, once."""
        if state != self.state:
            self.state = state
            self._on_state(state)


@asynccontextmanager
async def open_midi_input(
    wanted: str = "",
    *,
    api: str = "auto",
    on_state: Callable[[MidiState], None] = lambda _: None,
    on_message: OnMessage | None = None,
) -> AsyncIterator[MidiInput]:
    """Read the port `choose_port` finds for `wanted`, whenever there is one.

    `api` is "auto", "ALSA" or "JACK". `on_state` is told every change, on the loop's thread;
    `on_message` every message, outside every task: it may not wait, nor raise.
    """
    midi = MidiInput(on_state, on_message)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keep_reading, midi, (*COMMAND, api, "read", wanted))
        try:
            yield midi
        finally:
            tasks.cancel_scope.cancel()


async def list_midi_ports(api: str = "auto") -> dict[str, list[str]]:
    """The ports that can be read from, by interface. Raises MidiUnansweredError."""
    with anyio.move_on_after(LIST_DEADLINE_S):
        result = await anyio.run_process((*COMMAND, api, "list"), stderr=DEVNULL, check=False)
        if result.returncode == 0:
            ports: dict[str, list[str]] = json.loads(result.stdout)
            return ports
    raise MidiUnansweredError


async def keep_reading(midi: MidiInput, command: tuple[str, ...]) -> None:
    """Start the process again whenever it ends or no longer answers."""
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            answered = await run_once(midi, command)
        except OSError as error:  # no memory, no descriptors
            midi.change(MidiAbsent(f"no process can be started: {error.strerror}"))
            answered = False
        pause_s = FIRST_PAUSE_S if answered else min(2 * pause_s, LONGEST_PAUSE_S)
        await anyio.sleep(pause_s)


async def run_once(midi: MidiInput, command: tuple[str, ...]) -> bool:
    """Run the process until it ends or falls silent; whether it ever answered."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    loop = asyncio.get_running_loop()
    statuses = Mailbox[bytes](4)
    with ours:
        with theirs:
            process = await anyio.open_process(
                command, stdin=theirs.fileno(), stdout=DEVNULL, stderr=DEVNULL
            )
        loop.add_reader(ours, take_records, ours, midi, statuses)
        try:
            return await follow_statuses(midi, statuses)
        finally:
            loop.remove_reader(ours)
            ours.close()  # which asks it to end
            await end(process)


def take_records(link: socket.socket, midi: MidiInput, statuses: Mailbox[bytes]) -> None:
    """Take one record: for more this is called again. An empty one: the process ended."""
    try:
        record = link.recv(RECORD_BYTES)
    except BlockingIOError:
        return
    except ConnectionError:
        record = b""
    if record[:1] == b"M":
        midi.put(record)
        return
    statuses.put(record[1:])
    if not record:
        asyncio.get_running_loop().remove_reader(link)


async def follow_statuses(midi: MidiInput, statuses: Mailbox[bytes]) -> bool:
    """Tell how the port is until the process ends or falls silent; whether it ever answered."""
    dropped = 0
    answered = False
    while True:
        record = b""
        with anyio.move_on_after(STATUS_DEADLINE_S) as waiting:
            record = await statuses.receive()
        if not record:
            if waiting.cancelled_caught:
                midi.change(MidiAbsent("the MIDI system does not answer"))
            elif isinstance(midi.state, MidiOpen):
                midi.change(MidiAbsent("the process that reads MIDI ended"))
            return answered
        answered = True
        status = json.loads(record)
        midi.count_dropped(status["dropped"] - dropped)
        dropped = status["dropped"]
        midi.change(to_state(status))


def to_state(status: dict[str, str]) -> MidiState:
    if "reason" in status:
        return MidiAbsent(status["reason"])
    return MidiOpen(status["port"], status["api"])


async def end(process: Process) -> None:
    """Give it a moment to close its port, then kill it. Bounded."""
    with anyio.CancelScope(shield=True):
        with anyio.move_on_after(STOP_GRACE_S):
            await process.wait()
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        with anyio.move_on_after(KILL_GRACE_S):
            await process.wait()
