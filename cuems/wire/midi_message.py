"""MIDI events to bytes.

Source: MIDI 1.0 specification; MIDI Show Control 1.0 (RP-002), 4.1 and 5: F0 7F device 02 format
command data F7. Cue numbers are ASCII digits and points, a NUL between cue, list and path.
"""

from typing import assert_never

from cuems.core.messages import MidiEvent, MidiNote, MidiProgram, MidiShowControl, MscCommand

NOTE_ON, PROGRAM_CHANGE = 0x90, 0xC0
SYSEX, REAL_TIME, SHOW_CONTROL, END = 0xF0, 0x7F, 0x02, 0xF7
COMMANDS = {MscCommand.GO: 0x01, MscCommand.STOP: 0x02}
FORMATS = {
    "lighting": 0x01, "sound": 0x10, "machinery": 0x20, "video": 0x30, "projection": 0x40,
    "process": 0x50, "pyro": 0x60, "all": 0x7F,
}  # fmt: skip


def to_bytes(event: MidiEvent) -> bytes:
    """What is sent."""
    match event:
        case MidiNote():
            return bytes((NOTE_ON | event.channel - 1, event.note, event.velocity))
        case MidiProgram():
            return bytes((PROGRAM_CHANGE | event.channel - 1, event.program))
        case MidiShowControl():
            head = (SYSEX, REAL_TIME, event.device, SHOW_CONTROL, FORMATS[event.format])
            numbers = "\0".join(event.cue).encode()
            return bytes((*head, COMMANDS[event.command], *numbers, END))
        case _:
            assert_never(event)
