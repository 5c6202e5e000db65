"""What cues are made of, from their elements: media, outputs, scenes, fade profiles.

Source: interop.md 5.2; schema version 2 differs in `Media/duration`, which nests a CTimecode and
may be followed by figures about the file, and in `<CueOutput class="audio|video|dmx">`.
"""

import math
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TypedDict
from xml.etree.ElementTree import Element

from cuems.core.cues import (
    AudioOutput,
    CanvasRegion,
    ChannelLevel,
    DmxChannel,
    DmxOutput,
    DmxScene,
    DmxUniverse,
    FadeDirection,
    FadeProfile,
    Geometry,
    Media,
    Point,
    Region,
    VideoOutput,
)
from cuems.core.timecode import FLICKS_PER_MS
from cuems.wire.xml_fields import MAX_INTEGER, FieldReader, Layout, is_empty

MEDIA = Layout(("file_name", "id", "duration", "regions"))
MEDIA_V2 = MEDIA + Layout(
    ("pixel_width", "pixel_height", "file_size", "file_hash"),
    frozenset({"pixel_width", "pixel_height", "file_size", "file_hash"}),
)
REGION = Layout(("id", "loop", "in_time", "out_time"))
AUDIO_OUTPUT = Layout(("output_name", "output_vol", "channels"))
CHANNEL = Layout(("channel_num", "channel_vol"))
VIDEO_OUTPUT = Layout(
    ("output_name", "output_geometry", "canvas_region"), frozenset({"canvas_region"})
)
GEOMETRY = Layout(("x_scale", "y_scale", "corners"))
CORNERS = Layout(("top_left", "top_right", "bottom_left", "bottom_right"))
POINT = Layout(("x", "y"))
CANVAS_REGION = Layout(("x", "y", "width", "height"))
DMX_OUTPUT = Layout(("output_name",))
SCENE = Layout(("id", "DmxUniverse"), many=frozenset({"DmxUniverse"}))
UNIVERSE = Layout(("dmx_channels", "universe_num"))
DMX_CHANNEL = Layout(("channel", "value"))
FADE_PROFILE = Layout(("type", "mode", "function_id", "parameters"), frozenset({"parameters"}))
PARAMETER = Layout(("parameter_name", "parameter_value"))

DIRECTIONS = {direction.value: direction for direction in FadeDirection}
FADE_MODES = {"preset": "preset", "parametric": "parametric"}
OUTPUT_TAGS = {"audio": "AudioCueOutput", "video": "VideoCueOutput", "dmx": "DmxCueOutput"}
OUTPUT_V2 = "CueOutput"
MAX_CHANNELS = 512
MAX_FADE_MS = 24 * 60 * 60 * 1000
MAX_FILE_NAME_BYTES = 255
CONTAINMENT = 1 + 1e-6  # a region may pass its canvas by what float text loses

NODE = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
AUDIO_NAME = re.compile(rf"{NODE}_\S.*")
VIDEO_NAME = re.compile(rf"{NODE}_(custom_)?[0-9]+")
DMX_NAME = re.compile(NODE)
BARE_FILE_NAME = re.compile(r"(?!-|\.\.?$)[^/\x00-\x1f\x7f]+")


class Corners(TypedDict, total=False):
    """The corner offsets of `Geometry`."""

    top_left: Point
    top_right: Point
    bottom_left: Point
    bottom_right: Point


class PartsReader:
    """Reads the parts of one file's cues."""

    def __init__(self, fields: FieldReader, version: int) -> None:
        self._fields = fields
        self._version = version

    def media(self, element: Element | None) -> Media | None:
        if element is None or is_empty(element):
            return None
        read = self._fields
        parts = read.parts(element, MEDIA if self._version == 1 else MEDIA_V2)
        file_name, media_id, duration, regions = parts[:4]
        return Media(
            file_name=self._file_name(file_name),
            id=read.reference(media_id),
            duration_flicks=(
                read.bare_timecode(duration) if self._version == 1 else read.timecode(duration)
            ),
            regions=tuple(map(self._region, read.items(regions, ("Region",)))),
        )

    def _file_name(self, element: Element | None) -> str:
        name = self._fields.text(element)
        bare = BARE_FILE_NAME.fullmatch(name) and len(name.encode()) <= MAX_FILE_NAME_BYTES
        if element is not None and not bare:
            self._fields.report(element, name, "a bare file name of the media folder")
        return name

    def _region(self, element: Element) -> Region:
        read = self._fields
        region_id, loop, in_time, out_time = read.parts(element, REGION)
        return Region(
            id=read.integer(region_id, 0),
            loop=read.integer(loop, 0),
            in_flicks=read.timecode(in_time),
            out_flicks=read.timecode(out_time),
        )

    def _outputs(self, element: Element | None, kind: str) -> Sequence[Element]:
        """The outputs of a cue that has outputs of this kind."""
        tag = OUTPUT_TAGS[kind]
        if self._version == 1:
            return self._fields.items(element, (tag,))
        found = self._fields.items(element, (tag, OUTPUT_V2))
        for output in found:
            of_kind = output.get("class", "")
            if output.tag == OUTPUT_V2 and of_kind != kind:
                self._fields.report(output, of_kind, f'class="{kind}"')
        return found

    def audio_outputs(self, element: Element | None) -> tuple[AudioOutput, ...]:
        return tuple(map(self._audio_output, self._outputs(element, "audio")))

    def _audio_output(self, element: Element) -> AudioOutput:
        read = self._fields
        name, volume, channels = read.parts(element, AUDIO_OUTPUT)
        return AudioOutput(
            output_name=self._output_name(name, AUDIO_NAME, "<node uuid>_<output id>"),
            volume_percent=read.percent(volume),
            channels=tuple(map(self._channel, read.items(channels, ("channel",)))),
        )

    def _output_name(self, element: Element | None, shape: re.Pattern[str], expected: str) -> str:
        name = self._fields.text(element)
        if element is not None and shape.fullmatch(name) is None:
            self._fields.report(element, name, expected)
        return name

    def _channel(self, element: Element) -> ChannelLevel:
        read = self._fields
        number, volume = read.parts(element, CHANNEL)
        return ChannelLevel(read.integer(number, 0), read.percent(volume))

    def video_outputs(self, element: Element | None) -> tuple[VideoOutput, ...]:
        return tuple(map(self._video_output, self._outputs(element, "video")))

    def _video_output(self, element: Element) -> VideoOutput:
        output_name, geometry, region = self._fields.parts(element, VIDEO_OUTPUT)
        name = self._output_name(
            output_name, VIDEO_NAME, "<node uuid>_<output id> or _custom_<number>"
        )
        shape = VIDEO_NAME.fullmatch(name)
        if shape is not None and shape[1] and region is None:
            self._fields.report(element, name, "a <canvas_region>, its output being custom")
        if shape is not None and not shape[1] and region is not None:
            self._fields.report(region, name, "no <canvas_region>, its output not being custom")
        return VideoOutput(
            output_name=name,
            geometry=self._geometry(geometry),
            canvas_region=None if region is None else read_canvas_region(self._fields, region),
        )

    def _geometry(self, element: Element | None) -> Geometry | None:
        if element is None or is_empty(element):
            return None
        read = self._fields
        x_scale, y_scale, corners = read.parts(element, GEOMETRY)
        return Geometry(
            x_scale=read.number(x_scale),
            y_scale=read.number(y_scale),
            **self._corners(corners),
        )

    def _corners(self, element: Element | None) -> Corners:
        if element is None:
            return Corners()
        top_left, top_right, bottom_left, bottom_right = self._fields.parts(element, CORNERS)
        return Corners(
            top_left=self._point(top_left),
            top_right=self._point(top_right),
            bottom_left=self._point(bottom_left),
            bottom_right=self._point(bottom_right),
        )

    def _point(self, element: Element | None) -> Point:
        if element is None:
            return Point()
        read = self._fields
        x, y = read.parts(element, POINT)
        return Point(
            read.integer(x, -MAX_INTEGER),
            read.integer(y, -MAX_INTEGER),
        )

    def dmx_outputs(self, element: Element | None) -> tuple[DmxOutput, ...]:
        return tuple(map(self._dmx_output, self._outputs(element, "dmx")))

    def _dmx_output(self, element: Element) -> DmxOutput:
        (name,) = self._fields.parts(element, DMX_OUTPUT)
        return DmxOutput(self._output_name(name, DMX_NAME, "a node's UUID"))

    def fade_flicks(self, element: Element | None) -> int:
        """Flicks of a time in milliseconds, which may have a fraction."""
        if element is None or self._fields.number(element, 0, MAX_FADE_MS) == 0:
            return 0
        flicks = Decimal(element.text or "") * FLICKS_PER_MS
        return int(flicks.to_integral_value(ROUND_HALF_UP))

    def scene(self, element: Element | None) -> DmxScene:
        if element is None:
            return DmxScene(id="")
        read = self._fields
        scene_id, _ = read.any_order(element, SCENE)
        universes = [child for child in element if child.tag == "DmxUniverse"]
        return DmxScene(id=read.text(scene_id), universes=tuple(map(self._universe, universes)))

    def _universe(self, element: Element) -> DmxUniverse:
        read = self._fields
        dmx_channels, number = read.parts(element, UNIVERSE)
        channels = read.items(dmx_channels, ("DmxChannel",))
        if len(channels) > MAX_CHANNELS:
            read.report(element, f"{len(channels)} channels", f"at most {MAX_CHANNELS}")
        return DmxUniverse(
            number=read.integer(number, 0),
            channels=tuple(map(self._dmx_channel, channels)),
        )

    def _dmx_channel(self, element: Element) -> DmxChannel:
        read = self._fields
        channel, value = read.parts(element, DMX_CHANNEL)
        return DmxChannel(
            read.integer(channel, 0, MAX_CHANNELS - 1),
            read.integer(value, 0, 255),
        )

    def fade_profiles(self, element: Element | None) -> tuple[FadeProfile, ...]:
        found = self._fields.items(element, ("fade_profile",))
        profiles = tuple(map(self._fade_profile, found))
        directions: set[FadeDirection] = set()
        for item, profile in zip(found, profiles, strict=True):
            if profile.direction in directions:
                self._fields.report(item, profile.direction.value, "one fade_profile of a type")
            directions.add(profile.direction)
        return profiles

    def _fade_profile(self, element: Element) -> FadeProfile:
        read = self._fields
        direction, mode, function_id, parameters = read.parts(element, FADE_PROFILE)
        return FadeProfile(
            direction=read.member(direction, DIRECTIONS, FadeDirection.IN),
            mode=read.member(mode, FADE_MODES, ""),
            function_id=read.text(function_id, 1),
            parameters=tuple(map(self._parameter, read.items(parameters, ("parameter",)))),
        )

    def _parameter(self, element: Element) -> tuple[str, float]:
        read = self._fields
        name, value = read.parts(element, PARAMETER)
        return read.text(name), read.number(value)


def read_canvas_region(read: FieldReader, element: Element) -> CanvasRegion:
    """A region that lies within its canvas."""
    x, y, width, height = read.parts(element, CANVAS_REGION)
    region = CanvasRegion(
        x=read.number(x, 0, 1),
        y=read.number(y, 0, 1),
        width=_extent(read, width),
        height=_extent(read, height),
    )
    if region.x + region.width > CONTAINMENT:
        read.report(element, f"{region.x} + {region.width}", "x + width of at most 1")
    if region.y + region.height > CONTAINMENT:
        read.report(element, f"{region.y} + {region.height}", "y + height of at most 1")
    return region


def _extent(read: FieldReader, element: Element | None) -> float:
    extent = read.number(element, 0, 1, default=math.nan)  # no number is within every canvas
    if element is not None and extent == 0:
        read.report(element, "0", "a number above 0")
    return extent
