"""MIDI to other equipment, through the process that owns the ports (adapters/midi_port.py).

The process is started with the first message and killed when it does not answer in time: a message
that did not go out is a failed cue, never an engine that stands.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from subprocess import PIPE

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from cuems.adapters.midi_process import COMMAND, UNANSWERED, end, start
from cuems.core.errors import CuemsError

START_DEADLINE_S = 3.0  # interpreter and MIDI client, on a busy machine
SEND_DEADLINE_S = 1.0  # a port is opened in 30 ms
ANSWER_BYTES = 4096


class CannotPlayMidiError(CuemsError):
    """A message that did not go out; `problem` says why."""

    def __init__(self, port: str, problem: str) -> None:
        super().__init__(f"MIDI port {port!r}: {problem}")
        self.problem = problem


class MidiOutput:
    """Sends to the inputs of other programs and equipment."""

    def __init__(self, api: str) -> None:
        self._command = (*COMMAND, api, "play")
        self._process: Process | None = None

    async def send(self, port: str, data: bytes) -> None:
        """Send a message to an input, by its name or part of it.

        Raises:
            CannotPlayMidiError: there is none, or MIDI does not answer.
        """
        deadline_s = SEND_DEADLINE_S + (START_DEADLINE_S if self._process is None else 0)
        try:
            with anyio.fail_after(deadline_s):
                problem = await self._ask(port, data)
        except TimeoutError as error:
            await self.close()
            raise CannotPlayMidiError(port, UNANSWERED) from error
        except (
            anyio.BrokenResourceError,
            anyio.IncompleteRead,
            anyio.ClosedResourceError,
        ) as error:
            await self.close()
            raise CannotPlayMidiError(port, "the process that sends MIDI ended") from error
        except OSError as error:  # no memory, no descriptors
            problem = f"no process can be started: {error.strerror}"
        if problem:
            raise CannotPlayMidiError(port, problem)

    async def connect(self, port: str) -> None:
        """Be connected to an input before there is something to send; raises as `send`."""
        await self.send(port, b"")

    async def _ask(self, port: str, data: bytes) -> str:
        if self._process is None:
            self._process = await start(self._command, stdin=PIPE, stdout=PIPE)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = json.dumps({"port": port, "data": data.hex()}).encode()
        await self._process.stdin.send(asked + b"\n")
        answers = BufferedByteReceiveStream(self._process.stdout)
        while True:
            line = await answers.receive_until(b"\n", ANSWER_BYTES)
            with suppress(json.JSONDecodeError):  # what a library has to say to its terminal
                return str(json.loads(line).get("reason", ""))

    async def close(self) -> None:
        """End the process. Bounded."""
        process, self._process = self._process, None
        if process is not None:
            await end(process)


@asynccontextmanager
async def open_midi_output(api: str = "auto") -> AsyncIterator[MidiOutput]:
    """Send MIDI until the block is left. `api` is "auto", "ALSA" or "JACK"."""
    output = MidiOutput(api)
    try:
        yield output
    finally:
        await output.close()
