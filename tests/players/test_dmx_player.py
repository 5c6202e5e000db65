from cuems.core.cues import NodeId
from cuems.core.timecode import FrameRate, from_ms
from cuems.players.dmx_player import argv, follow, scene_at, scene_now
from cuems.players.equipment import DmxProgram
from cuems.wire.osc import IMMEDIATELY, Osc, OscBundle, encode

LEVELS = {1: {3: 200, 0: 255}, 0: {511: 7}}
FRAMES = (Osc("/frame", (0, 511, 7)), Osc("/frame", (1, 0, 255, 3, 200)))


def test_the_command_line_is_the_ecosystems() -> None:
    program = DmxProgram(path="/usr/bin/cuems-dmxplayer", args=("-x",), output_latency_ms=35)
    assert argv(program, NodeId("n-1"), 9301) == [
        "/usr/bin/cuems-dmxplayer", "-x", "--output-latency-ms", "35",
        "--port", "9301", "--uuid", "n-1",
    ]  # fmt: skip


def test_a_scene_is_one_bundle_frames_first_then_when_then_how_long() -> None:
    scene = scene_at(LEVELS, from_ms(12_345), from_ms(1500), FrameRate.FPS_25)
    times = (Osc("/mtc_time", ("0:0:12.265",)), Osc("/fade_time", (1.5,)))
    assert scene == OscBundle(IMMEDIATELY, (*FRAMES, *times))


def test_a_scene_before_the_start_of_the_line_begins_there() -> None:
    assert scene_at({0: {0: 1}}, 0, 0, FrameRate.FPS_25).elements[1] == Osc(
        "/mtc_time", ("0:0:0.0",)
    )


def test_a_scene_now_says_so() -> None:
    times = (Osc("/mtc_time", ("now",)), Osc("/fade_time", (0.0,)))
    assert scene_now(LEVELS) == OscBundle(IMMEDIATELY, (*FRAMES, *times))


def test_a_full_universe_fits_a_datagram() -> None:
    assert len(encode(scene_now({0: dict.fromkeys(range(512), 255)}))) < 65_000


def test_following_is_an_integer() -> None:
    assert follow(True).args == (1,)
    assert type(follow(False).args[0]) is int
