"""mpv's JSON IPC over a connected unix socket.

Source: mpv manual, "JSON IPC". One JSON object per line each way; a reply carries the request's
`request_id`. The socket is one end of a pair whose other end mpv inherits
(`--input-ipc-client=fd://N`): no path, no waiting for a file to appear, no stranger can connect,
and mpv quits by itself when our end closes.
"""

import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio

from cuems.core.errors import CuemsError

START_DEADLINE_S = 5.0  # mpv reads commands 0.1 s after its start, later on a busy machine
REPLY_DEADLINE_S = 1.0  # a round trip takes 0.1 ms; a player this late is stuck
LOST_PAUSE_S = 0.5  # who owns the process learns its exit status meanwhile, and says it better
EVENT_INBOX_EVENTS = 64  # a seek gives two
ERRORS_KEPT = 20  # the first ones name the cause
MAX_LINE_BYTES = 1_048_576
READ_BYTES = 65_536
UNASKED = 0  # the number of a request whose answer nobody waits for

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Command = Sequence[Json]
OnLine = Callable[[str], None]

LOG_MESSAGES: tuple[Command, ...] = (("request_log_messages", "warn"),)


@dataclass(frozen=True, slots=True)
class Positioned:
    """A load or a seek is done: the frame asked for is there."""


@dataclass(frozen=True, slots=True)
class Ended:
    """mpv has let go of the file; `error` says why, "" where nothing went wrong."""

    error: str


MpvEvent = Positioned | Ended


class MpvRefusedError(CuemsError):
    """A command mpv did not take."""

    def __init__(self, name: str, command: Command, error: str) -> None:
        super().__init__(f"{name}: mpv refused {json.dumps(command)[:200]}: {error}")
        self.command = command
        self.error = error


class MpvSilentError(CuemsError):
    """A command mpv did not answer in time."""

    def __init__(self, name: str, command: Command, deadline_s: float) -> None:
        shown = json.dumps(command)[:200]
        super().__init__(f"{name}: mpv did not answer {shown} within {deadline_s:g} s")
        self.command = command


class MpvLostError(CuemsError):
    """The connection to mpv is gone, or speaks no JSON IPC."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")


@dataclass(slots=True)
class _Request:
    answered: anyio.Event
    reply: dict[str, Json]


class Mpv:
    """The control connection of one mpv.

    It waits for the bare socket: anyio 4.16's unix stream sets the result of a cancelled future
    when a receive() is cancelled at the moment data arrives, as it is when a player dies.
    """

    def __init__(
        self,
        connected: socket.socket,
        name: str,
        on_line: OnLine,
    ) -> None:
        self._socket = connected
        self._name = name
        self._on_line = on_line
        self._send_lock = anyio.Lock()
        self._requests: dict[int, _Request] = {}
        self._next_id = 1
        self._put, self.events = anyio.create_memory_object_stream[MpvEvent](EVENT_INBOX_EVENTS)
        self._errors: list[str] = []

    async def command(self, *command: Json) -> Json:
        """Send a command and return its data.

        Raises:
            MpvRefusedError: mpv answered with an error.
            MpvSilentError: no answer within REPLY_DEADLINE_S.
        """
        (data,) = await self.commands([command])
        return data

    async def commands(
        self, commands: Sequence[Command], *, deadline_s: float = REPLY_DEADLINE_S
    ) -> list[Json]:
        """Send several commands in one write and return their data, in order."""
        first, self._next_id = self._next_id, self._next_id + len(commands)
        requests = [_Request(anyio.Event(), {}) for _ in commands]
        self._requests.update(enumerate(requests, first))
        lines = [_line(number, command) for number, command in enumerate(commands, first)]
        try:
            with anyio.move_on_after(deadline_s):
                await self._send(b"".join(lines))
                for request in requests:
                    await request.answered.wait()
        finally:
            for number in range(first, first + len(commands)):
                self._requests.pop(number, None)
        return [
            self._data(command, request, deadline_s)
            for command, request in zip(commands, requests, strict=True)
        ]

    def post(self, commands: Sequence[Command]) -> bool:
        """Send commands at once, without an answer; whether they went. Never waits.

        A unix socket takes so little as a whole or not at all.
        """
        if self._send_lock.statistics().locked:
            return False
        try:
            self._socket.send(b"".join(_line(UNASKED, command) for command in commands))
        except OSError:  # full, or gone: who waits for an answer learns which
            return False
        return True

    def take_errors(self) -> list[str]:
        """What mpv logged as errors since the last time, oldest first."""
        taken, self._errors = self._errors, []
        return taken

    async def _send(self, data: bytes) -> None:
        async with self._send_lock:
            while data:
                try:
                    data = data[self._socket.send(data) :]
                except BlockingIOError:
                    await anyio.wait_writable(self._socket)
                except OSError as error:
                    raise await self._hung_up() from error

    def _data(self, command: Command, request: _Request, deadline_s: float) -> Json:
        if not request.answered.is_set():
            raise MpvSilentError(self._name, command, deadline_s)
        error = request.reply.get("error")
        if error != "success":
            raise MpvRefusedError(self._name, command, str(error))
        return request.reply.get("data")

    async def read(self) -> None:
        """Read until cancelled.

        Raises:
            MpvLostError: mpv closed the connection, or sent something else than JSON lines.
        """
        rest = b""
        while True:
            await anyio.wait_readable(self._socket)
            try:
                chunk = self._socket.recv(READ_BYTES)
            except OSError as error:
                raise await self._hung_up() from error
            if not chunk:
                raise await self._hung_up()
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._take(line)
            if len(rest) > MAX_LINE_BYTES:
                raise MpvLostError(self._name, f"mpv sent a line over {MAX_LINE_BYTES} bytes")

    async def _hung_up(self) -> MpvLostError:
        await anyio.sleep(LOST_PAUSE_S)
        return MpvLostError(self._name, "mpv closed its control connection")

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except ValueError as error:
            raise MpvLostError(self._name, f"mpv sent no JSON: {line[:80]!r}") from error
        if not isinstance(message, dict):
            raise MpvLostError(self._name, f"mpv sent no object: {line[:80]!r}")
        if "request_id" in message and "event" not in message:
            self._answer(message)
        else:
            self._happen(message)

    def _answer(self, reply: dict[str, Json]) -> None:
        number = reply["request_id"]
        request = self._requests.get(number) if isinstance(number, int) else None
        if request is not None:
            request.reply.update(reply)
            request.answered.set()

    def _happen(self, event: dict[str, Json]) -> None:
        match event.get("event"):
            case "playback-restart":
                self._tell(Positioned())
            case "end-file" if event.get("reason") != "redirect":
                self._tell(Ended(str(event.get("file_error", ""))))
            case "log-message":
                self._log(str(event.get("level")), str(event.get("prefix")), str(event.get("text")))
            case _:
                pass

    def _log(self, level: str, prefix: str, text: str) -> None:
        line = f"{prefix}: {text.strip()}"
        self._on_line(line)
        if level in {"error", "fatal"} and len(self._errors) < ERRORS_KEPT:
            self._errors.append(line)

    def _tell(self, event: MpvEvent) -> None:
        try:
            self._put.send_nowait(event)
        except anyio.WouldBlock:  # the newest says how things stand
            self.events.receive_nowait()
            self._put.send_nowait(event)

    def close(self) -> None:
        """Close the event inbox."""
        self._put.close()
        self.events.close()


def _line(number: int, command: Command) -> bytes:
    return json.dumps({"command": list(command), "request_id": number}).encode() + b"\n"


@asynccontextmanager
async def open_mpv(ours: socket.socket, *, name: str, on_line: OnLine) -> AsyncIterator[Mpv]:
    """Speak JSON IPC on a connected socket, which is ours from now on.

    The block is cancelled by MpvLostError when mpv hangs up. `on_line` gets mpv's own warnings.
    """
    with ours:
        ours.setblocking(False)
        mpv = Mpv(ours, name, on_line)
        try:
            async with anyio.create_task_group() as tg:
                tg.start_soon(mpv.read)
                await mpv.commands(LOG_MESSAGES, deadline_s=START_DEADLINE_S)
                yield mpv
                tg.cancel_scope.cancel()
        finally:
            mpv.close()
