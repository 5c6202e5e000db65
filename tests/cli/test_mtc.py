"""How timecode is told to people and programs, and how it is asked for."""

import json

import pytest
from click.testing import CliRunner

from cuems.cli import cli
from cuems.cli.mtc import to_json, to_line, to_timecode, verdict
from cuems.core.chase import ChaseState
from cuems.core.midi_ports import MidiAbsent, MidiOpen
from cuems.core.mtc_monitor import MtcMonitor, Reading
from cuems.core.timecode import FrameRate, TimecodeError, from_text

LOCKED = Reading(
    port=MidiOpen("MtcMaster:MTCPort", "JACK"),
    timecode=from_text("01:00:03:12", FrameRate.FPS_25),
    state=ChaseState.LOCKED,
    rate=FrameRate.FPS_25,
    forward=True,
    jitter_ns=1_310_000,
    rate_error_ppm=-12,
    missed_pieces=2,
    dropouts=1,
    fault="",
)
NOTHING = Reading(
    port=MidiAbsent("no JACK server"),
    timecode=None,
    state=ChaseState.STOPPED,
    rate=None,
    forward=True,
    jitter_ns=0,
    rate_error_ppm=0,
    missed_pieces=0,
    dropouts=0,
    fault="no port: no JACK server",
)


def test_a_line_has_the_figures_and_where_they_come_from() -> None:
    assert to_line(LOCKED) == (
        "01:00:03:12  locked        25 fps -12 ppm  jitter 1.3 ms  missed 2"
        "  MtcMaster:MTCPort (JACK)"
    )


def test_a_line_without_timecode_says_what_is_wrong() -> None:
    assert to_line(NOTHING) == "--:--:--:--  stopped       ! no port: no JACK server"


def test_a_program_gets_every_figure() -> None:
    assert json.loads(json.dumps(to_json(LOCKED))) == {
        "timecode": "01:00:03:12",
        "state": "locked",
        "rate": "25 fps",
        "forward": True,
        "jitter_ms": 1.31,
        "rate_error_ppm": -12,
        "missed": 2,
        "dropouts": 1,
        "port": "MtcMaster:MTCPort",
        "api": "JACK",
        "fault": "",
    }
    nothing = to_json(NOTHING)
    assert (nothing["timecode"], nothing["port"]) == (None, None)
    assert nothing["fault"] == "no port: no JACK server"


def test_a_monitor_that_heard_nothing_says_so() -> None:
    monitor = MtcMonitor()
    monitor.port_changed(MidiAbsent("no JACK server"), 0)
    monitor.read(0)
    assert verdict(monitor) == "no timecode: no port: no JACK server"


def test_at_drop_frame_rates_a_colon_will_do() -> None:
    rate = FrameRate.FPS_29_97_DF
    assert to_timecode("01:00:00:02", rate) == to_timecode("01:00:00;02", rate)
    with pytest.raises(TimecodeError):
        to_timecode("01:00:60:00", FrameRate.FPS_25)


@pytest.mark.parametrize(
    "arguments",
    [
        ["monitor", "--rate", "26"],
        ["monitor", "--for", "soon"],
        ["send", "--from", "25 o'clock"],
        ["send", "--rate", "29.97df", "--from", "00:01:00:00"],
        ["ports", "--api", "OSS"],
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(arguments: list[str]) -> None:
    result = CliRunner().invoke(cli, ["mtc", *arguments])
    assert result.exit_code == 2
