"""MIDI ports as values: which one timecode is read from, and whether there is one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# ALSA ends a port's name with its client and port number, which change from plug to plug.
ALSA_NUMBERS = re.compile(r" \d+:\d+$")


@dataclass(frozen=True, slots=True)
class MidiOpen:
    """A port is open: its full name, and the interface it is reached by ("ALSA" or "JACK")."""

    port: str
    api: str


@dataclass(frozen=True, slots=True)
class MidiAbsent:
    """No port is open, and why: one line for the crew, to follow "no MIDI: "."""

    reason: str


MidiState = MidiOpen | MidiAbsent


def plain_name(port: str) -> str:
    """A port's name without the numbers that change from plug to plug."""
    return ALSA_NUMBERS.sub("", port)


def choose_port(ports: Sequence[str], wanted: str) -> str | None:
    """The port to read: by exact name, then part of it, then "mtc" in it, then the only one.

    `wanted` is empty where nobody chose. Of several candidates the last: the newest on ALSA.
    """
    for candidates in (
        [port for port in ports if wanted in names(port)],
        [port for port in ports if wanted and wanted.lower() in port.lower()],
        [port for port in ports if "mtc" in port.lower()],
        ports if len(ports) == 1 else (),
    ):
        if candidates:
            return candidates[-1]
    return None


def names(port: str) -> set[str]:
    """The names a person may mean a port by: whole, without numbers, without its client."""
    return {port, plain_name(port), plain_name(port).partition(":")[2]} - {""}
