"""OSCQuery of a running engine: a client from PyPI walks the namespace, a socket follows it."""

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.request import urlopen

import anyio
import anyio.to_thread
import pytest
from pythonoscquery.osc_query_client import OSCQueryClient
from pythonoscquery.shared.osc_access import OSCAccess
from pythonoscquery.shared.osc_path_node import OSCPathNode
from websockets.asyncio.client import ClientConnection, connect
from zeroconf import ServiceInfo

from cuems.wire.control_table import TABLE
from cuems.wire.osc import Osc, decode, encode
from tests.e2e.rig import PATIENCE_S, Home, Program, open_operator, open_program

pytestmark = pytest.mark.slow

CONTROLLER = ("run", "--role", "controller", "--players", "none", "--mtc", "internal")
STATUS = "/engine/status"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@asynccontextmanager
async def loaded(home: Home) -> AsyncIterator[Program]:
    async with open_program(home, *CONTROLLER) as program:
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            await operator.sees("armed", "yes")
            await operator.until(lambda: f"{STATUS}/timecode" in operator.state)
        yield program


def stranger(home: Home) -> OSCQueryClient:
    """Somebody else's client of this home's engine."""
    host, _, port = home.control.rpartition(":")
    kind = "_oscjson._tcp.local."
    found = ServiceInfo(kind, f"cuems.{kind}", int(port), addresses=[socket.inet_aton(host)])
    return OSCQueryClient(found)


def walked(node: OSCPathNode) -> dict[str, OSCPathNode]:
    """Every method of the namespace by its address."""
    found: dict[str, OSCPathNode] = {}
    for below in node.contents or ():
        found |= walked(below)
    return found or {node.full_path: node}


async def test_somebody_elses_client_walks_every_status(home: Home) -> None:
    """Not the commands: it knows no method that can only be written and so has no value."""
    client = stranger(home)
    async with loaded(home):
        with anyio.fail_after(PATIENCE_S):
            host = await anyio.to_thread.run_sync(client.get_host_info)
            node = await anyio.to_thread.run_sync(client.query_node, STATUS)
            missing = await anyio.to_thread.run_sync(client.query_node, "/nothing")
    assert host is not None
    assert (host.name, host.extensions["LISTEN"]) == ("cuems", True)
    assert missing is None
    assert node is not None
    methods = walked(node)
    assert methods[f"{STATUS}/load"].value == ["demo"]
    readable = {path for path, it in methods.items() if it.access is OSCAccess.READONLY_VALUE}
    silent = {path for path, it in methods.items() if it.access is OSCAccess.NO_VALUE}
    assert readable | silent == set(methods)
    assert readable == {path for path, it in methods.items() if it.value}  # told of at least once
    assert {f"{STATUS}/{name}" for name in ("load", "armed", "running", "timecode")} <= readable
    names = [method.value[0] for path, method in methods.items() if "/cue_name/" in path]
    assert names[:2] == ["Gong", "Chime"]


async def test_the_whole_namespace_is_at_the_root(home: Home) -> None:
    async with loaded(home):
        with anyio.fail_after(PATIENCE_S):
            root = await anyio.to_thread.run_sync(got, home, "/")
            page = await anyio.to_thread.run_sync(got, home, "/?HTML")
    assert b"/engine?HTML" in page
    found: set[str] = set()
    nodes = [json.loads(root)]
    for node in nodes:
        nodes += node.get("CONTENTS", {}).values()
        found |= {node["FULL_PATH"]} if "TYPE" in node else set()
    assert {row.address for row in TABLE if "{" not in row.address} < found


def got(home: Home, target: str) -> bytes:
    with urlopen(f"http://{home.control}{target}") as answer:
        body: bytes = answer.read()
        return body


async def heard(connection: ClientConnection, text: str) -> str:
    """The first text frame with `text` in it."""
    while True:
        frame = await connection.recv()
        if isinstance(frame, str) and text in frame:
            return frame


async def values(connection: ClientConnection, address: str, count: int) -> list[object]:
    """The next values of an address."""
    found: list[object] = []
    while len(found) < count:
        frame = await connection.recv()
        message = decode(frame) if isinstance(frame, bytes) else None
        if isinstance(message, Osc) and message.address == address:
            found += message.args
    return found


def frame(command: str, address: str) -> str:
    return json.dumps({"COMMAND": command, "DATA": address})


async def test_a_listener_is_told_the_value_at_once_and_what_it_ignores_no_more(
    home: Home,
) -> None:
    timecode = f"{STATUS}/timecode"
    async with loaded(home), connect(f"ws://{home.control}/", compression=None) as connection:
        with anyio.fail_after(PATIENCE_S):
            await connection.send(encode(Osc("/engine/command/ping")))
            await values(connection, "/engine/reply/ping", 1)
            await connection.send(frame("IGNORE", f"{STATUS}/paused"))
            await connection.send(frame("LISTEN", f"{STATUS}/load"))
            assert await values(connection, f"{STATUS}/load", 1) == ["demo"]
            for command in ("pause", "resume"):
                await connection.send(encode(Osc(f"/engine/command/{command}")))
            message = None
            seen = []
            while message != Osc("/engine/reply/resume", ("ok",)):
                data = await connection.recv(decode=False)
                message = decode(data)
                assert isinstance(message, Osc)
                seen.append(message.address)
            assert f"{STATUS}/paused" not in seen
            await connection.send(frame("LISTEN", f"{STATUS}/paused"))
            assert await values(connection, f"{STATUS}/paused", 1) == ["no"]
            await values(connection, timecode, 1)


async def test_what_comes_and_goes_with_a_project_is_told(home: Home) -> None:
    async with loaded(home), connect(f"ws://{home.control}/", compression=None) as connection:
        with anyio.fail_after(PATIENCE_S):
            await connection.send(frame("LISTEN", f"{STATUS}/load"))
            for command, change in (
                (Osc("/engine/command/load", ("demo",)), "PATH_CHANGED"),
                (Osc("/engine/command/unload"), "PATH_REMOVED"),
                (Osc("/engine/command/load", ("demo",)), "PATH_ADDED"),
            ):
                await connection.send(encode(command))
                told = json.loads(await heard(connection, f'"{STATUS}/cue"'))
                assert told == {"COMMAND": change, "DATA": f"{STATUS}/cue"}


async def test_nonsense_in_text_frames_is_answered_and_the_connection_lives_on(home: Home) -> None:
    async with loaded(home) as program:
        async with connect(f"ws://{home.control}/", compression=None) as connection:
            with anyio.fail_after(PATIENCE_S):
                for text in ("", "[" * 60_000, frame("LISTEN", "/no/such"), frame("X", "/x")):
                    await connection.send(text)
                    told = await values(connection, "/engine/reply/packet", 1)
                    assert str(told[0]).startswith("a text frame: expected ")
                await connection.send(encode(Osc("/engine/command/ping")))
                assert await values(connection, "/engine/reply/ping", 1) == ["ok"]
        await program.says("4 frames of it were no command")
        assert sum("a text frame" in line for line in program.lines) == 1
