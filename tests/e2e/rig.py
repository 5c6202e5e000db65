"""Whole processes for end-to-end tests: `cuems run`, and an operator at its control surface."""

import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE, STDOUT

import anyio
import anyio.abc
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError

from cuems.wire.osc import Osc, OscArgument, OscPacket, decode, encode

PATIENCE_S = 30.0  # machines are shared; nothing here waits that long when it works
CLOSE_S = 1.0  # an engine that does not read on, because we say too much, hears no goodbye


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody has, and no connection is given before it is bound."""
    while True:
        port = random.randrange(12_000, 32_000)  # the kernel gives connections those from 32 768 on
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Home:
    """What `cuems run` finds on its machine: folders of its own, ports of its own."""

    folder: Path
    control: str = field(default_factory=lambda: f"127.0.0.1:{free_port()}")
    bus: str = field(default_factory=lambda: f"tcp://127.0.0.1:{free_port()}")
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def library(self) -> Path:
        return self.folder / "share" / "cuems" / "library"

    @property
    def node(self) -> str:
        """The uuid it gave itself; there once a program has run."""
        return (self.folder / "state" / "cuems" / "identity").read_text().strip()

    def variables(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_DATA_HOME": str(self.folder / "share"),
            "CUEMS_CONTROL": self.control,
            "CUEMS_BUS": self.bus,
            "JACK_NO_START_SERVER": "1",
            "CUEMS_NO_DISCOVERY": "1",
            "CUEMS_REALTIME": "no",
            **self.environment,
        }


class Program:
    """A running `cuems`; `lines` is what it has said so far."""

    def __init__(self, process: anyio.abc.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._news = anyio.Event()

    async def listen(self) -> None:
        assert self.process.stdout is not None
        rest = b""
        async for chunk in self.process.stdout:
            *whole, rest = (rest + chunk).split(b"\n")
            self.lines += [line.decode(errors="replace") for line in whole]
            self._news.set()
            self._news = anyio.Event()

    async def says(self, text: str, *, since: int = 0) -> str:
        """The first line with `text` in it, `since` so many, as soon as there is one."""
        with anyio.move_on_after(PATIENCE_S):
            while True:
                for line in self.lines[since:]:
                    if text in line:
                        return line
                await self._news.wait()
        raise AssertionError(f"never said {text!r}:\n" + "\n".join(self.lines))

    async def hears(self) -> None:
        """The next thing it says."""
        with anyio.fail_after(PATIENCE_S):
            await self._news.wait()

    async def ends(self) -> int:
        """Its exit status."""
        with anyio.fail_after(PATIENCE_S):
            return await self.process.wait()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; its exit status."""
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        return await self.ends()


@asynccontextmanager
async def open_program(
    home: Home, *arguments: str, inside: Sequence[str] = ()
) -> AsyncIterator[Program]:
    """`cuems ARGUMENTS`, killed at the end if it is still there; `inside` comes before it."""
    process = await anyio.open_process(
        [*inside, sys.executable, "-m", "cuems", *arguments],
        env=home.variables(),
        stdin=None,
        stdout=PIPE,
        stderr=STDOUT,
        start_new_session=True,
    )
    program = Program(process)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(program.listen)
        try:
            yield program
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(5):
                if process.returncode is None:
                    with suppress(ProcessLookupError):
                        process.terminate()
                    with anyio.move_on_after(3):
                        await process.wait()
                    with suppress(ProcessLookupError):
                        process.kill()
                    await process.wait()
            tasks.cancel_scope.cancel()


class Operator:
    """A client of the control surface; `state` is the newest of every address."""

    def __init__(self, connection: ClientConnection) -> None:
        self.state: dict[str, OscArgument] = {}
        self.received: list[tuple[str, OscArgument]] = []
        self._connection = connection
        self._news = anyio.Event()

    async def listen(self) -> None:
        with suppress(ConnectionClosedError):  # a program that was killed says no goodbye
            async for frame in self._connection:
                assert isinstance(frame, bytes)
                self._take(decode(frame))

    def _take(self, message: OscPacket) -> None:
        assert isinstance(message, Osc)
        value = message.args[0] if message.args else None
        self.state[message.address] = value
        self.received.append((message.address, value))
        self._news.set()
        self._news = anyio.Event()

    async def send(self, command: str, *args: OscArgument) -> None:
        await self.send_to(f"/engine/command/{command}", *args)

    async def send_to(self, address: str, *args: OscArgument) -> None:
        await self._connection.send(encode(Osc(address, args)))

    async def tell(self, address: str, *args: OscArgument) -> None:
        """Say something that is no command of the engine's own, to a fader for example."""
        await self._connection.send(encode(Osc(address, args)))

    async def ask(self, command: str, *args: OscArgument) -> str:
        """Send a command; the answer to it."""
        address = f"/engine/reply/{command}"
        before = len(self.received)
        await self.send(command, *args)
        await self.until(lambda: any(at == address for at, _ in self.received[before:]))
        return str(next(value for at, value in self.received[before:] if at == address))

    async def until(self, condition: Callable[[], bool], *, patience_s: float = PATIENCE_S) -> None:
        with anyio.move_on_after(patience_s):
            while not condition():
                await self._news.wait()
            return
        raise AssertionError(f"never came about; state: {self.state}")

    async def sees(self, name: str, value: OscArgument) -> None:
        """Wait until a status has a value."""
        await self.until(lambda: self.state.get(f"/engine/status/{name}") == value)

    async def sees_play(self, cue: str) -> None:
        """Wait until a cue plays, or has: of its percentages only the newest comes."""
        status = f"/engine/status/cue/{cue}"
        await self.until(lambda: int(str(self.state.get(status, 0))) > 0)

    async def hears(self, name: str, value: OscArgument, *, since: int) -> None:
        """Wait until a status has had a value, `since` so many were received."""
        wanted = f"/engine/status/{name}", value
        await self.until(lambda: wanted in self.received[since:])

    def history(self, name: str) -> list[OscArgument]:
        """Every value a status has had, in order."""
        return [value for at, value in self.received if at == f"/engine/status/{name}"]


@asynccontextmanager
async def open_operator(home: Home) -> AsyncIterator[Operator]:
    """Connect to the control surface."""
    async with (
        connect(
            f"ws://{home.control}/realtime", compression=None, close_timeout=CLOSE_S
        ) as connection,
        anyio.create_task_group() as tasks,
    ):
        operator = Operator(connection)
        tasks.start_soon(operator.listen)
        yield operator
        tasks.cancel_scope.cancel()


def processes_of(home: Home) -> dict[int, str]:
    """Pid and command of every process that was started for this home."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (
                (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            )
            about = command.encode() + (folder / "environ").read_bytes()
            if str(home.folder).encode() in about and int(folder.name) != os.getpid():
                found[int(folder.name)] = command
    return found


def can_bind(address: str) -> bool:
    """Whether HOST:PORT is free to listen on."""
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError:
            return False
        return True
