"""Cues to elements of schema version 1, in the schema's order. Source: interop.md 5.2."""

from typing import assert_never

from cuems.core.cues import (
    Action,
    ActionCue,
    AnyCue,
    AudioCue,
    AudioOutput,
    CanvasRegion,
    CueList,
    DmxCue,
    DmxScene,
    FadeCue,
    FadeProfile,
    Geometry,
    Media,
    VideoCue,
    VideoOutput,
)
from cuems.core.messages import Message
from cuems.core.timecode import FLICKS_PER_MS, to_duration_text
from cuems.wire.message_text import MessageTextError, read_message, write_message
from cuems.wire.message_xml import message_texts, with_message
from cuems.wire.xml_writer import XmlWriter


def write_cue(xml: XmlWriter, cue: AnyCue) -> None:
    """Write a cue, and a list with all it contains."""
    with xml.element(type(cue).__name__):
        _write_common(xml, cue)
        match cue:
            case CueList():
                _write_contents(xml, cue)
            case AudioCue():
                _write_media(xml, cue.media)
                _write_audio_outputs(xml, cue.outputs)
                xml.leaf("master_vol", cue.master_volume_percent)
                _write_fade_profiles(xml, cue.fade_profiles)
            case VideoCue():
                _write_media(xml, cue.media)
                _write_video_outputs(xml, cue.outputs)
                xml.leaf("opacity", cue.opacity_percent)
                _write_fade_profiles(xml, cue.fade_profiles)
            case DmxCue():
                _write_dmx(xml, cue)
            case ActionCue():
                xml.leaf("action_target", cue.action_target)
                xml.leaf("action_type", cue.action)
            case FadeCue():
                _write_fade(xml, cue)
            case _:
                assert_never(cue)


def _write_common(xml: XmlWriter, cue: AnyCue) -> None:
    xml.leaf("autoload", cue.autoload)
    xml.leaf("description", cue.description)
    xml.leaf("enabled", cue.enabled)
    xml.leaf("id", cue.id)
    xml.leaf("loop", cue.loop)
    xml.leaf("name", cue.name)
    xml.timecode("offset", cue.offset_flicks)
    xml.leaf("post_go", cue.post_go)
    xml.timecode("postwait", cue.post_wait_flicks)
    xml.timecode("prewait", cue.pre_wait_flicks)
    xml.leaf("target", cue.target)
    xml.leaf("timecode", cue.timecode)
    properties = cue.ui_properties
    if isinstance(cue, ActionCue):
        said = None if cue.message is None else write_message(cue.message)
        if [cue.message] != _messages(properties):
            properties = with_message(properties, said)
    xml.opaque("ui_properties", properties)


def _messages(properties: str | None) -> list[Message | None]:
    """The messages that properties hold already, however they are written; none is [None]."""
    try:
        return [read_message(text) for text in message_texts(properties)] or [None]
    except MessageTextError:
        return []


def _write_contents(xml: XmlWriter, cue: CueList) -> None:
    if not cue.contents:
        xml.null("contents")
        return
    with xml.element("contents"):
        for child in cue.contents:
            write_cue(xml, child)


def _write_media(xml: XmlWriter, media: Media | None) -> None:
    if media is None:
        xml.null("Media")
        return
    with xml.element("Media"):
        xml.leaf("file_name", media.file_name)
        xml.leaf("id", media.id)
        xml.leaf("duration", to_duration_text(media.duration_flicks))
        with xml.element("regions"):
            for region in media.regions:
                with xml.element("Region"):
                    xml.leaf("id", region.id)
                    xml.leaf("loop", region.loop)
                    xml.timecode("in_time", region.in_flicks)
                    xml.timecode("out_time", region.out_flicks)


def _write_audio_outputs(xml: XmlWriter, outputs: tuple[AudioOutput, ...]) -> None:
    with xml.element("outputs"):
        for output in outputs:
            with xml.element("AudioCueOutput"):
                xml.leaf("output_name", output.output_name)
                xml.leaf("output_vol", output.volume_percent)
                with xml.element("channels"):
                    for level in output.channels:
                        with xml.element("channel"):
                            xml.leaf("channel_num", level.channel)
                            xml.leaf("channel_vol", level.percent)


def _write_video_outputs(xml: XmlWriter, outputs: tuple[VideoOutput, ...]) -> None:
    with xml.element("outputs"):
        for output in outputs:
            with xml.element("VideoCueOutput"):
                xml.leaf("output_name", output.output_name)
                _write_geometry(xml, output.geometry)
                if output.canvas_region is not None:
                    write_canvas_region(xml, output.canvas_region)


def _write_geometry(xml: XmlWriter, geometry: Geometry | None) -> None:
    if geometry is None:
        xml.null("output_geometry")
        return
    with xml.element("output_geometry"):
        xml.leaf("x_scale", geometry.x_scale)
        xml.leaf("y_scale", geometry.y_scale)
        corners = {
            "top_left": geometry.top_left,
            "top_right": geometry.top_right,
            "bottom_left": geometry.bottom_left,
            "bottom_right": geometry.bottom_right,
        }
        with xml.element("corners"):
            for tag, point in corners.items():
                with xml.element(tag):
                    xml.leaf("x", point.x)
                    xml.leaf("y", point.y)


def write_canvas_region(xml: XmlWriter, region: CanvasRegion) -> None:
    with xml.element("canvas_region"):
        xml.leaf("x", region.x)
        xml.leaf("y", region.y)
        xml.leaf("width", region.width)
        xml.leaf("height", region.height)


def _write_dmx(xml: XmlWriter, cue: DmxCue) -> None:
    xml.leaf("fadein_time", cue.fade_in_flicks / FLICKS_PER_MS)
    xml.leaf("fadeout_time", cue.fade_out_flicks / FLICKS_PER_MS)
    with xml.element("outputs"):
        for output in cue.outputs:
            with xml.element("DmxCueOutput"):
                xml.leaf("output_name", output.output_name)
    _write_scene(xml, cue.scene)


def _write_scene(xml: XmlWriter, scene: DmxScene) -> None:
    with xml.element("DmxScene"):
        xml.leaf("id", scene.id)
        for universe in scene.universes:
            with xml.element("DmxUniverse"):
                with xml.element("dmx_channels"):
                    for channel in universe.channels:
                        with xml.element("DmxChannel"):
                            xml.leaf("channel", channel.channel)
                            xml.leaf("value", channel.value)
                xml.leaf("universe_num", universe.number)


def _write_fade(xml: XmlWriter, cue: FadeCue) -> None:
    xml.leaf("action_target", cue.action_target)
    xml.leaf("action_type", Action.FADE_ACTION)
    xml.leaf("curve_type", cue.curve)
    xml.timecode("duration", cue.duration_flicks)
    xml.leaf("target_value", cue.target_percent)


def _write_fade_profiles(xml: XmlWriter, profiles: tuple[FadeProfile, ...]) -> None:
    if not profiles:
        return
    with xml.element("fade_profiles"):
        for profile in profiles:
            with xml.element("fade_profile"):
                xml.leaf("type", profile.direction)
                xml.leaf("mode", profile.mode)
                xml.leaf("function_id", profile.function_id)
                with xml.element("parameters"):
                    for name, value in profile.parameters:
                        with xml.element("parameter"):
                            xml.leaf("parameter_name", name)
                            xml.leaf("parameter_value", value)
