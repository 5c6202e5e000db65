"""From what a client sends to what the controller is asked: in order, together, on time.

Each message is answered once. Of a bundle either everything is asked or nothing. A bundle that is
due later does not hold up what its sender says meanwhile; if the sender has gone by then, or may do
less, nothing of it happens.
"""

import heapq
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import assert_never

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from cuems.adapters.clients import ClientId, Clients
from cuems.app.guests import Guests
from cuems.app.links import Asks, AsksTogether, Caller, ControllerItem
from cuems.core.errors import CuemsError
from cuems.core.journal_tail import JournalTail, pieces
from cuems.core.operator import (
    Authenticate,
    ClientCommand,
    DropClient,
    ListClients,
    MuteClient,
    OperatorCommand,
    ReadJournal,
    SayHello,
)
from cuems.wire.bundles import BundleError, batches
from cuems.wire.control import JOURNAL_LINES, ControlError, Request, reply, request
from cuems.wire.osc import Osc, OscPacket, encode

LATER_BUNDLES = 256
NS_PER_S = 1_000_000_000
TOGETHER = "not done: another message of its bundle was refused"

Answer = Callable[[str, str], None]  # address, "" or why not


class Requests:
    """The way to the controller. Loop thread only. `tail` is what was written to its journal."""

    def __init__(
        self,
        send: MemoryObjectSendStream[ControllerItem],
        guests: Guests,
        clients: Clients,
        admit: Callable[[ClientId], None],
    ) -> None:
        self._send = send
        self._guests = guests
        self._clients = clients
        self._admit = admit
        self.tail = JournalTail()
        self._numbers = count()
        self._later: list[tuple[float, int, Caller, tuple[Request, ...]]] = []
        self._filled = anyio.Event()

    async def take(self, packet: OscPacket, caller: Caller) -> None:
        """Have it done, or answered why not; raises CuemsError where nothing of it is."""
        for batch in batches(packet, time.time_ns()):
            read = _read(batch.messages, caller.tell)
            if batch.wait_ns and read:
                self._put_later(batch.wait_ns, caller, read)
            elif read:
                await self.obey(caller, read)

    def _put_later(self, wait_ns: int, caller: Caller, several: tuple[Request, ...]) -> None:
        if len(self._later) >= LATER_BUNDLES:
            raise BundleError(f"{LATER_BUNDLES} bundles wait for their time already")
        due_s = anyio.current_time() + wait_ns / NS_PER_S
        heapq.heappush(self._later, (due_s, next(self._numbers), caller, several))
        self._filled.set()

    async def serve(self) -> None:
        """Have bundles done at their time, for ever."""
        while True:
            self._filled = anyio.Event()
            due_s = self._later[0][0] if self._later else float("inf")
            with anyio.move_on_at(due_s):
                await self._filled.wait()
            while self._later and self._later[0][0] <= anyio.current_time():
                _, _, caller, several = heapq.heappop(self._later)
                await self.obey(caller, several)

    async def obey(self, caller: Caller, several: Sequence[Request]) -> None:
        """Ask for all of it, if all of it is allowed."""
        refusals = [self._guests.refusal(caller.client, asked.scope) for asked in several]
        if any(refusals):
            for asked, refusal in zip(several, refusals, strict=True):
                caller.tell(asked.address, refusal or TOGETHER)
            return
        asks = []
        for asked in several:
            if isinstance(asked.command, OperatorCommand):
                asks.append(Asks(caller, asked.address, asked.command))
            else:
                await self._serve_client(caller, asked.address, asked.command)
        if asks:
            await self._send.send(asks[0] if len(asks) == 1 else AsksTogether(tuple(asks)))

    async def _serve_client(self, caller: Caller, address: str, command: ClientCommand) -> None:
        try:
            match command:
                case Authenticate(secret):
                    await self._guests.authenticate(caller.client, secret)
                    self._admit(caller.client)
                case SayHello():
                    self._admit(caller.client)
                case ListClients():
                    for number, line in self._guests.lines():
                        told = reply(f"client/{number}", line)
                        self._clients.send(caller.client, told.address, encode(told))
                case ReadJournal(number, run):
                    self._tell_journal(caller.client, *self.tail.after(run, number))
                case MuteClient(number, muted):
                    self._guests.mute(number, muted=muted)
                case DropClient(number):
                    self._guests.drop(number, "an operator dropped it")
                case _:
                    assert_never(command)
        except CuemsError as error:
            caller.tell(address, str(error))
        else:
            caller.tell(address, "")

    def _tell_journal(self, client: ClientId, run: str, lines: tuple[str, ...]) -> None:
        for piece in pieces(lines):
            told = Osc(JOURNAL_LINES, (run, *piece))
            self._clients.send(client, told.address, encode(told))


def _read(messages: Sequence[Osc], answer: Answer) -> tuple[Request, ...]:
    """What they ask for; nothing, and answered, where one of several asks for nothing."""
    if len(messages) == 1:
        return (request(messages[0]),)
    reasons = {}
    read = []
    for message in messages:
        try:
            read.append(request(message))
        except ControlError as error:
            reasons[message] = str(error)
    if not reasons:
        return tuple(read)
    for message in messages:
        answer(message.address, reasons.get(message, TOGETHER))
    return ()
