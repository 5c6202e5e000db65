"""A controller that is killed in the middle of a show finds it again (F15, F64)."""

import json
import signal
from pathlib import Path

import pytest

from tests.e2e.rig import Home, Operator, open_operator, open_program
from tests.e2e.test_client import cuems

pytestmark = pytest.mark.slow

CONTROLLER = ("run", "--role", "controller", "--mtc", "internal")


def cue(operator: Operator, name: str) -> str:
    (found,) = (
        address.rpartition("/")[2]
        for address, value in operator.state.items()
        if address.startswith("/engine/status/cue_name/") and value == name
    )
    return found


async def go(operator: Operator, cue_id: str) -> None:
    """Fire a cue that may still be arming: a GO that is refused for that is pressed again."""
    refusals: list[str] = []
    while len(refusals) < 50:
        answer = await operator.ask("gocue", cue_id)
        if answer == "ok":
            return
        refusals.append(answer)
    raise AssertionError(refusals)


async def play(home: Home, *, number: signal.Signals, mixer: str) -> dict[str, str]:
    """Bring a show to its middle, and end the controller there."""
    async with open_program(home, *CONTROLLER) as program:
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            await operator.sees("armed", "yes")
            ids = {name: cue(operator, name) for name in ("Drone", "Pad", "Chime")}
            assert await operator.ask("cue_enabled", f"{ids['Chime']} 0") == "ok"
            await operator.tell(mixer.format(home.node), 0.25)
            await go(operator, ids["Drone"])
            await operator.sees("nextcue", ids["Pad"])
            drone = f"/engine/status/cue/{ids['Drone']}"
            await operator.until(lambda: int(str(operator.state.get(drone, 0))) > 20)
        await program.stop(number)
    return ids


MIXER = "/{}/audio/mixer/0/master/volume"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT], ids=["F15", "F64"])
async def test_f64_a_killed_controller_stands_paused_where_the_show_was(
    tmp_path: Path, number: signal.Signals
) -> None:
    home = Home(tmp_path)
    ids = await play(home, number=number, mixer=MIXER)
    async with open_program(home, *CONTROLLER) as program:
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            await operator.sees("load", "demo")
            await operator.sees("paused", "yes")
            await operator.sees("running", "yes")
            await operator.sees("nextcue", ids["Pad"])
            await operator.sees(f"cue_enabled/{ids['Chime']}", 0)
            await operator.sees(f"audio/mixer/{home.node}/0/master/volume", 0.25)
            drone = f"/engine/status/cue/{ids['Drone']}"
            await operator.until(lambda: operator.state.get(drone, 0) != 0)
            assert "resume" in str(operator.state["/engine/status/notice"])
            assert await operator.ask("resume") == "ok"
            await operator.until(lambda: operator.state[drone] == 100)
            assert await operator.ask("stop") == "ok"
        assert await program.stop() == 0
    status, told, _ = await cuems(home, "report", "last", "--json")
    planned = {s["planned_ms"] for s in json.loads(told)["starts"] if s["name"] == "Drone"}
    assert (status, len(planned)) == (0, 1)  # told again by a node that joins it, fired once
    status, told, _ = await cuems(home, "replay", "last")
    assert (status, "reproduced" in told) == (0, True), told


async def test_a_killed_controller_goes_on_by_itself_where_it_is_told_to(tmp_path: Path) -> None:
    home = Home(tmp_path)
    ids = await play(home, number=signal.SIGKILL, mixer=MIXER)
    async with open_program(home, *CONTROLLER, "--resume", "auto") as program:
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            await operator.sees("running", "yes")
            await operator.sees("paused", "no")
            drone = f"/engine/status/cue/{ids['Drone']}"
            await operator.until(lambda: operator.state.get(drone) == 100)


@pytest.mark.parametrize(
    ("number", "resume"), [(signal.SIGTERM, "ask"), (signal.SIGKILL, "off")], ids=str
)
async def test_after_an_orderly_end_or_when_told_to_it_starts_afresh(
    tmp_path: Path, number: signal.Signals, resume: str
) -> None:
    home = Home(tmp_path)
    ids = await play(home, number=number, mixer=MIXER)
    async with open_program(home, *CONTROLLER, "--resume", resume) as program:
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            await operator.sees("armed", "yes")
            await operator.sees("paused", "no")
            await operator.sees(f"cue_enabled/{ids['Chime']}", 1)


async def test_f15_a_node_that_plays_on_is_led_on_and_nothing_is_fired_again(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    alone = (*CONTROLLER, "--no-local-node")
    async with open_program(home, "run", "--role", "node", "--mtc", "bus") as node:
        await node.says("ready: node")
        async with open_program(home, *alone) as program:
            await program.says("ready: control surface")
            async with open_operator(home) as operator:
                await operator.sees("armed", "yes")
                drone = cue(operator, "Drone")
                await go(operator, drone)
                await operator.until(
                    lambda: int(str(operator.state.get(f"/engine/status/cue/{drone}", 0))) > 5
                )
            await program.stop(signal.SIGKILL)
        async with open_program(home, *alone) as program:
            await program.says("ready: control surface")
            async with open_operator(home) as operator:
                await operator.sees("running", "yes")
                assert await operator.ask("stop") == "ok"
                await operator.sees("running", "no")
            assert await program.stop() == 0
    _, told, _ = await cuems(home, "report", "last", "--json")
    planned = {s["planned_ms"] for s in json.loads(told)["starts"] if s["name"] == "Drone"}
    assert len(planned) <= 1
