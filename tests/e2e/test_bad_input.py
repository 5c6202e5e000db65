"""What goes wrong around a show: each gets one clear message, and nothing else is disturbed."""

import os
import shutil
import signal
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

import anyio
import anyio.to_thread
import pytest
from websockets.asyncio.client import connect

from cuems.core.cuelist import RunningOrder
from cuems.core.cues import CueId, CueList, NodeId, Show
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
CONTROLLER = ("run", "--role", "controller", "--load", "demo")
LONE_CONTROLLER = (*CONTROLLER, "--no-local-node")
GONE_S = 2.0  # from a signal to the end of everything
LOOK_S = 0.02
STATUS = "/engine/status"
WRITTEN = "2026-01-01T00:00:00"
LONG_MEDIA_BYTES = 1 << 29  # a second of rsync


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

NONSENSE: dict[str, bytes | str] = {
    "garbage": b"\xff\xfe\x00garbage",
    "an empty frame": b"",
    "half a message": encode(Osc("/engine/command/load", ("demo",)))[:-6],
    "a bundle of a clock that is wrong": encode(
        OscBundle(elements=(Osc("/engine/command/go"),), timetag=(1 << 64) - 1)
    ),
    "a bundle that lies about its size": b"#bundle\0" + bytes(8) + struct.pack(">i", -4),
    "an unknown address": encode(Osc("/engine/command/explode")),
    "an argument of the wrong kind": encode(Osc("/engine/command/load", (7,))),
    "a text frame": "/engine/command/go",
}


async def test_nonsense_is_answered_to_who_said_it_and_disturbs_nobody(home: Home) -> None:
    async with (
        open_program(home, *CONTROLLER) as program,
        open_operator_of(program, home) as operator,
    ):
        await armed(operator)
        for name, frame in NONSENSE.items():
            assert await answer_to(home, frame) not in ("", "ok"), name
        for text in ("is no command address", "a bundle", "a text frame"):
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


# ---- projects that cannot be loaded


async def test_a_project_that_does_not_exist_leaves_the_loaded_one_armed(home: Home) -> None:
    async with open_program(home, *CONTROLLER) as program, open_operator_of(program, home) as it:
        await armed(it)
        assert "projects/ghost/script.xml: no such file" in await it.ask("load", "ghost")
        assert "no project name" in await it.ask("load", "../demo")
        assert "File name too long" in await it.ask("load", "x" * 300)
        assert it.state[f"{STATUS}/load"] == "demo"
        await plays_the_gong(it)
        assert tracebacks(program) == []


async def test_a_broken_script_is_told_with_its_lines_and_the_loaded_show_plays(
    home: Home,
) -> None:
    text = (home.library / "projects" / "demo" / "script.xml").read_text()
    broken = write_script(home, "broken", text.replace("<loop>1<", "<loop>often<"))
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "<loop>" in row)
    torn = write_script(home, "torn", text[: len(text) // 2])
    hopeless = write_script(home, "hopeless", many_cues(900).replace("<loop>1<", "<loop>often<"))
    async with open_program(home, *CONTROLLER) as program, open_operator_of(program, home) as it:
        await armed(it)
        assert f"{broken}:{line}: " in await it.ask("load", "broken")
        assert "'often': expected" in str(it.state[f"{STATUS}/notice"])
        assert f"{torn}:" in await it.ask("load", "torn")
        answer = await it.ask("load", "hopeless")
        assert f"{hopeless}:" in answer
        assert "lines more" in answer
        assert it.state[f"{STATUS}/load"] == "demo"
        await plays_the_gong(it)
        assert tracebacks(program) == []


async def test_a_project_asked_for_at_the_start_that_does_not_exist_is_told_and_waited_for(
    home: Home,
) -> None:
    async with (
        open_program(home, *CONTROLLER, "--load", "ghost") as program,
        open_operator_of(program, home) as it,
    ):
        await program.says("projects/ghost/script.xml: no such file")
        await it.until(lambda: "ghost" in str(it.state.get(f"{STATUS}/notice")))
        assert await it.ask("go") == "no project is loaded"
        assert await it.ask("load", "demo") == "ok"
        await plays_the_gong(it)


async def test_the_process_that_reads_a_script_can_be_killed(home: Home) -> None:
    script = write_script(home, "endless", "")
    script.unlink()
    os.mkfifo(script)  # whoever reads it waits for what is never written
    async with open_program(home, *CONTROLLER) as program, open_operator_of(program, home) as it:
        await armed(it)
        await it.send("load", "endless")
        async with in_the_middle_of(script):
            workers = [pid for pid, line in processes_of(home).items() if "to_process" in line]
            for pid in workers:
                os.kill(pid, signal.SIGKILL)
        await it.until(lambda: "/engine/reply/load" in it.state)
        assert "has died; load again" in str(it.state["/engine/reply/load"])
        await plays_the_gong(it)
        assert tracebacks(program) == []


@asynccontextmanager
async def in_the_middle_of(fifo: Path) -> AsyncIterator[None]:
    """While somebody reads a file that does not end."""
    try:
        with anyio.fail_after(PATIENCE_S):
            writing = await anyio.to_thread.run_sync(
                os.open, fifo, os.O_WRONLY, abandon_on_cancel=True
            )
    except TimeoutError:
        os.close(os.open(fifo, os.O_RDWR))  # whoever waits for the other end goes on
        raise
    try:
        yield
    finally:
        os.close(writing)


def write_script(home: Home, project: str, text: str) -> Path:
    path = home.library / "projects" / project / "script.xml"
    path.parent.mkdir()
    path.write_text(text)
    return path


def many_cues(count: int) -> str:
    """A show that takes a while to read."""
    contents = tuple(
        audio(f"{number:08d}-0000-4000-8000-000000000000") for number in range(1, count + 1)
    )
    cues = CueList(id=CueId(str(uuid4())), name="many", contents=contents)
    return write_show(
        Show(id=str(uuid4()), name="many", created=WRITTEN, modified=WRITTEN, cue_list=cues)
    ).decode()


# ---- media


async def test_a_missing_media_file_fails_its_cue_with_its_path_and_the_rest_plays(
    home: Home,
) -> None:
    missing = home.library / "media" / "demo-gong.wav"
    missing.unlink()
    async with open_program(home, *CONTROLLER) as program:
        async with open_operator_of(program, home) as it:
            await armed(it)
            await it.sees(f"cue/{GONG}", -1)
            assert str(missing) in str(it.state[f"{STATUS}/cue_reason/{GONG}"])
            assert str(missing) in await program.says("cue 'Gong' failed")
            assert await it.ask("go") == "ok"
            await it.sees(f"cue/{CHIME}", 100)
            assert it.state[f"{STATUS}/cue/{GONG}"] == -1
        assert tracebacks(program) == []


async def test_without_players_every_cue_fails_visibly_and_the_show_runs(home: Home) -> None:
    async with (
        open_program(home, *CONTROLLER, "--players", "none") as program,
        open_operator_of(program, home) as it,
    ):
        await program.says("players: none, as asked")
        await armed(it)
        assert await it.ask("go") == "ok"
        await it.sees(f"cue/{GONG}", -1)
        assert it.state[f"{STATUS}/cue_reason/{GONG}"]
        await it.sees(f"cue/{CHIME}", -1)


# ---- processes that die


async def test_a_player_killed_in_mid_cue_is_said_and_joins_again(home: Home) -> None:
    async with open_program(home, *CONTROLLER) as program, open_operator_of(program, home) as it:
        await armed(it)
        assert await it.ask("go") == "ok"
        await it.until(lambda: is_playing(it.state.get(f"{STATUS}/cue/{GONG}")))
        (player,) = players_of(home, "demo-gong.wav")
        os.kill(player, signal.SIGKILL)
        assert "mpv was killed by SIGKILL; it is started again" in await program.says("SIGKILL")
        assert "lost" in await program.says("joined again at")
        assert len(players_of(home, "demo-gong.wav")) == 1
        await it.sees(f"cue/{CHIME}", 100)
        assert it.state[f"{STATUS}/cue/{GONG}"] == 100


def is_playing(value: object) -> bool:
    return isinstance(value, int) and 1 < value < 100


def players_of(home: Home, media: str) -> list[int]:
    """Who has a media file open."""
    return [
        pid
        for pid, command in processes_of(home).items()
        if "mpv" in command
        and any(media in os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir())
    ]


async def test_a_controller_that_is_killed_and_started_again_finds_its_node_and_arms_it(
    home: Home, tmp_path: Path
) -> None:
    other = str(tmp_path / "other")
    async with open_program(home, "run", "--role", "node", "--library", other) as node:
        async with (
            open_program(home, *LONE_CONTROLLER) as controller,
            open_operator_of(controller, home) as it,
        ):
            await armed(it)
            assert await it.ask("go") == "ok"
            await it.until(lambda: is_playing(it.state.get(f"{STATUS}/cue/{GONG}")))
            controller.process.send_signal(signal.SIGKILL)
            await controller.ends()
        await node.says("no controller on")
        async with (
            open_program(home, *LONE_CONTROLLER) as controller,
            open_operator_of(controller, home) as it,
        ):
            await it.sees("running", "yes")  # the show as the node has it, led on
            await armed(it)
            before = len(it.received)
            assert await it.ask("stop") == "ok"
            await it.until(lambda: (f"{STATUS}/armed", "yes") in it.received[before:])
            await plays_the_gong(it)
        assert tracebacks(node) == []


# ---- asked for what cannot be

WRONG_USAGE = {
    "no role": ("run",),
    "an unknown role": ("run", "--role", "boss"),
    "an unknown option": (*CONTROLLER, "--loud"),
    "an unknown command": ("dance",),
    "a configuration that is not there": (*CONTROLLER, "--config", "/nowhere"),
}
CANNOT_START = {
    "no address": (*CONTROLLER, "--control", "nonsense"),
    "a port that cannot be": (*CONTROLLER, "--control", "127.0.0.1:99999"),
    "no URL": (*CONTROLLER, "--bus", "banana"),
    "a URL without a port": (*CONTROLLER, "--bus", "tcp://127.0.0.1"),
    "a URL to dial without a port": ("run", "--role", "node", "--bus", "tcp://127.0.0.1"),
    "a state folder that is a file": (*CONTROLLER, "--state", "/etc/hostname"),
    "a state folder that cannot be": (*CONTROLLER, "--state", "/proc/1/cuems"),
    "a library that is a file": (*CONTROLLER, "--library", "/etc/hostname"),
    "a library that cannot be": (*CONTROLLER, "--library", "/proc/1/cuems"),
    "a node's library that cannot be": ("run", "--role", "node", "--library", "/proc/1/cuems"),
}


@pytest.mark.parametrize("what", WRONG_USAGE)
async def test_wrong_usage_is_one_line_and_exit_2(home: Home, what: str) -> None:
    async with open_program(home, *WRONG_USAGE[what]) as program:
        assert await program.ends() == 2
        await program.says("cuems: ")
        assert len(program.lines) == 1


@pytest.mark.parametrize("what", CANNOT_START)
async def test_what_cannot_be_is_one_line_and_exit_1(home: Home, what: str) -> None:
    arguments = CANNOT_START[what]
    async with open_program(home, *arguments) as program:
        assert await program.ends() == 1
        assert arguments[-1].split(":")[0] in await program.says("cuems: ")
        assert sum("cuems: " in line for line in program.lines) == 1
        assert tracebacks(program) == []
        assert processes_of(home) == {}


async def test_a_second_controller_is_turned_away_and_the_first_plays_on(
    home: Home, prepared: Path, tmp_path: Path
) -> None:
    shutil.copytree(prepared, tmp_path / "elsewhere")
    other = Home(tmp_path / "elsewhere", environment=home.environment)
    async with open_program(home, *CONTROLLER) as program, open_operator_of(program, home) as it:
        await armed(it)
        assert await it.ask("go") == "ok"
        assert "another cuems controller is running" in await turned_away(home)
        taken = Home(other.folder, control=home.control, environment=other.environment)
        assert f"control port {home.control} cannot be opened" in await turned_away(taken)
        taken = Home(other.folder, bus=home.bus, environment=other.environment)
        assert f"{home.bus!r}: address in use" in await turned_away(taken)
        await it.sees(f"cue/{CHIME}", 100)
        assert it.state[f"{STATUS}/cue/{GONG}"] == 100


async def turned_away(home: Home) -> str:
    """What a controller that cannot start says."""
    async with open_program(home, *CONTROLLER) as program:
        assert await program.ends() == 1
        said = await program.says("cuems: ")
        assert tracebacks(program) == []
        return said


# ---- the end


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_ends_in_time_while_a_cue_plays_and_a_client_has_stalled(
    home: Home, number: signal.Signals
) -> None:
    async with open_program(home, *CONTROLLER) as program, open_operator_of(program, home) as it:
        await armed(it)
        with stalled_client(home):
            assert await it.ask("go") == "ok"
            await it.until(lambda: is_playing(it.state.get(f"{STATUS}/cue/{GONG}")))
            await ends_at(program, home, number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_ends_in_time_while_it_loads(home: Home, number: signal.Signals) -> None:
    write_script(home, "long", many_cues(6000))
    async with open_program(home, *CONTROLLER) as program, open_operator_of(program, home) as it:
        await armed(it)
        await it.send("load", "long")
        assert await it.ask("ping") == "ok"
        assert "/engine/reply/load" not in it.state
        await ends_at(program, home, number)


async def test_it_ends_in_time_while_a_transfer_is_stuck(home: Home, tmp_path: Path) -> None:
    other = str(tmp_path / "other")
    os.truncate(home.library / "media" / "demo-gong.wav", LONG_MEDIA_BYTES)
    async with open_program(home, *LONE_CONTROLLER) as controller:
        await controller.says("ready: control surface")
        async with open_program(home, "run", "--role", "node", "--library", other) as node:
            await until(lambda: bool(daemons_of(home)))
            for pid in daemons_of(home):
                os.kill(pid, signal.SIGSTOP)
            with anyio.fail_after(GONE_S):
                assert await node.stop(signal.SIGTERM) == 0
        await ends_at(controller, home, signal.SIGTERM)


async def test_a_second_signal_is_not_waited_for(home: Home) -> None:
    async with open_program(home, *CONTROLLER) as program, open_operator_of(program, home) as it:
        await armed(it)
        with stalled_client(home):
            program.process.send_signal(signal.SIGINT)
            await program.says("SIGINT: stopping")
            program.process.send_signal(signal.SIGINT)
            assert await program.ends() == 128 + signal.SIGINT
            assert "leaving at once" in await program.says("SIGINT again")
            await until(lambda: processes_of(home) == {})


async def test_f60_stop_does_not_wait_for_a_load(home: Home) -> None:
    write_script(home, "long", many_cues(6000))
    async with open_program(home, *CONTROLLER) as program, open_operator_of(program, home) as it:
        await armed(it)
        await it.send("load", "long")
        assert await it.ask("stop") == "ok"
        assert "/engine/reply/load" not in it.state
        await it.until(lambda: "/engine/reply/load" in it.state)
        assert it.state["/engine/reply/load"] == "ok"
        assert await it.ask("load", "demo") == "ok"
        await plays_the_gong(it)


async def ends_at(program: Program, home: Home, number: signal.Signals) -> None:
    with anyio.fail_after(GONE_S):
        assert await program.stop(number) == (130 if number is signal.SIGINT else 0)
    assert processes_of(home) == {}
    assert can_bind(home.control)
    assert can_bind(home.bus.removeprefix("tcp://"))
    assert tracebacks(program) == []


def daemons_of(home: Home) -> list[int]:
    """The rsync processes that serve a transfer at the moment."""
    return [pid for pid, command in processes_of(home).items() if "--daemon" in command]


@contextmanager
def stalled_client(home: Home) -> Iterator[None]:
    """A WebSocket client that never reads."""
    host, _, port = home.control.rpartition(":")
    with socket.create_connection((host, int(port))) as stream:
        stream.sendall(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        yield


@asynccontextmanager
async def open_operator_of(program: Program, home: Home) -> AsyncIterator[Operator]:
    """An operator, as soon as there is something to connect to."""
    await program.says("ready: control surface")
    async with open_operator(home) as operator:
        yield operator
