"""Cue elements to cues, kind by kind. Source: interop.md 5.2.

Schema version 2 spells AudioCue, VideoCue and DmxCue `<Cue class="audio|video|dmx">` as well.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict
from xml.etree.ElementTree import Element

from cuems.core.cues import (
    Action,
    ActionCue,
    AnyCue,
    AudioCue,
    CueId,
    CueList,
    Curve,
    DmxCue,
    FadeCue,
    PostGo,
    VideoCue,
)
from cuems.core.messages import Message
from cuems.wire.cue_parts_reader import PartsReader
from cuems.wire.message_text import MessageTextError, read_message
from cuems.wire.message_xml import NAMESPACE, message_texts
from cuems.wire.xml_faults import Faults
from cuems.wire.xml_fields import FieldReader, Layout

COMMON = Layout(
    (
        "autoload",
        "description",
        "enabled",
        "id",
        "loop",
        "name",
        "offset",
        "post_go",
        "postwait",
        "prewait",
        "target",
        "timecode",
        "ui_properties",
    )
)
CUE_LIST = COMMON + Layout(("contents",))
AUDIO_CUE = COMMON + Layout(
    ("Media", "outputs", "master_vol", "fade_profiles"), frozenset({"fade_profiles"})
)
VIDEO_CUE = COMMON + Layout(
    ("Media", "outputs", "opacity", "fade_profiles"), frozenset({"opacity", "fade_profiles"})
)
DMX_CUE = COMMON + Layout(("fadein_time", "fadeout_time", "outputs", "DmxScene"))
ACTION_CUE = COMMON + Layout(("action_target", "action_type"), frozenset({"action_type"}))
FADE_CUE = COMMON + Layout(
    ("action_target", "action_type", "curve_type", "duration", "target_value")
)

CUE_TAGS_V1 = ("CueList", "AudioCue", "VideoCue", "DmxCue", "ActionCue", "FadeCue")
CUE_V2 = "Cue"
CUE_TAGS = (*CUE_TAGS_V1, CUE_V2)
NAME_CHARACTERS = (1, 60)
DESCRIPTION_CHARACTERS = (0, 255)

POST_GO = {post_go.value: post_go for post_go in PostGo}
ACTIONS = {action.value: action for action in Action}
FADE_ACTION = {Action.FADE_ACTION.value: Action.FADE_ACTION}
CURVES = {curve.value: curve for curve in Curve}

Parts = Sequence[Element | None]


class Common(TypedDict):
    """The fields of `Cue`."""

    id: CueId
    name: str
    description: str | None
    enabled: bool
    autoload: bool
    loop: int
    offset_flicks: int
    post_go: PostGo
    pre_wait_flicks: int
    post_wait_flicks: int
    target: CueId | None
    timecode: bool
    ui_properties: str | None


class CueReader:
    """Reads the cues of one file of a schema version, lists after what they contain.

    `lines` has the line of the first cue of an id, `repeats` those of every further one.
    """

    def __init__(self, faults: Faults) -> None:
        self.fields = FieldReader(faults)
        self.lines: dict[CueId, int] = {}
        self.repeats: list[tuple[CueId, int]] = []
        self._version = 1
        self._parts = PartsReader(self.fields, 1)
        self._cues: dict[Element, AnyCue] = {}  # read, and not yet in their list
        self._kinds: Mapping[str, Callable[[Element], AnyCue | None]] = {
            "CueList": self._cue_list,
            "AudioCue": self._audio_cue,
            "VideoCue": self._video_cue,
            "DmxCue": self._dmx_cue,
            "ActionCue": self._action_cue,
            "FadeCue": self._fade_cue,
            CUE_V2: self._cue_v2,
        }

    def begin(self, root: Element) -> None:
        """Take the schema version from the root."""
        self._version = self.fields.doc_version(root)
        self._parts = PartsReader(self.fields, self._version)

    def read(self, element: Element, line: int) -> None:
        """Take a complete cue element."""
        cue = self._kinds[element.tag](element)
        if cue is None:
            return
        if not isinstance(cue, ActionCue) and message_texts(cue.ui_properties):
            self.fields.report(element, "<message>", "a message in an <ActionCue> only")
        self._cues[element] = cue
        if cue.id in self.lines:
            self.repeats.append((cue.id, line))
        else:
            self.lines[cue.id] = line

    def taken(self, element: Element) -> AnyCue | None:
        """The cue made of an element, for whatever contains it."""
        return self._cues.pop(element, None)

    def _common(self, parts: Parts) -> Common:
        read = self.fields
        autoload, description, enabled, cue_id, loop, name, offset, post_go, *rest = parts
        post_wait, pre_wait, target, timecode, ui_properties = rest[: len(COMMON.tags) - 8]
        return Common(
            id=CueId(read.uuid_4(cue_id)),
            name=read.text(name, *NAME_CHARACTERS),
            description=read.text(description, *DESCRIPTION_CHARACTERS) or None,
            enabled=read.boolean(enabled),
            autoload=read.boolean(autoload),
            loop=read.integer(loop, -1),
            offset_flicks=read.timecode(offset),
            post_go=read.member(post_go, POST_GO, PostGo.PAUSE),
            pre_wait_flicks=read.timecode(pre_wait),
            post_wait_flicks=read.timecode(post_wait),
            target=self._target(target),
            timecode=read.boolean(timecode),
            ui_properties=read.opaque(ui_properties),
        )

    def _target(self, element: Element | None) -> CueId | None:
        target = self.fields.reference(element)
        return None if target is None else CueId(target)

    def _cue_list(self, element: Element) -> CueList:
        *common, contents = self.fields.parts(element, CUE_LIST)
        kinds = CUE_TAGS_V1 if self._version == 1 else CUE_TAGS
        cues = map(self.taken, self.fields.items(contents, kinds))
        return CueList(
            **self._common(common),
            contents=tuple(cue for cue in cues if cue is not None),
        )

    def _audio_cue(self, element: Element) -> AudioCue:
        *common, media, outputs, volume, profiles = self.fields.parts(element, AUDIO_CUE)
        return AudioCue(
            **self._common(common),
            media=self._parts.media(media),
            outputs=self._parts.audio_outputs(outputs),
            master_volume_percent=self.fields.percent(volume),
            fade_profiles=self._parts.fade_profiles(profiles),
        )

    def _video_cue(self, element: Element) -> VideoCue:
        *common, media, outputs, opacity, profiles = self.fields.parts(element, VIDEO_CUE)
        return VideoCue(
            **self._common(common),
            media=self._parts.media(media),
            outputs=self._parts.video_outputs(outputs),
            opacity_percent=100 if opacity is None else self.fields.percent(opacity),
            fade_profiles=self._parts.fade_profiles(profiles),
        )

    def _dmx_cue(self, element: Element) -> DmxCue:
        *common, fade_in, fade_out, outputs, scene = self.fields.parts(element, DMX_CUE)
        return DmxCue(
            **self._common(common),
            scene=self._parts.scene(scene),
            outputs=self._parts.dmx_outputs(outputs),
            fade_in_flicks=self._parts.fade_flicks(fade_in),
            fade_out_flicks=self._parts.fade_flicks(fade_out),
        )

    def _action_cue(self, element: Element) -> ActionCue:
        *common, target, action = self.fields.parts(element, ACTION_CUE)
        properties = common[len(COMMON.tags) - 1]
        return ActionCue(
            **self._common(common),
            action=self.fields.member(action, ACTIONS, Action.PLAY),
            action_target=self._target(target),
            message=None if properties is None else self._message(properties),
        )

    def _message(self, properties: Element) -> Message | None:
        """What an action cue says to other equipment, in the one place where a file may say it."""
        text = self.fields.opaque(properties)
        texts = message_texts(text)
        if text is None or NAMESPACE not in text:
            return None
        if len(texts) != 1:
            self.fields.report(
                properties, f"{len(texts)} messages", f"one <message> of {NAMESPACE}"
            )
            return None
        try:
            return read_message(texts[0])
        except MessageTextError as error:
            self.fields.report(properties, error.part, error.expected)
            return None

    def _fade_cue(self, element: Element) -> FadeCue:
        read = self.fields
        *common, target, action, curve, duration, percent = read.parts(element, FADE_CUE)
        duration_flicks = read.timecode(duration)
        if duration is not None and duration_flicks == 0:
            read.report(duration, "00:00:00.000", "a fade longer than 0")
        read.member(action, FADE_ACTION, Action.FADE_ACTION)
        return FadeCue(
            **self._common(common),
            action_target=self._target(target),
            curve=read.member(curve, CURVES, Curve.LINEAR),
            duration_flicks=duration_flicks,
            target_percent=read.percent(percent),
        )

    def _cue_v2(self, element: Element) -> AnyCue | None:
        match element.get("class", ""):
            case "audio":
                return self._audio_cue(element)
            case "video":
                return self._video_cue(element)
            case "dmx":
                return self._dmx_cue(element)
            case other:
                self.fields.report(element, other, 'class="audio", "video" or "dmx"')
                return None
