"""A node without MIDI follows its controller over the bus, on a good link and on a bad one."""

from pathlib import Path

import anyio
import pytest

from cuems.core.timecode import FrameRate, to_ns
from tests.bench.bench_bus_line import measure
from tests.e2e.rig import PATIENCE_S, Home, open_operator, open_program
from tests.unetem import Link, why_not

pytestmark = pytest.mark.slow

FRAME_NS = to_ns(FrameRate.FPS_25.flicks_per_frame)


async def test_a_node_without_midi_is_locked_to_the_bus_and_plays_by_it(tmp_path: Path) -> None:
    home = Home(tmp_path, environment={"CUEMS_MTC": "bus"})
    library = str(tmp_path / "node")
    async with (
        open_program(home, "run", "--role", "controller", "--no-local-node") as program,
        open_program(home, "run", "--role", "node", "--library", library) as node,
    ):
        await program.says("ready: control surface")
        await node.says("ready: node")
        async with open_operator(home) as operator:
            await operator.sees("armed", "yes")
            await operator.sees(f"chase/{home.node}", "locked")
            detail = str(operator.state[f"/engine/status/chase_detail/{home.node}"])
            assert detail.startswith("bus: within ")
            assert await operator.ask("go") == "ok"
            await operator.sees("cue/d3a1c0e0-0000-4000-8000-000000000001", 100)


async def test_over_5_ms_give_or_take_2_it_is_within_half_a_frame() -> None:
    if why_not():
        pytest.skip(why_not())
    with anyio.fail_after(PATIENCE_S):
        errors_ns, bounds_ns = await measure(Link(delay_ms=5, jitter_ms=2), seconds=6)
    errors_ns.sort()
    assert len(errors_ns) > 100
    assert errors_ns[len(errors_ns) * 99 // 100] <= FRAME_NS // 2
    assert sorted(bounds_ns)[len(bounds_ns) // 2] <= FRAME_NS // 2
