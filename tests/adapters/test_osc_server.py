import socket
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import SocketAttribute, SocketStream

from cuems.adapters.clients import BURST_MESSAGES, ClientId, Clients
from cuems.adapters.osc_server import OscPortError, serve_osc_tcp, serve_osc_udp
from cuems.wire.osc_stream import OscStream

STATE = [("/status/a", b"/a\0\0"), ("/status/b", b"/b\0\0")]
END = b"\xc0"


class FakeSurface:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.clients: list[ClientId] = []
        self.packets: list[bytes] = []
        self.gone: list[str] = []
        self.shut_out: list[str] = []
        self.changed = anyio.Event()

    def connected(self, client: ClientId) -> Iterable[tuple[str, bytes]] | None:
        self.clients.append(client)
        self._tell()
        return STATE

    async def received(self, client: ClientId, data: bytes) -> None:
        await anyio.lowlevel.checkpoint()
        self.packets.append(data)
        self._tell()

    def disconnected(self, client: ClientId, reason: str) -> None:
        self.gone.append(reason)
        self._tell()

    def refused(self, peer: str, reason: str) -> None:
        self.shut_out.append(reason)
        self._tell()

    def _tell(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()

    async def until(self, kept: Sequence[object], count: int) -> None:
        while len(kept) < count:
            await self.changed.wait()


@asynccontextmanager
async def serving(
    kind: str, surface: FakeSurface, clients: Clients, max_clients: int = 10
) -> AsyncIterator[int]:
    serve = partial(
        serve_osc_tcp if kind == "TCP" else serve_osc_udp,
        ("127.0.0.1", 0),
        door=f"OSC {kind}",
        surface=surface,
        clients=clients,
        max_clients=max_clients,
    )
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tg:
            yield await tg.start(serve)
            tg.cancel_scope.cancel()


async def packets(stream: SocketStream, framing: OscStream, count: int) -> list[bytes]:
    found: list[bytes] = []
    while len(found) < count:
        found += framing.feed(await stream.receive())
    return found


# ---- TCP


@pytest.mark.parametrize("size_first", [False, True], ids=["SLIP", "length prefix"])
async def test_a_client_is_answered_in_the_framing_it_speaks(size_first: bool) -> None:
    surface, clients = FakeSurface(), Clients()
    said = b"\0\0\0\4/go\0" if size_first else END + b"/go\0" + END
    async with serving("TCP", surface, clients) as port:
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(said)
            framing = OscStream()
            assert await packets(stream, framing, 2) == [frame for _, frame in STATE]
            await surface.until(surface.packets, 1)
            assert surface.packets == [b"/go\0"]
            clients.publish("/status/c", b"/c\0\0")
            assert await packets(stream, framing, 1) == [b"/c\0\0"]
            assert (framing.framing.name == "SIZE") is size_first  # type: ignore[union-attr]
        await surface.until(surface.gone, 1)
        assert surface.gone == [""]
        assert clients.count == 0


async def test_packets_reach_the_surface_in_order_and_a_flood_is_read_slowly() -> None:
    surface = FakeSurface()
    async with (
        serving("TCP", surface, Clients()) as port,
        await anyio.connect_tcp("127.0.0.1", port) as stream,
        await anyio.connect_tcp("127.0.0.1", port) as calm,
    ):
        sent = [b"/%03d" % number for number in range(10 * BURST_MESSAGES)]
        await stream.send(b"".join(END + packet + END for packet in sent))
        await surface.until(surface.packets, BURST_MESSAGES)
        await calm.send(END + b"/go\0" + END)
        while b"/go\0" not in surface.packets:
            await surface.changed.wait()
        assert len(surface.packets) < 3 * BURST_MESSAGES
        heard = [packet for packet in surface.packets if packet != b"/go\0"]
        assert heard == sent[: len(heard)]


async def test_what_is_no_osc_is_turned_away_and_said() -> None:
    surface = FakeSurface()
    async with (
        serving("TCP", surface, Clients()) as port,
        await anyio.connect_tcp("127.0.0.1", port) as stream,
    ):
        await stream.send(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
            await stream.receive()
        assert "its first byte is b'G'" in surface.shut_out[0]
        assert surface.clients == []


async def test_a_stream_that_falls_out_of_step_is_ended_with_the_reason() -> None:
    surface = FakeSurface()
    async with (
        serving("TCP", surface, Clients()) as port,
        await anyio.connect_tcp("127.0.0.1", port) as stream,
    ):
        await stream.send(b"\0\0\0\4/go\0")
        await surface.until(surface.packets, 1)
        await stream.send(b"\x7f\xff\xff\xff")
        await surface.until(surface.gone, 1)
        assert "a packet of 2147483647 bytes" in surface.gone[0]


async def test_a_client_too_many_is_turned_away() -> None:
    surface = FakeSurface()
    async with (
        serving("TCP", surface, Clients(), max_clients=1) as port,
        await anyio.connect_tcp("127.0.0.1", port) as first,
    ):
        await first.send(END + b"/go\0" + END)
        await surface.until(surface.packets, 1)
        async with await anyio.connect_tcp("127.0.0.1", port) as second:
            with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                await second.receive()
        assert surface.shut_out == ["1 clients are connected already"]


async def test_a_client_that_takes_nothing_is_dropped_and_delays_nobody() -> None:
    surface, clients = FakeSurface(), Clients()
    async with serving("TCP", surface, clients) as port:
        with socket.socket() as stalled:
            stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stalled.setblocking(False)
            with pytest.raises(BlockingIOError):
                stalled.connect(("127.0.0.1", port))
            await anyio.wait_writable(stalled)
            stalled.send(END + b"/go\0" + END)
            await surface.until(surface.packets, 1)
            for number in range(200):
                clients.publish(f"/status/{number}", bytes(60_000))
            await surface.until(surface.gone, 1)
        assert surface.gone == ["it took nothing for 2 s"]


async def test_a_client_can_be_dropped() -> None:
    surface, clients = FakeSurface(), Clients()
    async with (
        serving("TCP", surface, clients) as port,
        await anyio.connect_tcp("127.0.0.1", port) as stream,
    ):
        await stream.send(END + b"/go\0" + END)
        await surface.until(surface.packets, 1)
        clients.drop(surface.clients[0], "a rogue")
        await surface.until(surface.gone, 1)
        assert surface.gone == ["a rogue"]


# ---- UDP


async def test_a_peer_is_told_the_state_and_answered_where_it_sends_from() -> None:
    surface, clients = FakeSurface(), Clients()
    async with (
        serving("UDP", surface, clients) as port,
        await anyio.create_connected_udp_socket("127.0.0.1", port) as peer,
    ):
        await peer.send(b"/go\0")
        assert [await peer.receive(), await peer.receive()] == [frame for _, frame in STATE]
        await surface.until(surface.packets, 1)
        clients.send(surface.clients[0], "/reply", b"/ok\0")
        assert await peer.receive() == b"/ok\0"
        assert surface.clients[0].peer == f"127.0.0.1:{peer.extra(SocketAttribute.local_port)}"


async def test_a_peer_may_name_the_port_it_listens_at() -> None:
    surface, clients = FakeSurface(), Clients()
    async with (
        serving("UDP", surface, clients) as port,
        await anyio.create_connected_udp_socket("127.0.0.1", port) as peer,
        await anyio.create_udp_socket(local_host="127.0.0.1") as ear,
    ):
        await peer.send(b"/go\0")
        await surface.until(surface.packets, 1)
        clients.reply_to(surface.clients[0], ear.extra(SocketAttribute.local_port))
        clients.send(surface.clients[0], "/reply", b"/ok\0")
        while (await ear.receive())[0] != b"/ok\0":
            pass


async def test_a_dropped_peer_is_forgotten_and_may_come_again() -> None:
    surface, clients = FakeSurface(), Clients()
    async with (
        serving("UDP", surface, clients) as port,
        await anyio.create_connected_udp_socket("127.0.0.1", port) as peer,
    ):
        await peer.send(b"/go\0")
        await surface.until(surface.packets, 1)
        clients.drop(surface.clients[0], "a rogue")
        await surface.until(surface.gone, 1)
        await peer.send(b"/go\0")
        await surface.until(surface.clients, 2)


@pytest.mark.parametrize("kind", ["TCP", "UDP"])
async def test_a_port_in_use_is_named(kind: str) -> None:
    async with serving(kind, FakeSurface(), Clients()) as port:
        serve = serve_osc_tcp if kind == "TCP" else serve_osc_udp
        with pytest.raises(OscPortError) as caught:
            await serve(
                ("127.0.0.1", port),
                door="x",
                surface=FakeSurface(),
                clients=Clients(),
                max_clients=1,
            )
    wanted = f"OSC {kind} port 127.0.0.1:{port} cannot be opened: Address already in use"
    assert str(caught.value) == wanted
