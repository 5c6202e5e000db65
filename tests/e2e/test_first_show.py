"""The first show: a stranger starts the program, presses GO, and real players play."""

import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from cuems.core.cuelist import RunningOrder
from cuems.core.cues import NodeId
from cuems.demo.show import demo_show
from tests.e2e.rig import (
    Home,
    Operator,
    can_bind,
    open_operator,
    open_program,
    processes_of,
)

pytestmark = pytest.mark.slow

GONG, CHIME, DRONE, BARS, PAD, FADE, STOP = RunningOrder(demo_show(NodeId("x")))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def is_rising(values: Sequence[object]) -> bool:
    numbers = [value for value in values if isinstance(value, int)]
    return numbers == sorted(numbers) and len(set(numbers)) > 2


async def plays_gong_and_chime(operator: Operator) -> None:
    """One GO: the first two cues of the demo, one after the other."""
    await operator.sees("armed", "yes")
    await operator.sees("nextcue", GONG)
    before = len(operator.received)
    assert await operator.ask("go") == "ok"
    await operator.sees("running", "yes")
    await operator.sees(f"cue/{CHIME}", 100)
    since = [told for told in operator.received[before:] if "/status/cue/" in told[0]]
    for cue in (GONG, CHIME):
        values = [value for at, value in since if at == f"/engine/status/cue/{cue}"]
        assert (values[0], values[-1]) == (1, 100)
        assert is_rising(values)
    played = [told for told in since if told[0].startswith("/engine/status/cue/")]
    ended = played.index((f"/engine/status/cue/{GONG}", 100))
    began = played.index((f"/engine/status/cue/{CHIME}", 1))
    assert abs(ended - began) == 1
    assert operator.state["/engine/status/nextcue"] == DRONE


async def test_with_nothing_prepared_the_demo_is_armed_and_go_plays_it(home: Home) -> None:
    async with open_program(home, "run", "--role", "controller") as program:
        await program.says("ready: control surface at http://")
        async with open_operator(home) as operator:
            await plays_gong_and_chime(operator)
            assert any("mpv" in command for command in processes_of(home).values())


def told_armed(operator: Operator, since: int) -> bool:
    return ("/engine/status/armed", "yes") in operator.received[since:]


async def test_stop_while_nothing_plays_leaves_the_show_armed(home: Home) -> None:
    async with open_program(home, "run", "--role", "controller") as program:
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            for _ in range(3):
                await operator.sees("armed", "yes")
                before = len(operator.received)
                assert await operator.ask("stop") == "ok"
                await operator.until(partial(told_armed, operator, before))
            await plays_gong_and_chime(operator)


async def test_a_signal_ends_everything_and_frees_the_ports(home: Home) -> None:
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 0)):
        async with open_program(home, "run", "--role", "controller") as program:
            await program.says("ready: control surface")
            async with open_operator(home) as operator:
                await operator.sees("armed", "yes")
            assert await program.stop(number) == status
            assert processes_of(home) == {}
            assert can_bind(home.control)
            assert can_bind(home.bus.removeprefix("tcp://"))


async def test_a_node_of_its_own_fetches_the_show_and_plays_it(home: Home, tmp_path: Path) -> None:
    other = tmp_path / "other"
    async with (
        open_program(home, "run", "--role", "controller", "--no-local-node") as controller,
        open_program(home, "run", "--role", "node", "--library", str(other)) as node,
    ):
        await controller.says("ready: control surface")
        await node.says("ready: node")
        async with open_operator(home) as operator:
            await plays_gong_and_chime(operator)
            percents = operator.history(f"deploy/{home.node}")
        assert (other / "projects" / "demo" / "script.xml").is_file()
        assert (other / "media" / "demo-gong.wav").read_bytes() == (
            home.library / "media" / "demo-gong.wav"
        ).read_bytes()
        assert is_rising(percents)
        assert percents[-1] == 100


async def test_a_node_killed_while_it_plays_is_said_and_takes_its_place_again(
    home: Home, tmp_path: Path
) -> None:
    other = str(tmp_path / "other")
    async with open_program(home, "run", "--role", "controller", "--no-local-node") as controller:
        await controller.says("ready: control surface")
        async with open_operator(home) as operator:
            async with open_program(home, "run", "--role", "node", "--library", other) as node:
                await operator.sees("armed", "yes")
                assert await operator.ask("go") == "ok"
                await operator.until(lambda: operator.state.get(f"/engine/status/cue/{GONG}") == 1)
                node.process.send_signal(signal.SIGKILL)
                await operator.sees(f"node/{home.node}", "lost")
                await operator.sees(f"cue/{GONG}", -1)
                await operator.sees("armed", "no")
            assert "is lost" in await operator.ask("go")
            async with open_program(home, "run", "--role", "node", "--library", other):
                await operator.sees("armed", "yes")
