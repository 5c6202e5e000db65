"""Times and what is done at them, as people write them on a command line."""

import re
from collections.abc import Callable

import click

from cuems.core.cuelist import walk
from cuems.core.cues import CueId, Show
from cuems.core.operator import (
    EnableCue,
    LoadTo,
    MoveStandby,
    OperatorCommand,
    PauseCue,
    PressPanic,
    PressPause,
    PressResume,
    PressStop,
    ResumeCue,
    StopCue,
)
from cuems.core.timecode import FrameRate, TimecodeError, from_ms, from_text, to_ms, to_ns
from cuems.sim.setup import Jump
from cuems.sim.source import DropOut

SPAN_TEXT = re.compile(
    r"(?:([0-9]+)h)?(?:([0-9]+)m(?!s))?(?:([0-9]+(?:\.[0-9]{1,3})?)s)?(?:([0-9]+)ms)?"
)
LONGEST_TEXT = 32
TIME_FORM = "a time as in 12.5s, 1m30s, 500ms or 00:01:30:00"
BARE: dict[str, OperatorCommand] = {
    "stop": PressStop(),
    "panic": PressPanic(),
    "pause": PressPause(),
    "resume": PressResume(),
}
OF_A_CUE: dict[str, Callable[[CueId], OperatorCommand]] = {
    "stop": StopCue,
    "pause": PauseCue,
    "resume": ResumeCue,
    "setnextcue": MoveStandby,
}
COMMANDS = (
    *BARE,
    *(f"{word} CUE" for word in OF_A_CUE),
    "enable CUE",
    "disable CUE",
    "locate TIME",
    "load_to_time TIME",
)


def to_time(text: str) -> int:
    """Flicks from `1h2m3.5s`, or from `HH:MM:SS:FF` at 25 fps; raises click.BadParameter."""
    short = text[:LONGEST_TEXT]
    found = SPAN_TEXT.fullmatch(short) if 0 < len(text) <= LONGEST_TEXT else None
    if found is not None:
        hours, minutes, seconds, ms = found.groups()
        whole, _, fraction = (seconds or "0").partition(".")
        whole_minutes = int(hours or 0) * 60 + int(minutes or 0)
        whole_ms = int(whole) * 1000 + int(fraction.ljust(3, "0"))
        return from_ms(whole_minutes * 60_000 + whole_ms + int(ms or 0))
    try:
        position = from_text(text, FrameRate.FPS_25).flicks
    except TimecodeError:
        position = -1
    if position < 0:
        raise click.BadParameter(f"{short!r}: expected {TIME_FORM}")
    return position


def to_drop_out(text: str) -> DropOut:
    """`LENGTH@TIME`; raises click.BadParameter."""
    length, at, begin = text.partition("@")
    if not at:
        raise click.BadParameter(f"{text[:LONGEST_TEXT]!r}: expected LENGTH@TIME, as in 3s@1m")
    return DropOut(to_ns(to_time(begin)), to_ns(to_time(length)))


def to_command(text: str, show: Show) -> OperatorCommand | Jump:
    """What is to be done at a time; raises click.BadParameter."""
    word, _, what = text.strip().partition(" ")
    what = what.strip()
    match word:
        case "stop" | "panic" | "pause" | "resume" if not what:
            return BARE[word]
        case "stop" | "pause" | "resume" | "setnextcue" if what:
            return OF_A_CUE[word](to_cue(what, show))
        case "enable" | "disable" if what:
            return EnableCue(to_cue(what, show), word == "enable")
        case "locate" if what:
            return Jump(to_time(what))
        case "load_to_time" if what:
            return LoadTo(to_ms(to_time(what)))
        case _:
            expected = ", ".join(COMMANDS)
            raise click.BadParameter(f"{text[:64]!r}: expected one of {expected}")


def to_cue(text: str, show: Show) -> CueId:
    """A cue by its id or its name; raises click.BadParameter where there is not just one."""
    cues = [cue for holder in show.cue_list.contents for cue in walk(holder)]
    found = [cue.id for cue in cues if cue.id == text] or [
        cue.id for cue in cues if cue.name == text
    ]
    if len(found) != 1:
        what = "no cue" if not found else f"{len(found)} cues"
        raise click.BadParameter(f"{text[:64]!r}: {what} of the show: expected one id or name")
    return found[0]
