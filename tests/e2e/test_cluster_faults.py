"""What can break between controller and nodes, each with real processes (design: faults.md 2.2).

A test's name begins with the number of its fault. Those that need a bad network make one
(tests/unetem.py) and are skipped, with the reason, where the machine does not let them.
"""

import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import anyio.lowlevel
import pynng
import pytest

from cuems.adapters.files import read_identity
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import CueId, NodeId
from cuems.core.reports import ArmedReport
from cuems.demo.show import demo_show, write_demo
from cuems.wire.bus import encode
from cuems.wire.show_xml import write_show
from tests import clock_step
from tests.clock_step import SteppedClock
from tests.e2e.rig import Home, Operator, Program, open_operator, open_program
from tests.unetem import Host, Link, OpenLink, open_link, why_not

pytestmark = pytest.mark.slow

TWO_HOURS_S = 7200
GONG, CHIME, DRONE, *_ = RunningOrder(demo_show(NodeId("x")))
CONTROLLER = ("run", "--role", "controller", "--no-local-node", "--mtc", "bus")


def as_node(home: Home, library: str = "node") -> tuple[str, ...]:
    return ("run", "--role", "node", "-vv", "--mtc", "bus", "--library", str(home.folder / library))


@dataclass
class Stage:
    """A controller and a node of its own, and an operator who plays the drone."""

    home: Home
    controller: Program
    operator: Operator

    @property
    def node(self) -> str:
        return self.home.node

    async def drones(self) -> None:
        """Let the longest cue of the demo play."""
        await self.operator.sees("armed", "yes")
        assert await self.operator.ask("setnextcue", DRONE) == "ok"
        assert await self.operator.ask("go") == "ok"
        await self.operator.sees_play(DRONE)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with the demo, whose drone goes on until it is stopped."""
    home = Home(tmp_path)
    node = read_identity(tmp_path / "state" / "cuems")
    write_demo(home.library, node)
    demo = demo_show(node)
    contents = tuple(
        replace(cue, loop=0) if cue.id == DRONE else cue for cue in demo.cue_list.contents
    )
    show = replace(demo, cue_list=replace(demo.cue_list, contents=contents))
    script = home.library / "projects" / "demo" / "script.xml"
    script.write_bytes(write_show(show))
    return home


@asynccontextmanager
async def open_stage(home: Home, *options: str) -> AsyncIterator[Stage]:
    async with open_program(home, *CONTROLLER, *options) as controller:
        await controller.says("ready: control surface")
        async with open_operator(home) as operator:
            yield Stage(home, controller, operator)


def started_at(program: Program, cue: CueId) -> int:
    """Where on the line a node said that a cue has begun."""
    said = re.compile(rf"says CueStartedReport\(cue='{cue}', start=(-?\d+)")
    found = [match for line in program.lines if (match := said.search(line))]
    return int(found[-1][1])


def before_its_moment(program: Program) -> list[str]:
    """What a node said of starts that were not to be yet."""
    return [
        line for line in program.lines if "says CueTimingReport" in line and "late_us=-" in line
    ]


async def test_f13_a_killed_node_is_noticed_and_named_and_the_operator_can_do_without(
    home: Home,
) -> None:
    async with open_stage(home) as stage, open_program(home, *as_node(home)) as node:
        operator = stage.operator
        await operator.sees("armed", "yes")
        node.process.send_signal(signal.SIGKILL)
        await operator.sees(f"node/{stage.node}", "lost")
        assert "is lost" in await operator.ask("go")
        assert await operator.ask("waive", f"{stage.node} 1") == "ok"
        await operator.sees(f"node_waived/{stage.node}", 1)
        await operator.sees("armed", "yes")
        assert await operator.ask("go") == "ok"


async def test_f14_a_node_that_is_killed_and_restarted_joins_what_plays_where_it_is(
    home: Home,
) -> None:
    async with open_stage(home) as stage:
        async with open_program(home, *as_node(home)) as node:
            await stage.drones()
            await node.says(f"says CueStartedReport(cue='{DRONE}'")
            await node.says(f"says CueTimingReport(cue='{DRONE}'")
            assert before_its_moment(node) == []
            began = started_at(node, DRONE)
            node.process.send_signal(signal.SIGKILL)
            await stage.operator.sees(f"cue/{DRONE}", -1)
        async with open_program(home, *as_node(home)) as again:
            await stage.operator.sees_play(DRONE)
            await again.says(f"says CueTimingReport(cue='{DRONE}'")
            assert started_at(again, DRONE) == began
            assert "joined=True" in await again.says(f"says CueTimingReport(cue='{DRONE}'")


async def test_f15_a_killed_controller_finds_the_show_running_and_leads_it_on(home: Home) -> None:
    async with open_program(home, *as_node(home)) as node:
        async with open_stage(home) as stage:
            await stage.drones()
            stage.controller.process.send_signal(signal.SIGKILL)
            await stage.controller.ends()
        before = len(node.lines)
        async with open_stage(home) as stage:
            operator = stage.operator
            await operator.sees("running", "yes")
            await operator.sees_play(DRONE)
            await operator.sees("armed", "yes")
            since = node.lines[before:]
            assert not [line for line in since if "told Stop" in line or "CueReset" in line]
            assert not [line for line in since if f"says CueTimingReport(cue='{DRONE}'" in line]
            assert await operator.ask("stop") == "ok"
            await node.says(f"says CueResetReport(cue='{DRONE}'")
            await operator.sees(f"cue/{DRONE}", 0)


async def test_f15_stop_works_at_once_on_a_controller_that_has_just_started(home: Home) -> None:
    async with open_program(home, *as_node(home)) as node:
        async with open_stage(home) as stage:
            await stage.drones()
            stage.controller.process.send_signal(signal.SIGKILL)
            await stage.controller.ends()
        async with open_stage(home) as stage:
            assert await stage.operator.ask("stop") == "ok"
            await node.says("told StopCommand")
            await stage.operator.sees("load", "demo")  # silent, and loaded as before
            await stage.operator.sees("armed", "yes")
            assert await stage.operator.ask("go") == "ok"
            await stage.operator.sees_play(GONG)


async def test_f15_a_node_that_is_heard_of_after_the_journal_was_read_plays_on(home: Home) -> None:
    async with open_program(home, *as_node(home)) as node:
        async with open_stage(home) as stage:
            await stage.drones()
            stage.controller.process.send_signal(signal.SIGKILL)
            await stage.controller.ends()
        before = len(node.lines)
        node.process.send_signal(signal.SIGSTOP)
        async with open_stage(home) as stage:
            await stage.operator.until(lambda: "in the journal" in notice(stage.operator))
            node.process.send_signal(signal.SIGCONT)
            await stage.operator.until(lambda: "is led on" in notice(stage.operator))
            await stage.operator.sees("armed", "yes")
            assert not [line for line in node.lines[before:] if "paused=True" in line]


def notice(operator: Operator) -> str:
    return str(operator.state.get(NOTICE))


async def test_f17_a_stopped_node_is_suspected_and_fires_nothing_stale_afterwards(
    home: Home,
) -> None:
    async with open_stage(home) as stage, open_program(home, *as_node(home)) as node:
        operator = stage.operator
        await operator.sees("armed", "yes")
        node.process.send_signal(signal.SIGSTOP)
        await operator.sees(f"node/{stage.node}", "late")
        assert "is late" in await operator.ask("go") or "is lost" in await operator.ask("go")
        await operator.sees(f"node/{stage.node}", "lost")
        node.process.send_signal(signal.SIGCONT)
        await operator.sees("armed", "yes")
        assert not [line for line in node.lines if "says CueStarted" in line]
        assert await operator.ask("go") == "ok"
        await operator.sees_play(GONG)


async def test_f20_a_go_overtakes_ten_thousand_faders(home: Home) -> None:
    async with open_stage(home) as stage, open_program(home, *as_node(home)):
        operator = stage.operator
        await operator.sees("armed", "yes")
        async with open_operator(home) as other, anyio.create_task_group() as tasks:

            async def move_faders() -> None:
                for _ in range(10_000):
                    await other.send_to(f"/{stage.node}/audio/mixer/0/master/volume", 0.5)

            tasks.start_soon(move_faders)
            assert await operator.ask("go") == "ok"
            await operator.sees_play(GONG)
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def open_flood(home: Home) -> AsyncIterator[None]:
    """Somebody who says to the bus whatever it takes."""
    flooder = await anyio.open_process(
        [sys.executable, "-m", "tests.fakes.flooder", home.bus], stdout=None, stderr=None
    )
    async with flooder:
        try:
            yield
        finally:
            flooder.kill()


async def test_f21_a_flood_from_a_stranger_delays_no_go(home: Home) -> None:
    await new_key(home)
    async with open_stage(home) as stage, open_program(home, *as_node(home)):
        operator = stage.operator
        await operator.sees("armed", "yes")
        async with open_flood(home):
            await stage.controller.says("floods the bus: its link is closed")
            assert await operator.ask("go") == "ok"
            await operator.sees_play(GONG)
            assert await operator.ask("stop") == "ok"
            await operator.sees(f"cue/{GONG}", 0)
        assert "lost" not in operator.history(f"node/{stage.node}")


GARBAGE = (
    b"",
    b"\xff\xfe",
    b"[]",
    b"[" * 100_000,
    b'{"type":"command"}',
    b'{"type":"command","action":"fly","sender":"x","target":"go","data":null}',
    b'{"type":"status","action":"update","sender":"x","target":"armed_ready","data":5}',
    b'{"type":"status","action":"update","sender":"x","target":"nobody knows","data":{}}',
    b'{"type":"status","action":"update","sender":"x","target":"hello","data":{},"x":{"v":99}}',
    b"x" * ((1 << 20) + 1),
)


async def test_f22_f23_f24_garbage_unknown_words_and_huge_messages_hurt_nobody(
    home: Home,
) -> None:
    async with open_stage(home) as stage:
        with pynng.Bus0(dial=home.bus, block_on_dial=True) as stranger:
            for data in GARBAGE * 3:
                await stranger.asend(data)
            async with open_program(home, *as_node(home)):
                await stage.operator.sees("armed", "yes")
                assert await stage.operator.ask("go") == "ok"
                await stage.operator.sees_play(GONG)


async def test_f25_two_hundred_silent_connections_keep_no_node_out(home: Home) -> None:
    host, _, port = home.bus.removeprefix("tcp://").partition(":")
    async with open_stage(home) as stage, anyio.create_task_group() as tasks:

        async def connect_and_say_nothing() -> None:
            async with await anyio.connect_tcp(host, int(port)):
                await anyio.sleep_forever()

        for _ in range(200):
            tasks.start_soon(connect_and_say_nothing)
        async with open_program(home, *as_node(home)):
            await stage.operator.sees("armed", "yes")
        tasks.cancel_scope.cancel()


async def new_key(home: Home) -> None:
    async with open_program(home, "key", "new") as making:
        assert await making.ends() == 0


async def test_f26_who_has_another_key_or_none_is_not_let_in_and_counted(
    home: Home, tmp_path: Path
) -> None:
    await new_key(home)
    keyless = Home(tmp_path / "keyless", control=home.control, bus=home.bus)
    wrong = Home(tmp_path / "wrong", control=home.control, bus=home.bus)
    await new_key(wrong)
    async with open_stage(home) as stage:
        with pynng.Bus0(dial=home.bus, block_on_dial=True) as stranger:
            report = ArmedReport(armed=True)
            await stranger.asend(encode(NodeId("stranger"), report))
            await stage.operator.until(lambda: stage.operator.state.get(STRANGERS, 0) != 0)
        async with (
            open_program(keyless, *as_node(keyless)) as without,
            open_program(wrong, *as_node(wrong)) as another,
        ):
            for stranger_node in (without, another):
                await stranger_node.says("the controller does not answer a hello")
        assert "/engine/status/node/stranger" not in stage.operator.state
        async with open_program(home, *as_node(home)):
            await stage.operator.sees("armed", "yes")
            assert await stage.operator.ask("go") == "ok"
            await stage.operator.sees_play(GONG)


STRANGERS = "/engine/status/strangers"


async def test_f27_what_was_recorded_on_the_bus_is_refused_when_it_is_said_again(
    home: Home,
) -> None:
    await new_key(home)
    async with open_stage(home) as stage, open_program(home, *as_node(home)) as node:
        await stage.operator.sees("armed", "yes")
        with pynng.Bus0(dial=home.bus, block_on_dial=True) as recorder:
            assert await stage.operator.ask("go") == "ok"
            with anyio.fail_after(20):
                recorded = await recorder.arecv()
                while b'"go"' not in recorded:
                    recorded = await recorder.arecv()
            await stage.operator.sees_play(GONG)
            assert await stage.operator.ask("stop") == "ok"
        starts = sum("says CueStarted" in line for line in node.lines)
        await stage.controller.stop(signal.SIGKILL)
        with pynng.Bus0(listen=home.bus) as player:
            await node.says("no controller on")
            for _ in range(100):
                await player.asend(recorded)
                await anyio.sleep(0.02)
        assert sum("says CueStarted" in line for line in node.lines) == starts


async def test_f28_a_controller_from_before_is_fenced_off_and_says_so(
    home: Home, tmp_path: Path
) -> None:
    old = Home(tmp_path / "old", control=home.control, bus=home.bus)
    for _ in range(2):  # the one that leads now has been started more often
        async with open_stage(home):
            pass
    async with open_program(home, *as_node(home)):
        async with open_stage(home) as stage:
            await stage.operator.sees("armed", "yes")
        async with open_program(old, *CONTROLLER) as fenced:
            await fenced.says("ready: control surface")
            async with open_operator(old) as operator:
                await operator.until(
                    lambda: "another controller leads" in str(operator.state.get(ROLE))
                )
                await operator.until(lambda: "another controller leads" in notice(operator))
                assert "another controller leads" in await operator.ask("go")


NOTICE = "/engine/status/notice"
ROLE = "/engine/status/role_detail"


async def wall_clock_s(clock: SteppedClock) -> float:
    """What a process with this clock takes the time to be."""
    ask = [sys.executable, "-c", "import time; print(time.time())"]
    done = await anyio.run_process(ask, env=dict(os.environ) | clock.variables)
    return float(done.stdout)


@pytest.mark.skipif(clock_step.why_not() != "", reason=clock_step.why_not())
async def test_f31_clocks_that_are_set_in_mid_show_change_nothing(
    home: Home, tmp_path: Path
) -> None:
    near, far = SteppedClock(tmp_path / "near"), SteppedClock(tmp_path / "far")
    away = replace(home, environment=far.variables)
    home.environment |= near.variables
    async with open_stage(home) as stage, open_program(away, *as_node(away)) as node:
        operator = stage.operator
        await stage.drones()
        before = len(node.lines)
        for clock, step_s in ((near, TWO_HOURS_S), (far, -TWO_HOURS_S)):
            true_s = await wall_clock_s(clock)
            clock.step(step_s)
            assert abs(await wall_clock_s(clock) - true_s - step_s) < TWO_HOURS_S / 2
            assert await operator.ask("setnextcue", CHIME) == "ok"
            heard = len(operator.received)
            while "too soon" in (said := await operator.ask("go")):
                pass
            assert said == "ok"
            await operator.hears(f"cue/{CHIME}", 100, since=heard)
        assert not [line for line in node.lines[before:] if "Cue" in line and DRONE in line]
        assert "lost" not in operator.history(f"node/{stage.node}")
        assert await operator.ask("stop") == "ok"
        await operator.sees(f"cue/{DRONE}", 0)


# ---- on a bad network


def at(home: Home) -> tuple[str, str]:
    """Where the client finds the controller."""
    return "--url", f"ws://{home.control}"


@asynccontextmanager
async def open_bad_network(
    home: Home, link: Link
) -> AsyncIterator[tuple[OpenLink, Program, Program, "Desk"]]:
    """A controller in one network namespace, a node in another, and this link between them."""
    if why_not():
        pytest.skip(why_not())
    await new_key(home)
    with open_link(link) as opened:
        here, there = opened.hosts
        home.bus = f"tcp://{here.address}:9093"
        async with open_program(home, *CONTROLLER, inside=here.inside) as controller:
            await controller.says("ready: control surface")
            async with (
                open_program(home, *as_node(home, str(home.library)), inside=there.inside) as node,
                open_program(home, "watch", "--json", *at(home), inside=here.inside) as watch,
            ):
                yield opened, controller, node, Desk(home, here, watch)


@dataclass
class Desk:
    """An operator inside the controller's network namespace."""

    home: Home
    host: Host
    watch: Program

    async def does(self, *words: str) -> str:
        """A command of the client; what it said."""
        async with open_program(
            self.home, *words, *at(self.home), inside=self.host.inside
        ) as client:
            await client.ends()
            return "\n".join(client.lines)

    async def plays(self, cue: CueId) -> None:
        """Let a cue play."""
        await self.sees("armed", '"yes"')
        await self.does("next", cue)
        await self.does("go")
        await self.sees(f"cue/{cue}", "1")

    async def sees(self, name: str, value: str) -> None:
        await self.watch.says(f'"address": "/engine/status/{name}", "value": {value}')


async def fires_three(link: Link, home: Home) -> None:
    """Three GOs over this link: each is fired once, on its frame, by the node."""
    async with open_bad_network(home, link) as (_, _, node, desk):
        await desk.sees("armed", '"yes"')
        for cue in (GONG, DRONE, DRONE):
            await desk.does("next", cue)
            said = await desk.does("go")
            await node.says(f"says CueStartedReport(cue='{cue}'")
            assert "refused" not in said
        fired = re.compile(r"told Go\b|says GoRefused")
        assert not [line for line in node.lines if "GoRefused" in line and fired.search(line)]


async def test_f18_at_20_percent_loss_every_go_is_fired(home: Home) -> None:
    await fires_three(Link(loss=0.2), home)


async def test_f19_delay_disorder_and_doubles_change_nothing(home: Home) -> None:
    await fires_three(Link(delay_ms=50, jitter_ms=20, reorder=0.2, double=0.2), home)


async def test_f16_what_was_asked_while_the_link_was_cut_is_reported_and_never_fires(
    home: Home,
) -> None:
    async with open_bad_network(home, Link()) as (link, _, node, desk):
        await desk.sees("armed", '"yes"')
        link.cut()
        await desk.sees(f"node/{home.node}", '"lost"')
        assert "lost" in await desk.does("go")
        link.heal()
        again = len(desk.watch.lines)
        await desk.watch.says('status/armed", "value": "yes"', since=again)
        assert not [line for line in node.lines if "says CueStarted" in line]
        assert "not armed" not in await desk.does("go")
        await node.says(f"says CueStartedReport(cue='{GONG}'")


async def test_f16_what_plays_goes_on_through_a_cut_and_is_vouched_for_again(home: Home) -> None:
    async with open_bad_network(home, Link()) as (link, _, node, desk):
        await desk.plays(DRONE)
        link.cut()
        await desk.sees(f"cue/{DRONE}", "-1")
        link.heal()
        again = len(desk.watch.lines)
        await desk.watch.says(f'status/cue/{DRONE}", "value": 1', since=again)
        await desk.does("stop")
        await node.says(f"says CueResetReport(cue='{DRONE}'")


async def test_f32_a_node_whose_address_changes_is_led_on_and_heard(home: Home) -> None:
    async with open_bad_network(home, Link()) as (link, _, _, desk):
        await desk.plays(DRONE)
        link.readdress(link.hosts[1], "10.77.0.3")
        await desk.does("next", GONG)
        assert "refused" not in await desk.does("go")
        await desk.sees(f"cue/{GONG}", "100")
        await desk.does("stop")
        await desk.sees(f"cue/{DRONE}", "0")
        lost = f'status/node/{home.node}", "value": "lost"'
        assert not [line for line in desk.watch.lines if lost in line]
