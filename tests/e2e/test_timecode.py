"""Timecode leaves the controller on a real MIDI port, and the node chases it from there."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from cuems.adapters.midi import open_midi_input
from cuems.core.mtc import Running
from cuems.core.mtc_decoder import MtcDecoder
from cuems.core.timecode import FLICKS_PER_S, FrameRate
from tests.e2e.rig import PATIENCE_S, Home, Operator, open_operator, open_program
from tests.jack import open_jack

pytestmark = pytest.mark.slow


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    """A home on a machine with a JACK server."""
    async with open_jack() as jack:
        yield Home(tmp_path, environment={"JACK_DEFAULT_SERVER": jack.name})


async def hear(flicks: int) -> Running:
    """Listen to the controller's port until the line has rolled on by so much; where it is."""
    decoder = MtcDecoder()
    first: int | None = None
    with anyio.fail_after(PATIENCE_S):
        async with open_midi_input("MtcMaster:MTCPort") as midi:
            async for _, message in midi:
                event = decoder.feed(message)
                if isinstance(event, Running):
                    first = event.position if first is None else first
                    if event.position - first >= flicks:
                        return event
    raise AssertionError("the port went away")


async def test_mtc_leaves_on_a_jack_port_and_the_node_plays_by_it(home: Home) -> None:
    async with open_program(home, "run", "--role", "controller") as program:
        await program.says("timecode is sent on MIDI port")
        await program.says("timecode from MIDI port")
        async with open_operator(home) as operator:
            await operator.sees(f"chase/{home.node}", "locked")
            heard = await hear(FLICKS_PER_S)
            assert heard.timecode.rate is FrameRate.FPS_25
            assert heard.forward
            await operator.sees("armed", "yes")
            assert await operator.ask("go") == "ok"
            chime = "d3a1c0e0-0000-4000-8000-000000000002"
            await operator.sees(f"cue/{chime}", 100)
            assert operator.state[f"/engine/status/chase/{home.node}"] == "locked"


async def test_a_node_that_starts_while_timecode_rolls_locks_to_it(
    home: Home, tmp_path: Path
) -> None:
    other = str(tmp_path / "other")
    async with open_program(home, "run", "--role", "controller", "--no-local-node") as program:
        await program.says("timecode is sent on MIDI port")
        async with open_operator(home) as operator:
            for _ in range(2):
                async with open_program(home, "run", "--role", "node", "--library", other) as node:
                    await operator.sees(f"chase/{home.node}", "locked")
                    await operator.sees("armed", "yes")
                    assert await node.stop() == 0
                    await operator.sees(f"node/{home.node}", "lost")
            heard = await hear(FLICKS_PER_S)
            assert heard.position > FLICKS_PER_S


async def test_a_controller_that_chases_follows_an_outside_source(
    home: Home, tmp_path: Path
) -> None:
    """The outside source is another rig's controller."""
    outside = Home(tmp_path / "outside", environment=home.environment)
    async with (
        open_program(outside, "run", "--role", "controller") as source,
        open_program(home, "run", "--role", "controller", "--mtc", "MtcMaster") as program,
    ):
        await source.says("timecode is sent on MIDI port")
        await program.says("timecode comes from MIDI port")
        async with open_operator(home) as operator:
            await operator.sees("armed", "yes")
            await operator.until(lambda: bool(operator.state.get("/engine/status/timecode")))
            assert await operator.ask("pause") == "timecode comes from outside: stop it there"
            assert await operator.ask("go") == "ok"
            await operator.sees("cue/d3a1c0e0-0000-4000-8000-000000000001", 100)


async def test_midi_leads_and_what_disagrees_with_the_bus_is_an_alarm(
    home: Home, tmp_path: Path
) -> None:
    library = str(tmp_path / "other")
    node = ("run", "--role", "node", "--library", library, "--mtc", "desk")
    outside = ("mtc", "send", "--port", "desk:out", "--from", "10:00:00:00", "--for", "60s")
    async with (
        open_program(home, "run", "--role", "controller", "--no-local-node") as program,
        open_program(home, *outside) as source,
        open_program(home, *node),
    ):
        await source.says("on desk:out (JACK)")
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            told = f"/engine/status/chase_detail/{home.node}"
            await operator.until(
                lambda: str(operator.state.get(told)).startswith("timecode disagreement: MIDI is ")
            )
            detail = str(operator.state[told])
            assert "ahead of the controller's line" in detail
            assert "MIDI: " in detail
            await operator.until(
                lambda: any("timecode disagreement" in str(n) for n in operator.history("notice"))
            )


async def go(operator: Operator) -> str:
    """The answer to a GO, once timecode is there."""
    while True:
        answer = await operator.ask("go")
        if answer == "ok" or answer.endswith("GO again to go by it"):
            return answer
        await second(operator)


async def locked(operator: Operator, home: Home, before: int) -> None:
    """Wait until the node's chase has locked, after so many states."""
    await operator.until(lambda: "locked" in operator.history(f"chase/{home.node}")[before:])


async def second(operator: Operator) -> None:
    """Wait for the next second of timecode."""
    seconds = len(operator.history("timecode"))
    await operator.until(lambda: len(operator.history("timecode")) > seconds)


async def test_f05_a_go_after_a_change_of_rate_is_refused_once(home: Home) -> None:
    sending = ("mtc", "send", "--port", "desk:out", "--from", "01:00:00:00", "--for", "60s")
    answers: list[str] = []
    async with open_program(home, "run", "--role", "controller", "--mtc", "desk") as program:
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            await operator.sees("load", "demo")
            # Where a busy JACK loses too much the source was gone meanwhile: then it is another.
            for rate in ("25", "30", "25", "30", "25"):
                before = len(operator.history(f"chase/{home.node}"))
                async with open_program(home, *sending, "--rate", rate):
                    await locked(operator, home, before)
                    await second(operator)  # the controller chases by itself
                    answers.append(await go(operator))
                    if answers[-1] != "ok":
                        assert await go(operator) == "ok"
                        break
    assert answers[0] == "ok"
    assert answers[-1].endswith(" fps: GO again to go by it")
