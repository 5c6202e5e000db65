"""Sending timecode, through the process that owns the port (adapters/midi_port.py says why).

It is fed the line, never single frames: every quarter-frame is paced there against absolute
moments, so what the engine is doing is not heard in the timecode, and a process that had to be
replaced goes on at the position the line has by then.
"""

import json
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from subprocess import PIPE

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream

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
from cuems.core.line import Line
from cuems.core.mtc import MtcRate

STATUS_DEADLINE_S = 0.3  # it reports every 0.1 s; an output whose JACK died freezes its process


class MtcOutput(Port):
    """The line that is sent, and how the sending goes."""

    def __init__(self, on_state: OnState) -> None:
        super().__init__(on_state)
        self.sent_messages = 0  # by the process that sends now
        self.late_ns = 0  # the worst of the last 0.1 s
        self.worst_late_ns = 0
        self.lines = Mailbox[Line](1)
        self._newest: Line | None = None

    def follow(self, line: Line) -> None:
        """Send this line from now on. Never waits.

        Raises TimecodeError for a rate MTC has no code for.
        """
        MtcRate.of(line.rate)
        self._newest = line
        self.lines.put(line)

    def repeat(self) -> None:
        """Hand the newest line out again, to a new process."""
        if self._newest is not None:
            self.lines.put(self._newest)

    def take(self, status: Status) -> None:
        """Tell what a status says, and keep its figures."""
        self.sent_messages = int(status.get("sent", self.sent_messages))
        self.late_ns = int(status.get("late_ns", 0))
        self.worst_late_ns = max(self.worst_late_ns, self.late_ns)
        if BEGINS_ANEW in status:
            self.repeat()
        super().take(status)


@asynccontextmanager
async def open_mtc_output(
    client: str = "MtcMaster",
    port: str = "MTCPort",
    *,
    connect: str = "",
    required: bool = True,
    api: str = "auto",
    on_state: OnState = lambda _: None,
) -> AsyncIterator[MtcOutput]:
    """Send timecode on a port of its own, whenever MIDI is there.

    With `connect` the port plays into that input (by name or part of it); where that is
    `required` it is there only together with it. `api` is "auto", "ALSA" or "JACK".
    `on_state` is told every change.
    """
    output = MtcOutput(on_state)
    command = [*COMMAND, api, "send", "--client", client, "--port", port, "--connect", connect]
    if connect and required:
        command.append("--required")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keep_running, output, partial(run_once, output, command))
        try:
            yield output
        finally:
            tasks.cancel_scope.cancel()


async def run_once(output: MtcOutput, command: Sequence[str]) -> bool:
    """Run the process until it ends or falls silent; whether it ever answered."""
    output.repeat()
    process = await start(command, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write_lines, process.stdin, output.lines)
            receive = Statuses(process.stdout).receive
            answered = await follow_statuses(output, receive, silent_s=STATUS_DEADLINE_S)
            tasks.cancel_scope.cancel()
    finally:
        await end(process)
    return answered


async def write_lines(stdin: ByteSendStream, lines: Mailbox[Line]) -> None:
    """Pass every line on, or the newest where they come faster."""
    with suppress(anyio.BrokenResourceError):  # it ended: so do its statuses
        while True:
            line = await lines.receive()
            await stdin.send(to_text(line))


def to_text(line: Line) -> bytes:
    values = {
        "position": line.position,
        "at_ns": line.at_ns,
        "rolling": line.rolling,
        "rate": line.rate.name,
    }
    return json.dumps(values).encode() + b"\n"


class Statuses:
    """What the process says, line by line."""

    def __init__(self, stdout: ByteReceiveStream) -> None:
        self._stdout = stdout
        self._lines: deque[bytes] = deque()
        self._unfinished = b""

    async def receive(self) -> bytes:
        """The next line, or nothing at the end."""
        while not self._lines:
            try:
                text = await self._stdout.receive()
            except anyio.EndOfStream:
                return b""
            *lines, self._unfinished = (self._unfinished + text).split(b"\n")
            self._lines.extend(line for line in lines if line)
        return self._lines.popleft()
