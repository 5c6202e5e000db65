"""What clients see of the controller: their frames become commands, its statuses become frames."""

import logging
from collections.abc import Callable, Iterable

from anyio.streams.memory import MemoryObjectSendStream

from cuems.adapters.clients import ClientId, Clients
from cuems.app.guests import Guests
from cuems.app.links import Caller, ControllerItem
from cuems.app.posts import Posts
from cuems.app.requests import Requests
from cuems.core.access import Scope
from cuems.core.errors import CuemsError
from cuems.core.status import Notice, Status
from cuems.core.status_board import StatusBoard
from cuems.wire.control import messages, reply
from cuems.wire.namespace import Namespace
from cuems.wire.osc import Osc, OscEncodeError, decode, encode
from cuems.wire.oscquery import (
    Page,
    TextFrameError,
    news_frame,
    read_text_frame,
    readable,
)
from cuems.wire.web import WebRequest

# Clients know the sequences of interop.md 2.7 by these, and their own deploy from the one before:
# each is told, however briefly it held.
SEQUENCED = frozenset(
    f"/engine/status/{fact}" for fact in ("running", "armed", "load", "deploy_run")
)
REASON_LINES = 50  # of a script with a thousand faults these are enough to begin with
REASON_CHARACTERS = 16_000  # in UTF-8 they still fit an OSC packet

log = logging.getLogger(__name__)


class ControlDesk:
    """What clients see of the controller (adapters/control.WebSurface); `board` is all of it."""

    def __init__(
        self, send: MemoryObjectSendStream[ControllerItem], clients: Clients, guests: Guests
    ) -> None:
        self._clients = clients
        self._guests = guests
        self.requests = Requests(send, guests, clients, self._admit)
        self.board = StatusBoard()
        self.followers: list[Callable[[Osc], None]] = []
        self.watchers: list[Callable[[Status], None]] = []
        self._mirrored: dict[str, bytes] = {}
        self._space = Namespace()
        self.posts = Posts(send, guests.gate, self._space)

    # ---- who comes and goes

    def connected(self, client: ClientId) -> Iterable[tuple[str, bytes]] | None:
        """Everything that is known, for a newcomer that may hear it."""
        log.info("%s connected", client)
        return None if self._guests.enter(client) is None else self._state()

    def _state(self) -> Iterable[tuple[str, bytes]]:
        for status in self.board.dump():
            yield from _frames(status)
        yield from self._mirrored.items()

    def _admit(self, client: ClientId) -> None:
        self._clients.admit(client, self._state())

    def disconnected(self, client: ClientId, reason: str) -> None:
        """A client is gone."""
        garbled = self._guests.leave(client).garbled
        also = f"; {garbled} frames of it were no command" if garbled > 1 else ""
        why = f": {reason}" if reason else ""
        log.info("%s left%s%s", client, why, also)

    def refused(self, peer: str, reason: str) -> None:
        """Somebody was not let in."""
        log.warning("client from %s refused: %s", peer, reason)

    # ---- what they say

    async def received(self, client: ClientId, data: bytes) -> None:
        """A packet of a client: commands, or an answer that says why it holds none."""
        address = ""
        try:
            packet = decode(data)
            address = packet.address if isinstance(packet, Osc) else ""
            await self.requests.take(packet, self._caller(client))
        except CuemsError as error:
            self._not_understood(client, address, error)

    def _caller(self, client: ClientId) -> Caller:
        return Caller(client, lambda address, reason: self.answer(client, address, reason))

    def asked(self, client: ClientId, text: str) -> None:
        """A text frame of a client: which address it wants to hear, and which not."""
        denied = self._guests.refusal(client, Scope.VIEW)
        if denied:
            self.answer(client, "", denied)
            return
        try:
            frame = read_text_frame(text)
            method = readable(self._space, frame)
            if frame.COMMAND == "IGNORE" and not self._clients.ignore(client, frame.DATA):
                raise TextFrameError(text, "too many addresses are ignored already")
        except CuemsError as error:
            self._not_understood(client, "", error)
            return
        if frame.COMMAND == "LISTEN":
            self._clients.listen(client, frame.DATA)
            if method.args is not None:
                self._clients.send(client, frame.DATA, encode(Osc(frame.DATA, method.args)))

    def _not_understood(self, client: ClientId, address: str, error: CuemsError) -> None:
        if self._guests.garbled(client) == 1:
            log.warning("%s: %s", client, error)
        self.answer(client, address, str(error))

    async def page(self, request: WebRequest) -> Page:
        """What a web request is answered."""
        return await self.posts.answer(request)

    # ---- what they are told

    def answer(self, client: ClientId, address: str, reason: str) -> None:
        """Tell a client what became of its command."""
        answer = reply(address, _bounded(reason) or None)
        self._clients.send(client, answer.address, encode(answer))

    def publish(self, status: Status) -> None:
        """Tell all clients, and those to come."""
        told = messages(status)
        try:
            frames = [encode(message) for message in told]
        except OscEncodeError as error:  # say, a node's reason of 64 KiB
            log.error("a status cannot be told: %s", error)  # noqa: TRY400 - no bug of ours
            return
        self.board.put(status)
        for watch in self.watchers:
            watch(status)
        for message, frame in zip(told, frames, strict=True):
            self._space.put(message)
            in_full = message.address in SEQUENCED
            self._clients.publish(message.address, frame, in_full=in_full)
            for follow in self.followers:
                follow(message)

    def report(self, text: str) -> None:
        """Tell a crew what it has to see to."""
        self.publish(Notice(text))

    def mirror(self, message: Osc) -> None:
        """Tell a status of another controller, as it was told."""
        try:
            frame = encode(message)
        except OscEncodeError as error:
            log.error("a status cannot be told on: %s", error)  # noqa: TRY400 - no bug of ours
            return
        self._mirrored[message.address] = frame
        self._space.put(message)
        in_full = message.address in SEQUENCED
        self._clients.publish(message.address, frame, in_full=in_full)

    def end_mirror(self) -> None:
        """From now on we speak for ourselves."""
        self._mirrored.clear()

    def forget_cues(self) -> None:
        """Drop what is known of cues."""
        self.board.forget_cues()
        self._space.forget_cues()

    def settle(self) -> None:
        """Tell those who follow the namespace what has come and gone."""
        self._guests.settle()
        for news in self._space.take_news():
            self._clients.announce(news_frame(news))


def _frames(status: Status) -> Iterable[tuple[str, bytes]]:
    return ((message.address, encode(message)) for message in messages(status))


def _bounded(reason: str) -> str:
    lines = reason.splitlines()
    if len(lines) > REASON_LINES:
        lines[REASON_LINES:] = [f"and {len(lines) - REASON_LINES} lines more"]
    return "\n".join(lines)[:REASON_CHARACTERS]
