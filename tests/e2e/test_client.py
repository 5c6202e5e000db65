"""The command line as an operator has it, against an engine that runs."""

import json
import signal
import sys
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from tests.e2e.rig import PATIENCE_S, Home, open_operator, open_program
from tests.fakes.ipc import open_nodeconf

pytestmark = pytest.mark.slow

CONTROLLER = ("run", "--role", "controller", "--players", "none", "--mtc", "internal")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


async def cuems(home: Home, *arguments: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of `cuems ARGUMENTS` at this home's engine."""
    with anyio.fail_after(PATIENCE_S):
        done = await anyio.run_process(
            [sys.executable, "-m", "cuems", *arguments],
            env=home.variables() | {"CUEMS_URL": f"ws://{home.control}"},
            check=False,
        )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


async def test_a_show_is_operated_from_a_shell(home: Home) -> None:
    async with open_program(home, *CONTROLLER) as program:
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            await operator.sees("load", "demo")
            assert await cuems(home, "next", "Drone") == (0, "", "")
            drone = str(operator.state["/engine/status/nextcue"])
            assert await cuems(home, "disable", drone) == (0, "", "")
            await operator.sees(f"cue_enabled/{drone}", 0)
            assert await cuems(home, "enable", "Drone", "--json") == (0, '{"ok": true}\n', "")
            await operator.sees(f"cue_enabled/{drone}", 1)
            await operator.sees("armed", "yes")
            assert (await cuems(home, "pause", "Drone"))[0] == 1
            assert await cuems(home, "go") == (0, "", "")
            assert await cuems(home, "pause", "Drone") == (0, "", "")
            await operator.sees(f"cue_paused/{drone}", 1)
            assert await cuems(home, "stop", "Drone") == (0, "", "")
            await operator.sees(f"cue_paused/{drone}", 0)
            for command in ("pause", "resume", "panic", "stop"):
                assert await cuems(home, command) == (0, "", ""), command
            assert (await cuems(home, "load", "demo"))[0] == 0


async def test_a_refusal_is_told_with_its_reason(home: Home) -> None:
    async with open_program(home, *CONTROLLER, "--no-local-node") as program:
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            await operator.sees("load", "demo")
        status, told, reason = await cuems(home, "go")
        assert (status, told) == (1, "")
        assert reason.startswith("cuems: not armed: ")
        status, told, reason = await cuems(home, "go", "--json")
        assert (status, json.loads(told)["ok"]) == (1, False)
        assert f"cuems: {json.loads(told)['reason']}\n" == reason
        assert await cuems(home, "next", "Nope") == (
            1,
            "",
            "cuems: 'Nope': no cue of 'demo' has that id or name\n",
        )
        status, _, reason = await cuems(home, "load", "nope")
        assert status == 1
        assert "no such file" in reason


async def test_the_state_is_told_to_people_and_programs(home: Home) -> None:
    async with open_program(home, *CONTROLLER) as program:
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            await operator.sees("armed", "yes")
            await operator.until(lambda: "/engine/status/timecode" in operator.state)
        status, told, _ = await cuems(home, "status")
        assert status == 0
        assert told.startswith("show      demo\nstate     not running, ")
        assert "\n> Gong " in told
        assert "--:--:--" not in told
        status, told, _ = await cuems(home, "status", "--json")
        show = json.loads(told)
        assert (status, show["project"], show["running"]) == (0, "demo", False)
        assert show["timecode_ms"] % 1000 == 0
        assert show["cues"][0]["name"] == "Gong"
        assert [node["id"] for node in show["nodes"]] == [home.node]


async def test_nodes_are_listed_and_adopted_from_a_shell(home: Home) -> None:
    with_nodeconf = replace(home, environment={"CUEMS_IPC": str(home.folder)})
    async with (
        open_nodeconf(home.folder, {}) as nodeconf,
        open_program(with_nodeconf, *CONTROLLER) as program,
    ):
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            await operator.sees(f"node/{home.node}", "ok")
        status, told, _ = await cuems(home, "nodes", "ls", "--json")
        (node,) = json.loads(told)
        assert (status, node["id"], node["state"]) == (0, home.node, "ok")
        nodeconf.state[home.node] = True
        assert await cuems(home, "nodes", "adopt", node["name"]) == (0, "", "")
        assert nodeconf.received[-1]["modify_action"] == "ADD"
        nodeconf.state.clear()
        gone = f"cuems: nodeconf: Node {home.node} not found\n"
        assert await cuems(home, "nodes", "unadopt", home.node) == (1, "", gone)
        status, told, reason = await cuems(home, "nodes", "adopt", "ghost", "--json")
        assert (status, json.loads(told)["ok"]) == (1, False)
        assert "no node has that id or name" in reason


async def test_watching_tells_each_change_and_ends_when_the_engine_does(home: Home) -> None:
    elsewhere = replace(
        home, environment={"CUEMS_URL": f"ws://{home.control}", "PYTHONUNBUFFERED": "1"}
    )
    async with open_program(home, *CONTROLLER) as program:
        await program.says("ready: control surface")
        async with open_program(elsewhere, "watch") as watching:
            await watching.says("load demo")
            await watching.says("cue Gong ")
            assert (await cuems(home, "next", "Drone"))[0] == 0
            assert (await cuems(home, "stop"))[0] == 0
            await watching.says("armed no")
            await program.stop()
            assert await watching.ends() == 3
            await watching.says(f"cuems: ws://{home.control}: the connection is lost")
    assert not any("Traceback" in line for line in watching.lines)


async def test_watching_ends_at_a_signal_and_with_its_reader(home: Home) -> None:
    elsewhere = replace(home, environment={"CUEMS_URL": f"ws://{home.control}"})
    async with open_program(home, *CONTROLLER) as program:
        await program.says("ready: control surface")
        async with open_program(elsewhere, "watch", "--json") as watching:
            await watching.says('"address": "/engine/status/load"')
            assert await watching.stop(signal.SIGINT) == 130
        command = ["bash", "-c", 'set -o pipefail; "$0" -m cuems watch | head -n 1', sys.executable]
        with anyio.fail_after(PATIENCE_S):
            done = await anyio.run_process(command, env=elsewhere.variables(), check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"running -\n", b"")


async def test_nobody_there_is_an_exit_status_of_its_own(home: Home) -> None:
    status, told, reason = await cuems(home, "status")
    assert (status, told) == (3, "")
    assert reason == f"cuems: ws://{home.control}: not reachable: Connection refused\n"
    status, told, _ = await cuems(home, "go", "--json")
    assert (status, json.loads(told)["ok"]) == (3, False)


@pytest.mark.parametrize(
    "arguments",
    [("go", "--url", "x"), ("go", "now"), ("load",), ("next",), ("go", "--timeout", "0")],
    ids=" ".join,
)
async def test_wrong_usage_is_one_line(home: Home, arguments: tuple[str, ...]) -> None:
    status, told, reason = await cuems(home, *arguments)
    assert (status, told) == (2, "")
    assert len(reason.splitlines()) == 1
