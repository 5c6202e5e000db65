"""Random values that a project file can say: any show these build is a valid one.

Ids are unique and targets exist, so that cuelist rules can be tested with them too.
"""

from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cuems.core.cues import (
    Action,
    ActionCue,
    AnyCue,
    AudioCue,
    AudioOutput,
    CanvasRegion,
    ChannelLevel,
    CueId,
    CueList,
    Curve,
    DmxChannel,
    DmxCue,
    DmxOutput,
    DmxScene,
    DmxUniverse,
    FadeCue,
    FadeDirection,
    FadeProfile,
    Geometry,
    Media,
    Point,
    PostGo,
    Region,
    Show,
    VideoCue,
    VideoOutput,
)
from cuems.core.timecode import FLICKS_PER_S, from_ms

Fields = dict[str, Any]

NODES = ("0367f391-ebf4-48b2-9f26-000000000001", "0367f391-ebf4-48b2-9f26-000000000002")
UNSAYABLE = "".join(map(chr, {*range(32), 0xFFFE, 0xFFFF} - {9, 10, 13}))
LONGEST_MS = 100 * 3600 * 1000 - 1  # 99:59:59.999

flicks = st.integers(0, LONGEST_MS).map(from_ms)
percents = st.integers(0, 100)
loops = st.integers(-1, 2**31 - 1)
pixels = st.integers(-(2**31) + 1, 2**31 - 1)
uuids_4 = st.uuids(version=4).map(str)
nodes = st.sampled_from(NODES)
file_names = st.from_regex(r"[a-zA-Z0-9_ éß][a-zA-Z0-9_. éß-]{0,40}\.(wav|mp4)", fullmatch=True)
opaque = st.none() | st.sampled_from(
    (
        "<ui_properties><warning>0</warning></ui_properties>",
        '<ui_properties a="&gt;"><AudioCue/><x y="1">a<!-- > --><![CDATA[<]]></x></ui_properties>',
        "<ui_properties>\r\n  é\t</ui_properties>",
        '<ui_properties><p:a xmlns:p="urn:x" p:b="c"/></ui_properties>',
    )
)
unit = st.floats(0, 1)
finite = st.floats(allow_nan=False, allow_infinity=False)


def texts_of(low: int, high: int) -> SearchStrategy[str]:
    return st.text(
        st.characters(codec="utf-8", exclude_characters=UNSAYABLE),
        min_size=low,
        max_size=high,
    )


descriptions = st.none() | texts_of(1, 255)
regions = st.builds(
    Region,
    id=st.integers(0, 99),
    loop=st.integers(0, 99),
    in_flicks=flicks,
    out_flicks=flicks,
)
media = st.none() | st.builds(
    Media,
    file_name=file_names,
    id=st.none() | uuids_4,
    duration_flicks=flicks,
    regions=st.lists(regions, max_size=3).map(tuple),
)
audio_outputs = st.builds(
    AudioOutput,
    output_name=st.builds("{}_{}".format, nodes, st.integers(0, 99) | st.just("system:playback_1")),
    volume_percent=percents,
    channels=st.lists(st.builds(ChannelLevel, st.integers(0, 64), percents), max_size=3).map(tuple),
)
points = st.builds(Point, pixels, pixels)
geometries = st.none() | st.builds(
    Geometry,
    x_scale=finite,
    y_scale=finite,
    top_left=points,
    top_right=points,
    bottom_left=points,
    bottom_right=points,
)


@st.composite
def canvas_regions(draw: st.DrawFn) -> CanvasRegion:
    x, y = draw(st.floats(0, 0.5)), draw(st.floats(0, 0.5))
    extents = st.floats(0.01, 0.5)
    return CanvasRegion(x=x, y=y, width=draw(extents), height=draw(extents))


alias_outputs = st.builds(
    VideoOutput,
    output_name=st.builds("{}_{}".format, nodes, st.integers(0, 99)),
    geometry=geometries,
)
custom_outputs = st.builds(
    VideoOutput,
    output_name=st.builds("{}_custom_{}".format, nodes, st.integers(0, 99)),
    geometry=geometries,
    canvas_region=canvas_regions(),
)
dmx_universes = st.builds(
    DmxUniverse,
    number=st.integers(0, 9),
    channels=st.lists(
        st.builds(DmxChannel, st.integers(0, 511), st.integers(0, 255)), max_size=4
    ).map(tuple),
)
dmx_scenes = st.builds(
    DmxScene,
    id=texts_of(0, 40),
    universes=st.lists(dmx_universes, min_size=1, max_size=2).map(tuple),
)
fade_profiles = st.lists(
    st.builds(
        FadeProfile,
        direction=st.sampled_from(FadeDirection),
        mode=st.sampled_from(("preset", "parametric")),
        function_id=texts_of(1, 40),
        parameters=st.lists(st.tuples(texts_of(0, 20), finite), max_size=2).map(tuple),
    ),
    max_size=2,
    unique_by=lambda profile: profile.direction,
).map(tuple)


@st.composite
def shows(draw: st.DrawFn, max_cues: int = 6) -> Show:
    """A show of any cue kinds; lists may nest."""
    ids = draw(st.lists(uuids_4.map(CueId), min_size=1, max_size=max_cues + 1, unique=True))
    first, *rest = ids
    return Show(
        id=draw(uuids_4),
        name=draw(texts_of(1, 60)),
        description=draw(descriptions),
        created="2024-01-01T10:00:00",
        modified=draw(st.sampled_from(("2024-01-01T10:00:00", "2025-02-03T04:05:06.789"))),
        ui_properties=draw(opaque),
        cue_list=draw(cue_lists(first, rest, ids)),
    )


@st.composite
def cue_lists(draw: st.DrawFn, cue: CueId, rest: list[CueId], targets: list[CueId]) -> CueList:
    """A list with the cues `rest`, some of them in a list of their own."""
    contents: list[AnyCue] = []
    while rest:
        head, *rest = rest
        if rest and draw(st.integers(0, 3)) == 0:
            inside = draw(st.integers(0, len(rest)))
            contents.append(draw(cue_lists(head, rest[:inside], targets)))
            rest = rest[inside:]
        else:
            contents.append(draw(cues(head, targets)))
    return CueList(**draw(commons(cue, targets)), contents=tuple(contents))


def commons(cue: CueId, targets: list[CueId]) -> SearchStrategy[Fields]:
    return st.fixed_dictionaries(
        {
            "id": st.just(cue),
            "name": texts_of(1, 60),
            "description": descriptions,
            "enabled": st.booleans(),
            "autoload": st.booleans(),
            "loop": loops,
            "offset_flicks": flicks,
            "post_go": st.sampled_from(PostGo),
            "pre_wait_flicks": flicks,
            "post_wait_flicks": flicks,
            "target": st.none() | st.sampled_from(targets),
            "timecode": st.booleans(),
            "ui_properties": opaque,
        }
    )


def cues(cue: CueId, targets: list[CueId]) -> SearchStrategy[AnyCue]:
    """A cue of any kind but a list."""
    common = commons(cue, targets)
    target = st.none() | st.sampled_from(targets)
    return st.one_of(
        common.flatmap(audio_cues),
        common.flatmap(video_cues),
        common.flatmap(dmx_cues),
        common.flatmap(
            lambda fields: st.builds(
                partial(ActionCue, **fields), action=st.sampled_from(Action), action_target=target
            )
        ),
        common.flatmap(
            lambda fields: st.builds(
                partial(FadeCue, **fields),
                action_target=target,
                curve=st.sampled_from(Curve),
                duration_flicks=st.integers(1, LONGEST_MS).map(from_ms),
                target_percent=percents,
            )
        ),
    )


def audio_cues(fields: Fields) -> SearchStrategy[AudioCue]:
    return st.builds(
        partial(AudioCue, **fields),
        media=media,
        outputs=st.lists(audio_outputs, max_size=2).map(tuple),
        master_volume_percent=percents,
        fade_profiles=fade_profiles,
    )


def video_cues(fields: Fields) -> SearchStrategy[VideoCue]:
    return st.builds(
        partial(VideoCue, **fields),
        media=media,
        outputs=st.lists(alias_outputs | custom_outputs, max_size=2).map(tuple),
        opacity_percent=percents,
        fade_profiles=fade_profiles,
    )


def dmx_cues(fields: Fields) -> SearchStrategy[DmxCue]:
    fades = st.integers(0, 24 * 3600 * FLICKS_PER_S)  # a fraction of a millisecond is kept
    return st.builds(
        partial(DmxCue, **fields),
        scene=dmx_scenes,
        outputs=st.lists(nodes.map(DmxOutput), max_size=2).map(tuple),
        fade_in_flicks=fades,
        fade_out_flicks=fades,
    )
