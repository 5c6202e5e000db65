"""jack-volume: the faders of a node's audio outputs. Source: interop.md 7.3.

One process serves the node, with a channel for each output of the mappings. What a cue plays goes
through the channels of its outputs; the two outputs of a player take turns over them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from cuems.core.check_outputs import Output, output_ids
from cuems.core.cues import AudioCue, NodeId
from cuems.players.equipment import MixerProgram
from cuems.players.errors import CannotPlayError
from cuems.wire.osc import Osc

NUMBER = "0"  # there is one mixer
NAME = f"{NUMBER}_mixer"
MASTER = "master"
STANDS_IN = {"outport 1": "outport 0"}  # a player has one port where its file is mono
REMEDY = "install jack-volume, or take audiomixer out of settings.xml"


class Wire(NamedTuple):
    """A JACK connection, by the names of its ports."""

    source: str
    destination: str


def argv(program: MixerProgram, port: int, channels: int) -> list[str]:
    """The command line of the node's mixer."""
    return [program.path, "-c", NAME, "-p", str(port), "-n", str(channels), *program.args]


def fader(channel: str, gain: float) -> Osc:
    """Set a channel, counted from 0, or the master."""
    return Osc(f"/audiomixer/{NAME}/{channel}", (float(gain),))


def output_wires(outputs: Sequence[Output]) -> tuple[Wire, ...]:
    """From every channel of the mixer to the port that its output is mapped to."""
    return tuple(
        Wire(f"{NAME}:output_{number}", output.physical) for number, output in enumerate(outputs, 1)
    )


def client_of(cue: AudioCue) -> str:
    """The JACK client of a cue's player."""
    return f"Audio_Player-{cue.id.replace('-', '')}"


def cue_wires(
    cue: AudioCue, node: NodeId, outputs: Sequence[Output], file: str
) -> tuple[Wire, ...]:
    """From a cue's player to the mixer's channels of its outputs, or to the first two speakers.

    Raises:
        CannotPlayError: the cue names an output that the mappings do not have.
    """
    player = client_of(cue)
    inputs = [_input(cue, name, outputs, file) for name in output_ids(cue, node)]
    if not inputs:
        inputs = ["system:playback_1", "system:playback_2"]
    return tuple(
        Wire(f"{player}:outport {number % 2}", destination)
        for number, destination in enumerate(inputs)
    )


def _input(cue: AudioCue, name: str, outputs: Sequence[Output], file: str) -> str:
    for number, output in enumerate(outputs, 1):
        if name in (output.id, output.physical):
            return f"{NAME}:input_{number}"
    known = ", ".join(output.id for output in outputs) or "none"
    raise CannotPlayError(
        cue.name,
        f"its output {name} is not among this node's audio outputs ({known}) in {file}",
        "choose another in the editor, or map it",
    )
