"""The pure part, and what a real mpv makes of it: every sample that should sound, in order."""

import json
import re
import shutil
import socket
import struct
import subprocess
from pathlib import Path

import pytest

from cuems.core.body import body_flicks, media_position
from cuems.core.cues import AudioCue, CueId, Media, Region, VideoCue
from cuems.core.effects import Parameter
from cuems.core.timecode import FLICKS_PER_S, from_ms
from cuems.players.errors import CannotPlayError
from cuems.players.mpv import (
    WRITTEN_OUT_STRETCHES,
    ahead_s,
    argv,
    check_armed,
    client_name,
    jack_options,
    level,
    load,
    may_begin,
    pause,
    seek,
    source,
    why_not,
)
from tests.media import RATE_HZ, flicks, write_wav, write_y4m

CUE = CueId("c")
FLICKS_PER_SAMPLE = FLICKS_PER_S // RATE_HZ
RAMP = 30_000


def audio(
    *regions: tuple[float, float, int], duration: float = 2, loop: int = 1, offset: float = 0
) -> AudioCue:
    """An audio cue; a region is (in s, out s, loop)."""
    media = Media(
        file_name="ramp.wav",
        duration_flicks=flicks(duration),
        regions=tuple(
            Region(id=number, loop=times, in_flicks=flicks(start), out_flicks=flicks(end))
            for number, (start, end, times) in enumerate(regions)
        ),
    )
    return AudioCue(id=CUE, media=media, loop=loop, offset_flicks=flicks(offset))


def test_a_plain_cue_is_the_file_from_its_offset() -> None:
    plain = source(audio(offset=0.5), "/m/a.wav")
    assert load(plain, flicks(0.25)) == ("loadfile", "/m/a.wav", "replace", "start=0.750000000")


def test_loops_are_written_out_on_one_time_line_that_is_the_body() -> None:
    looped = source(audio(loop=2, offset=0.5), "/m/ü.wav")
    assert looped.url == "edl://!no_chapters;" + ";".join(
        ["%9%/m/ü.wav,0.500000000,1.500000000"] * 2
    )
    assert seek(looped, flicks(2)) == ("seek", 2.0, "absolute+exact")


def test_an_offset_is_cut_from_the_head_of_the_regions() -> None:
    cue = audio((0.1, 0.2, 3), (1, 1.5, 1), offset=0.25)
    assert source(cue, "a").url.split(";")[1:] == [
        "%1%a,0.150000000,0.050000000",
        "%1%a,1.000000000,0.500000000",
    ]


def test_an_endless_loop_starts_over_after_what_is_written_out() -> None:
    endless = source(audio(loop=0), "a")
    assert endless.options == ("loop-file=inf",)
    written = WRITTEN_OUT_STRETCHES * flicks(2)
    assert [endless.position(at) for at in (5, written, written + 7)] == [5, 0, 7]


def test_an_endless_region_starts_over_without_what_comes_before_it() -> None:
    endless = source(audio((0, 0.5, 1), (1, 1.5, 0), (0, 2, 1)), "a")
    assert endless.options == ("ab-loop-a=0.500000000", "ab-loop-b=500.500000000")
    assert endless.position(flicks(500.75)) == flicks(0.75)


def test_more_loops_than_can_be_written_out_start_over_at_a_whole_loop() -> None:
    many = source(audio((0, 0.5, 3), (1, 1.5, 1), loop=10_000), "a")
    assert many.options == ("loop-file=inf",)
    assert many.cycle == WRITTEN_OUT_STRETCHES // 4 * flicks(2)


def test_more_loops_in_one_iteration_than_can_be_written_out_are_refused() -> None:
    with pytest.raises(CannotPlayError, match="over 1000 loops in its regions"):
        source(audio((0, 0.5, 1001)), "a")


def test_a_file_of_unknown_length_is_looped_by_mpv() -> None:
    assert source(audio(duration=0, loop=3), "a").options == ("loop-file=2",)
    assert source(audio(duration=0, loop=0), "a").options == ("loop-file=inf",)


def test_sound_needs_no_window_and_a_picture_no_sound() -> None:
    picture = VideoCue(id=CUE, media=None)
    assert "--vid=no" in argv("mpv", audio(), ["--ao=jack"], 7)
    assert "--aid=no" in argv("mpv", picture, ["--vo=gpu"], 7)
    assert argv("mpv", audio(), ["--ao=jack"], 7)[-2:] == ["--ao=jack", "--input-ipc-client=fd://7"]


def test_gain_becomes_mpvs_cubic_volume() -> None:
    gains = [level(Parameter.VOLUME, gain)[-1] for gain in (0, 0.125, 0.5, 1, 2)]
    assert gains == [0, 50, 79.3701, 100, 100]


def test_opacity_is_a_black_shade_over_the_picture() -> None:
    half = level(Parameter.OPACITY, 0.5)
    assert half[:3] == ("osd-overlay", 1, "ass-events")
    assert r"\1a&H80&" in str(half[3])
    assert level(Parameter.OPACITY, 1) == ("osd-overlay", 1, "none", "")


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("2.0|2.0|null||yes", "it is to start at 3 s but lasts only 2.0 s"),
        ("3.0|9.0|||no", "mpv has no sound output"),
        ("4.0|9.0|null||no", "mpv stands at 4.0 s, not at 3 s"),
        ("|9.0|null||no", "mpv stands at no s, not at 3 s"),
    ],
)
def test_a_cue_that_is_not_ready_says_why(state: str, reason: str) -> None:
    cue = audio(offset=3)
    with pytest.raises(CannotPlayError, match=reason):
        check_armed(cue, "/m/a.wav", source(cue, "/m/a.wav"), 0, state)


def test_a_cue_that_stands_at_its_first_frame_with_an_output_is_armed() -> None:
    cue = audio(offset=3)
    check_armed(cue, "a", source(cue, "a"), 0, "3.02|9.0|null||no")


def test_reasons_name_the_file_and_the_remedy() -> None:
    assert [
        str(why_not(audio(), "/m/a.wav", error, logged))
        for error, logged in (
            ("no audio or video data played", ["cplayer: No video or audio streams selected."]),
            ("no audio or video data played", ["ao: no device"]),
            ("unrecognized file format", []),
            ("", []),
        )
    ] == [
        "/m/a.wav: mpv found no sound in it; check the file",
        "/m/a.wav: mpv: no audio or video data played (ao: no device)",
        "/m/a.wav: mpv does not know its format; is it a sound file?",
        "/m/a.wav: mpv: it ended while it was to play",
    ]


def rendered(cue: AudioCue, path: Path, elapsed: float = 0, seconds: float = 60) -> list[int]:
    """The samples mpv plays of a cue, as fast as it can."""
    what = source(cue, str(path))
    out = path.with_suffix(".raw")
    start = str(load(what, flicks(elapsed))[-1]).split(",")
    raw = ["--ao=pcm", "--ao-pcm-waveheader=no", f"--ao-pcm-file={out}", "--audio-format=s16"]
    command = ["mpv", "--no-config", "--no-terminal", "--vid=no", "--hr-seek=yes", *raw]
    options = [f"--{option}" for option in start]
    length = f"--length={seconds:.9f}"
    subprocess.run(
        [*command, "--audio-channels=mono", *options, length, what.url], check=True, timeout=20
    )
    data = out.read_bytes()
    return list(struct.unpack(f"<{len(data) // 2}h", data))


def rendered_forever(cue: AudioCue, path: Path, samples: int) -> list[int]:
    """The first samples of what has no end."""
    what = source(cue, str(path))
    options = [f"--{option}" for option in str(load(what, 0)[-1]).split(",")]
    raw = ["--ao=pcm", "--ao-pcm-waveheader=no", "--ao-pcm-file=/dev/stdout", "--audio-format=s16"]
    command = ["mpv", "--no-config", "--no-terminal", "--vid=no", "--hr-seek=yes", *raw]
    with subprocess.Popen(
        [*command, "--audio-channels=mono", *options, what.url], stdout=subprocess.PIPE
    ) as mpv:
        assert mpv.stdout is not None
        data = mpv.stdout.read(2 * samples)
        mpv.kill()
    return list(struct.unpack(f"<{samples}h", data))


def due(cue: AudioCue, elapsed: float, samples: int) -> list[int]:
    first = flicks(elapsed)
    return [
        media_position(cue, first + number * FLICKS_PER_SAMPLE) // FLICKS_PER_SAMPLE % RAMP
        for number in range(samples)
    ]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("mpv") is None, reason="needs mpv")
@pytest.mark.parametrize(
    ("cue", "elapsed"),
    [
        (audio(), 0),
        (audio(offset=0.5), 0.25),
        (audio(loop=3), 0),
        (audio((0.1, 0.35, 2), (1, 1.25, 1), loop=2, offset=0.3), 0),
        (audio((0.1, 0.35, 2), (1, 1.25, 1), loop=2), 0.6),
    ],
    ids=["plain", "offset", "loop", "regions", "join"],
)
def test_mpv_plays_every_sample_of_the_body_without_a_gap(
    cue: AudioCue, elapsed: float, tmp_path: Path
) -> None:
    ramp = [number % RAMP for number in range(2 * RATE_HZ)]
    heard = rendered(cue, write_wav(tmp_path / "ramp.wav", samples=ramp), elapsed)
    whole = body_flicks(cue)
    assert whole is not None
    expected = due(cue, elapsed, (whole - flicks(elapsed)) // FLICKS_PER_SAMPLE)
    # An EDL rounds a join to a sample either way, so up to one sample per join is early or late.
    joins = 8
    assert abs(len(heard) - len(expected)) <= joins
    wrong = [n for n, (a, b) in enumerate(zip(heard, expected, strict=False)) if distance(a, b) > 2]
    assert len(wrong) <= joins


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("mpv") is None, reason="needs mpv")
@pytest.mark.parametrize(
    "cue",
    [audio((0.5, 0.51, 1), loop=-1), audio((0, 0.25, 1), (0.5, 0.51, 0))],
    ids=["cue", "region"],
)
def test_mpv_starts_over_after_all_that_was_written_out(cue: AudioCue, tmp_path: Path) -> None:
    ramp = [number % RAMP for number in range(RATE_HZ)]
    samples = round(10.5 * RATE_HZ)
    heard = rendered_forever(cue, write_wav(tmp_path / "ramp.wav", samples=ramp), samples)
    body = heard[round(0.25 * RATE_HZ) :]
    assert min(body) >= RATE_HZ // 2 - 1
    assert max(body) <= round(0.51 * RATE_HZ)


def distance(a: int, b: int) -> int:
    return min((a - b) % RAMP, (b - a) % RAMP)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("mpv") is None, reason="needs mpv")
def test_mpv_halves_the_samples_at_half_gain(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "loud.wav", samples=[20_000] * 4800)
    volume = level(Parameter.VOLUME, 0.5)[-1]
    out = tmp_path / "out.raw"
    raw = ["--ao=pcm", "--ao-pcm-waveheader=no", f"--ao-pcm-file={out}", "--audio-format=s16"]
    subprocess.run(
        ["mpv", "--no-config", "--no-terminal", *raw, f"--volume={volume}", str(path)],
        check=True,
        timeout=20,
    )
    samples = struct.unpack("<h", out.read_bytes()[4000:4002])
    assert samples[0] == pytest.approx(10_000, abs=5)


@pytest.mark.slow
@pytest.mark.parametrize("percent", [100, 50, 25, 0])
def test_a_video_output_shows_the_picture_as_bright_as_its_opacity(
    percent: int, tmp_path: Path
) -> None:
    ours, theirs = socket.socketpair()
    cue = VideoCue(id=CUE, media=None)
    picture = write_y4m(tmp_path / "white.y4m", frames=1)
    size = ("width=64", "height=64", "cols=20", "rows=20", "fixedpalette=no")
    outputs = ["--vo=sixel", "--ao=null", *(f"--vo-sixel-{option}" for option in size)]
    command = argv("mpv", cue, outputs, theirs.fileno())
    commands = [
        level(Parameter.OPACITY, percent / 100),
        load(source(cue, str(picture)), 0),
    ]
    with (
        ours,
        theirs,
        subprocess.Popen(
            command, pass_fds=[theirs.fileno()], stdout=subprocess.PIPE, bufsize=0
        ) as mpv,
    ):
        theirs.close()
        assert mpv.stdout is not None
        ours.sendall(b"".join(json.dumps({"command": c}).encode() + b"\n" for c in commands))
        shown = b""
        while not shown.endswith(b"\x1b\\"):  # the end of a sixel picture
            chunk = mpv.stdout.read(65_536)
            assert chunk, "mpv ended without a picture"
            shown += chunk
        mpv.kill()
    # Luma 235 is white; sixel gives its palette in percent.
    colours = {int(colour) for colour in re.findall(rb"#\d+;2;(\d+);", shown)}
    assert max(abs(colour - percent) for colour in colours) <= 3


def test_commands_hold_and_release() -> None:
    assert (pause(True)[-1], pause(False)[-1]) == (True, False)


def test_how_far_ahead_it_is_is_read_off_the_steady_clock_of_its_kind() -> None:
    sound, picture = audio(), VideoCue(id=CUE, media=None)
    plain = source(sound, "a")
    assert ahead_s(sound, plain, flicks(1.5), "1.520000|1.4|no|no") == pytest.approx(0.02)
    assert ahead_s(picture, plain, flicks(1.5), "|1.480000|no|no") == pytest.approx(-0.02)


def test_a_player_that_stands_or_is_at_its_end_is_neither_ahead_nor_behind() -> None:
    plain = source(audio(), "a")
    for pace in ("1.5|1.5|yes|no", "1.5|1.5|no|yes", "|||", ""):
        assert ahead_s(audio(), plain, 0, pace) is None


def test_a_loop_that_has_just_started_over_is_not_far_behind() -> None:
    endless = source(audio(loop=0), "a")
    end = WRITTEN_OUT_STRETCHES * flicks(2)
    late = f"{end / FLICKS_PER_S - 0.01}||no|no"
    assert ahead_s(audio(), endless, end + flicks(0.01), late) == pytest.approx(-0.02)
    assert ahead_s(audio(), endless, end - flicks(0.01), "0.01||no|no") == pytest.approx(0.02)


def test_a_jack_client_is_known_by_its_cue() -> None:
    cue = AudioCue(id=CUE, name="Regen: Öl/2", media=None)
    assert client_name(cue, "a1") == "cuems-Regen---l-2-a1"
    assert "--jack-name=x" in jack_options("x")


@pytest.mark.parametrize(
    ("late_ms", "begins"), [(-30, False), (-15, True), (0, True), (55, True), (70, False)]
)
def test_a_start_that_is_a_little_late_loses_nothing_of_its_beginning(
    late_ms: int, begins: bool
) -> None:
    assert may_begin(from_ms(500), from_ms(500 + late_ms)) is begins
