"""A JACK server that is killed while timecode rolls, with a cue due before it is back.

Both cues are pictures: a sound that goes through JACK ends with it.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from cuems.core.cues import NodeId, PostGo, VideoCue
from cuems.demo.show import demo_show, write_demo
from cuems.wire.show_xml import write_show
from tests.e2e.rig import Home, Operator, open_operator, open_program
from tests.jack import Jack, open_jack

pytestmark = pytest.mark.slow

FIRST = "cue/d3a1c0e0-0000-4000-8000-000000000001"  # 4 s, and the second follows it by itself
SECOND = "cue/d3a1c0e0-0000-4000-8000-000000000002"


@pytest.fixture
async def jack() -> AsyncIterator[Jack]:
    async with open_jack() as server:
        yield server


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """It has the demo, with colour bars in the place of its first two sounds."""
    home = Home(tmp_path)
    state = home.folder / "state" / "cuems"
    state.mkdir(parents=True)
    node = NodeId(str(uuid4()))
    (state / "identity").write_text(node)
    script = home.library / "projects" / write_demo(home.library, node) / "script.xml"
    show = demo_show(node)
    first, second, *others = show.cue_list.contents
    bars = next(cue for cue in others if isinstance(cue, VideoCue))
    pictures = (
        replace(bars, id=first.id, post_go=PostGo.GO_AT_END),
        replace(bars, id=second.id),
    )
    cue_list = replace(show.cue_list, contents=(*pictures, *others))
    script.write_bytes(write_show(replace(show, cue_list=cue_list)))
    return home


def follows_midi(operator: Operator, node: str) -> bool:
    state = operator.state.get(f"/engine/status/chase/{node}")
    detail = str(operator.state.get(f"/engine/status/chase_detail/{node}"))
    return state == "locked" and detail.startswith("MIDI")


def is_further(operator: Operator, cue: str, percent: int) -> bool:
    value = operator.state.get(f"/engine/status/{cue}")
    return isinstance(value, int) and value >= percent


@pytest.mark.parametrize(
    ("killed_at_percent", "carried_by"), [(60, "freewheeling"), (1, "the controller's line")]
)
async def test_a_cue_that_is_due_meanwhile_fires_and_midi_is_followed_again(
    jack: Jack, home: Home, tmp_path: Path, killed_at_percent: int, carried_by: str
) -> None:
    home.environment["JACK_DEFAULT_SERVER"] = jack.name
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
            await operator.until(lambda: is_further(operator, FIRST, killed_at_percent))
            before = len(operator.received)
            await jack.kill()
            await operator.until(lambda: is_further(operator, SECOND, 1))
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
            await operator.sees(SECOND, 100)
