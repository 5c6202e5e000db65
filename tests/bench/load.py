"""What else a controller does while cues are due: 200 broadcasts/s to 20 clients, and bus traffic.

The server is in this process, as in a controller; clients and the other end of the bus are in one
of their own: `python -m tests.bench.load CONTROL-PORT BUS-URL`.
"""

import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from subprocess import DEVNULL

import anyio
from websockets.asyncio.client import ClientConnection, connect

from cuems.adapters.bus import NngBus, open_bus_dialer, open_bus_listener
from cuems.adapters.clients import ClientId, Clients
from cuems.adapters.control import serve_control
from cuems.core import bus
from cuems.core.cues import NodeId
from cuems.core.reports import ClockProbe
from cuems.wire.bus import decode, encode
from cuems.wire.osc import Osc
from cuems.wire.osc import encode as encode_osc
from cuems.wire.oscquery import Page
from cuems.wire.web import WebRequest

CLIENTS, BROADCASTS_S, BUS_MESSAGES_S = 20, 200, 100
NODE = NodeId("00000000-0000-4000-8000-00000000c10c")


class Deaf:
    """A surface that says nothing by itself and takes no commands."""

    def connected(self, client: ClientId) -> Iterable[tuple[str, bytes]]:
        return ()

    async def received(self, client: ClientId, data: bytes) -> None:
        pass

    def asked(self, client: ClientId, text: str) -> None:
        pass

    async def page(self, request: WebRequest) -> Page:
        raise AssertionError(f"nobody asks for {request.target}")

    def disconnected(self, client: ClientId, reason: str) -> None:
        pass

    def refused(self, peer: str, reason: str) -> None:
        raise AssertionError(f"{peer} was refused: {reason}")


@asynccontextmanager
async def open_load() -> AsyncIterator[None]:
    """This loop is under load until the block is left."""
    clients = Clients()
    async with (
        open_bus_listener("tcp://127.0.0.1:0") as link,
        anyio.create_task_group() as tasks,
    ):
        port = await tasks.start(
            lambda *, task_status: serve_control(
                ("127.0.0.1", 0),
                console={},
                surface=Deaf(),
                clients=clients,
                task_status=task_status,
            )
        )
        command = [sys.executable, "-m", "tests.bench.load", str(port), link.url]
        process = await anyio.open_process(command, stdin=None, stdout=DEVNULL, stderr=None)
        try:
            tasks.start_soon(broadcast, clients)
            tasks.start_soon(answer, link)
            while clients.count < CLIENTS:  # noqa: ASYNC110 - a bench may look
                await anyio.sleep(0.05)
            yield
            tasks.cancel_scope.cancel()
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            with anyio.CancelScope(shield=True):
                await process.wait()


async def broadcast(clients: Clients) -> None:
    turn = 0
    while True:
        turn += 1
        address = f"/engine/status/cue/{turn % 50}"
        clients.publish(address, encode_osc(Osc(address, (turn % 100,))))
        await anyio.sleep(1 / BROADCASTS_S)


async def answer(link: NngBus) -> None:
    while True:
        message = decode(await link.receive()).message
        if isinstance(message, ClockProbe):
            reply = bus.ClockReply(node=NODE, sent_ns=message.sent_ns, received_ns=1, replied_ns=2)
            await link.send(encode(NODE, reply))


# ---- the other process


async def read(connection: ClientConnection) -> None:
    async for _ in connection:
        pass


async def be_the_rig(port: str, url: str) -> None:
    """Twenty clients that read, and a node that asks."""
    async with open_bus_dialer(url) as link, anyio.create_task_group() as tasks:
        for _ in range(CLIENTS):
            connection = await connect(f"ws://127.0.0.1:{port}/", compression=None)
            tasks.start_soon(read, connection)
        while True:
            await link.send(encode(NODE, ClockProbe(1)))
            await anyio.sleep(1 / BUS_MESSAGES_S)


if __name__ == "__main__":
    anyio.run(be_the_rig, sys.argv[1], sys.argv[2])
