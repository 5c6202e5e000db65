import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import SocketAttribute

from cuems.adapters.clients import ClientId, Clients
from cuems.adapters.control import serve_control
from cuems.app.client import (
    Client,
    CommandRefusedError,
    NotReachableError,
    UrlError,
    open_client,
)
from cuems.wire.namespace import Namespace
from cuems.wire.osc import Osc, OscBundle, decode, encode
from cuems.wire.oscquery import Page, page
from cuems.wire.web import Asset, WebRequest

CONSOLE = {"/": Asset("text/html", b"")}
DUMP = (
    Osc("/engine/status/armed", ("yes",)),
    Osc("/engine/status/load", ("demo",)),
    Osc("/engine/status/cue_name/a", ("Gong",)),
)


class FakeEngine:
    """Answers as it is told to, and keeps what it was asked."""

    def __init__(self, clients: Clients, answers: dict[str, str]) -> None:
        self.clients: list[ClientId] = []
        self.asked_for: list[Osc] = []
        self.texts: list[str] = []
        self._clients = clients
        self._answers = {"/engine/command/ping": "ok"} | answers

    def connected(self, client: ClientId) -> Iterable[tuple[str, bytes]]:
        self.clients.append(client)
        return ((message.address, encode(message)) for message in DUMP)

    async def received(self, client: ClientId, data: bytes) -> None:
        await anyio.lowlevel.checkpoint()
        packet = decode(data)
        assert not isinstance(packet, OscBundle)
        self.asked_for.append(packet)
        answer = self._answers.get(packet.address)
        if answer == "drop":
            self._clients.drop(client, "as asked")
        elif answer is not None:
            self.say(client, Osc(f"/engine/status{packet.address}", (1,)))
            self.say(client, Osc(packet.address.replace("command", "reply"), (answer,)))

    def asked(self, client: ClientId, text: str) -> None:
        self.texts.append(text)
        self._clients.listen(client, "")
        self._clients.announce("news that an old client need not know")
        self.say(client, Osc("/engine/status/timecode", (12_000,)))

    async def page(self, request: WebRequest) -> Page:
        return page(Namespace(), request.target)

    def say(self, client: ClientId, message: Osc) -> None:
        self._clients.send(client, message.address, encode(message))

    def disconnected(self, client: ClientId, reason: str) -> None:
        """Nothing to do."""

    def refused(self, peer: str, reason: str) -> None:
        """Nothing to do."""


@asynccontextmanager
async def serving(**answers: str) -> AsyncIterator[tuple[FakeEngine, str]]:
    """A real control port on loopback, with answers by command; its URL."""
    clients = Clients()
    engine = FakeEngine(
        clients, {f"/engine/command/{name}": answer for name, answer in answers.items()}
    )
    serve = partial(
        serve_control, ("127.0.0.1", 0), console=CONSOLE, surface=engine, clients=clients
    )
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tg:
            port = await tg.start(serve)
            yield engine, f"ws://127.0.0.1:{port}"
            tg.cancel_scope.cancel()


async def test_a_command_that_is_done_is_done() -> None:
    async with serving(go="ok") as (engine, url), open_client(url, 5) as client:
        await client.ask("go")
        assert engine.asked_for == [Osc("/engine/command/go")]


async def test_arguments_reach_the_engine() -> None:
    async with serving(load="ok") as (engine, url), open_client(url, 5) as client:
        await client.ask("load", "the tempest")
        assert engine.asked_for == [Osc("/engine/command/load", ("the tempest",))]


async def test_the_engines_reason_is_told() -> None:
    async with serving(go="not armed: foh is lost") as (_, url), open_client(url, 5) as client:
        with pytest.raises(CommandRefusedError) as caught:
            await client.ask("go")
    assert str(caught.value) == "not armed: foh is lost"


async def test_a_newcomer_learns_the_show_and_where_timecode_is() -> None:
    async with serving() as (_, url), open_client(url, 5) as client:
        await client.learn()
        assert client.view.fact("load") == "demo"
        assert client.view.find("Gong") == "a"
        assert client.view.facts["timecode"] == 12_000


async def test_what_is_told_later_is_heard_when_it_comes() -> None:
    async with serving() as (engine, url), open_client(url, 5) as client:
        await client.learn()
        running = Osc("/engine/status/running", ("yes",))
        engine.say(engine.clients[0], running)
        assert client.view.fact("running") == ""
        assert await client.hear() == running
        assert client.view.fact("running") == "yes"


async def test_no_answer_in_time_is_said_and_that_it_may_be_done() -> None:
    async with serving() as (_, url), open_client(url, 0.05) as client:
        with pytest.raises(NotReachableError) as caught:
            await client.ask("go")
    assert str(caught.value) == f"{url}: no answer to go within 0.05 s: it may be done or not"


async def test_a_connection_that_ends_is_said() -> None:
    async with serving(go="drop") as (_, url), open_client(url, 5) as client:
        with pytest.raises(NotReachableError, match="the connection is lost"):
            await client.ask("go")
        with pytest.raises(NotReachableError, match="the connection is lost"):
            await client.hear()


async def use(url: str, timeout_s: float) -> Client:
    async with open_client(url, timeout_s) as client:
        return client


async def test_nobody_there_is_one_clear_line() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{probe.getsockname()[1]}"
        with anyio.fail_after(10), pytest.raises(NotReachableError) as caught:
            await use(url, 5)
    assert str(caught.value) == f"{url}: not reachable: Connection refused"


async def test_who_accepts_and_says_nothing_is_not_waited_for() -> None:
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(SocketAttribute.local_port)
        with anyio.fail_after(10), pytest.raises(NotReachableError, match=r"within 0\.1 s"):
            await use(f"ws://127.0.0.1:{port}", 0.1)


async def test_another_kind_of_server_is_no_control_surface() -> None:
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:

        async def teapot(stream: anyio.abc.SocketStream) -> None:
            async with stream:
                await stream.receive()
                await stream.send(b"HTTP/1.1 418 teapot\r\nContent-Length: 0\r\n\r\n")

        port = listener.extra(SocketAttribute.local_port)
        async with anyio.create_task_group() as tg:
            tg.start_soon(listener.serve, teapot)
            with anyio.fail_after(10), pytest.raises(NotReachableError, match="418"):
                await use(f"ws://127.0.0.1:{port}", 5)
            tg.cancel_scope.cancel()


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:9190", "http://x", "ws://", "ws://[", "ws://x:y", "ws://x:70000"]
)
async def test_what_is_no_url_is_told_with_what_is_expected(url: str) -> None:
    with pytest.raises(UrlError, match="expected ws://HOST:PORT"):
        await use(url, 1)
