"""What clients see of the controller: their frames become commands, its statuses become frames."""

import logging
from collections import Counter
from collections.abc import Iterable

from anyio.streams.memory import MemoryObjectSendStream

from cuems.adapters.control import ClientId, Clients
from cuems.app.links import Asks, ControllerItem
from cuems.core.errors import CuemsError
from cuems.core.status import Status, StatusBoard
from cuems.wire.control import command, messages, reply
from cuems.wire.namespace import Namespace
from cuems.wire.osc import Osc, OscBundle, OscEncodeError, decode, encode
from cuems.wire.oscquery import (
    Page,
    TextFrameError,
    news_frame,
    page,
    read_text_frame,
    readable,
)

REASON_LINES = 50  # of a script with a thousand faults these are enough to begin with
REASON_CHARACTERS = 16_000  # in UTF-8 they still fit an OSC packet

log = logging.getLogger(__name__)


class ControlDesk:
    """What clients see of the controller (adapters/control.Surface); `board` is all of it."""

    def __init__(self, send: MemoryObjectSendStream[ControllerItem], clients: Clients) -> None:
        self._send = send
        self._clients = clients
        self.board = StatusBoard()
        self._space = Namespace()
        self._garbled: Counter[ClientId] = Counter()

    def connected(self, client: ClientId) -> Iterable[tuple[str, bytes]]:
        """Everything that is known, for a newcomer."""
        log.info("client %s (%s) connected", client.number, client.peer)
        for status in self.board.dump():
            yield from _frames(status)

    async def received(self, client: ClientId, data: bytes) -> None:
        """A frame of a client: a command, or an answer that says why it is none."""
        address = ""
        try:
            packet = decode(data)
            if isinstance(packet, OscBundle):
                raise BundleError
            address = packet.address
            asked = command(packet)
        except CuemsError as error:
            self._not_understood(client, address, error)
        else:
            await self._send.send(Asks(client, address, asked))

    def asked(self, client: ClientId, text: str) -> None:
        """A text frame of a client: which address it wants to hear, and which not."""
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

    def page(self, target: str) -> Page:
        """What OSCQuery answers to a GET."""
        return page(self._space, target)

    def _not_understood(self, client: ClientId, address: str, error: CuemsError) -> None:
        self._garbled[client] += 1
        if self._garbled[client] == 1:
            log.warning("client %s (%s): %s", client.number, client.peer, error)
        self.answer(client, address, str(error))

    def disconnected(self, client: ClientId, reason: str) -> None:
        """A client is gone."""
        garbled = self._garbled.pop(client, 0)
        also = f"; {garbled} frames of it were no command" if garbled > 1 else ""
        why = f": {reason}" if reason else ""
        log.info("client %s (%s) left%s%s", client.number, client.peer, why, also)

    def refused(self, peer: str, reason: str) -> None:
        """Somebody was not let in."""
        log.warning("client from %s refused: %s", peer, reason)

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
        for message, frame in zip(told, frames, strict=True):
            self._space.put(message)
            self._clients.publish(message.address, frame)

    def forget_cues(self) -> None:
        """Drop what is known of cues."""
        self.board.forget_cues()
        self._space.forget_cues()

    def settle(self) -> None:
        """Tell those who follow the namespace what has come and gone."""
        for news in self._space.take_news():
            self._clients.announce(news_frame(news))


def _frames(status: Status) -> Iterable[tuple[str, bytes]]:
    return ((message.address, encode(message)) for message in messages(status))


def _bounded(reason: str) -> str:
    lines = reason.splitlines()
    if len(lines) > REASON_LINES:
        lines[REASON_LINES:] = [f"and {len(lines) - REASON_LINES} lines more"]
    return "\n".join(lines)[:REASON_CHARACTERS]


class BundleError(CuemsError):
    """A bundle where a message was expected."""

    def __init__(self) -> None:
        super().__init__("a bundle: expected one message a frame")
