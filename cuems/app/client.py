"""A client of a running engine's control surface, as the command line has one.

Everything has a deadline. A frame comes after those that were sent before it: once a ping is
answered, everything that a newcomer is told has been heard.
"""

import json
import os
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

import anyio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from cuems.core.errors import CuemsError
from cuems.wire.control_table import AUTH
from cuems.wire.control_view import ShowView
from cuems.wire.osc import MAX_PACKET_BYTES, Osc, OscArgument, OscDecodeError, decode, encode

CLIENT_REPLY = "/engine/reply/client/"
DEFAULT_URL = "ws://127.0.0.1:9190"
CLOSE_TIMEOUT_S = 1.0
PING_INTERVAL_S = 1.0  # of somebody who only watches: a dead link is to be noticed
LISTEN_TIMECODE = json.dumps({"COMMAND": "LISTEN", "DATA": "/engine/status/timecode"})


class UrlError(CuemsError):
    """What cannot be the address of a control surface."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url!r:.100}: expected ws://HOST:PORT or wss://HOST:PORT")
        self.url = url


class NotReachableError(CuemsError):
    """Nobody answers there, or not in time."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url}: {reason}")
        self.url = url
        self.reason = reason


class CommandRefusedError(CuemsError):
    """The engine did not do it, and says why."""

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(reason)
        self.command = command
        self.reason = reason


class Client:
    """A connection; `view` is the show as it was told."""

    def __init__(self, connection: ClientConnection, url: str, timeout_s: float) -> None:
        self.view = ShowView()
        self._connection = connection
        self._url = url
        self._timeout_s = timeout_s
        self._told: dict[str, OscArgument] = {}

    async def learn(self) -> None:
        """Hear everything a newcomer is told, and where timecode is.

        Raises NotReachableError.
        """
        late = f"it takes nothing for {self._timeout_s:g} s"
        with _in_time(self._url, self._timeout_s, late), _reached(self._url):
            await self._connection.send(LISTEN_TIMECODE)
        await self.ask("ping")

    async def authenticate(self, secret: str) -> None:
        """Be let in; raises CommandRefusedError or NotReachableError."""
        await self._ask("auth", AUTH, (secret,))

    async def ask(self, command: str, *args: OscArgument) -> None:
        """Have a command done; raises CommandRefusedError or NotReachableError."""
        await self._ask(command, f"/engine/command/{command}", args)

    async def ask_clients(self) -> list[str]:
        """Who is connected, JSON each; raises CommandRefusedError or NotReachableError."""
        self._told.clear()
        await self.ask("clients")
        return [str(value) for at, value in self._told.items() if at.startswith(CLIENT_REPLY)]

    async def _ask(self, command: str, address: str, args: tuple[OscArgument, ...]) -> None:
        reply = f"/engine/reply/{command}"
        late = f"no answer to {command} within {self._timeout_s:g} s: it may be done or not"
        with _in_time(self._url, self._timeout_s, late), _reached(self._url):
            await self._connection.send(encode(Osc(address, args)))
            message = await self._next()
            while message.address != reply:
                message = await self._next()
        answer = str(message.args[0]) if message.args else ""
        if answer != "ok":
            raise CommandRefusedError(command, answer)

    async def send(self, command: str, *args: OscArgument) -> None:
        """Send a command; its answer is among what is heard. Raises NotReachableError."""
        late = f"it takes nothing for {self._timeout_s:g} s"
        with _in_time(self._url, self._timeout_s, late), _reached(self._url):
            await self._connection.send(encode(Osc(f"/engine/command/{command}", args)))

    async def hear(self) -> Osc:
        """The next message, whenever it comes; raises NotReachableError when the link is lost."""
        with _reached(self._url):
            return await self._next()

    async def _next(self) -> Osc:
        while True:
            frame = await self._connection.recv()
            if isinstance(frame, str):  # news of the namespace
                continue
            message = decode(frame)
            if isinstance(message, Osc):
                if not self.view.take(message) and message.address.startswith(CLIENT_REPLY):
                    self._told[message.address] = message.args[0] if message.args else ""
                return message


@contextmanager
def _reached(url: str) -> Iterator[None]:
    """What goes wrong on the way, as NotReachableError."""
    try:
        yield
    except (ConnectionClosed, OscDecodeError) as error:
        raise NotReachableError(url, f"the connection is lost: {error}") from error


@contextmanager
def _in_time(url: str, timeout_s: float, late: str) -> Iterator[None]:
    with anyio.move_on_after(timeout_s) as deadline:
        yield
    if deadline.cancelled_caught:
        raise NotReachableError(url, late)


@asynccontextmanager
async def open_client(url: str, timeout_s: float, token: str = "") -> AsyncIterator[Client]:
    """Connect, and show a token or passcode.

    Raises UrlError, NotReachableError, or CommandRefusedError where it does not open.
    """
    _check(url)
    connection = await _connection(url, timeout_s)
    async with connection:
        client = Client(connection, url, timeout_s)
        if token:
            await client.authenticate(token)
        yield client


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        complete = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # an unclosed bracket, a port that is no number
        complete = False
    if not complete:
        raise UrlError(url)


async def _connection(url: str, timeout_s: float) -> ClientConnection:
    with _in_time(url, timeout_s, f"no answer within {timeout_s:g} s"):
        try:
            return await connect(
                url,
                compression=None,
                proxy=None,
                open_timeout=None,
                close_timeout=CLOSE_TIMEOUT_S,
                ping_interval=PING_INTERVAL_S,
                ping_timeout=timeout_s,
                max_size=MAX_PACKET_BYTES,
            )
        except InvalidURI as error:
            raise UrlError(url) from error
        except InvalidHandshake as error:
            raise NotReachableError(url, f"no control surface: {error}") from error
        except (OSError, EOFError) as error:
            raise NotReachableError(url, f"not reachable: {_reason(error)}") from error


def _reason(error: OSError | EOFError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted, {error.verify_message} (see SSL_CERT_FILE)"
    if isinstance(error, ssl.SSLError):  # its number is OpenSSL's, not the system's
        return f"no TLS there: {error.reason}"
    number = getattr(error, "errno", None) or 0  # asyncio's own text repeats the address
    if number > 0:
        return os.strerror(number)
    return getattr(error, "strerror", None) or str(error) or "it hung up: is it wss:// or ws://?"
