"""JSON lines over a unix socket, for whoever stands at mpv's side of it."""

import json
import socket

import anyio


class JsonLines:
    """One end of a connection.

    Not an anyio stream: cancelling its receive() at the moment data arrives makes anyio 4.16 set
    the result of a cancelled future, which fails the test.
    """

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self.socket = connected
        self._rest = b""

    async def receive(self) -> dict[str, object]:
        """The next message."""
        while b"\n" not in self._rest:
            await anyio.wait_readable(self.socket)
            chunk = self.socket.recv(65_536)
            assert chunk, "the other end hung up"
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        message: dict[str, object] = json.loads(line)
        return message

    def send(self, **message: object) -> None:
        """Send a message."""
        self.socket.sendall(json.dumps(message).encode() + b"\n")
