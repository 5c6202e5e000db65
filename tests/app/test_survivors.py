"""Players left over by another engine: real ones, on a null output."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from cuems.adapters.mpv import open_mpv
from cuems.adapters.osc_udp import Ports
from cuems.adapters.player_records import new_endpoint, open_adopted, write_record
from cuems.app.mpv_players import open_survivors
from cuems.app.stage import Stage
from cuems.app.survivors import Survivors
from cuems.app.workshop import Workshop
from cuems.core.cues import AudioCue, CueId, Media
from cuems.core.effects import Start, Stop
from cuems.core.events import PlayerEvent
from cuems.core.timecode import FrameRate
from cuems.players import PlayerConfig
from cuems.players.outputs import Outputs
from tests.media import flicks, write_wav

pytestmark = pytest.mark.slow

RAIN = CueId("rain")
CUE = AudioCue(id=RAIN, name="rain", media=Media(file_name="r.wav", duration_flicks=flicks(60)))
OPTIONS = [
    "--no-config",
    "--no-terminal",
    "--idle=yes",
    "--vo=null",
    "--ao=null",
    "--keep-open=yes",
]


@pytest.fixture
def media(tmp_path: Path) -> Path:
    (tmp_path / "media").mkdir()
    return write_wav(tmp_path / "media" / "r.wav", 60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "players"


@asynccontextmanager
async def open_player(folder: Path, media: Path, *more: str) -> AsyncIterator[int]:
    """A player as another engine would have left it: it listens, is noted, and is at work."""
    endpoint = await anyio.to_thread.run_sync(new_endpoint, folder)
    command = ["mpv", *OPTIONS, *more, f"--input-ipc-server={endpoint}", str(media)]
    process = await anyio.open_process(command, start_new_session=True)
    try:
        while not await anyio.Path(endpoint).exists():  # noqa: ASYNC110
            await anyio.sleep(0.02)
        record = await anyio.to_thread.run_sync(
            write_record, RAIN, "rain", media, process.pid, endpoint
        )
        async with open_adopted(record) as adopted:
            assert adopted is not None
            async with open_mpv(await adopted.connect(), name="r", on_line=print) as mpv:
                while not str(await mpv.command("expand-text", "${=audio-pts:}")):  # noqa: ASYNC110
                    await anyio.sleep(0.02)
        yield process.pid
    finally:
        with anyio.CancelScope(shield=True):
            if process.returncode is None:
                process.kill()
            await process.aclose()


def is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@asynccontextmanager
async def left_over(folder: Path, media: Path, *more: str) -> AsyncIterator[tuple[int, Survivors]]:
    """A player of the engine before, and who finds it."""
    survivors = Survivors(folder)
    with anyio.fail_after(30):
        async with open_player(folder, media, *more) as pid, survivors.open():
            yield pid, survivors


def workshop_of(survivors: Survivors) -> Workshop:
    """One that could start no player of its own."""
    return Workshop(
        config=PlayerConfig(mpv="there-is-no-other"),
        outputs=Outputs(("--vo=null", "--ao=null"), ""),
        ports=Ports(9190, 9998),
        rate=FrameRate.FPS_25,
        survivors=survivors,
    )


async def test_what_sounds_goes_on_until_it_is_ended(folder: Path, media: Path) -> None:
    async with left_over(folder, media) as (pid, survivors):
        assert survivors.names == ["rain"]
        assert is_alive(pid)
        await survivors.end()
        assert survivors.names == []
        assert not is_alive(pid)
    assert [path async for path in anyio.Path(folder).iterdir()] == []


async def test_a_player_that_only_stood_armed_is_ended_at_once(folder: Path, media: Path) -> None:
    async with left_over(folder, media, "--pause") as (pid, survivors):
        assert survivors.names == []
        assert not is_alive(pid)


async def test_of_two_players_of_one_sound_one_is_taken_over_and_the_other_ended(
    folder: Path, media: Path
) -> None:
    async with open_player(folder, media) as other, left_over(folder, media) as (one, survivors):
        adopted = survivors.take(RAIN)
        assert len(adopted) == 2
        async with open_survivors(CUE, adopted, workshop_of(survivors), print):
            assert sum(map(is_alive, (one, other))) == 1
        assert not any(map(is_alive, (one, other)))


async def test_a_cue_that_is_to_play_where_its_player_does_takes_it_over_untouched(
    tmp_path: Path, folder: Path, media: Path
) -> None:
    lines: list[str] = []
    reported, reports = anyio.create_memory_object_stream[PlayerEvent](10)
    async with (
        left_over(folder, media) as (pid, survivors),
        reported,
        reports,
        anyio.create_task_group() as tg,
    ):
        stage = Stage(
            {RAIN: CUE},
            tmp_path,
            workshop_of(survivors),
            report=reported.send,
            say=lambda _, line: lines.append(line),
        )
        await tg.start(stage.serve)
        stage.perform(Start(cue=RAIN, run_seq=1, start=0, elapsed=flicks(0.2)))
        await anyio.wait_all_tasks_blocked()
        assert survivors.names == []
        assert is_alive(pid)
        stage.perform(Stop(RAIN))
        while is_alive(pid):  # noqa: ASYNC110
            await anyio.sleep(0.02)
        tg.cancel_scope.cancel()
    assert lines == []
