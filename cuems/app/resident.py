"""A player that serves a whole node and outlives its shows: a process of ours, or a service.

A process is started again whenever it ends, and is told anew what it has to know. A service of the
machine is started by others; whether it is there is heard when it is told something.
"""

import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import NoReturn

import anyio

from cuems.adapters.osc_udp import (
    NoFreePortError,
    OscSender,
    PlayerStalledError,
    Ports,
    open_osc_sender,
)
from cuems.adapters.process import Process, ProcessDiedError, ProgramMissingError, open_process
from cuems.app.outlet import Outlet
from cuems.core.errors import CuemsError
from cuems.core.timecode import NS_PER_S
from cuems.players import audio
from cuems.players.errors import CannotPlayError
from cuems.wire.osc import Osc, OscPacket, encode

READY_DEADLINE_S = 10.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 10.0
STEADY_NS = 10 * NS_PER_S  # a player that lived this long has earned its first pause again
STOP_GRACE_S = 0.5
FAREWELL_S = 0.05
PROOF_S = 3.0  # so often it is looked whether it reads
SERVICE_DEADLINE_S = 2.0  # a service of the machine is there, or it is not

Say = Callable[[str], None]


class NotReadyError(CuemsError):
    """A player that nobody hears, although it runs, or that does not know what it was told."""


class Resident:
    """A process of ours. `problem` says why it does not serve now, "" while it does."""

    def __init__(
        self,
        name: str,
        argv: Callable[[int], Sequence[str]],
        *,
        probe: Osc,
        remedy: str,
        greeting: Callable[[], Iterable[OscPacket]],
        farewell: Sequence[OscPacket] = (),
    ) -> None:
        """`probe` does nothing but be heard.

        It is told `greeting` whenever it begins, `farewell` before it is stopped.
        """
        self.farewell = farewell
        self.name = name
        self.outlet = Outlet()
        self.remedy = remedy
        self.problem = "it has not started yet"
        self.greeting = greeting
        self.wire: Callable[[], Coroutine[None, None, None]] | None = None  # whenever it begins
        self._argv = argv
        self._probe = probe
        self._changed = anyio.Event()

    async def changed(self) -> None:
        """Wait for it to be there, or gone, anew."""
        await self._changed.wait()

    async def ready(self) -> None:
        """Wait for it to be there; raises CannotPlayError where it does not come."""
        with anyio.move_on_after(READY_DEADLINE_S):
            while self.problem:
                await self.changed()
            return
        raise CannotPlayError(self.name, self.problem, self.remedy)

    def _change(self, problem: str) -> None:
        self.problem = problem
        self._changed.set()
        self._changed = anyio.Event()

    async def serve(self, ports: Ports, say: Say) -> None:
        """Keep it running until cancelled."""
        pause_s = FIRST_PAUSE_S
        while True:
            began_ns = time.monotonic_ns()
            problem = await self._session(ports, say)
            if problem != self.problem:
                say(f"{self.name}: {problem}; {self.remedy}")
            self._change(problem)
            steady = time.monotonic_ns() - began_ns > STEADY_NS
            pause_s = FIRST_PAUSE_S if steady else min(2 * pause_s, LONGEST_PAUSE_S)
            await anyio.sleep(pause_s)

    async def _session(self, ports: Ports, say: Say) -> str:
        """One process, from its start to its end; returns why it ended."""
        ended: list[BaseException] = []
        try:
            with ports.reserve() as reserved, open_osc_sender(reserved.port) as sender:
                async with (
                    open_process(
                        self._argv(reserved.hand_over()),
                        name=self.name,
                        on_line=say,
                        grace_s=STOP_GRACE_S,
                    ) as process,
                    anyio.create_task_group() as tg,
                ):
                    tg.start_soon(self._watch, process)
                    await self._begin(sender)
                    tg.start_soon(_look_after, sender)
                    if self.wire is not None:
                        tg.start_soon(self.wire)
                    try:
                        await self.outlet.serve(sender)
                    finally:
                        await self._take_leave(sender)
        except* (
            ProgramMissingError,
            ProcessDiedError,
            NoFreePortError,
            NotReadyError,
            PlayerStalledError,
        ) as group:
            ended += _leaves(group)
        return str(ended[0])

    async def _take_leave(self, sender: OscSender) -> None:
        if self.farewell:
            with anyio.move_on_after(2 * FAREWELL_S, shield=True):
                for packet in self.farewell:
                    await sender.send(encode(packet))
                await anyio.sleep(FAREWELL_S)  # it reads its port before it hears the signal

    async def _watch(self, process: Process) -> NoReturn:
        try:
            await process.watch()
        except ProcessDiedError as error:
            code = audio.exit_code(error.status)  # all players of the ecosystem share them
            if code in audio.EXIT_REASONS:
                raise NotReadyError(audio.EXIT_REASONS[code]) from error
            raise

    async def _begin(self, sender: OscSender) -> None:
        with anyio.move_on_after(READY_DEADLINE_S) as deadline:
            await sender.wait_for_listener(encode(self._probe))
        if deadline.cancelled_caught:
            raise NotReadyError(f"it took no OSC within {READY_DEADLINE_S:g} s")
        self.outlet.forget()
        self.outlet.send(*self.greeting())
        self._change("")


class Service:
    """A service of the machine, at a port that is known."""

    def __init__(self, name: str, port: int, probe: Osc, remedy: str) -> None:
        self.name = name
        self.port = port
        self.outlet = Outlet()
        self.heard = False  # whether somebody was there when this was last asked
        self._probe = probe
        self._remedy = remedy

    async def serve(self) -> None:
        """Pass on what it is told, until cancelled."""
        with open_osc_sender(self.port) as sender:
            await self.outlet.serve(_Listening(self, sender))

    async def ready(self) -> None:
        """Find out that somebody is there; raises CannotPlayError where nobody is."""
        with open_osc_sender(self.port) as sender, anyio.move_on_after(SERVICE_DEADLINE_S):
            await sender.wait_for_listener(encode(self._probe))
            return
        problem = f"nobody listens at UDP port {self.port}"
        raise CannotPlayError(self.name, problem, self._remedy)

    async def run_number(self) -> int | None:
        """Which run of it is there; None where that is not known."""
        with open_osc_sender(self.port) as sender, suppress(OSError):
            found = await sender.who()
            return None if found is None else found.socket
        return None

    async def prove(self, run_number: int | None) -> None:
        """See that the same run of it is there, and reads what it is told.

        Raises:
            NotReadyError: it is gone, or has begun anew.
            PlayerStalledError: it does not read.
        """
        with open_osc_sender(self.port) as sender, suppress(OSError):
            sender.reads = run_number is not None  # it did when it was armed
            found = await sender.prove(encode(self._probe))
            if found is None:
                raise NotReadyError(f"{self.name} is gone")
            if run_number is not None and found.socket != run_number:
                raise NotReadyError(f"{self.name} has begun anew")


class _Listening:
    """Sends, and notes whether there was somebody to hear it."""

    def __init__(self, service: Service, sender: OscSender) -> None:
        self._service = service
        self._sender = sender

    async def send(self, datagram: bytes) -> None:
        self._service.heard = await self._sender.send_and_hear(datagram)


async def _look_after(sender: OscSender) -> NoReturn:
    """See that a player reads what it is told; raises where it does not."""
    while True:
        await anyio.sleep(PROOF_S)
        with suppress(OSError):  # a kernel that does not tell
            await sender.prove()


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
