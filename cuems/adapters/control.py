"""The control port: OSC over WebSocket for any number of clients, the console page, OSCQuery.

Facts: interop.md 2.1 (any path, binary frames), limits.md A5 and B b. A client that stops reading
blocks `send`, `close` and keepalive alike; only `transport.abort()` ends it. So each client has
its own outbox with one place for each address, and nothing that is published ever waits.

Limits: frames are at most an OSC packet (64 KiB; the longest real message is under 200 bytes),
a client may say MESSAGES_PER_S and is then not read for a while, and MAX_CLIENTS are served.
One answer of OSCQuery is made at a time, PIECES_AT_ONCE in a turn of the loop, with a rest after it
and only while less than ANSWERS_MAX_BYTES wait for slow readers.
"""

import os
import socket
from asyncio import BaseTransport
from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from itertools import count
from typing import Protocol

import anyio
import anyio.lowlevel
from anyio.abc import TaskStatus
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from cuems.core.errors import CuemsError
from cuems.wire.oscquery import Page, is_query
from cuems.wire.web import (
    Answer,
    Asset,
    answer,
    asset,
    content,
    may_connect,
    refusal,
    too_busy,
)

MAX_CLIENTS = 1000  # 15 to 17 KiB each (limits.md B b)
SPARE_SOCKETS = 64  # handshakes and page loads beside the clients
MAX_FRAME_BYTES = 65_536
MESSAGES_PER_S = 200  # a flood beyond it costs the loop 49 ms, at this rate 1.2 ms (limits.md B b)
BURST_MESSAGES = 200
READ_AHEAD_FRAMES = 16
OUTBOX_FRAMES = 65_536  # the dump of 10 000 cues fits; one fact has one place
STALLED_S = 2.0
LINGER_S = 0.001  # what made the news goes first: players do not wait until clients are told
SEND_BUFFER_BYTES = 65_536
WRITE_LIMITS_BYTES = (16_384, 12_288)  # within STALLED_S a client has to take the 4 KiB between
WRITE_BUFFER_MAX_BYTES = 262_144  # pongs to one who pings and does not read are not awaited
UNANSWERED_MS = 10_000  # a cut cable: the kernel gives up on what was not acknowledged for so long
PIECES_AT_ONCE = 128  # 0.2 ms
REST = 4  # times as long as an answer took: a flood of queries gets a fifth of the loop
ANSWERS_MAX_BYTES = 33_554_432  # one of a show of 10 000 cues is 7 MB
IGNORED_MAX_ADDRESSES = 4096
OPEN_TIMEOUT_S = 3.0
CLOSE_TIMEOUT_S = 1.0
SHUTDOWN_GRACE_S = 0.5


@dataclass(frozen=True, slots=True)
class ClientId:
    """One connection; `peer` is where it comes from, for the log."""

    number: int
    peer: str

    def __str__(self) -> str:
        return f"client {self.number} ({self.peer})"


class ControlPortError(CuemsError):
    """The control port cannot be opened."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"control port {host}:{port} cannot be opened: {reason}")
        self.host = host
        self.port = port
        self.reason = reason


class Surface(Protocol):
    """Whoever speaks with the clients."""

    def connected(self, client: ClientId) -> Iterable[tuple[str, bytes]]:
        """The state a newcomer is told first, as (address, frame); what follows is published."""

    async def received(self, client: ClientId, data: bytes) -> None:
        """A binary frame; this client's next one comes when this returns."""

    def asked(self, client: ClientId, text: str) -> None:
        """A text frame."""

    def page(self, target: str) -> Page:
        """The answer to a GET that is none for the console."""

    def disconnected(self, client: ClientId, reason: str) -> None:
        """A client is gone; `reason` says why we dropped it, "" when it left."""

    def refused(self, peer: str, reason: str) -> None:
        """Somebody was not let in."""


class Link:
    """One client's connection and what is yet to be sent on it."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.dropped = ""
        self.hears_news = False
        self.ignored: set[str] = set()
        self._frames: OrderedDict[tuple[str, int], bytes | str] = OrderedDict()
        self._filled = anyio.Event()

    def put(self, address: str, frame: bytes | str, serial: int = 0) -> None:
        """Send a frame, instead of an unsent one of the same address and serial. Never waits.

        A str goes as a text frame.
        """
        if len(self._frames) >= OUTBOX_FRAMES:
            self.drop(f"{OUTBOX_FRAMES} frames are waiting for it")
            return
        self._frames[address, serial] = frame
        self._filled.set()

    def drop(self, reason: str) -> None:
        """End the connection at once."""
        self.dropped = self.dropped or reason
        self._frames.clear()
        self.connection.transport.abort()

    async def send_frames(self) -> None:
        """Send what is put until the connection ends or stalls."""
        while True:
            if not self._frames:
                self._filled = anyio.Event()
                await self._filled.wait()
                await anyio.sleep(LINGER_S)
                continue
            _, frame = self._frames.popitem(last=False)
            with anyio.move_on_after(STALLED_S) as deadline:
                try:
                    await self.connection.send(frame)
                except ConnectionClosed:
                    return
            if deadline.cancelled_caught:
                self.drop(f"it took nothing for {STALLED_S:g} s")
                return


class Clients:
    """Everybody on the control port. Loop thread only."""

    def __init__(self) -> None:
        self._links: dict[ClientId, Link] = {}
        self._numbers = count(1)
        self._serials = count(1)

    @property
    def count(self) -> int:
        """How many are connected."""
        return len(self._links)

    def publish(self, address: str, frame: bytes) -> None:
        """Tell all; a frame of the same address that a slow client has not got yet is replaced."""
        for link in tuple(self._links.values()):
            if address not in link.ignored:
                link.put(address, frame)

    def announce(self, text: str) -> None:
        """Tell those who have sent text frames; to others (the ecosystem's) one would be fatal."""
        for link in tuple(self._links.values()):
            if link.hears_news:
                link.put("", text, next(self._serials))

    def listen(self, client: ClientId, address: str) -> None:
        """Publish an address to a client again, which all are from the start; and the news."""
        link = self._links.get(client)
        if link is not None:
            link.hears_news = True
            link.ignored.discard(address)

    def ignore(self, client: ClientId, address: str) -> bool:
        """Publish an address to a client no more; False when it ignores too many already."""
        link = self._links.get(client)
        if link is not None:
            if len(link.ignored) >= IGNORED_MAX_ADDRESSES:
                return False
            link.hears_news = True
            link.ignored.add(address)
        return True

    def send(self, client: ClientId, address: str, frame: bytes) -> None:
        """Tell one, if still there. Nothing replaces it: an answer is not a state."""
        link = self._links.get(client)
        if link is not None:
            link.put(address, frame, next(self._serials))

    def drop(self, client: ClientId, reason: str) -> None:
        """End one client's connection at once."""
        link = self._links.get(client)
        if link is not None:
            link.drop(reason)

    def enter(self, link: Link, surface: Surface) -> ClientId:
        """Tell a newcomer the state and count it in, with nothing published in between."""
        client = ClientId(next(self._numbers), _peer(link.connection))
        for address, frame in surface.connected(client):
            link.put(address, frame)
        self._links[client] = link
        return client

    def leave(self, client: ClientId) -> None:
        """Forget a client."""
        del self._links[client]


class Allowance:
    """How long a client must be left unread so that it says no more than MESSAGES_PER_S."""

    def __init__(self) -> None:
        self._paid_until_s = 0.0

    def spend(self, now_s: float) -> float:
        """Count one message; the seconds to wait before it is obeyed."""
        paid_from_s = max(self._paid_until_s, now_s - BURST_MESSAGES / MESSAGES_PER_S)
        self._paid_until_s = paid_from_s + 1 / MESSAGES_PER_S
        return max(0.0, self._paid_until_s - now_s)


def read_console() -> dict[str, Asset]:
    """The console page's files by path. Reads files: call it before the loop or in a thread."""
    found = {
        f"/{file.name}": asset(file.name, file.read_bytes())
        for file in (files("cuems") / "console").iterdir()
        if file.is_file()
    }
    console = {path: item for path, item in found.items() if item is not None}
    return console | {"/": console["/index.html"]}


async def serve_control(
    address: tuple[str, int],
    *,
    console: Mapping[str, Asset],
    surface: Surface,
    clients: Clients,
    own_names: Iterable[str] = (),
    max_clients: int = MAX_CLIENTS,
    task_status: TaskStatus[int] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Serve clients until cancelled; the start value is the bound port.

    `own_names` are further host names whose pages may connect. Raises ControlPortError.
    """
    send, arrivals = anyio.create_memory_object_stream[tuple[ServerConnection, anyio.Event]](0)

    async def hand_over(connection: ServerConnection) -> None:
        if clients.count >= max_clients:
            surface.refused(_peer(connection), f"{max_clients} clients are connected already")
            await connection.close(CloseCode.TRY_AGAIN_LATER, "too many clients")
            return
        gone = anyio.Event()
        try:
            await send.send((connection, gone))
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):  # the server is stopping
            return
        await gone.wait()
        # Only a stopping server leaves a connection that is still open.
        await connection.close(CloseCode.GOING_AWAY)

    sockets: set[ServerConnection] = set()
    pages = Pages(console, surface, sockets)
    door = partial(_request_answer, pages=pages, surface=surface, own_names=set(own_names))
    server = serve(
        hand_over,
        *address,
        compression=None,
        process_request=door,
        server_header=None,
        open_timeout=OPEN_TIMEOUT_S,
        close_timeout=CLOSE_TIMEOUT_S,
        max_size=MAX_FRAME_BYTES,
        max_queue=READ_AHEAD_FRAMES,
        write_limit=WRITE_LIMITS_BYTES,
        create_connection=_counted(sockets, max_clients + SPARE_SOCKETS),
    )
    async with (
        send,
        arrivals,
        _open(server, address, sockets),
        arrivals,  # closed before the server too: who waits to be handed over hears of it
        anyio.create_task_group() as tg,
    ):
        task_status.started(server.sockets[0].getsockname()[1])
        async for connection, gone in arrivals:
            tg.start_soon(_serve_client, connection, gone, surface, clients)


async def _serve_client(
    connection: ServerConnection, gone: anyio.Event, surface: Surface, clients: Clients
) -> None:
    link = Link(connection)
    try:
        client = clients.enter(link, surface)
        try:
            async with anyio.create_task_group() as tg:
                tg.start_soon(link.send_frames)
                await _read_frames(connection, client, surface, clients)
                tg.cancel_scope.cancel()
        finally:
            clients.leave(client)
            surface.disconnected(client, link.dropped)
    finally:
        gone.set()


async def _read_frames(
    connection: ServerConnection, client: ClientId, surface: Surface, clients: Clients
) -> None:
    """Hand frames on one after another until the connection ends."""
    allowance = Allowance()
    while True:
        try:
            data = await connection.recv()
        except ConnectionClosed:
            return
        wait_s = allowance.spend(anyio.current_time())
        if wait_s > 0:
            await anyio.sleep(wait_s)
        if isinstance(data, str):
            surface.asked(client, data)
        else:
            await surface.received(client, data)


class Pages:
    """What plain requests are answered."""

    def __init__(
        self,
        console: Mapping[str, Asset],
        surface: Surface,
        sockets: Collection[ServerConnection],
    ) -> None:
        self._console = console
        self._surface = surface
        self._sockets = sockets
        self._turn = anyio.Lock()
        self._rests_until_s = 0.0

    async def answer(self, request: Request) -> Answer:
        """A file of the console, or the namespace."""
        method, target = request.method, request.path
        accept = ",".join(request.headers.get_all("Accept"))
        path = target.partition("?")[0]
        is_file = path in self._console and not (path == "/" and is_query(target, accept))
        if is_file or method not in ("GET", "HEAD"):
            return answer(method, target, self._console)
        async with self._turn:
            waiting = (own.transport.get_write_buffer_size() for own in self._sockets)
            if sum(waiting) > ANSWERS_MAX_BYTES:
                return too_busy()
            await anyio.sleep_until(self._rests_until_s)
            began_s = anyio.current_time()
            try:
                page = self._surface.page(target)
                body = await _joined(page.pieces)
            finally:
                now_s = anyio.current_time()
                self._rests_until_s = now_s + REST * (now_s - began_s)
            return content(method, page.status, Asset(page.content_type, body))


async def _joined(pieces: Iterable[bytes]) -> bytes:
    joined = bytearray()
    for number, piece in enumerate(pieces, start=1):
        joined += piece
        if number % PIECES_AT_ONCE == 0:
            await anyio.lowlevel.checkpoint()
    return bytes(joined)


async def _request_answer(
    connection: ServerConnection,
    request: Request,
    *,
    pages: Pages,
    surface: Surface,
    own_names: set[str],
) -> Response | None:
    """None lets a WebSocket in; everything else is answered."""
    headers = request.headers
    if not any("websocket" in value.lower() for value in headers.get_all("Upgrade")):
        return _response(await pages.answer(request))
    origins = headers.get_all("Origin")
    hosts = headers.get_all("Host") + headers.get_all("X-Forwarded-Host")
    if may_connect(origins, hosts, own_names):
        return None
    reason = f"a page of {origins[0]!r:.100} may not control this show"
    surface.refused(_peer(connection), reason)
    return _response(refusal(reason))


def _response(page: Answer) -> Response:
    return Response(page.status, page.status.phrase, Headers(page.headers), page.body)


def _peer(connection: ServerConnection) -> str:
    host, port, *_ = connection.remote_address or ("?", 0)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _counted(sockets: set[ServerConnection], max_sockets: int) -> type[ServerConnection]:
    """A connection class whose open connections are in `sockets`, handshakes included."""

    class Counted(ServerConnection):
        def connection_made(self, transport: BaseTransport) -> None:
            super().connection_made(transport)
            sockets.add(self)
            own = transport.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNANSWERED_MS)
            if len(sockets) > max_sockets:
                self.transport.abort()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.transport.get_write_buffer_size() > WRITE_BUFFER_MAX_BYTES:
                self.transport.abort()

        def connection_lost(self, exc: Exception | None) -> None:
            sockets.discard(self)
            super().connection_lost(exc)

    return Counted


@asynccontextmanager
async def _open(
    server: Server, address: tuple[str, int], sockets: set[ServerConnection]
) -> AsyncIterator[None]:
    """Listen; on leaving say goodbye to those who listen and cut off those who do not."""
    try:
        await server
    except OSError as error:
        number = error.errno or 0  # asyncio's own text repeats the address; resolver errors are < 0
        reason = os.strerror(number) if number > 0 else error.strerror
        raise ControlPortError(*address, reason or str(error)) from None
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            server.close()
            with anyio.move_on_after(SHUTDOWN_GRACE_S):
                await server.wait_closed()
            for connection in tuple(sockets):
                connection.transport.abort()
            with anyio.move_on_after(SHUTDOWN_GRACE_S):
                await server.wait_closed()
