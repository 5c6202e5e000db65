from cuems.core.cues import AudioCue, CueId, Media, Region
from cuems.core.timecode import FLICKS_PER_S, FrameRate, from_ms
from cuems.players import AudioProgram
from cuems.players.audio import argv, exit_code, place, ready, volume
from cuems.wire.osc import Osc

PROGRAM = AudioProgram(path="/usr/bin/cuems-audioplayer", args=("-w", "-1"))
CUE = CueId("0e8f9c1a-5f0e-4b5c-9d2e-2f0a4b6c8d10")


def rain(loop: int = 1, offset: int = 0, regions: tuple[Region, ...] = ()) -> AudioCue:
    media = Media(file_name="rain.wav", duration_flicks=10 * FLICKS_PER_S, regions=regions)
    return AudioCue(id=CUE, media=media, loop=loop, offset_flicks=offset, master_volume_percent=40)


def test_the_command_line_is_the_ecosystems() -> None:
    assert argv(PROGRAM, rain(), "/lib/media/rain.wav", 9321) == [
        "/usr/bin/cuems-audioplayer", "-w", "-1", "--port", "9321",
        "--uuid", "0e8f9c1a5f0e4b5c9d2e2f0a4b6c8d10", "/lib/media/rain.wav",
    ]  # fmt: skip


def test_a_configured_latency_is_passed_on() -> None:
    program = AudioProgram(path="player", output_latency_ms=20)
    assert argv(program, rain(), "/a.wav", 9321)[1:3] == ["--output-latency-ms", "20"]


def test_an_armed_player_waits_in_silence_at_the_authored_volume() -> None:
    assert ready(rain()) == (Osc("/mtcfollow", (0,)), Osc("/volmaster", (0.4,)))


def test_the_file_lies_on_the_line_two_frames_after_the_address_that_names_its_start() -> None:
    # The player adds the offset to the address, which is 80 ms behind the line at 25 fps.
    start = from_ms(3_600_000)
    assert place(rain(), start, 0, FrameRate.FPS_25) == Osc("/offset", (-3_599_920.0,))
    assert place(rain(), start, 0, FrameRate.FPS_30) == Osc("/offset", (-3_600_000 + 2000 / 30,))


def test_joining_in_progress_uses_the_same_offset() -> None:
    start = from_ms(5000)
    late = place(rain(), start, from_ms(1234), FrameRate.FPS_25)
    assert late == place(rain(), start, 0, FrameRate.FPS_25)


def test_a_start_position_into_the_media_moves_the_file() -> None:
    assert place(rain(offset=from_ms(700)), 0, 0, FrameRate.FPS_25) == Osc("/offset", (780.0,))


def test_each_loop_lies_where_the_one_before_it_ended() -> None:
    offsets = [place(rain(loop=3), 0, from_ms(ms), FrameRate.FPS_25).args[0] for ms in (0, 10_000)]
    assert offsets == [80.0, -9_920.0]


def test_gain_stays_within_full() -> None:
    assert [volume(gain) for gain in (-1.0, 0.5, 3.0)] == [
        Osc("/volmaster", (gain,)) for gain in (0.0, 0.5, 1.0)
    ]


def test_an_exit_status_is_the_negative_code_it_wraps() -> None:
    assert [exit_code(status) for status in (0, 253, 247)] == [0, -3, -9]


def test_a_player_that_was_killed_has_said_nothing_by_that() -> None:
    assert exit_code(-9) == 0
