"""Where an audio cue sounds: its outputs, through the node's mappings, to JACK ports.

Source: interop.md 7.3. The first output a cue names gets the file's first channel, the second its
second, and so on, over again where there are more outputs than channels. Where there are no
mappings, output N is the machine's playback port N.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cuems.core.check_outputs import Output, output_ids
from cuems.core.cues import AudioCue, AudioOutput, NodeId
from cuems.players.errors import CannotPlayError

FULL = 100


@dataclass(frozen=True, slots=True)
class Route:
    """One output of a cue: a JACK port by name, or a playback port by number, and its levels."""

    target: str | int
    level: float = 1.0
    channels: tuple[tuple[int, float], ...] = ()

    def gain(self, channel: int) -> float:
        """What a channel of the file is multiplied with on its way there."""
        return self.level * dict(self.channels).get(channel, 1.0)


STEREO = (Route(0), Route(1))  # where nothing is named


def routes(
    cue: AudioCue, node: NodeId | None, mapped: Sequence[Output] | None
) -> tuple[Route, ...]:
    """Where a cue sounds on a node; `mapped` are its audio outputs, None without mappings.

    Raises:
        CannotPlayError: it names an output that is not there.
    """
    named = [] if node is None else list(output_ids(cue, node))
    outputs = [output for output in cue.outputs if node and output.output_name.startswith(node)]
    found = [_route(cue, output, name, mapped) for output, name in zip(outputs, named, strict=True)]
    return tuple(found) or STEREO


def _route(cue: AudioCue, output: AudioOutput, name: str, mapped: Sequence[Output] | None) -> Route:
    return Route(
        _target(cue, name, mapped),
        output.volume_percent / FULL,
        tuple((level.channel, level.percent / FULL) for level in output.channels),
    )


def _target(cue: AudioCue, name: str, mapped: Sequence[Output] | None) -> str | int:
    for known in mapped or ():
        if name in (known.id, known.physical):
            return known.physical
    if mapped is None and name.isdecimal():
        return int(name)
    if mapped is None and ":" in name:
        return name
    there = ", ".join(f"{known.id} ({known.physical})" for known in mapped or ()) or "none"
    raise CannotPlayError(
        cue.name,
        f"audio output {name!r} is not in this node's mappings: {there}",
        "choose another output, or add it to default_mappings.xml",
    )


def wires(found: Sequence[Route], channels: int, *, mixed: bool) -> list[tuple[int, str | int]]:
    """Which output port of the player goes where; `mixed`: it has one port for each route."""
    return [
        (number if mixed else number % channels, route.target) for number, route in enumerate(found)
    ]


def pan(found: Sequence[Route], channels: int) -> str:
    """The filter that gives each route a channel of its own at its level; "" if not needed.

    Source: FFmpeg's `pan`. Channels are those of the file.
    """
    gains = [route.gain(number % channels) for number, route in enumerate(found)]
    if all(gain == 1.0 for gain in gains):
        return ""
    mixes = (f"c{n}={gain:.6g}*c{n % channels}" for n, gain in enumerate(gains))
    return f"lavfi=[pan={len(gains)}c|{'|'.join(mixes)}]"
