"""The controller's door for the record of its nodes: HTTP/1.1 by h11 over anyio's streams.

h11 is the protocol without I/O, so that a connection here is a plain task: cancelled like any
other, each wait with its deadline, the body handed on as it comes. At most CONNECTIONS at a time;
whoever comes beyond waits in the kernel's queue.
"""

import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import anyio
import h11
from anyio.abc import AnyByteStream, ByteStream, SocketAttribute, TaskStatus
from anyio.streams.tls import TLSListener

from cuems.core.errors import CuemsError

CONNECTIONS = 32
IDLE_S = 60.0
STALL_S = 30.0
HANDSHAKE_S = 10.0
HEAD_BYTES = 16_384
READ_BYTES = 262_144
LINGER_S = 5.0  # a refused client is still sending: closed too early it never reads why
GONE = (
    anyio.EndOfStream,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    ssl.SSLError,
    TimeoutError,
)

log = logging.getLogger(__name__)


class ReceiverError(CuemsError):
    """The door cannot be opened."""


class TruncatedError(CuemsError):
    """A body that ended before its length, or did not go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request; its `body` is there to be read once, and may raise TruncatedError."""

    method: str
    target: str
    headers: dict[str, str]
    body: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """An answer in JSON."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


Answer = Callable[[HttpRequest], Awaitable[HttpAnswer]]


async def serve_receiver(
    address: tuple[str, int],
    tls: ssl.SSLContext | None,
    answer: Answer,
    *,
    task_status: TaskStatus[int] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Answer requests until cancelled; started with the port. Raises ReceiverError."""
    host, port = address
    try:
        listener = await anyio.create_tcp_listener(local_host=host, local_port=port)
    except OSError as error:
        raise ReceiverError(f"{host}:{port}: {error.strerror or error}") from error
    bound = int(listener.extra(SocketAttribute.local_port))
    serve = partial(_serve_connection, anyio.CapacityLimiter(CONNECTIONS), answer)
    async with listener:
        task_status.started(bound)
        if tls is None:
            await listener.serve(serve)
        else:
            # Lengths are in the messages: a connection need not be closed by TLS's own ceremony.
            wrapped = _TlsListener(
                listener, tls, standard_compatible=False, handshake_timeout=HANDSHAKE_S
            )
            await wrapped.serve(serve)


class _TlsListener(TLSListener):
    @staticmethod
    async def handle_handshake_error(exc: BaseException, stream: AnyByteStream) -> None:
        """Whoever has no certificate of ours is let go of without many words."""
        await anyio.aclose_forcefully(stream)
        if not isinstance(exc, Exception):
            raise exc
        log.warning("somebody could not be let in: %s", exc)


async def _serve_connection(
    room: anyio.CapacityLimiter, answer: Answer, stream: ByteStream
) -> None:
    async with room, stream:
        connection = _Connection(stream)
        try:
            while await connection.serve_one(answer):
                pass
        except GONE:
            pass
        except h11.RemoteProtocolError as error:
            await connection.refuse(error)


class _Connection:
    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)

    async def serve_one(self, answer: Answer) -> bool:
        """One request and its answer; whether another may follow."""
        head = await self._next(IDLE_S)
        if not isinstance(head, h11.Request):
            return False
        request = HttpRequest(
            method=head.method.decode("ascii"),
            target=head.target.decode("ascii", "replace"),
            headers={k.decode("latin-1"): v.decode("latin-1") for k, v in head.headers},
            body=self._body(),
        )
        given = await answer(request)
        is_read = self._http.their_state is h11.DONE
        await self._send(given, is_last=not is_read)
        if not is_read:
            await self._linger()
            return False
        if self._http.our_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    async def refuse(self, error: h11.RemoteProtocolError) -> None:
        """Say what is wrong with what came, where that is still possible."""
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        with anyio.move_on_after(LINGER_S):
            status = error.error_status_hint or 400
            with suppress(*GONE):
                await self._send(HttpAnswer(status=status, body=b'{"ok":false}'), is_last=True)

    async def _body(self) -> AsyncIterator[bytes]:
        while self._http.their_state is not h11.DONE:
            try:
                event = await self._next(STALL_S)
            except (*GONE, h11.RemoteProtocolError) as error:
                raise TruncatedError("the body ended before its length") from error
            if isinstance(event, h11.Data):
                yield bytes(event.data)

    async def _next(self, patience_s: float) -> h11.Event | type[h11.PAUSED]:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                await self._stream.send(self._http.send(go_on) or b"")
            with anyio.fail_after(patience_s):
                try:
                    self._http.receive_data(await self._stream.receive(READ_BYTES))
                except anyio.EndOfStream:
                    self._http.receive_data(b"")
        return event  # type: ignore[return-value]

    async def _send(self, given: HttpAnswer, *, is_last: bool) -> None:
        headers = {
            "content-type": "application/json",
            "content-length": str(len(given.body)),
            **({"connection": "close"} if is_last else {}),
            **given.headers,
        }
        head = h11.Response(status_code=given.status, headers=list(headers.items()))
        parts = (head, h11.Data(data=given.body), h11.EndOfMessage())
        data = b"".join(self._http.send(part) or b"" for part in parts)
        with anyio.fail_after(STALL_S):
            await self._stream.send(data)

    async def _linger(self) -> None:
        with anyio.move_on_after(LINGER_S):
            while True:
                await self._stream.receive(READ_BYTES)
