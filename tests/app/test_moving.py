"""Fades handed over to cuems-gradient-motiond: a real stand-in at a port of loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio

from cuems.app.moving import Moving
from cuems.app.resident import Service
from cuems.core.cues import CueId, Curve
from cuems.core.fades import Fade
from cuems.core.timecode import FrameRate, from_ms
from cuems.players import gradient
from tests.fakes.motions import Motions
from tests.fakes.osc_player import opened

CUE = CueId("c")
DOWN = Fade(origin=1.0, target=0.0, start=from_ms(5000), duration=from_ms(2000), curve=Curve.LINEAR)


@asynccontextmanager
async def open_moving() -> AsyncIterator[tuple[Moving, Motions]]:
    """One cue, whose level is at two addresses of port 9400."""
    fake = Motions(node="n")
    with opened(fake), anyio.fail_after(10):
        service = Service("motiond", fake.port, gradient.cancel_all("n"), "start it")
        moving = Moving(service, "n", FrameRate.FPS_25)
        async with anyio.create_task_group() as tg:
            tg.start_soon(service.serve)
            service.outlet.send(gradient.cancel_all("n"))
            await fake.until("/gradient/cancel_all")
            with moving.enter(CUE, [(9400, "/a"), (9400, "/b")]):
                yield moving, fake
            tg.cancel_scope.cancel()
    assert fake.refused == []


async def test_a_fade_is_handed_over_once_and_its_end_is_set_by_hand() -> None:
    async with open_moving() as (moving, fake):
        steps = [moving.step(CUE, value, DOWN, 1.0) for value in (1.0, 0.9, 0.5)]
        assert steps == [True, True, True]
        await fake.until("/gradient/start_fade", "c_1")
        assert [one["path"] for one in fake.state.values()] == ["/a", "/b"]
        assert not moving.step(CUE, 0.0, DOWN, 1.0)
        assert len([m for m in fake.received if m.address == "/gradient/start_fade"]) == 2


async def test_a_fade_that_takes_over_is_handed_over_again() -> None:
    async with open_moving() as (moving, fake):
        moving.step(CUE, 1.0, DOWN, 1.0)
        moving.step(CUE, 0.9, replace(DOWN, origin=0.9, target=0.5), 1.0)
        await fake.until("/gradient/start_fade", "c_1", "n", "127.0.0.1", 9400, "/b")
        moving.step(CUE, 0.8, replace(DOWN, origin=0.9, target=0.5), 0.5)  # the master moved
        for _ in range(2):
            await fake.until("/gradient/start_fade", "c_1")
        assert fake.state["c_1"]["end"] == 0.25


async def test_what_stands_is_cancelled_and_a_level_for_good_is_not_handed_over() -> None:
    async with open_moving() as (moving, fake):
        moving.step(CUE, 1.0, DOWN, 1.0)
        assert moving.let_go(CUE)
        assert not moving.let_go(CUE)
        assert not moving.step(CUE, 0.3, None, 1.0)
        await fake.until("/gradient/cancel_motion", "c_1")
        assert fake.state == {}


async def test_a_curve_the_service_does_not_know_and_cues_of_other_players_are_ours_to_fade() -> (
    None
):
    async with open_moving() as (moving, fake):
        assert not moving.step(CUE, 0.9, replace(DOWN, curve=Curve.EQUAL_POWER), 1.0)
        assert not moving.step(CueId("other"), 0.9, DOWN, 1.0)
        assert [m.address for m in fake.received] == ["/gradient/cancel_all"]


async def test_where_nobody_listens_all_fades_are_ours() -> None:
    fake = Motions(node="n")
    fake.close()
    service = Service("motiond", fake.port, gradient.cancel_all("n"), "start it")
    moving = Moving(service, "n", FrameRate.FPS_25)
    with moving.enter(CUE, [(9400, "/a")]):
        async with anyio.create_task_group() as tg:
            tg.start_soon(service.serve)
            service.outlet.send(gradient.cancel_all("n"))
            await anyio.wait_all_tasks_blocked()
            assert not moving.step(CUE, 0.9, DOWN, 1.0)
            tg.cancel_scope.cancel()
