"""The stage with DMX cues, heard by a real receiver on loopback."""

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import anyio

from cuems.adapters.dmx import DmxUnreachableError
from cuems.adapters.osc_udp import Ports
from cuems.app.lights import Lights
from cuems.app.stage import Stage
from cuems.app.workshop import Workshop
from cuems.core.cues import CueId, DmxChannel, DmxCue, DmxScene, DmxUniverse
from cuems.core.dmx_stream import Packet
from cuems.core.effects import (
    Arm,
    Blackout,
    Disarm,
    Freeze,
    Relocate,
    ShowStopped,
    Start,
    Stop,
    Unfreeze,
)
from cuems.core.events import CueArmed, CueBroken, PlayerEvent
from cuems.core.timecode import FrameRate
from cuems.players import PlayerConfig
from cuems.players.outputs import Outputs
from cuems.wire.dmx_option import DmxOut, DmxProtocol
from tests.fakes.dmx_receiver import DmxReceiver, open_dmx_receiver
from tests.media import flicks

WARM, COLD = CueId("warm"), CueId("cold")


def lights(cue: CueId, *levels: int, fade: float = 0, universe: int = 1) -> DmxCue:
    channels = tuple(DmxChannel(slot, level) for slot, level in enumerate(levels))
    scene = DmxScene(id="s", universes=(DmxUniverse(number=universe, channels=channels),))
    return DmxCue(id=cue, name=cue, scene=scene, fade_in_flicks=flicks(fade))


def start(cue: CueId = WARM, elapsed: float = 0) -> Start:
    return Start(cue=cue, run_seq=1, start=flicks(100), elapsed=flicks(elapsed))


class Rig:
    """A stage, what it reports, and who hears its lights."""

    def __init__(self, stage: Stage, reports: list[PlayerEvent], receiver: DmxReceiver) -> None:
        self.stage = stage
        self.reports = reports
        self.receiver = receiver

    async def reported(self, count: int) -> list[PlayerEvent]:
        while len(self.reports) < count:
            await anyio.wait_all_tasks_blocked()
        return self.reports


@asynccontextmanager
async def open_rig(
    *cues: DmxCue, out: DmxOut | None = None, receiver: DmxReceiver | None = None
) -> AsyncIterator[Rig]:
    reports: list[PlayerEvent] = []

    async def report(event: PlayerEvent) -> None:
        reports.append(event)

    with open_dmx_receiver() as opened, anyio.fail_after(10):
        receiver = receiver or opened
        workshop = Workshop(
            config=PlayerConfig(dmx=out or receiver.out()),
            outputs=Outputs((), ""),
            ports=Ports(19_300, 19_301),
            rate=FrameRate.FPS_25,
        )
        stage = Stage(
            {cue.id: cue for cue in cues},
            Path("/nowhere"),
            workshop,
            report=report,
            say=lambda cue, line: None,
        )
        async with anyio.create_task_group() as tg:
            await tg.start(stage.serve)
            yield Rig(stage, reports, receiver)
            tg.cancel_scope.cancel()


async def test_go_lights_an_armed_cue_and_its_look_holds_when_its_body_is_over() -> None:
    async with open_rig(lights(WARM, 255, 7, fade=1.0)) as rig:
        rig.stage.perform(Arm(cue=WARM))
        assert await rig.reported(1) == [CueArmed(WARM)]
        rig.stage.perform(start())
        await rig.receiver.until(1, 255, 7)
        rig.stage.perform(Stop(WARM, over=True))
        rig.stage.perform(Disarm(WARM))
        for _ in range(4):  # three repeats, and one to keep it alive
            assert (await rig.receiver.packet()).dmxData[:3] == (255, 7, 0)
    rising = [packet.dmxData[0] for packet in rig.receiver.received]
    assert rising == sorted(rising)
    assert len(set(rising)) > 3


async def test_nothing_is_sent_before_something_is_lit() -> None:
    async with open_rig(lights(WARM, 255)) as rig:
        rig.stage.perform(Arm(cue=WARM))
        await rig.reported(1)
        rig.stage.perform(Disarm(WARM))
        await anyio.wait_all_tasks_blocked()
        rig.stage.perform(start())
        assert (await rig.receiver.packet()).dmxData[0] == 255
    assert rig.receiver.received[0].sequence == 0


async def test_stop_sends_everything_dark_and_ends_the_streams() -> None:
    async with open_rig(lights(WARM, 255), lights(COLD, 9, universe=2)) as rig:
        rig.stage.perform(start(WARM))
        rig.stage.perform(start(COLD))
        await rig.receiver.until(2, 9)
        rig.stage.perform(Stop(WARM))
        rig.stage.perform(ShowStopped())
        for universe in (1, 2):
            await rig.receiver.until(universe, 0)
        for universe in (1, 2, 1, 2, 1, 2):
            packet = await rig.receiver.until(universe, 0, terminated=True)
            assert set(packet.dmxData) == {0}
    for universe in (1, 2):
        heard = [packet for packet in rig.receiver.received if packet.universe == universe]
        numbers = [packet.sequence for packet in heard]
        assert all(after == before + 1 for before, after in pairwise(numbers))
        assert {(packet.priority, packet.dmxStartCode) for packet in heard} == {(100, 0)}


async def test_a_panic_fades_to_dark_and_stays_there_until_the_show_stops() -> None:
    async with open_rig(lights(WARM, 200), lights(COLD, 100)) as rig:
        rig.stage.perform(start(WARM))
        await rig.receiver.until(1, 200)
        rig.stage.perform(Blackout(flicks(0.3)))
        await rig.receiver.until(1, 0)
        falling = [packet.dmxData[0] for packet in rig.receiver.received]
        assert falling == sorted(falling, reverse=True)
        assert len(set(falling)) > 4
        rig.stage.perform(ShowStopped())
        await rig.receiver.until(1, 0, terminated=True)
        rig.stage.perform(start(COLD))
        await rig.receiver.until(1, 100)


async def test_leaving_the_show_sends_everything_dark_and_ends_the_streams() -> None:
    with open_dmx_receiver() as receiver, anyio.fail_after(10):
        async with open_rig(lights(WARM, 255), receiver=receiver) as rig:
            rig.stage.perform(start())
            await receiver.until(1, 255)
        await receiver.until(1, 0)
        for _ in range(3):
            await receiver.until(1, 0, terminated=True)


async def test_the_last_cue_takes_over_and_gives_back_when_it_is_stopped() -> None:
    async with open_rig(lights(WARM, 200, 100), lights(COLD, 10)) as rig:
        rig.stage.perform(start(WARM))
        rig.stage.perform(start(COLD))
        await rig.receiver.until(1, 10, 100)
        rig.stage.perform(Stop(COLD))
        await rig.receiver.until(1, 200, 100)


async def test_a_late_go_joins_the_fade_where_it_is_by_now() -> None:
    async with open_rig(lights(WARM, 200, fade=1000)) as rig:
        rig.stage.perform(start(elapsed=500))
        assert (await rig.receiver.packet()).dmxData[0] == 100


async def test_a_frozen_fade_holds_a_locate_moves_it_and_it_goes_on() -> None:
    async with open_rig(lights(WARM, 200, fade=1000)) as rig:
        rig.stage.perform(start(elapsed=250))
        rig.stage.perform(Freeze(WARM))
        await rig.receiver.until(1, 50)
        rig.stage.perform(Relocate(cue=WARM, start=0, elapsed=flicks(750)))
        await rig.receiver.until(1, 150)
        rig.stage.perform(Unfreeze(cue=WARM, start=0, elapsed=flicks(1000)))
        await rig.receiver.until(1, 200)


async def test_a_cue_whose_universe_does_not_exist_fails_and_others_do_not() -> None:
    async with open_rig(lights(WARM, 1, universe=0), lights(COLD, 1)) as rig:
        rig.stage.perform(Arm(cue=WARM))
        rig.stage.perform(start(WARM))
        rig.stage.perform(Arm(cue=COLD))
        broken, armed = await rig.reported(2)
        assert isinstance(broken, CueBroken)
        assert broken.reason.startswith("warm: universe 0: sacn has universes 1 to 63999; ")
        assert armed == CueArmed(COLD)


async def test_a_network_that_is_not_there_fails_the_cue_when_it_is_armed() -> None:
    with open_dmx_receiver() as receiver:
        out = replace(receiver.out(bind="127.0.0.1"), destinations=(("203.0.113.9", 5568),))
        async with open_rig(lights(WARM, 1), out=out) as rig:
            rig.stage.perform(Arm(cue=WARM))
            (broken,) = await rig.reported(1)
            assert isinstance(broken, CueBroken)
            assert broken.reason.startswith("sacn to 203.0.113.9:5568: ")


class Network:
    """A network that can be lost."""

    def __init__(self, out: DmxOut) -> None:
        self.lost = False
        self._lost_error = DmxUnreachableError(out, ("10.0.0.5", 5568), "cable out")

    def prove(self, universes: Iterable[int]) -> None:
        pass

    def send(self, packets: Iterable[Packet]) -> None:
        if self.lost:
            raise self._lost_error


async def test_a_network_that_is_lost_in_the_show_is_told_once_and_so_is_its_return() -> None:
    out = DmxOut(protocol=DmxProtocol.SACN, cid=bytes(16))
    network = Network(out)
    reported, reports = anyio.create_memory_object_stream[PlayerEvent](10)
    stage = Lights(out, reported.send, lambda _: nullcontext(network))
    warm = lights(WARM, 200, fade=1000)
    async with reported, reports, anyio.create_task_group() as tg:
        with anyio.fail_after(10):
            await tg.start(stage.serve)
            stage.perform(Arm(cue=WARM), warm, 0)
            assert await reports.receive() == CueArmed(WARM)
            stage.perform(start(), warm, time.monotonic_ns())
            network.lost = True
            reason = "sacn to 10.0.0.5:5568: cable out; check the network and --dmx"
            assert await reports.receive() == CueBroken(WARM, reason)
            network.lost = False
            assert await reports.receive() == CueArmed(WARM)
        tg.cancel_scope.cancel()
