"""A process that owns a MIDI port (adapters/midi_port.py says why), kept running.

It says four times a second or more how its port is. One that ends, or that falls silent because a
MIDI library holds it for good, is replaced after a pause that grows while replacing does not help.
One whose MIDI server ended begins anew by itself, as the same process: whoever starts one waits
for its first moment, 20 ms and more on a busy machine, and here that is the engine's loop.
What reads and what sends (adapters/midi.py, mtc_output.py, midi_output.py) share this room, and
nothing else does.
"""

import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from subprocess import DEVNULL

import anyio
from anyio.abc import Process

from cuems.core.midi_ports import MidiAbsent, MidiOpen, MidiState

COMMAND = (sys.executable, "-m", "cuems.adapters.midi_port", "--api")
START_DEADLINE_S = 2.0  # interpreter and MIDI client, on a busy machine
STOP_GRACE_S = 0.3
KILL_GRACE_S = 1.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0
UNANSWERED = "the MIDI system does not answer"

BEGINS_ANEW = "begins_anew"  # in a status: the process is about to be another one

Status = dict[str, str | int]
OnState = Callable[[MidiState], None]


class Port:
    """How a port is; `on_state` is told every change, once."""

    def __init__(self, on_state: OnState) -> None:
        self.state: MidiState = MidiAbsent("not looked for yet")
        self._on_state = on_state

    def change(self, state: MidiState) -> None:
        """Tell a new state, once."""
        if state != self.state:
            self.state = state
            self._on_state(state)

    def take(self, status: Status) -> None:
        """Tell what a status says."""
        if "reason" in status:
            self.change(MidiAbsent(str(status["reason"])))
        else:
            self.change(MidiOpen(str(status["port"]), str(status["api"])))


async def keep_running(port: Port, run_once: Callable[[], Awaitable[bool]]) -> None:
    """Run the process again whenever it ends; `run_once` tells whether it ever answered."""
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            answered = await run_once()
        except OSError as error:  # no memory, no descriptors
            port.change(MidiAbsent(f"no process can be started: {error.strerror}"))
            answered = False
        pause_s = FIRST_PAUSE_S if answered else min(2 * pause_s, LONGEST_PAUSE_S)
        await anyio.sleep(pause_s)


async def start(
    command: Sequence[str], *, stdin: int, stdout: int = DEVNULL, pass_fds: Sequence[int] = ()
) -> Process:
    """The process, which the caller must `end`. Raises OSError."""
    with anyio.CancelScope(shield=True):  # a cancelled spawn would lose its child
        process = await anyio.open_process(
            command, stdin=stdin, stdout=stdout, stderr=DEVNULL, pass_fds=pass_fds
        )
    return process  # noqa: RET504 - to mypy a scope may swallow what is raised in it


async def follow_statuses(
    port: Port, receive: Callable[[], Awaitable[bytes]], *, silent_s: float
) -> bool:
    """Tell how the port is until the process ends or is silent for `silent_s` once it spoke.

    `receive` gives the next status, empty when there will be none. Returns whether there was one.
    """
    answered = False
    with anyio.move_on_after(START_DEADLINE_S) as patience:
        while text := await receive():
            grace_s = silent_s
            with suppress(json.JSONDecodeError):  # what a library has to say to its terminal
                status: Status = json.loads(text)
                port.take(status)
                grace_s = START_DEADLINE_S if BEGINS_ANEW in status else silent_s
            answered = True
            patience.deadline = anyio.current_time() + grace_s
        if isinstance(port.state, MidiOpen):
            port.change(MidiAbsent("the process that owns the port ended"))
        return answered
    port.change(MidiAbsent(UNANSWERED))
    return answered


async def end(process: Process) -> None:
    """Give it a moment to close its port, which it does when its input ends; then kill it."""
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
