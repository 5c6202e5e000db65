import pytest

from cuems.core.check_outputs import Output
from cuems.core.cues import AudioCue, AudioOutput, CueId, NodeId
from cuems.players.equipment import MixerProgram
from cuems.players.errors import CannotPlayError
from cuems.players.mixer import Wire, argv, cue_wires, fader, output_wires
from cuems.wire.osc import Osc

NODE = NodeId("11111111-1111-4111-8111-111111111111")
OUTPUTS = (Output("0", "system:playback_1"), Output("1", "system:playback_2"),
           Output("4", "hall:in"))  # fmt: skip
PLAYER = "Audio_Player-0e8f"


def rain(*outputs: str) -> AudioCue:
    named = tuple(AudioOutput(output_name=f"{NODE}_{name}") for name in outputs)
    return AudioCue(id=CueId("0e-8f"), name="rain", media=None, outputs=named)


def wired(*outputs: str) -> list[tuple[str, str]]:
    wires = cue_wires(rain(*outputs), NODE, OUTPUTS, "default_mappings.xml")
    assert all(wire.source.startswith(f"{PLAYER}:") for wire in wires)
    return [(wire.source.partition(":")[2], wire.destination) for wire in wires]


def test_the_command_line_is_the_ecosystems() -> None:
    program = MixerProgram(path="/usr/bin/jack-volume", args=("-v",))
    assert argv(program, 9300, 3) == [
        "/usr/bin/jack-volume", "-c", "0_mixer", "-p", "9300", "-n", "3", "-v",
    ]  # fmt: skip


def test_a_fader_takes_a_float_whatever_a_page_sends() -> None:
    assert fader("master", 1) == Osc("/audiomixer/0_mixer/master", (1.0,))
    assert isinstance(fader("2", 1).args[0], float)


def test_every_channel_goes_to_the_port_its_output_is_mapped_to() -> None:
    assert output_wires(OUTPUTS) == (
        Wire("0_mixer:output_1", "system:playback_1"),
        Wire("0_mixer:output_2", "system:playback_2"),
        Wire("0_mixer:output_3", "hall:in"),
    )


def test_the_two_outputs_of_a_player_take_turns_over_the_outputs_of_a_cue() -> None:
    assert wired("0", "1", "4") == [
        ("outport 0", "0_mixer:input_1"),
        ("outport 1", "0_mixer:input_2"),
        ("outport 0", "0_mixer:input_3"),
    ]
    assert wired("hall:in") == [("outport 0", "0_mixer:input_3")]


def test_a_cue_without_outputs_sounds_on_the_first_two_speakers() -> None:
    assert wired() == [("outport 0", "system:playback_1"), ("outport 1", "system:playback_2")]


def test_an_output_that_is_not_mapped_says_where_it_was_looked_for() -> None:
    with pytest.raises(CannotPlayError) as caught:
        wired("9")
    assert str(caught.value) == (
        "rain: its output 9 is not among this node's audio outputs (0, 1, 4) in"
        " default_mappings.xml; choose another in the editor, or map it"
    )
