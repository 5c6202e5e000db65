"""What the stand-ins for the ecosystem's players share: a real UDP server that minds its types.

The real ones are built on liblo and oscpack: a message whose types differ from those of an address
is not for it. `received` is all that was obeyed, `refused` all that was not; `state` is what that
has made of the player. As a program it writes both down, a line each, in the folder $FAKE_LOG.
"""

import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio

from cuems.wire.osc import Int64, Osc, OscBundle, decode

TAGS = {bool: "T", int: "i", float: "f", str: "s", Int64: "h"}


def tags(message: Osc) -> str:
    """The type tags a message bears."""
    return "".join(TAGS[type(value)] for value in message.args)


def line(message: Osc) -> str:
    """A message as a line of a log: address, types, arguments."""
    return " ".join((message.address, f",{tags(message)}", *map(str, message.args)))


class OscPlayer:
    """A player at a UDP port of this machine."""

    name = "player"
    quit_address = "/quit"

    def __init__(self, port: int = 0, log: Path | None = None) -> None:
        self.state: dict[str, Any] = {}
        self.received: list[Osc] = []
        self.refused: list[Osc] = []
        self.datagrams = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self._log = None if log is None else log.open("a", buffering=1)

    def close(self) -> None:
        self._socket.close()
        if self._log is not None:
            self._log.close()

    # ---- what the kinds say

    def types(self, address: str) -> str | None:
        """The types an address takes; None if there is no such address."""
        raise NotImplementedError

    def obey(self, message: Osc) -> None:
        """Change `state`."""

    def obey_bundle(self, bundle: OscBundle) -> None:
        """Take a bundle: as liblo does, each message by itself."""
        for element in bundle.elements:
            if isinstance(element, Osc):
                self.take(element)
            else:
                self.obey_bundle(element)

    # ---- taking

    def take(self, message: Osc) -> None:
        if self.types(message.address) != tags(message):
            self.refused.append(message)
            self._note(f"REFUSED {line(message)}")
            return
        self.received.append(message)
        self._note(line(message))
        self.obey(message)

    def _note(self, text: str) -> None:
        if self._log is not None:
            self._log.write(f"{text}\n")

    def _take_datagram(self) -> None:
        self.datagrams += 1
        packet = decode(self._socket.recv(65_536))
        if isinstance(packet, Osc):
            self.take(packet)
        else:
            self.obey_bundle(packet)

    async def until(self, address: str, *args: object) -> Osc:
        """Hear until a message has come since the last that was waited for."""
        await self.hear()
        while True:
            for message in self._unseen():
                if message.address == address and message.args[: len(args)] == args:
                    return message
            await anyio.wait_readable(self._socket)
            self._take_datagram()

    def _unseen(self) -> Iterator[Osc]:
        seen: int = getattr(self, "_seen", 0)
        while seen < len(self.received):
            seen += 1
            self._seen = seen
            yield self.received[seen - 1]

    async def hear(self) -> list[Osc]:
        """All that has come by now."""
        self._socket.setblocking(False)
        while True:
            await anyio.lowlevel.checkpoint()
            try:
                self._take_datagram()
            except BlockingIOError:
                return self.received

    def serve(self) -> None:
        """Hear until told to quit."""
        while not any(message.address == self.quit_address for message in self.received):
            self._take_datagram()


@contextmanager
def opened(player: OscPlayer) -> Iterator[OscPlayer]:
    """Close it at the end."""
    try:
        yield player
    finally:
        player.close()


def log_file(name: str, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Where a stand-in writes down what it hears."""
    folder = environment.get("FAKE_LOG")
    return None if folder is None else Path(folder) / f"{name}.log"


def announce(text: str) -> None:
    """Say something on the terminal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
