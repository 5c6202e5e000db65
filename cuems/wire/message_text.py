"""A message to other equipment as its author writes it, in one line.

    osc udp|tcp|slip HOST:PORT /ADDRESS [ARGUMENT…]
    midi PORT note CHANNEL NOTE VELOCITY
    midi PORT program CHANNEL PROGRAM
    midi PORT msc DEVICE FORMAT go|stop [CUE [LIST [PATH]]]

Words are separated by spaces, or quoted. An OSC argument is a whole number (i), a number with a
point (f), T, F, or else text; `i:` `f:` `s:` before it says so. `tcp` puts a packet's size ahead
of it (OSC 1.0), `slip` puts it between END bytes (OSC 1.1). PORT is a MIDI port's name, or part
of it; channels are 1 to 16, notes and programs 0 to 127.
"""

import re
import shlex
from collections.abc import Mapping, Sequence

from cuems.core.errors import CuemsError
from cuems.core.messages import (
    Message,
    MidiEvent,
    MidiMessage,
    MidiNote,
    MidiProgram,
    MidiShowControl,
    MscCommand,
    OscMessage,
    OscTransport,
    OscValue,
)
from cuems.wire.midi_message import FORMATS

SYNTAX = "osc udp|tcp|slip HOST:PORT /ADDRESS [ARGUMENT…], or midi PORT note|program|msc …"
WHOLE = re.compile(r"[+-]?[0-9]{1,10}")
DECIMAL = re.compile(r"[+-]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][+-]?[0-9]{1,3})?")
CUE_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)*")
INT32 = range(-(2**31), 2**31)
MAX_CUE_NUMBERS = 3
FLAGS: Mapping[str, bool] = {"T": True, "F": False}


class MessageTextError(CuemsError):
    """A message that cannot be understood: which part, and what belongs there."""

    def __init__(self, part: str, expected: str) -> None:
        super().__init__(f"{part!r}: expected {expected}")
        self.part = part
        self.expected = expected


def read_message(text: str) -> Message:
    """What a line says; raises MessageTextError."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise MessageTextError(text, f"quotes in pairs ({error})") from error
    match words:
        case ["osc", transport, where, address, *args]:
            return _osc(transport, where, address, args)
        case ["midi", port, kind, *values] if port:
            return MidiMessage(port, _midi(kind, values))
        case _:
            raise MessageTextError(text, SYNTAX)


def _osc(transport: str, where: str, address: str, args: Sequence[str]) -> OscMessage:
    if transport not in set(OscTransport):
        raise MessageTextError(transport, "udp, tcp or slip")
    host, colon, port = where.rpartition(":")
    if not (colon and host and port.isascii() and port.isdecimal() and 0 < int(port) < 65_536):
        raise MessageTextError(where, "HOST:PORT, as in 10.0.0.5:53000")
    if not address.startswith("/") or "\0" in address:
        raise MessageTextError(address, "an OSC address, as in /cue/7/start")
    return OscMessage(
        transport=OscTransport(transport),
        host=host.removeprefix("[").removesuffix("]"),
        port=int(port),
        address=address,
        args=tuple(map(_argument, args)),
    )


def _argument(word: str) -> OscValue:
    kind, colon, rest = word.partition(":")
    if colon and kind in ("i", "f", "s"):
        return _typed(kind, rest, word)
    if word in FLAGS:
        return FLAGS[word]
    if WHOLE.fullmatch(word):
        return _typed("i", word, word)
    return float(word) if DECIMAL.fullmatch(word) else word


def _typed(kind: str, text: str, word: str) -> OscValue:
    if kind == "s":
        return text
    if kind == "f" and (WHOLE.fullmatch(text) or DECIMAL.fullmatch(text)):
        return float(text)
    if kind == "i" and WHOLE.fullmatch(text) and int(text) in INT32:
        return int(text)
    raise MessageTextError(word, "a whole number of 32 bits" if kind == "i" else "a number")


def _midi(kind: str, values: Sequence[str]) -> MidiEvent:
    match kind, values:
        case "note", [channel, note, velocity]:
            return MidiNote(
                channel=_number(channel, 1, 16), note=_number(note), velocity=_number(velocity)
            )
        case "program", [channel, program]:
            return MidiProgram(channel=_number(channel, 1, 16), program=_number(program))
        case "msc", [device, form, command, *cue] if len(cue) <= MAX_CUE_NUMBERS:
            return _show_control(device, form, command, cue)
        case _:
            raise MessageTextError(
                " ".join((kind, *values)),
                "note CHANNEL NOTE VELOCITY, program CHANNEL PROGRAM,"
                " or msc DEVICE FORMAT go|stop [CUE [LIST [PATH]]]",
            )


def _show_control(device: str, form: str, command: str, cue: Sequence[str]) -> MidiShowControl:
    if form not in FORMATS:
        raise MessageTextError(form, f"one of {', '.join(FORMATS)}")
    if command not in set(MscCommand):
        raise MessageTextError(command, "go or stop")
    for number in cue:
        if CUE_NUMBER.fullmatch(number) is None:
            raise MessageTextError(number, "a cue number, as in 12 or 12.5")
    return MidiShowControl(
        device=_number(device), format=form, command=MscCommand(command), cue=tuple(cue)
    )


def _number(text: str, low: int = 0, high: int = 127) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= 3 and low <= int(text) <= high:
        return int(text)
    raise MessageTextError(text, f"a number from {low} to {high}")


def write_message(message: Message) -> str:
    """A line that reads as the same message."""
    match message:
        case OscMessage(host=host):
            shown = f"[{host}]" if ":" in host else host
            words = ["osc", message.transport, f"{shown}:{message.port}", message.address]
            words += map(_written, message.args)
        case MidiMessage(port, MidiNote() as event):
            words = ["midi", port, "note", *map(str, (event.channel, event.note, event.velocity))]
        case MidiMessage(port, MidiProgram() as event):
            words = ["midi", port, "program", str(event.channel), str(event.program)]
        case MidiMessage(port, event):
            assert isinstance(event, MidiShowControl)
            words = [
                "midi",
                port,
                "msc",
                str(event.device),
                event.format,
                event.command,
                *event.cue,
            ]
    return shlex.join(words)


def _written(value: OscValue) -> str:
    match value:
        case bool():
            return "T" if value else "F"
        case int():
            return str(value)
        case float():
            return f"f:{value!r}" if DECIMAL.fullmatch(repr(value)) is None else repr(value)
        case str():
            return value if _argument_or_text(value) == value else f"s:{value}"


def _argument_or_text(word: str) -> OscValue:
    try:
        return _argument(word)
    except MessageTextError:
        return False
