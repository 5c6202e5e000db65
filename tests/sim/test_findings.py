"""Cues in each other's way, and how much sounds at once."""

from cuems.core.cuelist import RunningOrder
from cuems.core.cues import (
    CanvasRegion,
    CueId,
    DmxChannel,
    DmxCue,
    DmxOutput,
    DmxScene,
    DmxUniverse,
    NodeId,
    VideoCue,
    VideoOutput,
)
from cuems.sim.findings import Load, conflicts, peaks
from cuems.sim.spans import Span
from tests.build import NODE, audio, order, video

OTHER = NodeId("22222222-2222-4222-8222-222222222222")


def span(cue: str, begin_ns: int, end_ns: int, node: str = NODE, failed: str = "") -> Span:
    return Span(cue=CueId(cue), node=NodeId(node), begin_ns=begin_ns, end_ns=end_ns, failed=failed)


def picture(name: str, output: str, region: CanvasRegion | None = None) -> VideoCue:
    return video(name, outputs=(VideoOutput(output_name=f"{NODE}_{output}", canvas_region=region),))


def scene(name: str, *values: tuple[int, int], universe: int = 1) -> DmxCue:
    channels = tuple(DmxChannel(channel, value) for channel, value in values)
    universes = (DmxUniverse(number=universe, channels=channels),)
    return DmxCue(
        id=CueId(name),
        name=name,
        scene=DmxScene(id="", universes=universes),
        outputs=(DmxOutput(NODE),),
    )


def where(running: RunningOrder, *found: Span) -> list[tuple[str, int, int]]:
    return [(c.where, c.begin_ns, c.end_ns) for c in conflicts(found, running)]


def test_two_pictures_on_one_output_are_in_conflict_while_both_show() -> None:
    both = order(picture("a", "0"), picture("b", "0"))
    assert where(both, span("a", 0, 9), span("b", 5, 20)) == [("video output 0", 5, 9)]
    assert where(both, span("a", 0, 9), span("b", 9, 20)) == []


def test_pictures_on_other_outputs_or_nodes_are_not() -> None:
    apart = order(picture("a", "0"), picture("b", "1"), video("c"))
    assert where(apart, span("a", 0, 9), span("b", 0, 9)) == []
    assert where(apart, span("c", 0, 9), span("c", 0, 9, OTHER)) == []


def test_pictures_without_an_output_meet_on_the_one_there_is() -> None:
    both = order(video("a"), video("b"))
    assert where(both, span("a", 0, 9), span("b", 0, 9)) == [("the video output", 0, 9)]


def test_regions_of_a_canvas_are_in_conflict_where_they_cover_each_other() -> None:
    left = CanvasRegion(x=0, y=0, width=0.5, height=1)
    right = CanvasRegion(x=0.5, y=0, width=0.5, height=1)
    middle = CanvasRegion(x=0.25, y=0, width=0.5, height=1)
    running = order(
        picture("l", "custom_1", left),
        picture("r", "custom_2", right),
        picture("m", "custom_3", middle),
    )
    assert where(running, span("l", 0, 9), span("r", 0, 9)) == []
    assert where(running, span("l", 0, 9), span("m", 0, 9)) == [
        ("canvas region custom_1/custom_3", 0, 9)
    ]


def test_a_picture_that_failed_is_in_nobodys_way() -> None:
    both = order(picture("a", "0"), picture("b", "0"))
    assert where(both, span("a", 0, 9, failed="gone"), span("b", 0, 9)) == []


def test_scenes_fight_over_channels_they_want_to_be_different() -> None:
    running = order(
        scene("a", (0, 10), (1, 20), (2, 30)),
        scene("b", (0, 10), (1, 21), (2, 31)),
        scene("c", (0, 99), universe=2),
        scene("d", *((n, 50 + n) for n in range(9))),
    )
    assert where(running, span("a", 0, 9), span("b", 0, 9)) == [
        ("DMX universe 1 channel 2, 3", 0, 9)
    ]
    assert where(running, span("a", 0, 9), span("c", 0, 9)) == []
    assert where(running, span("b", 0, 9), span("b", 9, 12)) == []
    eight = order(scene("d", *((n, 1) for n in range(9))), scene("e", *((n, 2) for n in range(9))))
    assert where(eight, span("d", 3, 3), span("e", 3, 3)) == [
        ("DMX universe 1 channel 1, 2, 3, 4 and 5 more", 3, 3)
    ]


def test_peaks_are_the_most_at_once_per_node_and_together() -> None:
    running = order(audio("a"), audio("b"), audio("c"), picture("v", "0"))
    found = (span("a", 0, 9), span("b", 5, 20), span("c", 6, 8, OTHER), span("v", 7, 9))
    nodes = (NodeId(NODE), OTHER)
    assert [(p.load, p.node, p.count, p.at_ns, p.cues) for p in peaks(found, running, nodes)] == [
        (Load.VOICES, NODE, 2, 5, ("a", "b")),
        (Load.VOICES, OTHER, 1, 6, ("c",)),
        (Load.VOICES, None, 3, 6, ("a", "b", "c")),
        (Load.LAYERS, NODE, 1, 7, ("v",)),
        (Load.LAYERS, None, 1, 7, ("v",)),
    ]


def test_one_that_begins_as_another_ends_makes_no_peak() -> None:
    running = order(audio("a"), audio("b"))
    (peak,) = peaks((span("a", 0, 9), span("b", 9, 20)), running, (NodeId(NODE),))
    assert peak.count == 1
