"""OSC over TCP and UDP for those who do not speak WebSocket: consoles, remotes, other engines.

TCP is for commands: it loses none. Over UDP a peer is whoever sends from an address; it is told
what happens until it has said nothing for PEER_MEMORY_S, and what it says beyond its rate is lost.
"""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from anyio.abc import SocketAttribute, SocketStream, TaskStatus, UDPSocket

from cuems.adapters.clients import (
    STALLED_S,
    Allowance,
    ClientId,
    Clients,
    Outbox,
    Surface,
    peer_name,
)
from cuems.core.errors import CuemsError
from cuems.wire.osc_stream import FramingError, OscStream

SEND_BUFFER_BYTES = 65_536
UNANSWERED_MS = 10_000  # a cut cable, as at the control port
SILENT_BEFORE_PROBE_S, PROBE_EVERY_S, PROBES = 5, 2, 3  # a peer that is gone without a word
FIRST_WORD_S = 10.0
SPARE_SOCKETS = 16
PEER_MEMORY_S = 60.0
FRAMES_AT_ONCE = 16  # over UDP then a rest: a newcomer's state must not overrun its socket's buffer
REST_S = 0.002


class OscPortError(CuemsError):
    """A port for OSC cannot be opened."""

    def __init__(self, kind: str, address: tuple[str, int], reason: str) -> None:
        super().__init__(f"OSC {kind} port {address[0]}:{address[1]} cannot be opened: {reason}")
        self.address = address
        self.reason = reason


@asynccontextmanager
async def _opening(kind: str, address: tuple[str, int]) -> AsyncIterator[None]:
    try:
        yield
    except OSError as error:
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else error.strerror
        raise OscPortError(kind, address, reason or str(error)) from None


# ---- TCP


async def serve_osc_tcp(
    address: tuple[str, int],
    *,
    door: str,
    surface: Surface,
    clients: Clients,
    max_clients: int,
    task_status: TaskStatus[int] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Serve clients until cancelled; the start value is the bound port. Raises OscPortError."""
    async with _opening("TCP", address):
        listener = await anyio.create_tcp_listener(local_host=address[0], local_port=address[1])

    streams = 0

    async def serve(stream: SocketStream) -> None:
        nonlocal streams
        streams += 1
        try:
            async with stream:
                if clients.count >= max_clients or streams > max_clients + SPARE_SOCKETS:
                    surface.refused(_peer(stream), f"{max_clients} clients are connected already")
                elif _prepare(stream.extra(SocketAttribute.raw_socket)):
                    await _serve_stream(stream, door, surface, clients)
        finally:
            streams -= 1

    async with listener:
        task_status.started(listener.extra(SocketAttribute.local_port))
        await listener.serve(serve)


async def _serve_stream(
    stream: SocketStream, door: str, surface: Surface, clients: Clients
) -> None:
    """One client, from its first bytes on: only these tell how to speak to it."""
    peer = _peer(stream)
    framing = OscStream()
    try:
        with anyio.fail_after(FIRST_WORD_S):
            packets = framing.feed(await stream.receive())
    except (TimeoutError, anyio.EndOfStream, anyio.BrokenResourceError):
        return
    except FramingError as error:
        surface.refused(peer, str(error))
        return
    async with anyio.create_task_group() as tg:
        outbox = Outbox(door, tg.cancel_scope.cancel)
        client = clients.enter(outbox, peer, surface)
        try:
            tg.start_soon(_send_stream, stream, framing, outbox)
            await _read_stream(stream, framing, packets, client, surface)
            tg.cancel_scope.cancel()
        except FramingError as error:
            outbox.drop(str(error))
        finally:
            clients.leave(client)
            surface.disconnected(client, outbox.dropped)


def _peer(stream: SocketStream) -> str:
    address = stream.extra(SocketAttribute.remote_address, None)
    return peer_name(address if isinstance(address, tuple) else None)


def _prepare(own: socket.socket) -> bool:
    """Have the kernel notice whoever is gone without a word; False where it has gone already."""
    try:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNANSWERED_MS)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENT_BEFORE_PROBE_S)
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBE_EVERY_S)
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES)
    except OSError:
        return False
    return True


async def _read_stream(
    stream: SocketStream,
    framing: OscStream,
    packets: list[bytes],
    client: ClientId,
    surface: Surface,
) -> None:
    """Hand packets on one after another until the connection ends."""
    allowance = Allowance()
    while True:
        for packet in packets:
            wait_s = allowance.spend(anyio.current_time())
            if wait_s > 0:
                await anyio.sleep(wait_s)
            await surface.received(client, packet)
        try:
            packets = framing.feed(await stream.receive())
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return


async def _send_stream(stream: SocketStream, framing: OscStream, outbox: Outbox) -> None:
    """Send what is put until the connection ends or stalls."""
    while True:
        frames = await outbox.take(FRAMES_AT_ONCE)
        packets = [frame for frame in frames if isinstance(frame, bytes)]  # str is for WebSocket
        with anyio.move_on_after(STALLED_S) as deadline:
            try:
                await stream.send(b"".join(map(framing.frame, packets)))
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return
        if deadline.cancelled_caught:
            outbox.drop(f"it took nothing for {STALLED_S:g} s")
            return


# ---- UDP


@dataclass(slots=True)
class _Peer:
    """Somebody at an address; `heard_s` is when it last said something."""

    client: ClientId
    outbox: Outbox
    scope: anyio.CancelScope
    address: tuple[str, int]
    heard_s: float
    allowance: Allowance = field(default_factory=Allowance)


async def serve_osc_udp(
    address: tuple[str, int],
    *,
    door: str,
    surface: Surface,
    clients: Clients,
    max_clients: int,
    reply_port: int | None = None,
    task_status: TaskStatus[int] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Serve peers until cancelled; the start value is the bound port. Raises OscPortError.

    Answers go to where a peer sends from, or to its `reply_port` where that is the convention.
    """
    async with _opening("UDP", address):
        udp = await anyio.create_udp_socket(local_host=address[0], local_port=address[1])
    peers: dict[tuple[str, int], _Peer] = {}

    async def serve_peer(peer: _Peer, sender: tuple[str, int]) -> None:
        try:
            with peer.scope:
                await _send_datagrams(udp, peer)
        finally:
            del peers[sender]
            clients.leave(peer.client)
            surface.disconnected(peer.client, peer.outbox.dropped)

    def greet(host: str, port: int, now_s: float) -> _Peer:
        scope = anyio.CancelScope()
        outbox = Outbox(door, scope.cancel)
        client = clients.enter(outbox, peer_name((host, port)), surface)
        return _Peer(client, outbox, scope, (host, reply_port or port), now_s)

    async with udp, anyio.create_task_group() as tg:
        task_status.started(udp.extra(SocketAttribute.local_port))
        async for data, (host, port) in udp:
            now_s = anyio.current_time()
            peer = peers.get((host, port))
            if peer is None and clients.count < max_clients:
                peer = peers[host, port] = greet(host, port, now_s)
                tg.start_soon(serve_peer, peer, (host, port))
            if peer is not None:
                peer.heard_s = now_s
                if peer.allowance.spend(now_s) <= 0:
                    await surface.received(peer.client, data)


async def _send_datagrams(udp: UDPSocket, peer: _Peer) -> None:
    """Send what is put until the peer has said nothing for PEER_MEMORY_S."""
    while True:
        wakes_s = peer.heard_s + PEER_MEMORY_S
        if anyio.current_time() >= wakes_s:
            return
        frames: list[bytes | str] = []
        with anyio.move_on_at(wakes_s):
            frames = await peer.outbox.take(FRAMES_AT_ONCE)
        for frame in frames:
            if isinstance(frame, bytes):
                await udp.sendto(frame, peer.address[0], peer.outbox.reply_port or peer.address[1])
        if len(frames) == FRAMES_AT_ONCE:
            await anyio.sleep(REST_S)
