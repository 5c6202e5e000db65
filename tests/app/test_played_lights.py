"""Lights by cuems-dmxplayer: what its stand-in, a process, is told."""

import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from cuems.adapters.osc_udp import Ports, open_osc_sender
from cuems.app.played_lights import PlayedLights
from cuems.app.resident import Resident
from cuems.core.cues import CueId, DmxChannel, DmxCue, DmxScene, DmxUniverse
from cuems.core.effects import Arm, CueEffect, Freeze, Relocate, Start, Stop, Unfreeze
from cuems.core.events import CueArmed, CueBroken, PlayerEvent
from cuems.core.timecode import FrameRate
from cuems.players import dmx_player
from cuems.wire.osc import Osc
from tests.fakes.dmx_player import DmxPlayer
from tests.fakes.osc_player import opened
from tests.media import flicks

WARM, COLD = CueId("warm"), CueId("cold")
REMEDY = "install it"
LIT = "/mtcfollow ,i 1\n/frame ,iii 0 0 200\n/mtc_time ,s now\n/fade_time ,f 0.0\n"
LOOK_S = 0.02


def lights(cue: CueId, *levels: int, fade: float = 0, universe: int = 0) -> DmxCue:
    channels = tuple(DmxChannel(slot, level) for slot, level in enumerate(levels))
    scene = DmxScene(id="s", universes=(DmxUniverse(number=universe, channels=channels),))
    return DmxCue(id=cue, name=cue, scene=scene, fade_in_flicks=flicks(fade))


class Rig:
    """Lights whose player is in this process."""

    def __init__(self, stage: PlayedLights, fake: DmxPlayer, reports: list[PlayerEvent]) -> None:
        self.stage = stage
        self.fake = fake
        self.reports = reports

    def ask(self, effect: CueEffect, cue: DmxCue) -> None:
        self.stage.perform(effect, cue, time.monotonic_ns())

    async def scenes(self, count: int) -> list[tuple[dict[int, dict[int, int]], str, float]]:
        """The scenes so far, once there are that many."""
        with anyio.fail_after(10):
            while len(self.fake.scenes) < count:
                await self.fake.hear()
        return self.fake.scenes


def start(elapsed: float = 0) -> Start:
    return Start(cue=WARM, run_seq=1, start=flicks(100), elapsed=flicks(elapsed))


@asynccontextmanager
async def open_rig() -> AsyncIterator[Rig]:
    fake = DmxPlayer()
    reports: list[PlayerEvent] = []

    async def report(event: PlayerEvent) -> None:
        reports.append(event)

    player = Resident(
        "dmxplayer", lambda port: [], probe=Osc("/check"), remedy=REMEDY, greeting=tuple
    )
    player.problem = ""
    with opened(fake), open_osc_sender(fake.port) as sender, anyio.fail_after(20):
        lit = PlayedLights(player, FrameRate.FPS_25, report)
        async with anyio.create_task_group() as tg:
            tg.start_soon(player.outlet.serve, sender)
            await tg.start(lit.serve)
            yield Rig(lit, fake, reports)
            tg.cancel_scope.cancel()
    assert fake.refused == []


async def test_a_scene_begins_on_its_place_of_the_line_and_fades_by_the_player() -> None:
    async with open_rig() as rig:
        cue = lights(WARM, 200, 9, fade=1.5, universe=3)
        rig.ask(Arm(cue=WARM), cue)
        rig.ask(start(), cue)
        assert await rig.scenes(1) == [({3: {0: 200, 1: 9}}, "0:0:99.92", 1.5)]
        assert rig.fake.state["following"]
        rig.ask(Stop(WARM, over=True), cue)
        assert len(await rig.scenes(1)) == 1  # it holds
        assert rig.reports == [CueArmed(WARM)]


async def test_a_late_scene_is_where_it_would_be_and_goes_on_from_there() -> None:
    async with open_rig() as rig:
        rig.ask(start(elapsed=500), lights(WARM, 200, fade=1000))
        (now, at, fade), (target, _, left) = await rig.scenes(2)
        assert (now, at, fade) == ({0: {0: 100}}, "now", 0.0)
        assert target == {0: {0: 200}}
        assert left == pytest.approx(500, abs=1)


async def test_a_look_that_is_taken_away_gives_its_channels_back_or_to_the_dark() -> None:
    async with open_rig() as rig:
        rig.ask(start(), lights(WARM, 200, 100))
        cold = lights(COLD, 10, 20, 30)
        rig.ask(start(), cold)
        rig.ask(Stop(COLD), cold)
        *_, (levels, at, fade) = await rig.scenes(3)
        assert (levels, at, fade) == ({0: {0: 200, 1: 100, 2: 0}}, "now", 0.0)


async def test_a_held_fade_stands_moves_and_goes_on_but_only_where_it_has_the_channels() -> None:
    async with open_rig() as rig:
        warm = lights(WARM, 200, 200, fade=1000)
        rig.ask(start(elapsed=250), warm)
        rig.ask(start(), lights(COLD, 10))
        rig.ask(Freeze(WARM), warm)
        rig.ask(Relocate(cue=WARM, start=0, elapsed=flicks(500)), warm)
        rig.ask(Unfreeze(cue=WARM, start=0, elapsed=flicks(750)), warm)
        frozen, moved, on, rest = (await rig.scenes(7))[3:]
        assert frozen[0] == {0: {1: 50}}
        assert moved[0] == {0: {1: 100}}
        assert on[0] == {0: {1: 150}}
        assert rest[0] == {0: {1: 200}}
        assert rest[2] == pytest.approx(250, abs=1)


async def test_a_panic_fades_all_that_is_lit_and_a_stop_is_dark() -> None:
    async with open_rig() as rig:
        rig.ask(start(), lights(WARM, 200))
        rig.ask(start(), lights(COLD, 10, universe=2))
        rig.stage.fade_out(flicks(2), time.monotonic_ns())
        assert (await rig.scenes(3))[-1] == ({0: {0: 0}, 2: {0: 0}}, "now", 2.0)
        rig.stage.black_out()
        await rig.fake.until("/blackout")
        assert not rig.fake.state["following"]
        assert rig.fake.state["levels"] == {}


async def test_a_scene_that_sets_nothing_fails_its_cue() -> None:
    async with open_rig() as rig:
        rig.ask(start(), lights(WARM))
        await anyio.wait_all_tasks_blocked()
        (broken,) = rig.reports
        assert isinstance(broken, CueBroken)
        assert broken.reason == "warm: its scene sets no channel; give it one in the editor"


@pytest.mark.slow
async def test_a_player_that_dies_is_told_and_its_successor_shows_what_is_on(
    tmp_path: Path,
) -> None:
    path = tmp_path / "dmxplayer"
    path.write_text(
        f"#!/bin/sh\nexport FAKE_LOG={tmp_path}\nexec {sys.executable} -m tests.fakes.dmx_player"
        ' "$@"\n'
    )
    path.chmod(0o755)
    reported, reports = anyio.create_memory_object_stream[PlayerEvent](10)
    player = Resident(
        "dmxplayer",
        lambda port: [str(path), "--port", str(port), "--uuid", "n"],
        probe=Osc("/check"),
        remedy=REMEDY,
        greeting=lambda: (dmx_player.follow(False), dmx_player.DARK),
        farewell=(dmx_player.follow(False), dmx_player.DARK),
    )
    cue = lights(WARM, 200)
    lines: list[str] = []
    with anyio.fail_after(30):
        async with reported, reports, anyio.create_task_group() as tg:
            stage = PlayedLights(player, FrameRate.FPS_25, reported.send)
            await tg.start(stage.serve)
            tg.start_soon(player.serve, Ports(19_400, 19_499), lines.append)
            stage.perform(Arm(cue=WARM), cue, 0)
            assert await reports.receive() == CueArmed(WARM)
            stage.perform(start(), cue, time.monotonic_ns())
            player.outlet.send(dmx_player.QUIT)
            broken = await reports.receive()
            assert isinstance(broken, CueBroken)
            assert "dmxplayer ended with exit status 0" in broken.reason
            assert await reports.receive() == CueArmed(WARM)
            while not (heard := tmp_path / "dmxplayer.log").read_text().endswith(LIT):  # noqa: ASYNC110
                await anyio.sleep(LOOK_S)  # a file tells nobody of its news
            tg.cancel_scope.cancel()
    assert heard.read_text().endswith("/mtcfollow ,i 0\n/blackout ,\n")
    assert any("dmxplayer ended with exit status 0; install it" in line for line in lines)
