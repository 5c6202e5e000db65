"""What QLab remotes see of the controller: a surface of its own, in their words (wire/qlab.py)."""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass

import anyio

from cuems.adapters.clients import ClientId, Clients
from cuems.app.guests import Guests
from cuems.app.links import Caller
from cuems.app.requests import Requests
from cuems.core.access import Scope
from cuems.core.errors import CuemsError
from cuems.wire import qlab
from cuems.wire.bundles import batches
from cuems.wire.control import request
from cuems.wire.control_view import ShowView
from cuems.wire.osc import MAX_PACKET_BYTES, Osc, decode, encode

DONE = "ok"
ERROR = "error"
DENIED = "denied"
BAD_PASSCODE = "badpass"
LONGEST_ANSWER_BYTES = 1 << 23  # of ten thousand cues: 2 MB
REST = 4  # times as long as an answer took, as at the control port
ALL_REQUESTS_AT_ONCE = 16  # what `/cue/*/…` may ask for in one go

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Remote:
    """What one has asked for."""

    updates: bool = False
    always_reply: bool = False


class QlabDesk:
    """Speaks with remotes (adapters/clients.Surface)."""

    def __init__(self, clients: Clients, guests: Guests, requests: Requests) -> None:
        self._clients = clients
        self._guests = guests
        self._requests = requests
        self._view = ShowView()
        self._remotes: dict[ClientId, _Remote] = {}
        self._rests_until_s = 0.0

    def connected(self, client: ClientId) -> Iterable[tuple[str, bytes]] | None:
        """A remote is told nothing that it has not asked for."""
        log.info("%s connected, speaking QLab's OSC", client)
        self._guests.enter(client)
        self._remotes[client] = _Remote()
        return None

    def disconnected(self, client: ClientId, reason: str) -> None:
        """A remote is gone."""
        self._guests.leave(client)
        del self._remotes[client]
        log.info("%s left%s", client, f": {reason}" if reason else "")

    def refused(self, peer: str, reason: str) -> None:
        """Somebody was not let in."""
        log.warning("QLab remote from %s refused: %s", peer, reason)

    async def received(self, client: ClientId, data: bytes) -> None:
        """A packet; QLab takes bundles apart and pays no heed to their time."""
        try:
            due = batches(decode(data), time.time_ns())
        except CuemsError as error:
            if self._guests.garbled(client) == 1:
                log.warning("%s: %s", client, error)
            return
        for batch in due:
            for message in batch.messages:
                await self._answer(client, message)

    async def _answer(self, client: ClientId, message: Osc) -> None:
        await anyio.sleep_until(self._rests_until_s)
        began_s = anyio.current_time()
        try:
            asked = qlab.read(message, self._view)
        except CuemsError as error:
            self._reply(client, message.address, in_workspace=False, status=ERROR, data=str(error))
            return
        denied = self._guests.refusal(client, qlab.scope_of(asked.meaning))
        if denied:
            self._tell(client, asked, DENIED, None)
            return
        match asked.meaning:
            case qlab.Told(data):
                self._tell(client, asked, DONE, data)
                now_s = anyio.current_time()
                self._rests_until_s = now_s + REST * (now_s - began_s)
            case qlab.Connect(passcode):
                await self._connect(client, asked, passcode)
            case qlab.Switch(name, value):
                self._switch(client, name, value)
                self._tell(client, asked, DONE, None)
            case qlab.Wanted(messages):
                await self._ask(client, asked, messages)

    async def _connect(self, client: ClientId, asked: qlab.Asked, passcode: str) -> None:
        try:
            if passcode:
                await self._guests.authenticate(client, passcode)
        except CuemsError as error:
            log.warning("%s: %s", client, error)
            self._tell(client, asked, DENIED, BAD_PASSCODE)
            return
        may = [scope for scope in Scope if not self._guests.refusal(client, scope)]
        if may:
            self._tell(client, asked, DONE, f"ok:{'|'.join(may)}")
        else:
            self._tell(client, asked, DENIED, BAD_PASSCODE)

    def _switch(self, client: ClientId, name: str, value: int) -> None:
        remote = self._remotes[client]
        match name:
            case "updates":
                remote.updates = bool(value)
            case "alwaysReply":
                remote.always_reply = bool(value)
            case "udpReplyPort" if 0 < value < 1 << 16:
                self._clients.reply_to(client, value)
            case _:
                pass

    async def _ask(self, client: ClientId, asked: qlab.Asked, messages: tuple[Osc, ...]) -> None:
        remote, left = self._remotes[client], len(messages)

        def tell(_: str, reason: str) -> None:
            nonlocal left
            left -= 1
            if reason:
                status = DENIED if reason.startswith(DENIED) else ERROR
                self._tell(client, asked, status, reason)
            elif left == 0 and remote.always_reply:
                self._tell(client, asked, DONE, None)

        if len(messages) > ALL_REQUESTS_AT_ONCE:
            self._tell(client, asked, ERROR, f"{len(messages)} cues at once")
            return
        try:
            several = tuple(request(message) for message in messages)
        except CuemsError as error:
            self._tell(client, asked, ERROR, str(error))
            return
        await self._requests.obey(Caller(client, tell), several)

    # ---- what they are told

    def _tell(self, client: ClientId, asked: qlab.Asked, status: str, data: object) -> None:
        self._reply(client, asked.address, in_workspace=asked.workspace, status=status, data=data)

    def _reply(
        self, client: ClientId, address: str, *, in_workspace: bool, status: str, data: object
    ) -> None:
        project = self._view.fact("load")
        workspace = qlab.project_id(project) if in_workspace and project else ""
        answer = qlab.reply(address, status, data, workspace)
        self._send(client, answer)

    def _send(self, client: ClientId, message: Osc) -> None:
        try:
            streams = self._clients.door(client).endswith("TCP")
            frame = encode(message, LONGEST_ANSWER_BYTES if streams else MAX_PACKET_BYTES)
        except CuemsError as error:  # the JSON of hundreds of cues fits no datagram
            log.warning("%s: %s", client, error)
            return
        self._clients.send(client, message.address, frame)

    def follow(self, status: Osc) -> None:
        """A status was published."""
        before = self._state(status.address)
        self._view.take(status)
        if before is not None and before == self._state(status.address):
            return  # a cue's progress: remotes look at that themselves
        told = qlab.update(status, self._view)
        listeners = [client for client, remote in self._remotes.items() if remote.updates]
        if told is None or not listeners:
            return
        frame = encode(told)
        for client in listeners:
            if not self._guests.refusal(client, Scope.VIEW):
                self._clients.tell(client, told.address, frame)

    def _state(self, address: str) -> str | None:
        """What a cue's play status says of it now."""
        head, _, cue = address.rpartition("/")
        found = self._view.cues.get(cue) if head == "/engine/status/cue" else None
        return None if found is None else found.state
