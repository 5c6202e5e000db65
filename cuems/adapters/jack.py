"""Wiring players in the JACK graph, through the process that owns the client.

adapters/jack_graph.py says why there is such a process, and what is spoken with it. It is started
when somebody asks, and again when it was lost; then it is told what the last one looked after.
When it does not answer, JACK does not (a jackd that was stopped): it is killed, and whoever asked
is told.
"""

import json
import logging
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from subprocess import DEVNULL

import anyio

from cuems.core.errors import CuemsError

WAIT_S = 3.0  # a player's ports are there when it has opened its file
ATTEMPTS = 2  # a process that has found no server may not have been seen to end yet
ANSWER_DEADLINE_S = 5.0  # it answers by WAIT_S; a busy machine takes a second to start it
KILL_DEADLINE_S = 1.0
RECORD_BYTES = 65_536
KEPT = 64  # clients whose wires are asked for again: more than play at a time; the oldest go
COMMAND = (sys.executable, "-m", "cuems.adapters.jack_graph")
SILENT = "JACK does not answer"
NO_SERVER = "no JACK server is running"

log = logging.getLogger(__name__)

Wire = tuple[int, str | int]
NamedWire = tuple[str, str]


class CannotWireError(CuemsError):
    """A player that cannot be connected as asked; `problem` names the port."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(slots=True)
class _Request:
    answered: anyio.Event
    sent: bool = False
    problem: str | None = None


class Patchbay:
    """Connects the outputs of players."""

    def __init__(self) -> None:
        self._requests: dict[int, _Request] = {}
        self._next_id = 1
        self._kept: dict[str, bytes] = {}  # what was asked for each client, and done
        self._link: socket.socket | None = None
        self._linked = anyio.Event()
        self._called = anyio.Event()
        self._scope: anyio.CancelScope | None = None  # of the process that runs

    async def wire(
        self,
        client: str,
        wires: Sequence[Wire | NamedWire],
        stands_in: Mapping[str, str] | None = None,
    ) -> None:
        """Connect each port of a client to exactly its targets, once all are there; keep it so.

        A port is N for `out_N`, or its name. A target is a port's name, or the number of a
        physical playback port, from 0. For a port that the client may not have `stands_in` has
        the one that is connected in its place.

        Raises:
            CannotWireError: a port is not there, or JACK does not do it or does not answer.
        """
        for _ in range(ATTEMPTS):
            problem = await self._ask(client, wires, stands_in or {})
            if problem is not None:
                break
        if problem is None:
            problem = NO_SERVER
        if problem:
            raise CannotWireError(problem)

    async def _ask(
        self, client: str, wires: Sequence[Wire | NamedWire], stands_in: Mapping[str, str]
    ) -> str | None:
        """What the process answers; None if it ended before it did."""
        number, self._next_id = self._next_id, self._next_id + 1
        request = self._requests[number] = _Request(anyio.Event())
        self._kept.pop(client, None)
        asked = {
            "id": number,
            "client": client,
            "wires": wires,
            "stands_in": stands_in,
            "wait_s": WAIT_S,
        }
        try:
            with anyio.move_on_after(ANSWER_DEADLINE_S):
                (await self._connected()).send(json.dumps(asked).encode())
                request.sent = True
                await request.answered.wait()
        except OSError:
            self._link = None  # serve has not seen it end yet
            return None
        finally:
            del self._requests[number]
        if request.answered.is_set():
            if request.problem == "":
                self._keep(client, asked)
            return request.problem
        if self._scope is not None:
            self._scope.cancel()
        return SILENT

    def _keep(self, client: str, asked: dict[str, object]) -> None:
        self._kept[client] = json.dumps({**asked, "id": client}).encode()
        if len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]

    async def _connected(self) -> socket.socket:
        while self._link is None:
            self._called.set()
            await self._linked.wait()
        return self._link

    async def serve(self) -> None:
        """Run the process whenever it is needed, until cancelled."""
        while True:
            await self._called.wait()
            self._called = anyio.Event()
            with anyio.CancelScope() as self._scope:
                await self._run()
            for request in self._requests.values():
                if request.sent:  # the others are for the next one
                    request.answered.set()

    async def _run(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            ours.setblocking(False)
            with theirs:
                process = await anyio.open_process(
                    COMMAND, stdin=theirs.fileno(), stdout=DEVNULL, stderr=DEVNULL
                )
            self._link = ours
            self._linked.set()
            self._linked = anyio.Event()
            try:
                await self._hear(ours)
            finally:
                self._link = None
                with anyio.CancelScope(shield=True), suppress(ProcessLookupError):
                    process.kill()
                    with anyio.move_on_after(KILL_DEADLINE_S):
                        await process.wait()

    async def _hear(self, link: socket.socket) -> None:
        at_work = False
        while True:
            await anyio.wait_readable(link)
            try:
                record = link.recv(RECORD_BYTES)
            except OSError:
                return
            if not record:
                return
            answer = json.loads(record)
            if "mended" in answer:
                log.warning("JACK had lost a connection, which is made again: %s", answer["mended"])
                continue
            request = self._requests.get(answer["id"])
            if request is not None:
                request.problem = answer["problem"]
                request.answered.set()
            elif answer["problem"]:
                self._kept.pop(answer["id"], None)  # its player has ended
            if not at_work and answer["problem"] != NO_SERVER:
                at_work = True
                self._ask_once_more(link)

    def _ask_once_more(self, link: socket.socket) -> None:
        with suppress(OSError):  # it ends, or is asked too much to answer anybody
            for asked in self._kept.values():
                link.send(asked)
