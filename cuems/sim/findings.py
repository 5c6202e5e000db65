"""What a rehearsal shows about a show: cues in each other's way, and how much sounds at once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cuems.core.cuelist import RunningOrder
from cuems.core.cues import (
    UUID_LENGTH,
    AudioCue,
    CanvasRegion,
    CueId,
    DmxCue,
    NodeId,
    VideoCue,
)
from cuems.sim.spans import Span, overlaps

CHANNELS_NAMED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two cues that cannot both have their way on `node`, and where they meet."""

    node: NodeId
    where: str
    cues: tuple[CueId, CueId]
    begin_ns: int
    end_ns: int


class Load(StrEnum):
    """What a node has to carry."""

    VOICES = "voices"
    LAYERS = "layers"
    SCENES = "DMX scenes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The most of a load on `node` (None: on all together), first reached at `at_ns`."""

    load: Load
    node: NodeId | None
    count: int
    at_ns: int
    cues: tuple[CueId, ...]


# ---- conflicts


def conflicts(found: Iterable[Span], order: RunningOrder) -> tuple[Conflict, ...]:
    """Pictures on top of each other, and DMX scenes that want different values of a channel."""
    heard = [span for span in found if span.node is not None and not span.failed]
    both = (*_pictures(heard, order), *_scenes(heard, order))
    return tuple(sorted(both, key=lambda conflict: conflict.begin_ns))


def _conflict(where: str, meeting: tuple[Span, Span, int, int], node: NodeId) -> Conflict:
    one, other, begin_ns, end_ns = meeting
    return Conflict(
        node=node, where=where, cues=(one.cue, other.cue), begin_ns=begin_ns, end_ns=end_ns
    )


def _pictures(heard: Iterable[Span], order: RunningOrder) -> Iterator[Conflict]:
    shown: dict[NodeId, list[Span]] = defaultdict(list)
    for span in heard:
        if span.node is not None and isinstance(order[span.cue], VideoCue):
            shown[span.node].append(span)
    for node, group in shown.items():
        for meeting in overlaps(group):
            one, other = order[meeting[0].cue], order[meeting[1].cue]
            if isinstance(one, VideoCue) and isinstance(other, VideoCue):
                where = _shared_surface(one, other, node)
                if where:
                    yield _conflict(where, meeting, node)


def _shared_surface(one: VideoCue, other: VideoCue, node: NodeId) -> str:
    """The output on which two pictures cover each other; "" where they do not."""
    surfaces = _surfaces(other, node)
    for name, region in _surfaces(one, node).items():
        for other_name, other_region in surfaces.items():
            if region is None or other_region is None:
                if name == other_name and region is other_region:
                    return f"video output {name}" if name else "the video output"
            elif _cover(region, other_region):
                return f"canvas region {name}" + (f"/{other_name}" if name != other_name else "")
    return ""


def _surfaces(cue: VideoCue, node: NodeId) -> dict[str, CanvasRegion | None]:
    if not cue.outputs:
        return {"": None}
    return {
        output.output_name[UUID_LENGTH + 1 :]: output.canvas_region
        for output in cue.outputs
        if output.output_name[:UUID_LENGTH] == node
    }


def _cover(one: CanvasRegion, other: CanvasRegion) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def _scenes(heard: Iterable[Span], order: RunningOrder) -> Iterator[Conflict]:
    lit: dict[NodeId, list[Span]] = defaultdict(list)
    for span in heard:
        if span.node is not None and isinstance(order[span.cue], DmxCue):
            lit[span.node].append(span)
    for node, group in lit.items():
        for meeting in overlaps(group):
            one, other = order[meeting[0].cue], order[meeting[1].cue]
            if isinstance(one, DmxCue) and isinstance(other, DmxCue):
                where = _fought_over(one, other)
                if where:
                    yield _conflict(where, meeting, node)


def _values(cue: DmxCue) -> dict[tuple[int, int], int]:
    return {
        (universe.number, channel.channel): channel.value
        for universe in cue.scene.universes
        for channel in universe.channels
    }


def _fought_over(one: DmxCue, other: DmxCue) -> str:
    """Universe and channels, counted from 1, that two scenes want to be different."""
    values, others = _values(one), _values(other)
    channels: dict[int, list[int]] = defaultdict(list)
    for universe, channel in sorted(values.keys() & others.keys()):
        if values[universe, channel] != others[universe, channel]:
            channels[universe].append(channel + 1)
    return "; ".join(
        f"DMX universe {universe} channel {_some(fought)}" for universe, fought in channels.items()
    )


def _some(channels: Sequence[int]) -> str:
    named = ", ".join(map(str, channels[:CHANNELS_NAMED]))
    more = len(channels) - CHANNELS_NAMED
    return f"{named} and {more} more" if more > 0 else named


# ---- peaks


def peaks(found: Iterable[Span], order: RunningOrder, nodes: Sequence[NodeId]) -> tuple[Peak, ...]:
    """The most voices, layers and scenes at once, per node and, with several, together."""
    heard = [span for span in found if span.node is not None and not span.failed]
    wanted = [*nodes, None] if len(nodes) > 1 else list(nodes)
    result: list[Peak] = []
    for load, kind in ((Load.VOICES, AudioCue), (Load.LAYERS, VideoCue), (Load.SCENES, DmxCue)):
        of_kind = [span for span in heard if isinstance(order[span.cue], kind)]
        for node in wanted:
            group = [span for span in of_kind if node is None or span.node == node]
            if group:
                result.append(_peak(load, node, group))
    return tuple(result)


def _peak(load: Load, node: NodeId | None, group: Sequence[Span]) -> Peak:
    best: list[Span] = []
    at_ns = 0
    active: list[Span] = []
    for span in group:
        active = [other for other in active if other.end_ns > span.begin_ns]
        active.append(span)
        if len(active) > len(best):
            best, at_ns = list(active), span.begin_ns
    return Peak(
        load=load,
        node=node,
        count=len(best),
        at_ns=at_ns,
        cues=tuple(dict.fromkeys(span.cue for span in best)),
    )
