"""A control surface with every door, before a controller that obeys: for tests."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from anyio.streams.memory import MemoryObjectReceiveStream
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from cuems.adapters.access_file import write_keys
from cuems.app.doors import Doors
from cuems.app.front import Front, serve_front
from cuems.app.links import Asker, Asks, AsksTogether, Caller, ControllerItem
from cuems.core.access import Keyring
from cuems.core.operator import OperatorCommand
from cuems.core.status import Armed, Loaded, Running
from cuems.wire.osc import Osc, OscArgument, OscPacket, decode, encode

PATIENCE_S = 20.0


class Obeying:
    """Does what it is asked, in order, and keeps it; `refuses` is its answer where not empty."""

    def __init__(self) -> None:
        self.heard: list[tuple[OperatorCommand, ...]] = []
        self.refuses = ""
        self._news = anyio.Event()

    async def serve(self, inbox: MemoryObjectReceiveStream[ControllerItem]) -> None:
        async for item in inbox:
            assert isinstance(item, Asks | AsksTogether)
            together = item.asks if isinstance(item, AsksTogether) else (item,)
            self.heard.append(tuple(asks.command for asks in together))
            self._news.set()
            self._news = anyio.Event()
            for asks in together:
                match asks.client:
                    case Caller(tell=tell):
                        tell(asks.address, self.refuses)
                    case Asker() as asker:
                        asker.answer(self.refuses)
                    case None:
                        pass

    async def until(self, count: int) -> None:
        """Wait until so much was asked."""
        while len(self.heard) < count:
            await self._news.wait()


class Stage:
    """What a test holds in its hands."""

    def __init__(self, front: Front, controller: Obeying, url: str) -> None:
        self.front = front
        self.controller = controller
        self.url = url


@asynccontextmanager
async def open_stage(
    state: Path,
    keys: Keyring | None = None,
    doors: Doors | None = None,
    control: tuple[str, int] = ("127.0.0.1", 0),
) -> AsyncIterator[Stage]:
    """Everything on loopback, with a show that is loaded; ends after PATIENCE_S at the latest."""
    if keys is not None:
        await anyio.to_thread.run_sync(write_keys, state, keys)
    send, inbox = anyio.create_memory_object_stream[ControllerItem](64)
    front = Front(send, keys or Keyring())
    controller = Obeying()
    serve = partial(serve_front, front, state, control, doors or Doors())
    with anyio.fail_after(PATIENCE_S):
        async with send, inbox, anyio.create_task_group() as tg:
            tg.start_soon(controller.serve, inbox)
            url = await tg.start(serve)
            for status in (Running(None), Armed(True), Loaded("demo")):
                front.desk.publish(status)
            yield Stage(front, controller, url.rstrip("/"))
            tg.cancel_scope.cancel()


def socket(stage: Stage, path: str = "/", **more: object) -> connect:
    """A WebSocket to it."""
    url = stage.url.replace("http", "ws", 1) + path
    return connect(url, compression=None, proxy=None, **more)  # type: ignore[arg-type]


async def say(connection: ClientConnection, address: str, *args: OscArgument) -> None:
    await connection.send(encode(Osc(address, args)))


async def ask(connection: ClientConnection, address: str, *args: OscArgument) -> str:
    """The answer to a command."""
    await say(connection, address, *args)
    return await answer(connection, address.rpartition("/")[2])


async def answer(connection: ClientConnection, name: str) -> str:
    """The next answer to a command of that name."""
    while True:
        message = await hear(connection)
        if message.address == f"/engine/reply/{name}":
            return str(message.args[0])


async def ended(connection: ClientConnection) -> None:
    """Listen until the other side ends it."""
    with pytest.raises(ConnectionClosed):
        await _for_ever(connection)


async def _for_ever(connection: ClientConnection) -> None:
    while True:
        await connection.recv()


async def hear(connection: ClientConnection) -> Osc:
    packet: OscPacket = decode(await connection.recv(decode=False))
    assert isinstance(packet, Osc)
    return packet


async def settled(connection: ClientConnection) -> list[str]:
    """The addresses heard until a ping is answered."""
    await say(connection, "/engine/command/ping")
    heard: list[str] = []
    while "/engine/reply/ping" not in heard:
        heard.append((await hear(connection)).address)
    return heard


async def http(stage: Stage, method: str, target: str, *headers: str) -> tuple[int, object]:
    """Status and JSON (or text) of an answer."""
    host, _, port = stage.url.rpartition("/")[2].partition(":")
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers, "", ""]
    async with await anyio.connect_tcp(host, int(port)) as stream:
        await stream.send("\r\n".join(lines).encode())
        data = b""
        with_end = False
        while not with_end:
            try:
                data += await stream.receive()
            except anyio.EndOfStream:
                with_end = True
    head, _, body = data.partition(b"\r\n\r\n")
    text = body.decode()
    return int(head.split()[1]), json.loads(text) if text.startswith("{") else text
