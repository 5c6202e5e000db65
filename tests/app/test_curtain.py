"""On a real screen: a picture that is armed is not seen, and no black is between two pictures."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from anyio.to_thread import run_sync

from cuems.core.cues import CueId, Media, VideoCue
from cuems.core.effects import Arm, Start, Stop
from cuems.players import PlayerConfig
from cuems.players.curtain import Curtain, closed
from cuems.players.outputs import Machine, Outputs, choose_outputs
from tests.app.test_stage import MPV, House, open_house, wrapper
from tests.media import flicks, write_y4m
from tests.screen import Screen, open_screen

pytestmark = pytest.mark.slow

DARK, LIGHT = CueId("dark"), CueId("light")
BLACK = 0
LUMA = {DARK: 80, LIGHT: 235}
X11 = Machine(x11=True, wayland=False, drm=False, jack=False, sound=False)
OUTPUTS = choose_outputs(PlayerConfig(video_output="x11", audio_output="null"), X11)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with open_screen() as screen:
        monkeypatch.setenv("DISPLAY", screen.name)
        yield screen


def picture(cue: CueId) -> VideoCue:
    return VideoCue(id=cue, media=Media(file_name=f"{cue}.y4m", duration_flicks=flicks(20)))


def start(cue: CueId) -> Start:
    return Start(cue=cue, run_seq=1, start=0, elapsed=0)


def is_of(cue: CueId, grey: int) -> bool:
    return abs(grey - (LUMA[cue] - 16) * 255 / 219) < 8


def outputs_with(curtain: Curtain | None) -> Outputs:
    if curtain is None:
        return OUTPUTS
    return Outputs(OUTPUTS.options, OUTPUTS.note, curtain=curtain)


@asynccontextmanager
async def armed_house(folder: Path, outputs: Outputs) -> AsyncIterator[House]:
    """Both pictures stand by."""
    (folder / "media").mkdir()
    for cue, luma in LUMA.items():
        write_y4m(folder / "media" / f"{cue}.y4m", 500, luma=luma)
    config = PlayerConfig(mpv=wrapper(folder, MPV))
    async with open_house(folder, *map(picture, LUMA), config=config, outputs=outputs) as house:
        for cue in LUMA:
            house.stage.perform(Arm(cue=cue))
        assert {await house.armed(), await house.armed()} == set(LUMA)
        yield house


@pytest.mark.parametrize("curtain", [None, closed("x11")], ids=["beside the screen", "closed"])
async def test_an_armed_picture_is_out_of_sight_until_its_go(
    tmp_path: Path, screen: Screen, curtain: Curtain | None
) -> None:
    async with armed_house(tmp_path, outputs_with(curtain)) as house:
        assert screen.grey() == BLACK
        house.stage.perform(start(DARK))
        assert is_of(DARK, (await run_sync(screen.next_greys, 2))[1])
        house.stage.perform(start(LIGHT))
        before, after = await run_sync(screen.next_greys, 2)
        assert is_of(DARK, before)
        assert is_of(LIGHT, after)
        house.stage.perform(Arm(cue=LIGHT))  # it is wanted again later: out of sight once more
        before, after = await run_sync(screen.next_greys, 2)
        assert is_of(LIGHT, before)
        assert is_of(DARK, after)


async def test_no_black_is_between_a_picture_that_ends_and_the_next(
    tmp_path: Path, screen: Screen
) -> None:
    async with armed_house(tmp_path, OUTPUTS) as house:
        house.stage.perform(start(DARK))
        assert is_of(DARK, (await run_sync(screen.next_greys, 2))[1])
        house.stage.perform(Stop(DARK, over=True))
        house.stage.perform(start(LIGHT))
        before, after = await run_sync(screen.next_greys, 2)
        assert is_of(DARK, before)
        assert is_of(LIGHT, after)
