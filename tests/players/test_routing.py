import pytest

from cuems.core.check_outputs import Output
from cuems.core.cues import AudioCue, AudioOutput, CueId, NodeId
from cuems.players.errors import CannotPlayError
from cuems.players.routing import STEREO, Route, pan, routes, wires

NODE = NodeId("0367f391-ebf4-48b2-9f26-000000000001")
OTHER = NodeId("0367f391-ebf4-48b2-9f26-000000000002")
MAPPED = (Output("0", "system:playback_3"), Output("1", "system:playback_4"))


def cue(*names: str, node: str = NODE, volume: int = 100) -> AudioCue:
    outputs = tuple(
        AudioOutput(output_name=f"{node}_{name}", volume_percent=volume) for name in names
    )
    return AudioCue(id=CueId("c"), name="rain", media=None, outputs=outputs)


def test_an_output_is_named_by_its_id_or_its_port() -> None:
    assert routes(cue("1", "system:playback_3"), NODE, MAPPED) == (
        Route("system:playback_4"),
        Route("system:playback_3"),
    )


def test_without_mappings_a_number_is_a_playback_port_and_a_port_is_a_port() -> None:
    assert routes(cue("2", "desk:in"), NODE, None) == (Route(2), Route("desk:in"))


def test_what_names_no_output_of_this_node_sounds_on_the_first_two() -> None:
    assert routes(cue(), NODE, MAPPED) == STEREO
    assert routes(cue("0", node=OTHER), NODE, MAPPED) == STEREO
    assert routes(cue("0"), None, None) == STEREO


@pytest.mark.parametrize("mapped", [MAPPED, ()])
def test_an_output_that_is_not_mapped_is_refused_with_those_that_are(
    mapped: tuple[Output, ...],
) -> None:
    with pytest.raises(CannotPlayError, match=r"rain: audio output '7' is not in this node's"):
        routes(cue("7"), NODE, mapped)
    with pytest.raises(CannotPlayError, match="'cellar' is not in"):
        routes(cue("cellar"), NODE, None)


def test_channels_are_dealt_out_in_turn() -> None:
    found = routes(cue("0", "1", "2"), NODE, None)
    assert wires(found, 2, mixed=False) == [(0, 0), (1, 1), (0, 2)]
    assert wires(found, 1, mixed=False) == [(0, 0), (0, 1), (0, 2)]
    assert wires(found, 2, mixed=True) == [(0, 0), (1, 1), (2, 2)]


def test_levels_are_mixed_only_where_there_are_any() -> None:
    assert pan(routes(cue("0", "1"), NODE, None), 2) == ""
    halved = routes(cue("0", "1", volume=50), NODE, None)
    assert pan(halved, 2) == "lavfi=[pan=2c|c0=0.5*c0|c1=0.5*c1]"
    assert pan(halved, 1) == "lavfi=[pan=2c|c0=0.5*c0|c1=0.5*c0]"
    panned = Route(0, 0.5, ((0, 1.0), (1, 0.2)))
    assert pan([panned, panned], 2) == "lavfi=[pan=2c|c0=0.5*c0|c1=0.1*c1]"
