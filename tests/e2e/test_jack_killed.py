"""A JACK server that is killed while timecode rolls, with a cue due before it is back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.rig import Home, Operator, open_operator, open_program
from tests.jack import Jack, open_jack

pytestmark = pytest.mark.slow

GONG = "cue/d3a1c0e0-0000-4000-8000-000000000001"  # 3 s, and the chime follows it by itself
CHIME = "cue/d3a1c0e0-0000-4000-8000-000000000002"


@pytest.fixture
async def jack() -> AsyncIterator[Jack]:
    async with open_jack() as server:
        yield server


def follows_midi(operator: Operator, node: str) -> bool:
    state = operator.state.get(f"/engine/status/chase/{node}")
    detail = str(operator.state.get(f"/engine/status/chase_detail/{node}"))
    return state == "locked" and detail.startswith("MIDI")


def is_further(operator: Operator, cue: str, percent: int) -> bool:
    value = operator.state.get(f"/engine/status/{cue}")
    return isinstance(value, int) and value >= percent


@pytest.mark.parametrize(
    ("killed_at_percent", "carried_by"), [(45, "freewheeling"), (1, "the controller's line")]
)
async def test_a_cue_that_is_due_meanwhile_fires_and_midi_is_followed_again(
    jack: Jack, tmp_path: Path, killed_at_percent: int, carried_by: str
) -> None:
    home = Home(tmp_path, environment={"JACK_DEFAULT_SERVER": jack.name})
    node_library = str(tmp_path / "node")
    async with (
        open_program(home, "run", "--role", "controller", "--no-local-node") as program,
        open_program(home, "run", "--role", "node", "--library", node_library),
    ):
        await program.says("timecode is sent on MIDI port")
        async with open_operator(home) as operator:
            await operator.sees("armed", "yes")
            await operator.until(lambda: follows_midi(operator, home.node))
            assert await operator.ask("go") == "ok"
            await operator.until(lambda: is_further(operator, GONG, killed_at_percent))
            await jack.kill()
            before = len(operator.received)
            await operator.until(lambda: is_further(operator, CHIME, 1))
            states = [
                value
                for address, value in operator.received[before:]
                if address == f"/engine/status/chase/{home.node}"
            ]
            # The line over the bus steps in when the freewheel is over: it is locked then too.
            assert states[0] == "freewheeling"
            assert "lost" not in states
            assert ("locked" in states) == (carried_by != "freewheeling")
            await jack.start()
            await operator.until(lambda: follows_midi(operator, home.node))
            await operator.sees(CHIME, 100)
