"""The stage with real players on null outputs, and with stand-ins that misbehave."""

import os
import re
import shlex
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from cuems.adapters.osc_udp import Ports
from cuems.app.performer import Line, unknown_line
from cuems.app.stage import Stage
from cuems.app.workshop import Workshop
from cuems.core.cues import (
    AnyCue,
    AudioCue,
    AudioOutput,
    CueId,
    DmxCue,
    DmxScene,
    Media,
    NodeId,
    VideoCue,
)
from cuems.core.effects import (
    Arm,
    Disarm,
    Freeze,
    Parameter,
    Relocate,
    SetLevel,
    Start,
    Stop,
    Unfreeze,
)
from cuems.core.events import CueArmed, CueBroken, PlayerEvent
from cuems.core.timecode import FrameRate, from_ns
from cuems.players import AudioProgram, PlayerConfig
from cuems.players.outputs import Outputs
from tests.build import NODE
from tests.fakes.lines import JsonLines
from tests.media import flicks, write_wav, write_y4m

pytestmark = pytest.mark.slow

RAIN, SKY = CueId("rain"), CueId("sky")
OUTPUTS = Outputs(("--vo=null", "--ao=null"), "")


def audio(name: str = "rain.wav", duration: float = 20, loop: int = 1) -> AudioCue:
    media = Media(file_name=name, duration_flicks=flicks(duration))
    return AudioCue(id=RAIN, name="rain", media=media, loop=loop)


def picture() -> VideoCue:
    return VideoCue(id=SKY, media=Media(file_name="sky.y4m", duration_flicks=flicks(20)))


def start(elapsed: float = 0, cue: CueId = RAIN) -> Start:
    return Start(cue=cue, run_seq=1, start=flicks(100), elapsed=flicks(elapsed))


class Witness(JsonLines):
    """What one player says of itself, on a second control connection."""

    async def until(self, name: str, test: str, value: object) -> object:
        """Wait until a property is (`is`) or exceeds (`>`) a value."""
        self.send(command=["observe_property", 1, name])  # so that something is said while it plays
        while True:
            self.send(command=["get_property", name], request_id=1)
            data = await self._answer()
            if _is_near(data, value) if test == "is" else _exceeds(data, value):
                self.send(command=["unobserve_property", 1])
                return data
            await self.receive()

    async def _answer(self) -> object:
        while (message := await self.receive()).get("request_id") != 1:
            pass
        return message.get("data")


def _is_near(data: object, value: object) -> bool:
    if isinstance(data, float) and isinstance(value, int | float):
        return abs(data - value) < 0.02
    return data == value


def _exceeds(data: object, value: object) -> bool:
    return isinstance(data, int | float) and isinstance(value, int | float) and data > value


class House:
    """A stage with its library, its reports and its log."""

    def __init__(
        self,
        folder: Path,
        cues: Iterable[AnyCue],
        config: PlayerConfig,
        line: Line = unknown_line,
        outputs: Outputs = OUTPUTS,
    ) -> None:
        self.folder = folder
        self.reported, self.reports = anyio.create_memory_object_stream[PlayerEvent](100)
        self.lines: list[str] = []
        self._line = anyio.Event()
        workshop = Workshop(
            config=config,
            outputs=outputs,
            ports=Ports(config.first_port, config.last_port),
            rate=FrameRate.FPS_25,
        )
        self.stage = Stage(
            {cue.id: cue for cue in cues},
            folder,
            workshop,
            report=self.reported.send,
            say=self._say,
            line=line,
        )

    def _say(self, cue: CueId, line: str) -> None:
        self.lines.append(line)
        self._line.set()

    async def said(self, words: str) -> str:
        """Wait for a line with certain words."""
        while True:
            for line in self.lines:
                if words in line:
                    return line
            self._line = anyio.Event()
            await self._line.wait()

    async def armed(self) -> CueId:
        """Wait for the next report, which has to be good news."""
        report = await self.reports.receive()
        assert isinstance(report, CueArmed), report
        return report.cue

    async def broken(self) -> str:
        """Wait for the next report, which has to be bad news."""
        report = await self.reports.receive()
        assert isinstance(report, CueBroken), report
        return report.reason

    def pids(self) -> list[int]:
        """The process ids of all players so far, in order."""
        return [int(line) for line in (self.folder / "pids").read_text().split()]

    @contextmanager
    def witness(self) -> Iterator[Witness]:
        """A second control connection to the newest mpv."""
        with socket.socket(socket.AF_UNIX) as connected:
            connected.connect(str(self.folder / f"{self.pids()[-1]}.sock"))
            yield Witness(connected)


def wrapper(folder: Path, command: str) -> str:
    """A program that notes its process id and becomes `command`, told $D, our folder."""
    path = folder / "player"
    path.write_text(f"#!/bin/sh\nD={shlex.quote(str(folder))}\necho $$ >> $D/pids\n{command}\n")
    path.chmod(0o755)
    return str(path)


MPV = 'exec mpv "$@" --input-ipc-server=$D/$$.sock'


@asynccontextmanager
async def open_house(
    folder: Path,
    *cues: AnyCue,
    command: str = MPV,
    config: PlayerConfig | None = None,
    line: Line = unknown_line,
    outputs: Outputs = OUTPUTS,
) -> AsyncIterator[House]:
    (folder / "media").mkdir(exist_ok=True)
    write_wav(folder / "media" / "rain.wav", 20)
    write_y4m(folder / "media" / "sky.y4m", 500)
    config = config or PlayerConfig(mpv=wrapper(folder, command))
    house = House(folder, cues, config, line, outputs)
    with anyio.fail_after(20):
        async with house.reported, house.reports, anyio.create_task_group() as tg:
            await tg.start(house.stage.serve)
            yield house
            tg.cancel_scope.cancel()


async def test_go_makes_an_armed_cue_play_from_its_first_frame(tmp_path: Path) -> None:
    async with open_house(tmp_path, audio()) as house:
        house.stage.perform(Arm(cue=RAIN))
        assert await house.armed() == RAIN
        with house.witness() as player:
            await player.until("pause", "is", True)
            await player.until("time-pos", "is", 0)
            house.stage.perform(start())
            await player.until("time-pos", ">", 0.1)


async def test_a_picture_is_armed_and_plays(tmp_path: Path) -> None:
    async with open_house(tmp_path, picture()) as house:
        house.stage.perform(Arm(cue=SKY, elapsed=flicks(2)))
        await house.armed()
        with house.witness() as player:
            await player.until("time-pos", "is", 2)
            house.stage.perform(SetLevel(SKY, Parameter.OPACITY, 0.5))
            house.stage.perform(start(2, SKY))
            await player.until("time-pos", ">", 2.1)


async def test_a_late_go_joins_in_progress(tmp_path: Path) -> None:
    async with open_house(tmp_path, audio()) as house:
        house.stage.perform(Arm(cue=RAIN))
        await house.armed()
        house.stage.perform(start(5))
        with house.witness() as player:
            await player.until("time-pos", ">", 5)


async def test_a_cue_that_was_not_armed_plays_all_the_same(tmp_path: Path) -> None:
    async with open_house(tmp_path, audio()) as house:
        house.stage.perform(start(3))
        assert await house.armed() == RAIN
        with house.witness() as player:
            await player.until("time-pos", ">", 3)


async def test_freeze_holds_relocate_moves_and_unfreeze_goes_on(tmp_path: Path) -> None:
    async with open_house(tmp_path, picture()) as house:
        house.stage.perform(Arm(cue=SKY))
        await house.armed()
        with house.witness() as player:
            house.stage.perform(start(0, SKY))
            await player.until("time-pos", ">", 0)
            house.stage.perform(Freeze(SKY))
            await player.until("pause", "is", True)
            house.stage.perform(Relocate(cue=SKY, start=0, elapsed=flicks(8)))
            await player.until("time-pos", "is", 8)
            house.stage.perform(Unfreeze(cue=SKY, start=0, elapsed=flicks(8)))
            await player.until("time-pos", ">", 8.1)
            house.stage.perform(Relocate(cue=SKY, start=0, elapsed=flicks(1)))
            await player.until("time-pos", ">", 1)


async def test_a_cue_that_played_can_be_armed_again_where_it_stands(tmp_path: Path) -> None:
    async with open_house(tmp_path, audio()) as house:
        house.stage.perform(start())
        await house.armed()
        with house.witness() as player:
            await player.until("time-pos", ">", 0.2)
            house.stage.perform(Arm(cue=RAIN, elapsed=flicks(8)))
            assert await house.armed() == RAIN
            await player.until("pause", "is", True)
            house.stage.perform(start(8))
            await player.until("time-pos", ">", 8)


async def test_of_many_locates_only_the_last_needs_doing(tmp_path: Path) -> None:
    async with open_house(tmp_path, audio()) as house:
        house.stage.perform(Arm(cue=RAIN))
        await house.armed()
        for second in range(1000):
            house.stage.perform(Arm(cue=RAIN, elapsed=flicks(second % 16 + 0.5)))
        await house.armed()
        with house.witness() as player:
            await player.until("time-pos", "is", 7.5)


async def test_a_playing_cue_is_sped_up_on_a_faster_line_and_sought_on_one_that_jumps(
    tmp_path: Path,
) -> None:
    begun_ns = time.monotonic_ns()
    jumped = 0

    def line(now_ns: int) -> int:
        return from_ns((now_ns - begun_ns) * 1005 // 1000) + flicks(jumped)

    async with open_house(tmp_path, audio(), line=line) as house:
        house.stage.perform(Arm(cue=RAIN))
        await house.armed()
        with house.witness() as player:
            position = line(time.monotonic_ns())
            house.stage.perform(Start(cue=RAIN, run_seq=1, start=position, elapsed=0))
            await player.until("speed", ">", 1.001)
            jumped = 8
            await player.until("time-pos", ">", 8)


async def test_a_fade_reaches_the_players_volume(tmp_path: Path) -> None:
    async with open_house(tmp_path, audio()) as house:
        house.stage.perform(Arm(cue=RAIN))
        await house.armed()
        house.stage.perform(SetLevel(RAIN, Parameter.VOLUME, 0.125))
        with house.witness() as player:
            await player.until("volume", "is", 50)


async def test_the_master_fader_scales_what_plays_and_what_is_armed_later(tmp_path: Path) -> None:
    async with open_house(tmp_path, audio()) as house:
        house.stage.set_master(0.125)
        house.stage.perform(Arm(cue=RAIN))
        await house.armed()
        with house.witness() as player:
            await player.until("volume", "is", 50)
            house.stage.perform(SetLevel(RAIN, Parameter.VOLUME, 0.5))
            house.stage.set_master(0.25)
            await player.until("volume", "is", 50)
            house.stage.set_master(2.0)
            await player.until("volume", "is", 100)


async def test_stop_ends_the_player_and_a_new_arm_starts_another(tmp_path: Path) -> None:
    async with open_house(tmp_path, audio()) as house:
        house.stage.perform(Arm(cue=RAIN))
        await house.armed()
        house.stage.perform(start())
        handle = os.pidfd_open(house.pids()[0])
        house.stage.perform(Stop(RAIN))
        with anyio.fail_after(2):
            await anyio.wait_readable(handle)
        os.close(handle)
        house.stage.perform(Arm(cue=RAIN))
        assert await house.armed() == RAIN
        assert len(house.pids()) == 2


async def test_stop_does_not_wait_for_a_player_that_hangs(tmp_path: Path) -> None:
    async with open_house(tmp_path, audio()) as house:
        house.stage.perform(Arm(cue=RAIN))
        await house.armed()
        pid = house.pids()[0]
        os.kill(pid, signal.SIGSTOP)
        handle = os.pidfd_open(pid)
        house.stage.perform(start())
        house.stage.perform(Disarm(RAIN))
        with anyio.fail_after(2):
            await anyio.wait_readable(handle)
        os.close(handle)


async def test_stop_before_the_player_is_ready_leaves_nothing_behind(tmp_path: Path) -> None:
    async with open_house(tmp_path, audio()) as house:
        for _ in range(5):
            house.stage.perform(Arm(cue=RAIN))
            await anyio.lowlevel.checkpoint()
            house.stage.perform(Stop(RAIN))
        house.stage.perform(Arm(cue=RAIN))
        assert await house.armed() == RAIN
        assert house.reports.statistics().current_buffer_used == 0


async def test_a_killed_player_is_replaced_where_it_should_be_by_now(tmp_path: Path) -> None:
    async with open_house(tmp_path, audio()) as house:
        house.stage.perform(Arm(cue=RAIN))
        await house.armed()
        house.stage.perform(start(5))
        with house.witness() as player:
            await player.until("time-pos", ">", 5)
        os.kill(house.pids()[0], signal.SIGKILL)
        assert await house.said("killed by SIGKILL") == (
            "player was killed by SIGKILL; it is started again"
        )
        said = re.fullmatch(r"joined again at (\S+) s, \S+ s lost", await house.said(" s lost"))
        assert said is not None
        assert float(said[1]) >= 5
        with house.witness() as player:
            await player.until("time-pos", ">", 5)
        assert house.reports.statistics().current_buffer_used == 0


async def test_a_file_removed_after_it_was_armed_plays_until_its_player_has_to_open_it_again(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, audio()) as house:
        house.stage.perform(Arm(cue=RAIN))
        await house.armed()
        (tmp_path / "media" / "rain.wav").unlink()
        house.stage.perform(start())
        with house.witness() as player:
            await player.until("time-pos", ">", 0.1)
        os.kill(house.pids()[0], signal.SIGKILL)
        reason = await house.broken()
        assert "rain.wav: no such media file" in reason
        assert "deploy again" in reason


async def test_a_player_killed_while_armed_is_armed_again(tmp_path: Path) -> None:
    async with open_house(tmp_path, audio()) as house:
        house.stage.perform(Arm(cue=RAIN, elapsed=flicks(2)))
        await house.armed()
        os.kill(house.pids()[0], signal.SIGKILL)
        await house.said("ready again")
        house.stage.perform(start(2))
        with house.witness() as player:
            await player.until("time-pos", ">", 2)
        assert len(house.pids()) == 2


async def test_players_that_hang_while_they_stand_by_are_armed_again(tmp_path: Path) -> None:
    for folder in ("mpv", "audio"):
        (tmp_path / folder).mkdir()
    command = f'exec {sys.executable} -m tests.fakes.audioplayer "$@"'
    config = PlayerConfig(
        mpv=wrapper(tmp_path / "mpv", MPV),
        audio_program=AudioProgram(path=wrapper(tmp_path / "audio", command)),
        first_port=19_280,
        last_port=19_289,
    )
    async with open_house(tmp_path, audio(), picture(), config=config) as house:
        for cue in (RAIN, SKY):
            house.stage.perform(Arm(cue=cue))
            assert await house.armed() == cue
        for folder in ("mpv", "audio"):
            os.kill(int((tmp_path / folder / "pids").read_text()), signal.SIGSTOP)
        await house.said("UDP port 19280 took nothing for 2 s; it is started again")
        await house.said("mpv did not answer")
        while sum(line.startswith("ready again after") for line in house.lines) < 2:
            await anyio.lowlevel.checkpoint()
            await anyio.sleep(0.02)
        house.stage.perform(start())
        await house.said("/mtcfollow 1")


async def test_a_player_that_keeps_dying_breaks_its_cue(tmp_path: Path) -> None:
    command = f"{MPV} & sleep 1.5; kill -9 $!"
    async with open_house(tmp_path, audio(), command=command) as house:
        house.stage.perform(Arm(cue=RAIN))
        await house.armed()
        assert await house.broken() == "player ended with exit status 0"
        assert len(house.pids()) == 4


async def test_other_cues_play_on_when_one_player_dies(tmp_path: Path) -> None:
    other = AudioCue(id=SKY, media=audio().media)
    async with open_house(tmp_path, audio(), other) as house:
        house.stage.perform(Arm(cue=SKY))
        await house.armed()
        house.stage.perform(start(0, SKY))
        with house.witness() as player:
            house.stage.perform(Arm(cue=RAIN))
            await house.armed()
            os.kill(house.pids()[1], signal.SIGKILL)
            await house.said("started again")
            await player.until("time-pos", ">", 0.5)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("text.wav", b"hello", "text.wav: mpv does not know its format; is it a sound file?"),
        ("empty.wav", b"", "empty.wav: it is empty; copy it there, or deploy again"),
        ("gone.wav", None, "gone.wav: no such media file; copy it there, or deploy again"),
        ("../rain.wav", None, "../rain.wav: a media file is named without folders"),
        ("sky.y4m", None, "sky.y4m: mpv found no sound in it; check the file"),
    ],
)
async def test_a_file_that_cannot_be_played_says_which_and_why(
    name: str, content: bytes | None, reason: str, tmp_path: Path
) -> None:
    async with open_house(tmp_path, audio(name)) as house:
        if content is not None:
            (tmp_path / "media" / name).write_bytes(content)
        house.stage.perform(Arm(cue=RAIN))
        assert (await house.broken()).endswith(reason)


async def test_a_file_that_is_over_long_before_its_cue_is_a_broken_cue(tmp_path: Path) -> None:
    async with open_house(tmp_path, audio("short.wav")) as house:
        write_wav(tmp_path / "media" / "short.wav", 0.05)
        house.stage.perform(Arm(cue=RAIN))
        assert await house.armed() == RAIN
        house.stage.perform(start())
        reason = await house.broken()
        assert "short.wav: it is over 19." in reason
        assert "s before its cue; look at the file" in reason


async def test_an_output_that_is_not_mapped_breaks_its_cue(tmp_path: Path) -> None:
    cellar = replace(audio(), outputs=(AudioOutput(output_name=f"{NODE}_cellar"),))
    config = PlayerConfig(mpv=wrapper(tmp_path, MPV), node=NodeId(NODE), audio_outputs=())
    async with open_house(tmp_path, cellar, config=config) as house:
        house.stage.perform(Arm(cue=RAIN))
        assert "audio output 'cellar' is not in this node's mappings: none" in await house.broken()


async def test_a_start_beyond_the_end_of_the_file_is_no_start(tmp_path: Path) -> None:
    async with open_house(tmp_path, audio(duration=90)) as house:
        house.stage.perform(Arm(cue=RAIN, elapsed=flicks(60)))
        reason = await house.broken()
        assert "rain.wav: it is to start at 60 s but lasts only 20.0" in reason


async def test_a_missing_player_names_the_remedy(tmp_path: Path) -> None:
    config = PlayerConfig(mpv="no-such-mpv")
    async with open_house(tmp_path, audio(), config=config) as house:
        house.stage.perform(Arm(cue=RAIN))
        assert await house.broken() == (
            "rain.wav: no-such-mpv: no such program, or not executable; "
            "install mpv: apt install mpv"
        )


async def test_a_player_that_gives_up_at_once_says_its_last_words(tmp_path: Path) -> None:
    async with open_house(tmp_path, audio(), command="echo no licence; exit 1") as house:
        house.stage.perform(Arm(cue=RAIN))
        assert await house.broken() == ("player ended with exit status 1; it last said: no licence")
        assert len(house.pids()) == 1


async def test_a_player_that_floods_its_output_plays_undisturbed(tmp_path: Path) -> None:
    command = f"yes 'all work and no play' | head -c 100000000 &\n{MPV}"
    async with open_house(tmp_path, audio(), command=command) as house:
        house.stage.perform(start())
        await house.armed()
        with house.witness() as player:
            await player.until("time-pos", ">", 0.1)
        await house.said("more lines)")


async def test_lights_fail_honestly(tmp_path: Path) -> None:
    lights = DmxCue(id=RAIN, name="warm", scene=DmxScene(id="1"))
    async with open_house(tmp_path, lights) as house:
        house.stage.perform(Arm(cue=RAIN))
        assert await house.broken() == (
            "warm: no DMX output; start cuems with --dmx sacn or --dmx artnet"
        )


async def test_a_new_arm_after_a_failure_tries_again(tmp_path: Path) -> None:
    async with open_house(tmp_path, audio("late.wav")) as house:
        house.stage.perform(Arm(cue=RAIN))
        await house.broken()
        write_wav(tmp_path / "media" / "late.wav", 1)
        house.stage.perform(Arm(cue=RAIN))
        assert await house.armed() == RAIN


def audio_config(folder: Path, first_port: int = 19_200) -> PlayerConfig:
    command = f'exec {sys.executable} -m tests.fakes.audioplayer "$@"'
    program = AudioProgram(path=wrapper(folder, command), args=("-w", "-1"))
    return PlayerConfig(audio_program=program, first_port=first_port, last_port=first_port + 9)


async def test_a_configured_audio_player_is_driven_by_osc(tmp_path: Path) -> None:
    async with open_house(tmp_path, audio(), config=audio_config(tmp_path)) as house:
        house.stage.perform(Arm(cue=RAIN))
        assert await house.armed() == RAIN
        house.stage.perform(start())
        await house.said("/mtcfollow 1")
        house.stage.perform(SetLevel(RAIN, Parameter.VOLUME, 0.5))
        await house.said("/volmaster 0.5")
        house.stage.perform(Freeze(RAIN))
        while house.lines[-1] != "/mtcfollow 0":
            await house.said("/mtcfollow 0")
            await anyio.lowlevel.checkpoint()
    told = [line for line in house.lines if line.strip() not in ("/mtcfollow 0", "/check")]
    assert told == ["/volmaster 1.0", "/offset -99920.0", "/mtcfollow 1", "/volmaster 0.5"]


async def test_a_looping_audio_player_is_told_each_loop_where_it_lies(tmp_path: Path) -> None:
    cue = audio(duration=0.2, loop=3)
    async with open_house(tmp_path, cue, config=audio_config(tmp_path, 19_220)) as house:
        house.stage.perform(Arm(cue=RAIN))
        await house.armed()
        house.stage.perform(start())
        for offset in ("-99920.0", "-100120.0", "-100320.0"):
            await house.said(f"/offset {offset}")


async def test_an_audio_player_that_cannot_read_its_file_is_never_armed(tmp_path: Path) -> None:
    cue = audio("sky.y4m")
    async with open_house(tmp_path, cue, config=audio_config(tmp_path, 19_240)) as house:
        house.stage.perform(Arm(cue=RAIN))
        assert (await house.broken()).endswith("sky.y4m: player: it cannot read the file")


async def test_a_stolen_port_is_replaced_by_the_next(tmp_path: Path) -> None:
    command = f"""
if [ ! -e $D/once ]; then touch $D/once; exit 247; fi
exec {sys.executable} -m tests.fakes.audioplayer "$@"
"""
    program = AudioProgram(path=wrapper(tmp_path, command))
    config = PlayerConfig(audio_program=program, first_port=19_260, last_port=19_269)
    async with open_house(tmp_path, audio(), config=config) as house:
        house.stage.perform(Arm(cue=RAIN))
        assert await house.armed() == RAIN
        assert "UDP port 19260 was taken by another program; it is started again" in house.lines
