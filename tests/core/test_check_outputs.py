from cuems.core.check_outputs import NodeOutputs, Output, Rig, check_outputs, output_ids
from cuems.core.cues import (
    AudioOutput,
    CanvasRegion,
    CueId,
    DmxCue,
    DmxOutput,
    DmxScene,
    NodeId,
    VideoOutput,
)
from cuems.core.findings import Severity
from tests.build import NODE, audio, video
from tests.checks import only, script, told

HERE = NodeId(NODE)
THERE = NodeId("22222222-2222-4222-8222-222222222222")
SPEAKERS = (Output("0", "system:playback_1"), Output("1", "system:playback_2"))
BOTH = Rig(
    file="mappings.xml",
    nodes={
        HERE: NodeOutputs(audio=SPEAKERS, video=(Output("0", "HDMI-A-1"),)),
        THERE: NodeOutputs(dmx=(Output("0", "line"),)),
    },
)


def lights(name: str, node: NodeId) -> DmxCue:
    return DmxCue(id=CueId(name), name=name, scene=DmxScene(id="1"), outputs=(DmxOutput(node),))


def test_the_ids_of_a_cue_on_a_node_stand_in_file_order() -> None:
    cue = audio(
        "a",
        outputs=tuple(
            AudioOutput(output_name=name) for name in (f"{HERE}_1", f"{THERE}_3", f"{HERE}_0")
        ),
    )
    assert output_ids(cue, HERE) == ("1", "0")


def test_outputs_that_are_mapped_have_no_finding() -> None:
    screen = VideoOutput(output_name=f"{HERE}_0")
    part = VideoOutput(
        output_name=f"{HERE}_custom_4", canvas_region=CanvasRegion(x=0, y=0, width=1, height=1)
    )
    port = AudioOutput(output_name=f"{HERE}_system:playback_2")
    read = script(
        audio("a", outputs=(AudioOutput(output_name=f"{HERE}_1"), port)),
        video("v", outputs=(screen, part)),
        lights("l", THERE),
    )
    assert list(check_outputs(read, BOTH)) == []


def test_a_node_that_is_not_mapped_is_told_once_for_all_its_cues() -> None:
    outputs = (AudioOutput(output_name="33333333-3333-4333-8333-333333333333_0"),)
    read = script(audio("a", outputs=outputs), audio("b", outputs=outputs))
    found = only(check_outputs(read, BOTH))
    assert (found.severity, found.code, found.line) == (Severity.ERROR, "unknown-node", 10)
    assert found.text == (
        "node 33333333… is not in mappings.xml, so nobody plays 'a' and 'b';"
        " nodes there: 11111111…, 22222222…"
    )


def test_an_output_that_is_not_mapped_is_told_with_those_that_are() -> None:
    read = script(audio("a", outputs=(AudioOutput(output_name=f"{HERE}_7"),)))
    found = only(check_outputs(read, BOTH))
    assert (found.severity, found.code, found.value) == (
        Severity.ERROR,
        "unknown-output",
        f"{HERE}_7",
    )
    assert found.text == (
        "node 11111111… has no audio output '7' in mappings.xml;"
        " its audio outputs: 0 (system:playback_1), 1 (system:playback_2)"
    )


def test_a_screen_is_no_speaker() -> None:
    read = script(video("v", outputs=(VideoOutput(output_name=f"{HERE}_1"),)))
    assert told(check_outputs(read, BOTH)) == [("error", "unknown-output", 10)]


def test_lights_need_a_node_with_dmx() -> None:
    assert told(check_outputs(script(lights("l", HERE)), BOTH)) == [("error", "unknown-output", 10)]


def test_what_only_disabled_cues_name_is_a_warning() -> None:
    outputs = (AudioOutput(output_name=f"{HERE}_7"),)
    read = script(audio("a", outputs=outputs, enabled=False))
    assert told(check_outputs(read, BOTH)) == [("warning", "unknown-output", 10)]


def test_a_node_of_the_show_should_be_adopted() -> None:
    read = script(audio("a"))
    for network, why in (({HERE: False}, "not adopted"), ({}, "not in network_map.xml")):
        rig = Rig(file="mappings.xml", nodes=BOTH.nodes, network=network)
        found = only(check_outputs(read, rig))
        assert (found.severity, found.code) == (Severity.WARNING, "not-adopted")
        assert f"node 11111111… is {why}" in found.text
    rig = Rig(file="mappings.xml", nodes=BOTH.nodes, network={HERE: True})
    assert list(check_outputs(read, rig)) == []


def test_a_cue_without_outputs_plays_on_every_node() -> None:
    read = script(audio("a", outputs=()), video("v", outputs=()))
    found = only(check_outputs(read, BOTH))
    assert (found.severity, found.code) == (Severity.ADVICE, "no-output")
    assert found.text == "'a' and 'v' name no output: all 2 nodes play it at once"
    one = Rig(file="mappings.xml", nodes={HERE: BOTH.nodes[HERE]})
    assert list(check_outputs(read, one)) == []


def test_a_show_that_another_machine_plays_is_advised() -> None:
    read = script(audio("a"))
    rig = Rig(file="mappings.xml", nodes=BOTH.nodes, here=THERE)
    assert told(check_outputs(read, rig)) == [("advice", "nothing-here", 10)]
    rig = Rig(file="mappings.xml", nodes=BOTH.nodes, here=HERE)
    assert list(check_outputs(read, rig)) == []
