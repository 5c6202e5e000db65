"""Reading a MIDI port, through the process that owns it (adapters/midi_port.py says why).

The process stamps every message in rtmidi's own callback and passes it on over a socket pair, so
neither the engine's load nor its interpreter lock becomes timecode jitter, and nothing of the
MIDI libraries can stall or crash the engine. It looks for the port as long as there is none,
looks after the one it has, and is killed and started again when it no longer answers.

Timecode that rolls on as predicted is no reason to wake a loop a hundred times a second: whoever
has no use for it before it next looks at the clock says so, and then messages wait in the socket
until they are taken, or until the process rings because one of them was not foreseen.
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from subprocess import DEVNULL
from typing import Self

import anyio

from cuems.adapters.mailbox import Mailbox
from cuems.adapters.midi_process import (
    BEGINS_ANEW,
    COMMAND,
    OnState,
    Port,
    Status,
    end,
    follow_statuses,
    keep_running,
    start,
)
from cuems.core.errors import CuemsError

INBOX_MESSAGES = 256  # 2.5 s of quarter-frames at 25 fps; the socket pair holds as many again
RECORD_BYTES = 65536
ARRIVAL_BYTES = 9  # "M" and the arrival
STATUS_DEADLINE_S = 1.0  # it reports every 0.25 s
LIST_DEADLINE_S = 3.0

OnMessage = Callable[[int, bytes], bool]


class MidiUnansweredError(CuemsError):
    """The MIDI system does not answer, not even that it has no ports."""

    def __init__(self) -> None:
        super().__init__(f"the MIDI system did not list its ports within {LIST_DEADLINE_S:g} s")


class MidiInput(Port):
    """What is heard on the port, in order: `async for received_ns, message in midi`.

    `received_ns` is the monotonic moment of arrival, `message` one whole MIDI message. Where
    `on_message` is given it gets them instead, which spares a task's turn for each; it returns
    whether what follows as predicted may wait until `take` is called.
    """

    def __init__(self, on_state: OnState, on_message: OnMessage | None = None) -> None:
        super().__init__(on_state)
        self._inbox = Mailbox[tuple[int, bytes]](INBOX_MESSAGES)
        self._on_message = on_message or self._keep
        self._dropped_before = 0  # by processes that have ended
        self._dropped_now = 0
        self._link: Link | None = None

    @property
    def dropped_messages(self) -> int:
        """Messages lost because the engine did not take them in time."""
        return self._inbox.dropped_items + self._dropped_before + self._dropped_now

    def __aiter__(self) -> AsyncIterator[tuple[int, bytes]]:
        return self

    async def __anext__(self) -> tuple[int, bytes]:
        return await self._inbox.receive()

    def take(self, status: Status) -> None:
        """Tell what a status says, and count what never reached this side."""
        self._dropped_now = int(status["dropped"])
        if BEGINS_ANEW in status:
            self._add_up()
        super().take(status)

    def drain(self) -> None:
        """Hand over what has arrived by now. Never waits."""
        if self._link is not None:
            self._link.drain()

    def hear(self, received_ns: int, message: bytes) -> bool:
        """Hand a message over; whether what follows may wait."""
        return self._on_message(received_ns, message)

    def _keep(self, received_ns: int, message: bytes) -> bool:
        self._inbox.put((received_ns, message))
        return False

    def _add_up(self) -> None:
        """What counts for the whole is counted from zero by a new process."""
        self._dropped_before, self._dropped_now = self._dropped_before + self._dropped_now, 0

    @contextmanager
    def linked(self) -> Iterator["Link"]:
        """Hear a new process until the block is left."""
        self._add_up()
        with Link(self.hear).opened() as self._link:
            try:
                yield self._link
            finally:
                self._link = None


class Link:
    """The way from a process: its records in order, and a bell that says to take them now."""

    def __init__(self, hear: OnMessage) -> None:
        self._hear = hear
        self._ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours.setblocking(False)
        self.bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._statuses = Mailbox[bytes](4)
        self._loop = asyncio.get_running_loop()
        self._waits = False  # for the bell, or to be drained

    @contextmanager
    def opened(self) -> Iterator[Self]:
        """Take what comes until the block is left."""
        self._loop.add_reader(self._ours, self.drain)
        self._loop.add_reader(self.bell, self._rung)
        try:
            yield self
        finally:
            self._loop.remove_reader(self._ours)
            self._loop.remove_reader(self.bell)
            self._ours.close()  # which asks the process to end
            self.theirs.close()
            os.close(self.bell)

    async def status(self) -> bytes:
        """The next status; empty at the end."""
        return await self._statuses.receive()

    def drain(self) -> None:
        """Take what has arrived by now. Never waits."""
        waits = self._waits
        for _ in range(INBOX_MESSAGES):
            try:
                record = self._ours.recv(RECORD_BYTES)
            except BlockingIOError:
                break
            except OSError:  # it ended, or we did
                record = b""
            if record[:1] == b"M":
                received_ns = int.from_bytes(record[1:ARRIVAL_BYTES], sys.byteorder)
                waits = self._hear(received_ns, record[ARRIVAL_BYTES:])
                continue
            self._statuses.put(record[1:])
            if not record:
                waits = True  # there is nothing more to come
                break
        self._wait(waits)

    def _rung(self) -> None:
        os.eventfd_read(self.bell)
        self.drain()

    def _wait(self, waits: bool) -> None:
        """Let the loop be woken by every record, or by the bell alone."""
        if waits != self._waits:
            self._waits = waits
            if waits:
                self._loop.remove_reader(self._ours)
            else:
                self._loop.add_reader(self._ours, self.drain)


@asynccontextmanager
async def open_midi_input(
    wanted: str = "",
    *,
    api: str = "auto",
    on_state: OnState = lambda _: None,
    on_message: OnMessage | None = None,
) -> AsyncIterator[MidiInput]:
    """Read the port `choose_port` finds for `wanted`, whenever there is one.

    `api` is "auto", "ALSA" or "JACK". `on_state` is told every change, on the loop's thread;
    `on_message` every message, outside every task: it may not wait, nor raise.
    """
    midi = MidiInput(on_state, on_message)
    command = (*COMMAND, api, "read", wanted)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keep_running, midi, partial(run_once, midi, command))
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


async def run_once(midi: MidiInput, command: tuple[str, ...]) -> bool:
    """Run the process until it ends or falls silent; whether it ever answered."""
    async with AsyncExitStack() as stack:
        with midi.linked() as link:
            command = (*command, "--bell", str(link.bell))
            process = await start(command, stdin=link.theirs.fileno(), pass_fds=(link.bell,))
            stack.push_async_callback(end, process)
            link.theirs.close()
            return await follow_statuses(midi, link.status, silent_s=STATUS_DEADLINE_S)
