import re

import pytest

from cuems.core.cues import CanvasRegion, NodeId
from cuems.wire.file_faults import ProjectFileError
from cuems.wire.mappings_xml import (
    Device,
    MappedNode,
    Mappings,
    Port,
    read_mappings,
    write_mappings,
)

NODE = NodeId("0367f391-ebf4-48b2-9f26-000000000001")
MAPPINGS = Mappings(
    number_of_nodes=1,
    default_audio_output=f"{NODE}_0",
    nodes=(
        MappedNode(
            uuid=NODE,
            mac="2cf05d21cca3",
            audio=Device(
                outputs=(
                    Port(id=0, name="left", mapped_to=("system:playback_1", "system:playback_3")),
                    Port(id=1, name="right", mapped_to=("system:playback_2",)),
                ),
                inputs=(Port(id=0, name="mic", mapped_to=("system:capture_1",)),),
            ),
            video=Device(
                outputs=(
                    Port(id=0, name="screen", mapped_to=("HDMI-A-1",)),
                    Port(
                        id=1,
                        name="custom",
                        mapped_to=("custom",),
                        canvas_region=CanvasRegion(x=0.0, y=0.0, width=1.0, height=0.5),
                    ),
                )
            ),
            dmx=Device(outputs=(Port(id=0, name="rig", mapped_to=("rig",)),)),
        ),
    ),
    new_nodes=(MappedNode(uuid=NodeId("new"), mac="m"),),
)
TEXT = write_mappings(MAPPINGS).decode()


def told(text: str) -> str:
    with pytest.raises(ProjectFileError) as refusal:
        read_mappings(text.encode(), "mappings.xml")
    return str(refusal.value)


def test_what_is_written_reads_back_equal() -> None:
    assert read_mappings(TEXT.encode(), "mappings.xml") == MAPPINGS


def test_an_output_is_found_by_its_node_and_its_id() -> None:
    assert MAPPINGS.outputs("audio") == {
        (NODE, 0): "system:playback_1",
        (NODE, 1): "system:playback_2",
    }
    assert MAPPINGS.outputs("video") == {(NODE, 0): "HDMI-A-1", (NODE, 1): "custom"}
    assert MAPPINGS.outputs("dmx") == {(NODE, 0): "rig"}
    assert Mappings(number_of_nodes=0, nodes=MAPPINGS.new_nodes).outputs("dmx") == {}


def test_outputs_may_come_in_several_groups() -> None:
    text = re.sub(r"</output>\s*<output>", "</output></outputs><outputs><output>", TEXT, count=1)
    assert text != TEXT
    assert read_mappings(text.encode(), "mappings.xml") == MAPPINGS


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (f"<uuid>{NODE}</uuid>", "<uuid/>", "node/uuid: '': expected 1 to 4096 characters"),
        (">1</number", ">-1</number", "number_of_nodes: '-1': expected a whole number from 0"),
        ("<name>left<", "<name><", "output/name: '': expected 1 to 4096 characters"),
        ("<id>1<", "<id>0<", "outputs/output[2]: '0': expected one output of an id"),
        ("<mapped_to>HDMI-A-1</mapped_to>", "", "mappings: '': expected at least one <mapped_to>"),
        ("<height>0.5<", "<height>1.5<", "height: '1.5': expected a number from 0 to 1"),
        ("<name>left</name>", "<name>left</name><canvas_region/>", "expected no such element in"),
        ("<inputs>", "<x/><inputs>", "audio/x: 'x': expected <outputs> or <inputs>"),
        ("<input>", "<x/><input>", "inputs/x: 'x': expected <input>"),
        ("<uuid>new<", f"<uuid>{NODE}<", None),
        ("<new_nodes>", "<new_nodes><x/>", "new_nodes/x: 'x': expected <node>"),
        ("<default_dmx_input/>", "", "CuemsProjectMappings: '': expected an element <default_dmx"),
    ],
)
def test_a_rule_that_is_broken_is_told(old: str, new: str, expected: str | None) -> None:
    text = TEXT.replace(old, new, 1)
    assert text != TEXT
    if expected is None:  # a node may be found again while it is already counted on
        read_mappings(text.encode(), "mappings.xml")
    else:
        assert expected in told(text)


def test_a_node_stands_once() -> None:
    node = TEXT.partition("<nodes>")[2].partition("</nodes>")[0]
    assert f"node[2]: '{NODE}': expected one node of a uuid" in told(TEXT.replace(node, node * 2))


def test_a_project_counts_on_at_least_one_node() -> None:
    node = TEXT.partition("<nodes>")[2].partition("</nodes>")[0]
    assert "nodes: '': expected at least one <node>" in told(TEXT.replace(node, ""))


def test_outputs_stand_before_inputs() -> None:
    audio = TEXT.partition("<audio>")[2].partition("</audio>")[0]
    outputs, _, inputs = audio.partition("<inputs>")
    swapped = TEXT.replace(audio, f"<inputs>{inputs}{outputs}")
    assert "audio: 'inputs outputs': expected <outputs> before <inputs>" in told(swapped)


def test_a_node_has_one_canvas_region_at_most() -> None:
    region = TEXT.partition("<canvas_region>")[2].partition("</canvas_region>")[0]
    twice = TEXT.replace(
        "<name>screen</name>",
        f"<name>screen</name><canvas_region>{region}</canvas_region>",
    )
    assert "canvas_region: 'canvas_region': expected at most one of them in a node" in told(twice)


def test_missing_groups_are_told_and_do_not_end_the_reading() -> None:
    text = TEXT.partition("<nodes>")[0] + "</cms:CuemsProjectMappings>"
    assert [line.rpartition(" ")[2] for line in told(text).splitlines()] == [
        "<nodes>",
        "<new_nodes>",
    ]
