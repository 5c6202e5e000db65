"""Times and commands of a command line."""

from dataclasses import replace

import click
import pytest

from cuems.cli.times import to_command, to_cue, to_drop_out, to_time
from cuems.core.cues import AudioCue, CueId
from cuems.core.operator import EnableCue, LoadTo, MoveStandby, PressPanic, PressStop, StopCue
from cuems.core.timecode import from_ms
from cuems.sim.setup import Jump
from cuems.sim.source import DropOut
from tests.build import audio, cues, show


def named(cue: str, name: str) -> AudioCue:
    return replace(audio(cue), name=name)


SHOW = show(named("a", "A song"), cues("l", named("b", "Twin"), named("c", "Twin")))


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("0s", 0),
        ("12.5s", 12_500),
        ("12.005s", 12_005),
        ("1m", 60_000),
        ("1m30s", 90_000),
        ("500ms", 500),
        ("1h2m3.5s", 3_723_500),
        ("00:01:30:00", 90_000),
        ("00:00:00:12", 480),
    ],
)
def test_a_time_is_read(text: str, ms: int) -> None:
    assert to_time(text) == from_ms(ms)


@pytest.mark.parametrize(
    "text",
    ["", "s", "12", "1.5m", "-1s", "1s1m", "00:00:00:25", "-00:00:01:00", "1" * 99 + "s", "٣s"],
)
def test_what_is_no_time_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(click.BadParameter, match="expected") as caught:
        to_time(text)
    assert "\n" not in caught.value.message


def test_a_drop_out_is_read() -> None:
    assert to_drop_out("3s@1m") == DropOut(60_000_000_000, 3_000_000_000)
    with pytest.raises(click.BadParameter, match="LENGTH@TIME"):
        to_drop_out("3s")


def test_commands_are_read() -> None:
    assert to_command("stop", SHOW) == PressStop()
    assert to_command(" panic ", SHOW) == PressPanic()
    assert to_command("setnextcue A song", SHOW) == MoveStandby(CueId("a"))
    assert to_command("disable c", SHOW) == EnableCue(CueId("c"), False)
    assert to_command("stop c", SHOW) == StopCue(CueId("c"))
    assert to_command("locate 10s", SHOW) == Jump(from_ms(10_000))
    assert to_command("load_to_time 1.5s", SHOW) == LoadTo(1500)


@pytest.mark.parametrize("text", ["", "dance", "panic now", "setnextcue", "locate"])
def test_what_is_no_command_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="expected one of stop, panic"):
        to_command(text, SHOW)


def test_a_cue_is_found_by_id_or_name_if_there_is_just_one() -> None:
    assert to_cue("b", SHOW) == "b"
    with pytest.raises(click.BadParameter, match="no cue of the show"):
        to_cue("z", SHOW)
    with pytest.raises(click.BadParameter, match="2 cues of the show"):
        to_cue("Twin", SHOW)
