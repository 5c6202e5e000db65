"""What goes wrong around a show: each gets one clear message, and nothing else is disturbed."""

import os
import shutil
import signal
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import anyio
import pytest
from websockets.asyncio.client import connect

from cuems.core.cuelist import RunningOrder
from cuems.core.cues import CueList, Media, NodeId, Show
from cuems.core.timecode import FLICKS_PER_S
from cuems.demo.show import demo_show, write_demo
from cuems.wire.osc import Osc, OscBundle, decode, encode
from cuems.wire.show_xml import write_show
from tests.build import audio
from tests.e2e.rig import (
    PATIENCE_S,
    Home,
    Operator,
    Program,
    can_bind,
    open_operator,
    open_program,
    processes_of,
)

pytestmark = pytest.mark.slow

NODE = NodeId(str(uuid4()))
GONG, CHIME, DRONE, *_ = RunningOrder(demo_show(NODE))
CONTROLLER = ("run", "--role", "controller")
LONE_CONTROLLER = (*CONTROLLER, "--no-local-node")
GONE_S = 2.0  # from a signal to the end of everything
LOOK_S = 0.02
STATUS = "/engine/status"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the program has run before: it knows itself, and has the demo."""
    home = Home(tmp_path_factory.mktemp("prepared"))
    state = home.folder / "state" / "cuems"
    state.mkdir(parents=True)
    (state / "identity").write_text(NODE)
    write_demo(home.library, NODE)
    return home.folder


@pytest.fixture
def home(prepared: Path, tmp_path: Path) -> Home:
    shutil.copytree(prepared, tmp_path / "home")
    return Home(tmp_path / "home", environment={"CUEMS_MTC": "internal"})


def tracebacks(program: Program) -> list[str]:
    return [line for line in program.lines if "Traceback" in line]


async def armed(operator: Operator) -> None:
    await operator.sees("load", "demo")
    await operator.sees("armed", "yes")


async def plays_the_gong(operator: Operator) -> None:
    await armed(operator)
    assert await operator.ask("go") == "ok"
    await operator.sees(f"cue/{GONG}", 100)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that nothing tells."""
    with anyio.fail_after(PATIENCE_S):
        while not condition():  # noqa: ASYNC110
            await anyio.sleep(LOOK_S)


# ---- what clients say

NONSENSE = {
    "garbage": b"\xff\xfe\x00garbage",
    "an empty frame": b"",
    "half a message": encode(Osc("/engine/command/load", ("demo",)))[:-6],
    "a bundle": encode(OscBundle((Osc("/engine/command/go"),))),
    "a bundle that lies about its size": b"#bundle\0" + bytes(8) + struct.pack(">i", -4),
    "an unknown address": encode(Osc("/engine/command/explode")),
    "an argument of the wrong kind": encode(Osc("/engine/command/load", (7,))),
    "a text frame": "/engine/command/go",
}


async def test_nonsense_is_answered_to_who_said_it_and_disturbs_nobody(home: Home) -> None:
    async with open_program(home, *CONTROLLER) as program, open_client(home) as operator:
        await armed(operator)
        for name, frame in NONSENSE.items():
            assert await answer_to(home, frame) not in ("", "ok"), name
        for text in ("is no command address", "a bundle", "sends text frames"):
            assert text in await program.says(text)
        assert not any("reply" in address for address, _ in operator.received)
        await plays_the_gong(operator)
        assert tracebacks(program) == []


async def answer_to(home: Home, frame: bytes | str) -> str:
    """What a new client is answered to a frame, its ears open for nothing else."""
    async with connect(f"ws://{home.control}/", compression=None) as connection:
        await connection.send(frame)
        with anyio.fail_after(PATIENCE_S):
            while True:
                told = decode(await connection.recv(decode=False))
                assert isinstance(told, Osc)
                if told.address.startswith("/engine/reply/"):
                    return str(told.args[0])


def open_client(home: Home):  # type: ignore[no-untyped-def]
    raise NotImplementedError
