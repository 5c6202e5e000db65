import os
import socket
import struct
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import SocketAttribute, SocketStream
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from cuems.adapters.clients import (
    BURST_MESSAGES,
    IGNORED_MAX_ADDRESSES,
    MESSAGES_PER_S,
    STALLED_S,
    Allowance,
    ClientId,
    Clients,
)
from cuems.adapters.control import (
    ANSWERS_MAX_BYTES,
    MAX_FRAME_BYTES,
    REST,
    ControlPortError,
    read_console,
    serve_control,
)
from cuems.wire.oscquery import Page
from cuems.wire.web import Asset, WebRequest

MANY = 100  # a thousand: tests/soak/soak_clients.py
CONSOLE = {"/": Asset("text/html; charset=utf-8", b"<title>cuems</title>")}


class FakeSurface:
    """Keeps what it is told and answers nothing."""

    def __init__(self, dump: Iterable[tuple[str, bytes]] = ()) -> None:
        self.dump = list(dump)
        self.clients: list[ClientId] = []
        self.frames: list[bytes] = []
        self.gone: list[tuple[ClientId, str]] = []
        self.shut_out: list[str] = []
        self.texts: list[str] = []
        self.pages: dict[str, list[bytes]] = {}
        self.requests: list[WebRequest] = []
        self.changed = anyio.Event()

    def connected(self, client: ClientId) -> Iterable[tuple[str, bytes]]:
        self.clients.append(client)
        self._tell()
        return self.dump

    async def received(self, client: ClientId, data: bytes) -> None:
        await anyio.lowlevel.checkpoint()
        self.frames.append(data)
        self._tell()

    def disconnected(self, client: ClientId, reason: str) -> None:
        self.gone.append((client, reason))
        self._tell()

    def asked(self, client: ClientId, text: str) -> None:
        self.texts.append(text)
        self._tell()

    async def page(self, request: WebRequest) -> Page:
        self.requests.append(request)
        found = self.pages.get(request.target)
        if found is None:
            return Page(HTTPStatus.NOT_FOUND, "text/plain", (b"nothing",))
        status = HTTPStatus.OK if found else HTTPStatus.NO_CONTENT
        return Page(status, "application/json", found)

    def refused(self, peer: str, reason: str) -> None:
        self.shut_out.append(reason)
        self._tell()

    def _tell(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()

    async def until(self, *, clients: int = 0, frames: int = 0, gone: int = 0) -> None:
        """Wait until that many have come, spoken, left."""
        while len(self.clients) < clients or len(self.frames) < frames or len(self.gone) < gone:
            await self.changed.wait()


@asynccontextmanager
async def serving(
    surface: FakeSurface, clients: Clients | None = None, *, max_clients: int = 100
) -> AsyncIterator[str]:
    """A control port on loopback; the value is its address."""
    serve = partial(
        serve_control,
        ("127.0.0.1", 0),
        console=CONSOLE,
        surface=surface,
        clients=clients or Clients(),
        max_clients=max_clients,
    )
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tg:
            port = await tg.start(serve)
            yield f"127.0.0.1:{port}"
            tg.cancel_scope.cancel()


def client(address: str, path: str = "/", **more: str) -> connect:
    origin = more.get("origin")
    return connect(f"ws://{address}{path}", compression=None, proxy=None, origin=origin)  # type: ignore[arg-type]


async def raw(address: str) -> SocketStream:
    host, port = address.split(":")
    return await anyio.connect_tcp(host, int(port))


async def http(address: str, request: str) -> tuple[str, str]:
    """The head and the body of the answer."""
    async with await raw(address) as stream:
        await stream.send(request.replace("\n", "\r\n").encode())
        answer = b""
        while True:
            try:
                answer += await stream.receive()
            except anyio.EndOfStream:
                break
    head, _, body = answer.decode().partition("\r\n\r\n")
    return head, body


HANDSHAKE = (
    "GET /realtime HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@asynccontextmanager
async def stalled(address: str) -> AsyncIterator[None]:
    """A client that opens a WebSocket and never reads."""
    async with await raw(address) as stream:
        own = stream.extra(SocketAttribute.raw_socket)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await stream.send(HANDSHAKE.encode())
        yield


async def take(connection: ClientConnection, count: int) -> list[bytes]:
    return [await connection.recv(decode=False) for _ in range(count)]


async def test_a_newcomer_is_told_the_state_in_order_on_any_path() -> None:
    dump = [(f"/status/{number}", b"%d" % number) for number in range(50)]
    surface = FakeSurface(dump)
    async with serving(surface) as address:
        for path in ("/", "/realtime", "/any/path?query=1"):
            async with client(address, path) as connection:
                assert await take(connection, 50) == [frame for _, frame in dump]


async def test_what_changes_as_a_newcomer_is_told_the_state_is_not_lost() -> None:
    clients = Clients()
    surface = FakeSurface([("/a", b"a"), ("/b", b"b"), ("/c", b"c")])
    async with serving(surface, clients) as address:
        for number in range(1, 20):
            async with anyio.create_task_group() as tg:
                told: list[bytes] = []
                tg.start_soon(listen_until, address, b"new b", told)
                await surface.until(clients=number)
                clients.publish("/b", b"new b")
            assert told in (
                [b"a", b"c", b"new b"], [b"a", b"b", b"new b"], [b"a", b"b", b"c", b"new b"]
            )  # fmt: skip


async def listen_until(address: str, last: bytes, told: list[bytes]) -> None:
    async with client(address) as connection:
        while last not in told:
            told += await take(connection, 1)


async def test_frames_reach_the_surface_in_the_order_they_were_sent() -> None:
    surface = FakeSurface()
    async with serving(surface) as address, client(address) as connection:
        sent = [b"setnextcue", b"go"] + [b"%d" % number for number in range(50)]
        for frame in sent:
            await connection.send(frame)
        await surface.until(frames=len(sent))
        assert surface.frames == sent


async def test_an_answer_reaches_only_the_asker_and_is_never_replaced() -> None:
    clients = Clients()
    surface = FakeSurface()
    async with serving(surface, clients) as address:
        async with client(address) as asker, client(address) as other:
            await surface.until(clients=2)
            clients.send(surface.clients[0], "/reply/go", b"ok")
            clients.send(surface.clients[0], "/reply/go", b"refused")
            clients.publish("/done", b"done")
            assert await take(asker, 3) == [b"ok", b"refused", b"done"]
            assert await take(other, 1) == [b"done"]
        await surface.until(gone=2)
        clients.send(surface.clients[0], "/reply/go", b"too late, and no error")
        assert clients.count == 0


async def test_updates_a_client_has_not_got_yet_are_replaced_by_newer_ones() -> None:
    clients = Clients()
    surface = FakeSurface()
    async with serving(surface, clients) as address, client(address) as connection:
        await surface.until(clients=1)
        for number in range(1000):
            clients.publish("/timecode", b"%d" % number)
            clients.publish("/percent", b"%d" % number)
        assert await take(connection, 2) == [b"999", b"999"]


async def test_f33_a_stalled_client_is_dropped_and_delays_nobody() -> None:
    clients = Clients()
    surface = FakeSurface()
    async with serving(surface, clients) as address, client(address) as healthy:
        await surface.until(clients=1)
        async with stalled(address):
            await surface.until(clients=2)
            began = anyio.current_time()
            rounds = 0
            while not surface.gone:
                for number in range(20):
                    clients.publish(f"/cue/{number}", bytes(60_000))
                clients.publish("/round", b"%d" % rounds)
                while await healthy.recv() != b"%d" % rounds:
                    pass
                rounds += 1
            assert surface.gone[0][0] == surface.clients[1]
            assert surface.gone[0][1] == f"it took nothing for {STALLED_S:g} s"
            assert anyio.current_time() - began >= STALLED_S
            assert rounds > 10  # the healthy one was served all along
        assert clients.count == 1


async def test_f40_a_client_that_pings_without_reading_is_dropped() -> None:
    surface = FakeSurface()
    async with serving(surface) as address, await raw(address) as stream:
        await stream.send(HANDSHAKE.encode())
        await surface.until(clients=1)
        ping = b"\x89\xfd\0\0\0\0" + bytes(125)
        with pytest.raises((anyio.BrokenResourceError, anyio.EndOfStream)):
            await send_without_end(stream, ping * 500)
        await surface.until(gone=1)


async def send_without_end(stream: SocketStream, data: bytes) -> None:
    while True:
        await stream.send(data)


async def test_f35_a_flood_is_read_at_the_agreed_rate() -> None:
    allowance = Allowance()
    waits = [allowance.spend(100.0) for _ in range(BURST_MESSAGES + 3)]
    assert waits[: BURST_MESSAGES - 1] == [0.0] * (BURST_MESSAGES - 1)
    assert waits[-1] == pytest.approx(3 / MESSAGES_PER_S)
    assert allowance.spend(200.0) == 0.0


async def test_f35_a_flooding_client_leaves_another_its_turn() -> None:
    surface = FakeSurface()
    async with (
        serving(surface) as address,
        client(address) as flooding,
        client(address) as calm,
        anyio.create_task_group() as tg,
    ):
        tg.start_soon(flood, flooding)
        await surface.until(frames=BURST_MESSAGES)
        await calm.send(b"go")
        while b"go" not in surface.frames:
            await surface.changed.wait()
        assert len(surface.frames) < 2 * BURST_MESSAGES
        tg.cancel_scope.cancel()
        flooding.transport.abort()


async def flood(connection: ClientConnection) -> None:
    while True:
        await connection.send(b"flood")
        await anyio.lowlevel.checkpoint()  # send itself does not wait while there is room


async def test_text_frames_reach_the_surface_in_order_and_apart_from_binary_ones() -> None:
    surface = FakeSurface()
    async with serving(surface) as address, client(address) as connection:
        await connection.send("LISTEN")
        await connection.send("IGNORE")
        await connection.send(b"go")
        await surface.until(frames=1)
        assert surface.frames == [b"go"]
        assert surface.texts == ["LISTEN", "IGNORE"]


async def test_what_a_client_ignores_is_not_sent_to_it_until_it_listens_again() -> None:
    clients = Clients()
    surface = FakeSurface()
    async with (
        serving(surface, clients) as address,
        client(address) as ignorant,
        client(address) as other,
    ):
        await surface.until(clients=2)
        assert clients.ignore(surface.clients[0], "/a")
        clients.publish("/a", b"first a")
        clients.publish("/b", b"b")
        clients.listen(surface.clients[0], "/a")
        clients.publish("/c", b"c")
        assert await take(ignorant, 2) == [b"b", b"c"]
        assert await take(other, 3) == [b"first a", b"b", b"c"]
        clients.publish("/a", b"second a")
        assert await take(ignorant, 1) == [b"second a"]


async def test_a_client_may_ignore_only_so_much() -> None:
    clients = Clients()
    surface = FakeSurface()
    async with serving(surface, clients) as address, client(address):
        await surface.until(clients=1)
        for number in range(IGNORED_MAX_ADDRESSES):
            assert clients.ignore(surface.clients[0], f"/{number}")
        assert not clients.ignore(surface.clients[0], "/one/more")


async def test_news_in_text_frames_reach_only_those_who_have_sent_some() -> None:
    clients = Clients()
    surface = FakeSurface()
    async with (
        serving(surface, clients) as address,
        client(address) as modern,
        client(address) as old,
    ):
        await surface.until(clients=2)
        clients.listen(surface.clients[0], "/a")
        clients.announce("news")
        clients.publish("/a", b"a")
        assert [await modern.recv(), await modern.recv()] == ["news", b"a"]
        assert await take(old, 1) == [b"a"]


@pytest.mark.parametrize(
    ("garbage", "code"),
    [(b"\x82\xff\0\0\0\0\0\1\0\1\0\0\0\0", 1009), (b"\xff" * 40, 1002), (b"\x82\x05hello", 1002)],
    ids=["a frame above 64 KiB", "reserved bits", "an unmasked frame"],
)
async def test_f37_a_frame_that_breaks_the_protocol_ends_only_its_own_connection(
    garbage: bytes, code: int
) -> None:
    clients = Clients()
    surface = FakeSurface()
    async with serving(surface, clients) as address, client(address) as bystander:
        await surface.until(clients=1)
        async with await raw(address) as stream:
            await stream.send(HANDSHAKE.encode())
            await surface.until(clients=2)
            await stream.receive()
            await stream.send(garbage)
            close = await stream.receive()
        assert int.from_bytes(close[2:4], "big") == code
        await surface.until(gone=1)
        clients.publish("/still", b"here")
        assert await take(bystander, 1) == [b"here"]


async def test_a_frame_as_large_as_a_packet_is_taken() -> None:
    surface = FakeSurface()
    async with serving(surface) as address, client(address) as connection:
        await connection.send(bytes(MAX_FRAME_BYTES))
        await surface.until(frames=1)
        assert surface.frames == [bytes(MAX_FRAME_BYTES)]


async def test_an_abrupt_end_is_a_departure_without_reason() -> None:
    surface = FakeSurface()
    async with serving(surface) as address:
        async with client(address) as connection:
            await surface.until(clients=1)
            connection.transport.abort()
            await surface.until(gone=1)
        assert surface.gone == [(surface.clients[0], "")]


async def test_a_client_can_be_dropped_with_a_reason() -> None:
    clients = Clients()
    surface = FakeSurface()
    async with serving(surface, clients) as address, client(address) as connection:
        await surface.until(clients=1)
        clients.drop(surface.clients[0], "a rogue")
        with pytest.raises(ConnectionClosed):
            await connection.recv()
        await surface.until(gone=1)
        assert surface.gone == [(surface.clients[0], "a rogue")]
        clients.drop(surface.clients[0], "twice, and no error")


async def test_f34_more_clients_than_agreed_are_told_to_come_back_later() -> None:
    surface = FakeSurface()
    async with serving(surface, max_clients=1) as address, client(address):
        await surface.until(clients=1)
        async with client(address) as second:
            with pytest.raises(ConnectionClosed) as caught:
                await second.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1013
        assert surface.shut_out == ["1 clients are connected already"]


async def test_f34_a_hundred_clients_are_all_told_and_one_that_leaves_makes_room() -> None:
    surface, clients = FakeSurface(), Clients()
    async with serving(surface, clients, max_clients=MANY) as address, AsyncExitStack() as stack:
        there = [await stack.enter_async_context(client(address)) for _ in range(MANY)]
        await surface.until(clients=MANY)
        async with client(address) as refused:
            with pytest.raises(ConnectionClosed):
                await refused.recv()
        assert clients.count == MANY
        clients.publish("/x", b"/x\0\0,\0\0\0")
        assert {await each.recv() for each in there} == {b"/x\0\0,\0\0\0"}
        await there[0].close()
        await surface.until(gone=1)
        async with client(address):
            await surface.until(clients=MANY + 1)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://10.1.2.3"])
async def test_f39_a_page_from_elsewhere_cannot_open_a_socket(origin: str) -> None:
    surface = FakeSurface()
    async with serving(surface) as address:
        with pytest.raises(InvalidStatus) as caught:
            async with client(address, origin=origin):
                pass
        assert caught.value.response.status_code == 403
        assert surface.clients == []
        assert origin in surface.shut_out[0]


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1"])
async def test_a_page_of_this_machine_can(origin: str) -> None:
    surface = FakeSurface()
    async with serving(surface) as address, client(address, origin=origin):
        await surface.until(clients=1)


BROWSER = "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"


async def test_the_page_is_served_to_browsers_on_the_same_port() -> None:
    async with serving(FakeSurface()) as address:
        head, body = await http(address, f"GET / HTTP/1.1\nHost: x\n{BROWSER}\n\n")
        assert head.startswith("HTTP/1.1 200 ")
        assert "Content-Type: text/html; charset=utf-8" in head
        assert "X-Content-Type-Options: nosniff" in head
        assert body == "<title>cuems</title>"


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET /missing HTTP/1.1", "404"),
        ("GET /../../etc/passwd HTTP/1.1", "404"),
        ("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1", "404"),
        ("POST / HTTP/1.1", "405"),
        (f"HEAD / HTTP/1.1\n{BROWSER}", "200"),
    ],
)
async def test_nothing_but_the_page_is_served(request_line: str, status: str) -> None:
    async with serving(FakeSurface()) as address:
        head, body = await http(address, f"{request_line}\nHost: x\n\n")
        assert head.split()[1] == status
        assert "cuems" not in body


@pytest.mark.parametrize(
    ("request_lines", "answered"),
    [
        ("GET / HTTP/1.1", b"{}"),
        ("GET / HTTP/1.1\nAccept: */*", b"{}"),
        (f"GET /?HOST_INFO HTTP/1.1\n{BROWSER}", b"host"),
        ("GET /engine/status HTTP/1.1", b"status"),
        (f"GET /engine/status HTTP/1.1\n{BROWSER}", b"status"),
    ],
)
async def test_what_is_no_file_is_asked_of_the_namespace(
    request_lines: str, answered: bytes
) -> None:
    surface = FakeSurface()
    surface.pages = {"/": [b"{", b"}"], "/?HOST_INFO": [b"host"], "/engine/status": [b"status"]}
    async with serving(surface) as address:
        head, body = await http(address, f"{request_lines}\nHost: x\n\n")
    assert body.encode() == answered
    assert f"Content-Length: {len(answered)}" in head
    assert "Content-Type: application/json" in head


async def test_an_answer_without_content_has_neither_length_nor_type() -> None:
    surface = FakeSurface()
    surface.pages = {"/x?VALUE": []}
    async with serving(surface) as address:
        head, body = await http(address, "GET /x?VALUE HTTP/1.1\nHost: x\n\n")
    assert head.startswith("HTTP/1.1 204 ")
    assert "Content-Length" not in head
    assert "Content-Type:" not in head
    assert body == ""


async def test_while_a_long_answer_is_made_commands_are_heard() -> None:
    class Verbose(FakeSurface):
        """Does not come to an end until GO is pressed."""

        async def page(self, request: WebRequest) -> Page:
            return Page(HTTPStatus.OK, "application/json", self.pieces())

        def pieces(self) -> Iterator[bytes]:
            while b"go" not in self.frames:
                yield b"x"

    surface = Verbose()
    async with serving(surface) as address, client(address) as connection:
        await surface.until(clients=1)
        async with await raw(address) as stream:
            await stream.send(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
            await connection.send(b"go")
            await surface.until(frames=1)
            assert b" 200 " in await stream.receive()


async def test_queries_leave_most_of_the_loop_to_the_show() -> None:
    made: list[tuple[float, float]] = []

    class Slow(FakeSurface):
        """Takes a while for each answer."""

        async def page(self, request: WebRequest) -> Page:
            return Page(HTTPStatus.OK, "application/json", self.pieces())

        def pieces(self) -> Iterator[bytes]:
            began_s = anyio.current_time()
            while anyio.current_time() < began_s + 0.02:
                yield b"x"
            made.append((began_s, anyio.current_time()))

    async with serving(Slow()) as address, anyio.create_task_group() as tg:
        for _ in range(3):
            tg.start_soon(http, address, "GET /long HTTP/1.1\nHost: x\n\n")
    assert len(made) == 3
    for (began_s, ended_s), (next_s, _) in pairwise(made):
        assert next_s - ended_s >= REST * (ended_s - began_s)


async def test_while_too_much_waits_for_slow_readers_nothing_more_is_made() -> None:
    surface = FakeSurface()
    surface.pages = {"/long": [bytes(ANSWERS_MAX_BYTES + 10_000_000)], "/short": [b"short"]}
    async with serving(surface) as address:
        async with await raw(address) as slow:
            await slow.send(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
            await slow.receive()
            head, _ = await http(address, "GET /short HTTP/1.1\nHost: x\n\n")
            assert head.startswith("HTTP/1.1 503 ")
        head, body = await http(address, "GET /short HTTP/1.1\nHost: x\n\n")
        while not head.startswith("HTTP/1.1 200 "):  # the slow one's end is yet to be noticed
            head, body = await http(address, "GET /short HTTP/1.1\nHost: x\n\n")
        assert body == "short"


async def test_what_is_no_http_gets_no_answer_and_harms_nobody() -> None:
    surface = FakeSurface()
    async with serving(surface) as address, client(address):
        await surface.until(clients=1)
        assert await http(address, "\0\1\2 garbage\n\n") == ("", "")
        assert surface.gone == []


async def test_a_port_in_use_is_named() -> None:
    async with serving(FakeSurface()) as address:
        host, port = address.split(":")
        with pytest.raises(ControlPortError) as caught:
            await serve_control(
                (host, int(port)), console=CONSOLE, surface=FakeSurface(), clients=Clients()
            )
    wanted = f"control port {address} cannot be opened: Address already in use"
    assert str(caught.value) == wanted


async def test_stopping_says_goodbye_and_is_held_up_by_nobody() -> None:
    surface = FakeSurface()
    clients = Clients()
    async with anyio.create_task_group() as outer:
        stop = anyio.Event()
        address = await outer.start(partial(serve_until, stop, surface, clients))
        async with client(address) as polite, stalled(address), await raw(address):
            await surface.until(clients=2)
            for number in range(50):
                clients.publish(f"/{number}", bytes(60_000))
            with anyio.fail_after(5):
                stop.set()
                with pytest.raises(ConnectionClosed) as caught:
                    await take(polite, 1000)
                await surface.until(gone=2)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1001
    with pytest.raises(OSError, match="All connection attempts failed"):
        await raw(address)


async def serve_until(
    stop: anyio.Event,
    surface: FakeSurface,
    clients: Clients,
    *,
    task_status: anyio.abc.TaskStatus[str],
) -> None:
    async with serving(surface, clients) as address:
        task_status.started(address)
        await stop.wait()


async def test_a_bug_in_the_surface_is_not_hidden() -> None:
    class Broken(FakeSurface):
        async def received(self, client: ClientId, data: bytes) -> None:
            raise RuntimeError(data.decode())

    with pytest.raises(ExceptionGroup) as caught:
        await serve_and_send(Broken(), b"a bug")
    assert caught.group_contains(RuntimeError, match="a bug")


async def serve_and_send(surface: FakeSurface, frame: bytes) -> None:
    async with serving(surface) as address, client(address) as connection:
        await connection.send(frame)
        await anyio.sleep_forever()


def test_the_console_files_are_found_with_their_types() -> None:
    console = read_console()
    assert console["/"] == console["/index.html"]
    assert {item.content_type.split(";")[0] for item in console.values()} <= {
        "text/html",
        "text/css",
        "text/javascript",
        "image/svg+xml",
    }


async def test_f37_a_flood_of_headers_is_refused_and_nothing_is_ever_inflated() -> None:
    async with serving(FakeSurface()) as address:
        head, _ = await http(address, "GET / HTTP/1.1\nHost: x\n" + "X: y\n" * 1000 + "\n")
        assert head.split()[1] == "431"
        async with connect(f"ws://{address}/", compression="deflate", proxy=None) as connection:
            assert connection.protocol.extensions == []


async def test_f38_sockets_that_never_finish_their_handshake_give_their_place_back() -> None:
    surface = FakeSurface()
    async with serving(surface) as address:
        descriptors = Path("/proc/self/fd")
        before = len(os.listdir(descriptors))
        async with AsyncExitStack() as sockets:
            slow = [await sockets.enter_async_context(await raw(address)) for _ in range(50)]
            for stream in slow[:25]:
                await stream.send(b"GET / HTTP/1.1\r\nHos")
            for stream in slow:
                with suppress(anyio.BrokenResourceError, anyio.EndOfStream):
                    await stream.receive()
        async with client(address) as connection:
            await surface.until(clients=1)
            assert connection.state.name == "OPEN"
        await surface.until(gone=1)
        while len(os.listdir(descriptors)) > before:
            await anyio.lowlevel.checkpoint()


async def test_f38_clients_that_are_reset_are_gone_at_once() -> None:
    surface = FakeSurface()
    async with serving(surface) as address:
        for _ in range(20):
            stream = await raw(address)
            own = stream.extra(SocketAttribute.raw_socket)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await stream.send(HANDSHAKE.encode())
            await stream.receive()
            await stream.aclose()
        await surface.until(gone=20)
