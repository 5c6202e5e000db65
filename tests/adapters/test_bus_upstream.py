"""F30: our bus with upstream's controller and node at the other end, as interop.md 3 has them."""

from collections.abc import Sequence

import anyio

from cuems.adapters.bus import NngBus, open_bus_dialer, open_bus_listener
from cuems.core import bus
from cuems.core.bus import BusMessage, Envelope, Peers
from cuems.core.cues import Action, CueId, NodeId
from cuems.core.effects import Outcome
from cuems.core.events import Go, Intervene, Pause, Resume, SetEnabled
from cuems.core.line import Line
from cuems.core.reports import (
    ActionOutcomeReport,
    ArmedReport,
    ChaseReport,
    ClockProbe,
    CueEnabledReport,
    CueEndedReport,
    CueFailedReport,
    CueProgressReport,
    CueResetReport,
    CueStartedReport,
    DeployReport,
    GoRefusedReport,
    Hello,
    LoadFailedReport,
    NextCueReport,
    PlayerAdded,
    PlayerRemoved,
    Pong,
)
from cuems.core.runs import Word
from cuems.core.timecode import FLICKS_PER_MS
from cuems.wire.bus import decode, encode
from tests.fakes.legacy_controller import open_legacy_controller
from tests.fakes.legacy_node import open_legacy_node

CONTROLLER = NodeId("0f7d0a52-5c0e-4d4f-9d0e-6b1b5c1f0001")
NODE = NodeId("0f7d0a52-5c0e-4d4f-9d0e-6b1b5c1f0002")
ONE = CueId("7c9e6679-7425-40de-944b-e07fc1f90001")
TWO = CueId("7c9e6679-7425-40de-944b-e07fc1f90002")


async def say(to: NngBus, sender: NodeId, *messages: BusMessage) -> None:
    for message in messages:
        await to.send(encode(sender, message))


async def hear(bus_end: NngBus, sender: NodeId, expected: Sequence[BusMessage]) -> None:
    heard = [decode(await bus_end.receive()) for _ in expected]
    assert heard == [Envelope(sender, message) for message in expected]


async def test_f30_an_upstream_node_plays_our_show() -> None:
    with anyio.fail_after(20):
        async with (
            open_bus_listener("tcp://127.0.0.1:0") as ours,
            open_legacy_node(ours.url, NODE, {"show": [ONE, TWO]}) as node,
        ):
            await ours.peers_changed()
            await say(ours, CONTROLLER, bus.PingCommand(), bus.LoadCommand(project="show"))
            armed: list[BusMessage] = [
                PlayerAdded(f"audioplayer_{ONE}"),
                PlayerAdded(f"audioplayer_{TWO}"),
                ArmedReport(armed=True),
                NextCueReport(ONE),
            ]
            await hear(ours, NODE, [Pong(), *armed])

            node.state.mtc_ms = 5320.0
            await say(ours, CONTROLLER, Go(run_seq=1, cue=ONE, at=0))
            await hear(
                ours,
                NODE,
                [NextCueReport(TWO), CueStartedReport(ONE, 5320 * FLICKS_PER_MS)],
            )

            await say(ours, CONTROLLER, bus.PanicCommand(1))
            ended: list[BusMessage] = [
                CueEndedReport(ONE),
                PlayerRemoved(f"audioplayer_{ONE}"),
            ]
            await hear(ours, NODE, [*ended, *armed])


async def test_f30_an_upstream_node_survives_everything_only_we_say() -> None:
    level = f"/{NODE}/audio/mixer/0/master/volume"
    with anyio.fail_after(20):
        async with (
            open_bus_listener("tcp://127.0.0.1:0") as ours,
            open_legacy_node(ours.url, NODE, {"show": [ONE, TWO]}) as node,
        ):
            await ours.peers_changed()
            await say(
                ours,
                CONTROLLER,
                Pause(),
                Resume(),
                Intervene(run_seq=1, cue=ONE, word=Word.STOP, at=0),
                bus.UnloadCommand(3),
                bus.LineReport(Line(0, 0, True), 0),
                bus.ClockReply(node=NODE, sent_ns=0, received_ns=1, replied_ns=2),
                SetEnabled(TWO, False),
                bus.PlayerControlCommand(level, (0.5,)),
                bus.PlayerControlCommand(level.replace(NODE, CONTROLLER), (0.1,)),
                bus.PingCommand(),
            )
            await hear(ours, NODE, [Pong()])
    assert node.dropped == []
    assert node.state.unhandled == ["pause", "resume", "stop_cue"]
    assert node.state.enabled == {TWO: False}
    assert node.state.controls == [(level, 0.5)]


async def test_f30_an_upstream_controller_runs_our_node() -> None:
    with anyio.fail_after(20):
        async with (
            open_legacy_controller(CONTROLLER, [NODE]) as (controller, url),
            open_bus_dialer(url) as ours,
            anyio.create_task_group() as tg,
        ):
            assert await ours.peers_changed() == Peers(1, 1)
            await say(ours, NODE, Hello(boot="1", version="0"))
            await controller.until(lambda: controller.state.unknown == ["hello"])
            tg.start_soon(controller.load, "show", [ONE, TWO])
            await hear(ours, CONTROLLER, [bus.PingCommand()])
            await say(ours, NODE, Pong())
            await hear(ours, CONTROLLER, [bus.LoadCommand(project="show")])

            await say(ours, CONTROLLER, ArmedReport(armed=True))
            await say(ours, NODE, ArmedReport(armed=False, waiting_for=(ONE,)))
            await controller.until(lambda: "not_armed" in controller.state.unknown)
            assert not controller.state.armed
            await say(ours, NODE, ArmedReport(armed=True))
            await controller.until(lambda: controller.state.armed)

            await controller.go()
            await hear(ours, CONTROLLER, [bus.GoStandbyCommand()])
            await say(
                ours,
                NODE,
                NextCueReport(TWO),
                CueStartedReport(ONE, 40 * FLICKS_PER_MS),
                CueProgressReport(ONE, 50),
                CueEnabledReport(TWO, False),
            )
            await controller.until(lambda: TWO in controller.state.enabled)
            assert controller.state.next_cue == TWO
            assert controller.state.starts == {ONE: "40.0"}
            assert controller.state.cues == {ONE: 50, TWO: 0}

            await controller.stop()
            await hear(ours, CONTROLLER, [bus.StopCommand()])


async def test_f30_an_upstream_controller_survives_everything_only_we_say() -> None:
    with anyio.fail_after(20):
        async with (
            open_legacy_controller(CONTROLLER, [NODE]) as (controller, url),
            open_bus_dialer(url) as ours,
        ):
            await ours.peers_changed()
            await say(
                ours,
                NODE,
                LoadFailedReport(project="show", reason="no script.xml"),
                DeployReport(40, "rain.wav"),
                CueFailedReport(ONE, "no media"),
                CueResetReport(ONE),
                GoRefusedReport(1, "too late"),
                ChaseReport("locked"),
                ClockProbe(1),
                ActionOutcomeReport(
                    cue=ONE, outcome=Outcome.APPLIED, action=Action.STOP, target=TWO
                ),
                Pong(),
            )
            await controller.until(lambda: NODE in controller.state.alive)
    assert controller.dropped == []
    assert controller.state.unknown[-1] == "action_cue_outcome"
    assert len(controller.state.unknown) == 8
