"""Two controllers, real processes: the standby follows, takes over, and only one is ever obeyed."""

import os
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import anyio.to_thread
import pytest

from cuems.adapters.journal_files import runs
from cuems.adapters.journal_reader import read_run
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import NodeId
from cuems.core.desk import Asked
from cuems.core.operator import OperatorCommand, PressGo
from cuems.core.stands import Stands
from cuems.demo.show import demo_show
from tests.e2e.rig import PATIENCE_S, Home, Operator, Program, open_operator, open_program

pytestmark = pytest.mark.slow

QUIET = ("--mtc", "bus")
AWAY = "00000000-0000-4000-8000-00000000000a"
GONG, CHIME, DRONE, *_ = RunningOrder(demo_show(NodeId("x")))


def home(folder: Path, key: str, uuid: str, **more: str) -> Home:
    """A machine of a rig."""
    state = folder / "state" / "cuems"
    state.mkdir(parents=True)
    (state / "identity").write_text(uuid)
    with os.fdopen(os.open(state / "cluster.key", os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write(key)
    return Home(folder, environment=more)


class Rig:
    """A controller, its standby, and one node of both; the library is everybody's."""

    def __init__(self, folder: Path, takeover: str) -> None:
        key = secrets.token_hex(32)
        uuid = str(uuid4())  # the demo show is of its controller's machine, where the node is too
        self.active = home(folder / "active", key, uuid)
        library = {"CUEMS_LIBRARY": str(self.active.library)}
        self.standby = home(folder / "standby", key, str(uuid4()), **library)
        self.node = home(
            folder / "node",
            key,
            uuid,
            CUEMS_BUS=f"{self.active.bus},{self.standby.bus}",
            **library,
        )
        self.takeover = takeover

    @asynccontextmanager
    async def controller(self) -> AsyncIterator[Program]:
        arguments = ("run", "--role", "controller", "--no-local-node", *QUIET)
        async with open_program(self.active, *arguments) as program:
            await program.says("ready: control surface")
            yield program

    @asynccontextmanager
    async def second(self, says: str = "ready: standby") -> AsyncIterator[Program]:
        follow = ("--standby", f"ws://{self.active.control}", "--takeover", self.takeover)
        arguments = ("run", "--role", "controller", "--no-local-node", *QUIET, *follow)
        async with open_program(self.standby, *arguments) as program:
            await program.says(says)
            yield program

    @asynccontextmanager
    async def player(self) -> AsyncIterator[Program]:
        async with open_program(self.node, "run", "--role", "node", *QUIET) as program:
            await program.says("ready: node")
            yield program


async def leads_on(operator: Operator) -> None:
    """The standby leads, and has taken up the show as it stands on the node."""
    await operator.sees("role", "active")
    await operator.until(lambda: "is led on" in str(operator.state["/engine/status/notice"]))
    await operator.sees("armed", "yes")


def kept(of: Home) -> tuple[dict[str, tuple[object, ...]], list[OperatorCommand]]:
    """What a journal has: the faders as it stands, and what was asked of the one before."""
    controls: dict[str, tuple[object, ...]] = {}
    asked = []
    *before, own = runs(of.folder / "state" / "cuems" / "journal")
    for record in read_run(own).records:
        if isinstance(record.what, Stands):
            controls = {control.address: control.values for control in record.what.controls}
    for path in before:
        records = read_run(path).records
        asked += [record.what.command for record in records if isinstance(record.what, Asked)]
    return controls, asked


async def knows_of_a_go(of: Home) -> None:
    """Until its journal has that one was asked for: a status may be there a moment sooner."""

    def knows() -> bool:
        return any(
            isinstance(record.what, Asked) and isinstance(record.what.command, PressGo)
            for path in runs(of.folder / "state" / "cuems" / "journal")
            for record in read_run(path).records
        )

    with anyio.fail_after(PATIENCE_S):
        while not await anyio.to_thread.run_sync(knows):
            pass


async def plays(operator: Operator, cue: str) -> None:
    assert await operator.ask("go") == "ok"
    await operator.until(lambda: operator.state[f"/engine/status/cue/{cue}"] != 0)


async def test_f28_a_standby_shows_the_same_and_obeys_nobody(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "ask")
    async with (
        rig.controller(),
        rig.second(),
        rig.player(),
        open_operator(rig.active) as active,
        open_operator(rig.standby) as standby,
    ):
        await active.sees("armed", "yes")
        for name in ("load", "armed", "nextcue"):
            await standby.sees(name, active.state[f"/engine/status/{name}"])
        await standby.sees("role", "standby")
        assert "leads" in await standby.ask("go")
        assert await standby.ask("ping") == "ok"
        await plays(active, GONG)
        await standby.sees("running", "yes")
        await standby.until(lambda: int(str(standby.state["/engine/status/epoch"])) > 0)


async def test_f28_who_takes_control_is_obeyed_and_the_one_before_is_not(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "ask")
    async with (
        rig.controller(),
        rig.second(),
        rig.player(),
        open_operator(rig.active) as before,
        open_operator(rig.standby) as after,
    ):
        await before.sees("armed", "yes")
        await after.sees("armed", "yes")
        assert await after.ask("takecontrol") == "ok"
        await leads_on(after)
        await plays(after, GONG)
        await before.until(lambda: str(before.state["/engine/status/role"]) == "stepped down")
        assert "another controller leads" in await before.ask("go")


async def test_f28_a_controller_that_was_killed_is_replaced_and_does_not_lead_when_it_returns(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, "auto")
    async with rig.second(), rig.player() as node, open_operator(rig.standby) as after:
        async with rig.controller() as first, open_operator(rig.active) as before:
            await before.sees("armed", "yes")
            await after.sees("armed", "yes")
            fader = f"/{rig.node.node}/audio/mixer/0/master/volume"
            await before.send_to(fader, 0.5)
            assert await before.ask("mode", "show") == "ok"
            assert await before.ask("waive", f"{AWAY} 1") == "ok"
            await plays(before, GONG)
            await after.until(lambda: after.state[f"/engine/status/cue/{GONG}"] != 0)
            await knows_of_a_go(rig.standby)
            await first.stop(signal.SIGKILL)
        await leads_on(after)
        # What no node knows comes from the journal.
        await after.sees("mode", "show")
        assert after.state[f"/engine/status/node_waived/{AWAY}"] == 1
        assert "show mode" in await after.ask("load", "demo")
        await after.sees(f"cue/{GONG}", 100)  # played before, or in the gap
        await after.sees(f"cue/{CHIME}", 100)  # it followed by itself, in the gap or after it
        await after.sees("nextcue", DRONE)
        async with rig.controller(), open_operator(rig.active) as returned:
            await after.sees("armed", "yes")
            await plays(after, DRONE)
            assert (await returned.ask("go")) != "ok"
        assert not any("Traceback" in line for line in node.lines)
    controls, asked = await anyio.to_thread.run_sync(kept, rig.standby)
    assert controls[fader] == (0.5,)
    assert [command for command in asked if isinstance(command, PressGo)]  # before the take-over


async def test_f29_of_two_with_one_epoch_the_nodes_keep_to_the_first(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "ask")
    # Both start anew, so that both lead with epoch 1, and the node is linked to both.
    other = replace(rig.standby)
    arguments = ("run", "--role", "controller", "--no-local-node", *QUIET)
    async with rig.controller(), rig.player(), open_operator(rig.active) as first:
        await first.sees("armed", "yes")
        async with open_program(other, *arguments) as program:
            await program.says("ready: control surface")
            async with open_operator(other) as second:
                await second.sees("role", "stepped down")
                await plays(first, GONG)
                assert "another controller leads" in await second.ask("go")


async def test_f28_a_standby_that_has_taken_over_leads_on_when_it_is_started_again(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, "ask")
    async with rig.player():
        async with rig.second() as leads, open_operator(rig.standby) as operator:
            async with rig.controller():
                await operator.sees("armed", "yes")
            assert await operator.ask("takecontrol") == "ok"
            await leads_on(operator)
            await leads.stop(signal.SIGKILL)
        async with rig.second("ready: control surface"), open_operator(rig.standby) as operator:
            await operator.sees("role", "active")
            await operator.sees("armed", "yes")
            await plays(operator, GONG)
