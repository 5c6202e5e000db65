"""A show on a machine of the ecosystem: what each of its players hears, from load to STOP."""

import re
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import anyio
import pytest
from websockets.asyncio.client import connect

from cuems.core.cues import (
    AnyCue,
    AudioCue,
    AudioOutput,
    CueId,
    CueList,
    DmxChannel,
    DmxCue,
    DmxScene,
    DmxUniverse,
    FadeCue,
    Media,
    PostGo,
    Show,
    VideoCue,
    VideoOutput,
)
from cuems.core.timecode import from_ms
from cuems.wire.osc import Int64, Osc, OscArgument, encode
from cuems.wire.show_xml import write_show
from tests.e2e.ecosystem import NODE, Ecosystem, open_ecosystem
from tests.e2e.rig import PATIENCE_S, open_operator, open_program
from tests.media import flicks, write_wav, write_y4m

pytestmark = pytest.mark.slow

WRITTEN = "2026-01-01T00:00:00"
RAIN, SKY, WARM, DIM = (CueId(str(uuid4())) for _ in range(4))
RUN = ("run", "--role", "controller", "--load", "show", "--config")


def cues() -> tuple[AnyCue, ...]:
    """Sound, picture on two screens and lights at once; then a fade of the sound."""
    universe = DmxUniverse(number=0, channels=(DmxChannel(3, 200), DmxChannel(7, 10)))
    return (
        AudioCue(
            id=RAIN,
            name="rain",
            media=Media(file_name="rain.wav", duration_flicks=flicks(20)),
            outputs=(AudioOutput(output_name=f"{NODE}_0"),),
            master_volume_percent=80,
            post_go=PostGo.GO,
        ),
        VideoCue(
            id=SKY,
            name="sky",
            media=Media(file_name="sky.y4m", duration_flicks=flicks(20)),
            outputs=tuple(VideoOutput(output_name=f"{NODE}_{one}") for one in (0, 1)),
            post_go=PostGo.GO,
        ),
        DmxCue(
            id=WARM,
            name="warm",
            scene=DmxScene(id=str(uuid4()), universes=(universe,)),
            fade_in_flicks=from_ms(1500),
        ),
        FadeCue(
            id=DIM,
            name="dim",
            action_target=RAIN,
            target_percent=20,
            duration_flicks=from_ms(600),
        ),
    )


def write(rig: Ecosystem, *contents: AnyCue) -> None:
    listing = CueList(id=CueId(str(uuid4())), name="all", contents=contents)
    show = Show(id=str(uuid4()), name="show", created=WRITTEN, modified=WRITTEN, cue_list=listing)
    folder = rig.home.library / "projects" / "show"
    folder.mkdir(parents=True)
    (folder / "script.xml").write_bytes(write_show(show))
    write_wav(rig.home.library / "media" / "rain.wav", 20)
    write_y4m(rig.home.library / "media" / "sky.y4m", 500)


def shape(line: str) -> str:
    """A line without what depends on when GO was pressed."""
    return re.sub(r"(?<=/offset ,[fi] )\S+|(?<=0:0:)\S+", "…", line)


def layered(rig: Ecosystem) -> list[str]:
    """What the composer heard, the layers by number and the offsets left out."""
    told = []
    for message in rig.composer.received:
        address = message.address.removeprefix("/videocomposer/").replace(f"layer/{SKY}_", "")
        args = [str(arg).removeprefix(f"{SKY}_").rpartition("/")[2] for arg in message.args]
        told.append(f"{address} {' '.join(args)}".strip())
    return [re.sub(r"(?<=offset )\S+", "…", line) for line in told if line != "check"]


async def surface(rig: Ecosystem, *messages: Osc) -> None:
    """A page of the ecosystem, which sets faders."""
    async with connect(f"ws://{rig.home.control}/realtime", compression=None) as page:
        for message in messages:
            await page.send(encode(message))


def fader(path: str, *args: OscArgument) -> Osc:
    return Osc(f"/{NODE}/{path}", args)


async def test_a_show_from_load_to_stop_as_its_players_hear_it(tmp_path: Path) -> None:
    with open_ecosystem(tmp_path) as rig, anyio.fail_after(2 * PATIENCE_S):
        write(rig, *cues())
        rain = f"audioplayer-{RAIN.replace('-', '')}"
        async with open_program(rig.home, *RUN, str(rig.config)) as program:
            await program.says("ready: control surface")
            await program.says("--mtc internal sends none: they stand still")
            async with open_operator(rig.home) as operator:
                await operator.sees("armed", "yes")
                assert await operator.ask("go") == "ok"
                await rig.hears(rain, "/mtcfollow ,i 1")
                await rig.hears("dmxplayer", "/fade_time ,f 1.5")
                await rig.composer.until(f"/videocomposer/layer/{SKY}_1/visible", 1)
                await operator.sees("nextcue", DIM)
                while "too soon" in await operator.ask("go"):
                    pass
                await rig.motions.until("/gradient/start_fade")
                motion = rig.motions.received[-1]
                await rig.hears(rain, "/volmaster ,f 0.20000000298023224")
                await surface(
                    rig,
                    fader("audio/mixer/0/master/volume", 1),
                    fader("audio/mixer/0/1/volume", 0.5),
                    fader(f"audio/cue/{RAIN}/0/volume", 0.25),
                    fader("video/mixer/0/4/corner4", 3, -4.5),
                    fader(f"video/0/videocomposer/layer/{SKY}_0/scale", 1, 0.5),
                    fader("dmx/mixer/frame", 2, 1, 255),
                )
                await rig.hears("mixer", "/audiomixer/0_mixer/1 ,f 0.5")
                await rig.hears("dmxplayer", "/frame ,iii 2 1 255")
                await rig.composer.until("/videocomposer/master/corner4", 3.0, -4.5)
                await rig.composer.until(f"/videocomposer/layer/{SKY}_0/scale", 1.0, 0.5)
                await rig.hears(rain, "/vol0 ,f 0.25")
                before = len(layered(rig))
                assert await operator.ask("stop") == "ok"
                await rig.hears("dmxplayer", "/mtcfollow ,i 0", "/blackout ,")
                await rig.composer.until("/videocomposer/layer/unload", f"{SKY}_1")
                await rig.motions.until("/gradient/cancel_all", NODE)
                await operator.sees("armed", "yes")
        assert await program.ends() == 0

    sound = [shape(line) for line in rig.heard(rain) if not line.startswith("/check")]
    first = sound.index("/offset ,f …")
    assert sound[first - 2 : first + 2] == [
        "/mtcfollow ,i 0", "/volmaster ,f 0.800000011920929", "/offset ,f …", "/mtcfollow ,i 1",
    ]  # fmt: skip
    assert [shape(line) for line in rig.heard("dmxplayer")][:7] == [
        "/check ,", "/mtcfollow ,i 0", "/blackout ,", "/mtcfollow ,i 1",
        "/frame ,iiiii 0 3 200 7 10", "/mtc_time ,s 0:0:…", "/fade_time ,f 1.5",
    ]  # fmt: skip
    assert "/audiomixer/0_mixer/master ,f 1.0" in rig.heard("mixer")
    assert layered(rig)[: layered(rig).index("1/visible 1") + 1] == [
        "reset",
        "layer/load sky.y4m 0",
        "0/visible 0", "0/autounload 1", "0/position -960 0", "0/scale 0.014814814552664757 0.0148"
        "14814552664757",
        "layer/load_shared sky.y4m 1 0",
        "1/visible 0", "1/autounload 1", "1/position 960 0", "1/scale 0.014814814552664757 0.0148"
        "14814552664757",
        "0/position -960 0", "0/scale 0.014814814552664757 0.014814814552664757", "0/offset …",
        "0/mtcfollow 1",
        "1/position 960 0", "1/scale 0.014814814552664757 0.014814814552664757", "1/offset …",
        "1/mtcfollow 1",
        "0/visible 1", "1/visible 1",
    ]  # fmt: skip
    stopped = [m for m in layered(rig)[before:] if "unload" in m or "visible 0" in m][:4]
    assert stopped == [
        "0/visible 0", "layer/unload 0", "1/visible 0", "layer/unload 1",
    ]  # fmt: skip
    assert motion.args[:2] == (f"{RAIN}_0", NODE)
    assert motion.args[4:7] == ("/volmaster", 0.800000011920929, 0.20000000298023224)
    assert isinstance(motion.args[7], Int64)
    assert motion.args[8:] == (600, "linear", "{}")
    refused = [*rig.composer.refused, *rig.motions.refused]
    assert refused == []
    assert not any(
        "REFUSED" in line for log in ("mixer", "dmxplayer", rain) for line in rig.heard(log)
    )


async def test_what_is_missing_fails_its_own_cue_and_says_what_helps(tmp_path: Path) -> None:
    with open_ecosystem(tmp_path) as rig, anyio.fail_after(2 * PATIENCE_S):
        rain, sky, warm, _ = cues()
        assert isinstance(sky, VideoCue)
        lost = replace(sky, id=CueId(str(uuid4())), outputs=(VideoOutput(output_name=f"{NODE}_7"),))
        write(rig, rain, sky, lost, warm)
        (rig.home.folder / "audioplayer").chmod(0o644)
        (rig.home.folder / "dmxplayer").write_text("#!/bin/sh\nexit 247\n")
        rig.composer.close()
        async with open_program(rig.home, *RUN, str(rig.config)) as program:
            await program.says("ready: control surface")
            async with open_operator(rig.home) as operator:
                for cue in (RAIN, SKY, lost.id, WARM):
                    await operator.sees(f"cue/{cue}", -1)
                told = [f"/engine/status/cue_reason/{one}" for one in (RAIN, SKY, lost.id, WARM)]
                await operator.until(lambda: all(operator.state.get(at) for at in told))
                reasons = {CueId(at.rpartition("/")[2]): str(operator.state[at]) for at in told}
    assert "audioplayer: no such program, or not executable; install" in reasons[RAIN]
    assert "nobody listens at UDP port" in reasons[SKY]
    assert "start cuems-videocomposer.service" in reasons[SKY]
    assert "its output 7 is not among this node's video outputs (0, 1) in" in reasons[lost.id]
    assert "dmxplayer: it could not take its OSC port; install cuems-dmxplayer" in reasons[WARM]
