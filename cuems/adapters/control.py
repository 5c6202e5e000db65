"""The control port: OSC over WebSocket for any number of clients, the console page, OSCQuery.

Facts: interop.md 2.1 (any path, binary frames), limits.md A5 and B b. A client that stops reading
blocks `send`, `close` and keepalive alike; only `transport.abort()` ends it.

Limits: frames are at most an OSC packet (64 KiB; the longest real message is under 200 bytes),
a client may say MESSAGES_PER_S and is then not read for a while, and MAX_CLIENTS are served.
One answer of OSCQuery is made at a time, PIECES_AT_ONCE in a turn of the loop, with a rest after it
and only while less than ANSWERS_MAX_BYTES wait for slow readers.
"""

import os
import socket
import ssl
from asyncio import BaseTransport
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.resources import files
from typing import Protocol

import anyio
import anyio.lowlevel
from anyio.abc import TaskStatus
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from cuems.adapters.clients import (
    Allowance,
    ClientId,
    Clients,
    Surface,
    peer_name,
)
from cuems.adapters.courier import Courier
from cuems.core.errors import CuemsError
from cuems.wire.bridge import POSTS
from cuems.wire.control_table import AUTH
from cuems.wire.osc import Osc, OscEncodeError, encode
from cuems.wire.oscquery import Page, is_query
from cuems.wire.web import (
    SUBPROTOCOL,
    Answer,
    Asset,
    WebRequest,
    answer,
    asset,
    content,
    may_connect,
    refusal,
    secret_of,
    too_busy,
    without_secret,
)

MAX_CLIENTS = 64  # a rig has a dozen; 1000 are served where they are asked for, 17 KiB each
SPARE_SOCKETS = 64  # handshakes and page loads beside the clients
MAX_FRAME_BYTES = 65_536
READ_AHEAD_FRAMES = 16
SEND_BUFFER_BYTES = 65_536
WRITE_LIMITS_BYTES = (16_384, 12_288)  # within STALLED_S a client has to take the 4 KiB between
WRITE_BUFFER_MAX_BYTES = 262_144  # pongs to one who pings and does not read are not awaited
UNANSWERED_MS = 10_000  # a cut cable: the kernel gives up on what was not acknowledged for so long
PIECES_AT_ONCE = 128  # 0.2 ms
REST = 4  # times as long as an answer took: a flood of queries gets a fifth of the loop
ANSWERS_MAX_BYTES = 33_554_432  # one of a show of 10 000 cues is 7 MB
READ_REQUEST = Request("", Headers())
OPEN_TIMEOUT_S = 3.0
CLOSE_TIMEOUT_S = 1.0
SHUTDOWN_GRACE_S = 0.5


class ControlPortError(CuemsError):
    """The control port cannot be opened."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"control port {host}:{port} cannot be opened: {reason}")
        self.host = host
        self.port = port
        self.reason = reason


class WebSurface(Surface, Protocol):
    """Whoever speaks with the clients, and what it says to web requests."""

    def asked(self, client: ClientId, text: str) -> None:
        """A text frame."""

    async def page(self, request: WebRequest) -> Page:
        """The answer to a request that is none for the console."""


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
    surface: WebSurface,
    clients: Clients,
    own_names: Iterable[str] = (),
    max_clients: int = MAX_CLIENTS,
    tls: ssl.SSLContext | None = None,
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

    courier = Courier()
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
        ssl=tls,
        select_subprotocol=_subprotocol,
        create_connection=_counted(sockets, max_clients + SPARE_SOCKETS, courier.wake),
    )
    async with (
        send,
        arrivals,
        _open(server, address, sockets),
        arrivals,  # closed before the server too: who waits to be handed over hears of it
        anyio.create_task_group() as tg,
    ):
        tg.start_soon(courier.serve)
        task_status.started(server.sockets[0].getsockname()[1])
        async for connection, gone in arrivals:
            tg.start_soon(_serve_client, connection, gone, surface, clients, courier)


async def _serve_client(
    connection: ServerConnection,
    gone: anyio.Event,
    surface: WebSurface,
    clients: Clients,
    courier: Courier,
) -> None:
    outbox = courier.enter(connection)
    try:
        client = clients.enter(outbox, _peer(connection), surface)
        try:
            await _present_secret(connection, client, surface)
            connection.request, connection.response = READ_REQUEST, None  # 2 KiB of headers
            await _read_frames(connection, client, surface)
        finally:
            clients.leave(client)
            surface.disconnected(client, outbox.dropped)
    finally:
        courier.leave(connection)
        gone.set()


async def _present_secret(
    connection: ServerConnection, client: ClientId, surface: WebSurface
) -> None:
    """A secret in the request is taken as if it had been the first thing said."""
    request = connection.request
    secret = "" if request is None else secret_of(request.path, request.headers.raw_items())
    if secret:
        with suppress(OscEncodeError):  # a NUL in it: none of ours
            await surface.received(client, encode(Osc(AUTH, (secret,))))


async def _read_frames(connection: ServerConnection, client: ClientId, surface: WebSurface) -> None:
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
        surface: WebSurface,
        sockets: Collection[ServerConnection],
    ) -> None:
        self._console = console
        self._surface = surface
        self._sockets = sockets
        self._turn = anyio.Lock()
        self._rests_until_s = 0.0

    async def answer(self, request: Request, peer: str, *, is_ours: bool) -> Answer:
        """A file of the console, or what the surface says."""
        method, target = request.method, request.path
        accept = ",".join(request.headers.get_all("Accept"))
        path = target.partition("?")[0]
        is_file = path in self._console and not (path == "/" and is_query(target, accept))
        asked = WebRequest(
            method, without_secret(target), peer, secret_of(target, request.headers.raw_items())
        )
        if method == "POST" and is_ours and path in POSTS:
            return await self._posted(asked)
        if is_file or method not in ("GET", "HEAD"):
            return answer(method, target, self._console)
        async with self._turn:
            waiting = (own.transport.get_write_buffer_size() for own in self._sockets)
            if sum(waiting) > ANSWERS_MAX_BYTES:
                return too_busy()
            await anyio.sleep_until(self._rests_until_s)
            began_s = anyio.current_time()
            try:
                page = await self._surface.page(asked)
                body = await _joined(page.pieces)
            finally:
                now_s = anyio.current_time()
                self._rests_until_s = now_s + REST * (now_s - began_s)
            return content(method, page.status, Asset(page.content_type, body))

    async def _posted(self, asked: WebRequest) -> Answer:
        """What becomes of a command; it waits for no query."""
        page = await self._surface.page(asked)
        body = await _joined(page.pieces)
        return content(asked.method, page.status, Asset(page.content_type, body))


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
    surface: WebSurface,
    own_names: set[str],
) -> Response | None:
    """None lets a WebSocket in; everything else is answered."""
    headers = request.headers
    origins = headers.get_all("Origin")
    hosts = headers.get_all("Host") + headers.get_all("X-Forwarded-Host")
    is_ours = may_connect(origins, hosts, own_names)
    if not any("websocket" in value.lower() for value in headers.get_all("Upgrade")):
        return _response(await pages.answer(request, _peer(connection), is_ours=is_ours))
    if is_ours:
        return None
    reason = f"a page of {origins[0]!r:.100} may not control this show"
    surface.refused(_peer(connection), reason)
    return _response(refusal(reason))


def _response(page: Answer) -> Response:
    return Response(page.status, page.status.phrase, Headers(page.headers), page.body)


def _peer(connection: ServerConnection) -> str:
    return peer_name(connection.remote_address)


def _subprotocol(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """The one that only says that a token is beside it (wire/web.secret_of)."""
    return Subprotocol(SUBPROTOCOL) if SUBPROTOCOL in offered else None


def _counted(
    sockets: set[ServerConnection],
    max_sockets: int,
    has_room: Callable[[ServerConnection], None],
) -> type[ServerConnection]:
    """A connection class whose open connections are in `sockets`, handshakes included.

    `has_room` is told of one that can be sent more again.
    """

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

        def resume_writing(self) -> None:
            super().resume_writing()
            has_room(self)

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
