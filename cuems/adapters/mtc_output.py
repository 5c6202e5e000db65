"""Sending timecode, through the process that owns the port (adapters/midi_port.py says why).

It is fed the line, never single frames: every quarter-frame is paced there against absolute
moments, so what the engine is doing is not heard in the timecode, and a process that had to be
replaced goes on at the position the line has by then.
"""

import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from subprocess import DEVNULL, PIPE

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream, Process

from cuems.adapters.mailbox import Mailbox
from cuems.core.line import Line
from cuems.core.midi_ports import MidiAbsent, MidiOpen, MidiState
from cuems.core.mtc import MtcRate

STATUS_DEADLINE_S = 0.3  # it reports every 0.1 s; an output whose JACK died freezes its process
START_DEADLINE_S = 1.5  # interpreter and MIDI client, on a busy machine
STOP_GRACE_S = 0.3
KILL_GRACE_S = 1.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0

COMMAND = (sys.executable, "-m", "cuems.adapters.midi_port", "--api")


class MtcOutput:
    """The line that is sent, and how the sending goes."""

    def __init__(self, on_state: Callable[[MidiState], None]) -> None:
        self.state: MidiState = MidiAbsent("not looked for yet")
        self.sent_messages = 0  # by the process that sends now
        self.late_ns = 0  # the worst of the last 0.1 s
        self.worst_late_ns = 0
        self.lines = Mailbox[Line](1)
        self._newest: Line | None = None
        self._on_state = on_state

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

    def change(self, state: MidiState) -> None:
        """Tell a new state, once."""
        if state != self.state:
            self.state = state
            self._on_state(state)


@asynccontextmanager
async def open_mtc_output(
    client: str = "MtcMaster",
    port: str = "MTCPort",
    *,
    connect: str = "",
    api: str = "auto",
    on_state: Callable[[MidiState], None] = lambda _: None,
) -> AsyncIterator[MtcOutput]:
    """Send timecode on a port of its own, whenever MIDI is there.

    With `connect` the port plays into that input (by name or part of it), and is there only
    together with it. `api` is "auto", "ALSA" or "JACK". `on_state` is told every change.
    """
    output = MtcOutput(on_state)
    command = (*COMMAND, api, "send", "--client", client, "--port", port, "--connect", connect)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keep_sending, output, command)
        try:
            yield output
        finally:
            tasks.cancel_scope.cancel()


async def keep_sending(output: MtcOutput, command: tuple[str, ...]) -> None:
    """Start the process again whenever it ends or falls silent."""
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            answered = await run_once(output, command)
        except OSError as error:  # no memory, no descriptors
            output.change(MidiAbsent(f"no process can be started: {error.strerror}"))
            answered = False
        pause_s = FIRST_PAUSE_S if answered else min(2 * pause_s, LONGEST_PAUSE_S)
        await anyio.sleep(pause_s)


async def run_once(output: MtcOutput, command: tuple[str, ...]) -> bool:
    """Run the process until it ends or falls silent; whether it ever answered."""
    output.repeat()
    process = await anyio.open_process(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write_lines, process.stdin, output.lines)
            answered = await follow_statuses(process.stdout, output)
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


async def follow_statuses(stdout: ByteReceiveStream, output: MtcOutput) -> bool:
    """Tell how the port is until the process ends or falls silent; whether it ever answered."""
    unfinished = b""
    answered = False
    with anyio.move_on_after(START_DEADLINE_S) as patience:
        while True:
            try:
                text = await stdout.receive()
            except anyio.EndOfStream:
                if isinstance(output.state, MidiOpen):
                    output.change(MidiAbsent("the process that sends timecode ended"))
                return answered
            answered = True
            patience.deadline = anyio.current_time() + STATUS_DEADLINE_S
            *lines, unfinished = (unfinished + text).split(b"\n")
            for line in lines:
                with suppress(json.JSONDecodeError):  # what a library has to say to its terminal
                    take_status(json.loads(line), output)
    output.change(MidiAbsent("the MIDI system does not answer"))
    return answered


def take_status(status: dict[str, str | int], output: MtcOutput) -> None:
    if "reason" in status:
        output.change(MidiAbsent(str(status["reason"])))
    else:
        output.sent_messages = int(status["sent"])
        output.late_ns = int(status["late_ns"])
        output.worst_late_ns = max(output.worst_late_ns, output.late_ns)
        output.change(MidiOpen(str(status["port"]), str(status["api"])))


async def end(process: Process) -> None:
    """Let it close its port, and kill it if that does not happen. Bounded."""
    with anyio.CancelScope(shield=True):
        if process.stdin is not None:
            await process.stdin.aclose()
        with anyio.move_on_after(STOP_GRACE_S):
            await process.wait()
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        with anyio.move_on_after(KILL_GRACE_S):
            await process.aclose()
