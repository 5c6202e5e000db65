"""What an action cue may say to other equipment: an OSC or a MIDI message.

Channels are counted from 1 as on the panels, notes, programs and all values from 0 as on the wire.
"""

from dataclasses import dataclass
from enum import StrEnum

OscValue = bool | int | float | str


class OscTransport(StrEnum):
    """How an OSC message travels: as a datagram, or in a stream with its size ahead (OSC 1.0) or
    between END bytes (OSC 1.1, SLIP)."""

    UDP = "udp"
    TCP = "tcp"
    SLIP = "slip"


@dataclass(frozen=True, slots=True, kw_only=True)
class OscMessage:
    """An OSC message to a host."""

    transport: OscTransport
    host: str
    port: int
    address: str
    args: tuple[OscValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MidiNote:
    """A key is pressed; a velocity of 0 lets it go."""

    channel: int
    note: int
    velocity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MidiProgram:
    """A program is chosen."""

    channel: int
    program: int


class MscCommand(StrEnum):
    """A MIDI Show Control command."""

    GO = "go"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class MidiShowControl:
    """MIDI Show Control: `cue` holds up to three numbers, of cue, list and path."""

    device: int
    format: str
    command: MscCommand
    cue: tuple[str, ...] = ()


MidiEvent = MidiNote | MidiProgram | MidiShowControl


@dataclass(frozen=True, slots=True)
class MidiMessage:
    """A MIDI event for the input of other equipment, by its port's name or part of it."""

    port: str
    event: MidiEvent


Message = OscMessage | MidiMessage


def destination(message: Message) -> str:
    """Where a message goes, for a person to read."""
    match message:
        case OscMessage():
            return f"{message.host}:{message.port} ({message.transport})"
        case MidiMessage(port):
            return f"MIDI port {port!r}"
