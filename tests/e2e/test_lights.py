"""DMX cues of a whole program, heard by an sACN receiver on loopback."""

from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import anyio
import pytest

from cuems.core.cues import (
    CueId,
    CueList,
    DmxChannel,
    DmxCue,
    DmxScene,
    DmxUniverse,
    PostGo,
    Show,
)
from cuems.core.timecode import from_ms
from cuems.wire.show_xml import write_show
from tests.e2e.rig import PATIENCE_S, Home, open_operator, open_program
from tests.fakes.dmx_receiver import open_dmx_receiver

pytestmark = pytest.mark.slow

WRITTEN = "2026-01-01T00:00:00"
WARM, SNAP = CueId(str(uuid4())), CueId(str(uuid4()))
CONTROLLER = ("run", "--role", "controller", "--load", "lights")


def lights(cue: CueId, level: int, fade_ms: int, post_go: PostGo) -> DmxCue:
    universe = DmxUniverse(number=1, channels=(DmxChannel(0, level),))
    return DmxCue(
        id=cue,
        name="lights",
        scene=DmxScene(id=str(uuid4()), universes=(universe,)),
        fade_in_flicks=from_ms(fade_ms),
        post_go=post_go,
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """The show: a fade to 200, and at its end a snap to 40."""
    home = Home(tmp_path, environment={"CUEMS_MTC": "internal"})
    cues = (lights(WARM, 200, 400, PostGo.GO_AT_END), lights(SNAP, 40, 0, PostGo.PAUSE))
    listing = CueList(id=CueId(str(uuid4())), name="all", contents=cues)
    show = Show(id=str(uuid4()), name="lights", created=WRITTEN, modified=WRITTEN, cue_list=listing)
    folder = home.library / "projects" / "lights"
    folder.mkdir(parents=True)
    (home.library / "media").mkdir()
    (folder / "script.xml").write_bytes(write_show(show))
    return home


async def test_go_fades_and_holds_and_stop_blacks_out(home: Home) -> None:
    with open_dmx_receiver() as receiver, anyio.fail_after(PATIENCE_S):
        host, port = receiver.address
        destination = f"sacn:{host}:{port},priority=120"
        async with open_program(home, *CONTROLLER, "--dmx", destination) as program:
            await program.says("ready: control surface")
            async with open_operator(home) as operator:
                await operator.sees("armed", "yes")
                assert await operator.ask("go") == "ok"
                await receiver.until(1, 40)
                rising = [packet.dmxData[0] for packet in receiver.received[:-1]]
                await operator.sees(f"cue/{WARM}", 100)
                await operator.sees(f"cue/{SNAP}", 100)
                held = [(await receiver.packet()).dmxData[0] for _ in range(4)]
                assert await operator.ask("stop") == "ok"
                await receiver.until(1, 0)
                for _ in range(3):
                    await receiver.until(1, 0, terminated=True)
    assert rising == sorted(rising)
    assert len(set(rising)) > 5
    assert max(rising) > 150
    assert held == [40] * 4
    assert {packet.priority for packet in receiver.received} == {120}
    numbers = [packet.sequence for packet in receiver.received]
    assert all(after == before + 1 for before, after in pairwise(numbers))


async def test_without_a_destination_the_cue_fails_and_says_what_to_do(home: Home) -> None:
    async with open_program(home, *CONTROLLER) as program:
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            await operator.sees("armed", "yes")
            assert await operator.ask("go") == "ok"
            await operator.sees(f"cue/{WARM}", -1)
            reason = str(operator.state[f"/engine/status/cue_reason/{WARM}"])
            assert "start cuems with --dmx sacn or --dmx artnet" in reason


async def test_a_destination_that_makes_no_sense_is_told_at_the_start(home: Home) -> None:
    home.environment["CUEMS_DMX"] = "sacn:desk"
    async with open_program(home, "run", "--role", "controller") as program:
        assert await program.ends() != 0
    assert any("--dmx 'sacn:desk': 'desk': expected an IPv4 address" in x for x in program.lines)
