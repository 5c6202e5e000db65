"""The players that outlive shows: a mixer that is killed, services that listen or do not."""

import os
import signal
import sys
from pathlib import Path

import anyio
import pytest

from cuems.adapters.osc_udp import Ports
from cuems.app.faders import Faders
from cuems.app.resident import NotReadyError
from cuems.app.residents import Residents
from cuems.core.cues import CueId, NodeId
from cuems.core.timecode import FrameRate
from cuems.players import dmx_player
from cuems.players.equipment import Composer, Equipment, MixerProgram, Motions
from cuems.players.errors import CannotPlayError
from cuems.players.surface import CannotSetError, SetCueVolume, SetFader, setting
from cuems.wire.osc import Osc
from tests.fakes import composer as fakes
from tests.fakes.motions import Motions as MotionsFake
from tests.fakes.osc_player import opened

NODE = NodeId("n")
LOOK_S = 0.02


def residents(equipment: Equipment) -> Residents:
    return Residents(equipment, NODE, (), Ports(19_500, 19_599), FrameRate.FPS_25)


@pytest.mark.slow
async def test_faders_are_where_they_were_when_the_mixer_begins_anew(tmp_path: Path) -> None:
    path, log = tmp_path / "jack-volume", tmp_path / "mixer.log"
    path.write_text(
        f"#!/bin/sh\nexport FAKE_LOG={tmp_path}\necho $$ > {tmp_path}/pid\n"
        f'exec {sys.executable} -m tests.fakes.mixer "$@"\n'
    )
    path.chmod(0o755)
    mine = residents(Equipment(mixer=MixerProgram(path=str(path))))
    assert mine.mixer is not None
    lines: list[str] = []

    async def heard(text: str, times: int) -> None:
        while not log.exists() or log.read_text().count(text) < times:  # noqa: ASYNC110
            await anyio.sleep(LOOK_S)  # a file tells nobody of its news

    with anyio.fail_after(40):
        async with anyio.create_task_group() as tg:
            tg.start_soon(mine.serve, lines.append)
            await mine.mixer.ready()
            Faders(mine).set("audio/mixer/0/0/volume", SetFader("0", 0.25), None)
            await heard("/audiomixer/0_mixer/0 ,f 0.25", 1)
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
            await heard("/audiomixer/0_mixer/0 ,f 0.25", 2)
            mine.begin_show()
            await heard("/audiomixer/0_mixer/0 ,f 0.25", 3)
            tg.cancel_scope.cancel()
    assert any("jack-volume was killed by SIGKILL; install jack-volume" in line for line in lines)


async def test_a_service_that_nobody_is_fails_what_needs_it_with_its_port() -> None:
    fake = fakes.Composer()
    with opened(fake):
        service = residents(Equipment(composer=Composer(port=fake.port))).composer
        assert service is not None
        with anyio.fail_after(10):
            await service.ready()
            assert await fake.until("/videocomposer/check")
    with pytest.raises(CannotPlayError) as caught:
        await service.ready()
    assert str(caught.value).startswith(
        f"cuems-videocomposer: nobody listens at UDP port {fake.port}; start "
    )


async def test_a_service_that_began_anew_does_not_know_what_the_one_before_was_told() -> None:
    fake = fakes.Composer()
    service = residents(Equipment(composer=Composer(port=fake.port))).composer
    assert service is not None
    with anyio.fail_after(20):
        with opened(fake):
            number = await service.run_number()
            async with anyio.create_task_group() as tg:
                tg.start_soon(fake.until, "/videocomposer/check")
                await service.prove(number)
        with pytest.raises(NotReadyError, match="cuems-videocomposer is gone"):
            await service.prove(number)
        fake = fakes.Composer(fake.port)
        with opened(fake):
            async with anyio.create_task_group() as tg:
                tg.start_soon(fake.until, "/videocomposer/check")
                with pytest.raises(NotReadyError, match="has begun anew"):
                    await service.prove(number)


async def test_a_load_begins_clean_but_for_what_was_set_by_hand() -> None:
    composer, motions = fakes.Composer(), MotionsFake(node="stage")
    with opened(composer), opened(motions), anyio.fail_after(10):
        mine = residents(
            Equipment(
                composer=Composer(port=composer.port),
                motions=Motions(port=motions.port, name="stage"),
            )
        )
        async with anyio.create_task_group() as tg:
            tg.start_soon(mine.serve, print)
            scale = Osc("/videocomposer/master/xscale", (0.5,))
            assert mine.tell_composer(scale)
            await composer.until(scale.address)
            mine.begin_show()
            await composer.until(scale.address, 0.5)
            await motions.until("/gradient/cancel_all", "stage")
            tg.cancel_scope.cancel()
    assert [one.address for one in composer.received] == [
        scale.address, "/videocomposer/reset", scale.address,
    ]  # fmt: skip


def test_without_a_mixer_the_master_is_a_factor_and_there_are_no_channels() -> None:
    faders = Faders(None)
    faders.set("audio/mixer/0/master/volume", SetFader("master", 0.5), None)
    assert faders.master == 0.5
    with pytest.raises(CannotSetError, match="expected master: there is no mixer"):
        faders.set("audio/mixer/0/1/volume", SetFader("1", 0.5), None)


@pytest.mark.parametrize(
    ("path", "values", "words"),
    [
        ("video/mixer/0/xscale", (1.0,), "a video composer"),
        ("dmx/mixer/blackout", (), "a DMX player"),
        ("audio/cue/c/master/volume", (1.0,), "a sound cue that is armed or plays"),
    ],
)
def test_what_nobody_takes_says_what_would_be_needed(
    path: str, values: tuple[float, ...], words: str
) -> None:
    with pytest.raises(CannotSetError, match=words):
        Faders(None).set(path, setting(path, values), None)


def test_a_setting_for_one_cue_is_for_that_cue() -> None:
    assert setting("audio/cue/c/1/volume", (0.5,)) == SetCueVolume(CueId("c"), "1", 0.5)
    assert Osc("/blackout") == dmx_player.DARK
