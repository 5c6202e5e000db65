"""Status to many clients, against `websockets.broadcast`: `python -m tests.bench.bench_broadcast`.

The server is in this process, the clients in another. Both servers send the same frames at the same
pace to the same number of clients, in turns; then as many frames as they can. Ours waits LINGER_S
before it sends, so that players come first: that millisecond is part of its delivery times. Last,
what one client that has stalled costs the others (aim: p99 at most 1.2 times of without).
"""

import argparse
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import urlsplit

import anyio
from websockets.asyncio.server import ServerConnection, broadcast, serve

from cuems.adapters.clients import Clients
from cuems.adapters.control import serve_control
from cuems.wire.osc import Osc, encode
from tests.bench.figures import say, show
from tests.bench.load import Deaf
from tests.bench.surface_load import LAST, Audience, open_audience, stamped

SIZES = (1, 10, 100, 500)
DELIVERIES_S = 4000  # what a client process in Python reads without falling behind
FRAMES_S = 200  # updates a busy show makes
FLOOD_FRAMES = 2000
ADDRESSES = 1_000_000  # no update replaces another: both servers deliver all of them

Publish = Callable[[str, bytes], None]
Door = tuple[str, Publish, Callable[[], int]]  # URL, and how many are connected
Opened = Callable[[int], AbstractAsyncContextManager[Door]]
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@asynccontextmanager
async def open_ours(most: int, surface: Deaf | None = None) -> AsyncIterator[Door]:
    """Our control port."""
    clients = Clients()
    async with anyio.create_task_group() as tasks:
        port = await tasks.start(
            lambda *, task_status: serve_control(
                ("127.0.0.1", 0),
                console={},
                surface=surface or Deaf(),
                clients=clients,
                max_clients=most,
                task_status=task_status,
            )
        )
        yield f"ws://127.0.0.1:{port}/", clients.publish, lambda: clients.count
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def open_theirs(_: int) -> AsyncIterator[Door]:
    """A bare server of websockets, and its broadcast()."""

    async def hold(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async with serve(hold, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        send = lambda _, frame: broadcast(server.connections, frame)  # noqa: E731
        yield f"ws://127.0.0.1:{port}/", send, lambda: len(server.connections)
        server.close(close_connections=True)


def listening(url: str, clients: int) -> AbstractAsyncContextManager[Audience]:
    return open_audience("listen", url, str(clients))


async def all_there(count: Callable[[], int], clients: int) -> None:
    """A client knows that it is connected before the server has counted it in."""
    while count() < clients:  # noqa: ASYNC110 - a bench may look
        await anyio.sleep(0.01)


async def pace(publish: Publish, frames: int, every_s: float) -> None:
    """Publish stamped frames at a pace, then the last one."""
    due_s = anyio.current_time()
    for number in range(frames):
        due_s += every_s
        await anyio.sleep_until(due_s)
        publish(*stamped(number % ADDRESSES))
    publish(LAST, encode(Osc(LAST)))


async def delivered(opened: Opened, clients: int, seconds: float) -> list[int]:
    """Delivery times at a pace, ns."""
    frames_s = min(FRAMES_S, DELIVERIES_S / clients)
    async with opened(clients + 1) as (url, publish, count), listening(url, clients) as audience:
        await all_there(count, clients)
        await pace(publish, round(seconds * frames_s), 1 / frames_s)
        return [int(value) for value in json.loads(await audience.line())]


async def flooded(opened: Opened, clients: int) -> float:
    """Deliveries a second of as many frames as can be."""
    frames = max(FLOOD_FRAMES // clients, 20)
    async with opened(clients + 1) as (url, publish, count), listening(url, clients) as audience:
        await all_there(count, clients)
        began_s = time.monotonic()
        for number in range(frames):
            publish(*stamped(number))
        publish(LAST, encode(Osc(LAST)))
        heard = json.loads(await audience.line())
        return len(heard) / (time.monotonic() - began_s)


def p99(delays_ns: list[int]) -> int:
    return sorted(delays_ns)[int(len(delays_ns) * 0.99)]


async def stalled(seconds: float) -> None:
    """What one client of eleven that never reads costs the other ten."""
    figures = []
    for stalls in (False, True, False, True):
        async with open_ours(100) as (url, publish, count):
            with socket.socket() as silent:
                if stalls:
                    where = urlsplit(url)
                    silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    silent.connect((where.hostname, where.port))
                    silent.sendall(HANDSHAKE)
                async with listening(url, 10) as audience:
                    await all_there(count, 10 + stalls)
                    await pace(publish, round(seconds * FRAMES_S), 1 / FRAMES_S)
                    delays_ns = [int(value) for value in json.loads(await audience.line())]
        show(f"10 clients, {'one more stalled' if stalls else 'nobody stalled'}", delays_ns)
        figures.append(p99(delays_ns))
    without, with_one = min(figures[0], figures[2]), min(figures[1], figures[3])
    say(f"p99 with one stalled: {with_one / without:.2f} times of without (aim: at most 1.2)")


async def bench(seconds: float) -> None:
    for clients in SIZES:
        for name, opened in (("ours", open_ours), ("websockets.broadcast", open_theirs)):
            show(f"{clients:>4} clients, {name}", await delivered(opened, clients, seconds))
        ours, theirs = await flooded(open_ours, clients), await flooded(open_theirs, clients)
        say(f"{clients:>4} clients, deliveries/s at full speed: ours {ours:,.0f},"
            f" websockets.broadcast {theirs:,.0f}, ratio {ours / theirs:.2f}")  # fmt: skip
    await stalled(seconds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    anyio.run(bench, parser.parse_args().seconds)
