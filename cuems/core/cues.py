"""The cue kinds and their fields, as frozen values.

Durations and positions are flicks (core/timecode.py); percentages are whole numbers 0 to 100.
Field names follow the project file (interop.md 5.2) in the field's words.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from cuems.core.messages import Message

CueId = NewType("CueId", str)
NodeId = NewType("NodeId", str)

UUID_LENGTH = 36


class PostGo(StrEnum):
    """What a cue does about its successor."""

    PAUSE = "pause"  # auto pause: the successor stands by for the next GO
    GO = "go"  # auto-continue: the successor's turn comes `post_wait` after this start
    GO_AT_END = "go_at_end"  # auto-follow: the successor's turn comes `post_wait` after this end


class Action(StrEnum):
    """What an action cue does to its target."""

    PLAY = "play"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    LOAD = "load"
    UNLOAD = "unload"
    ENABLE = "enable"
    DISABLE = "disable"
    FADE_IN = "fade_in"
    FADE_OUT = "fade_out"
    FADE_ACTION = "fade_action"
    WAIT = "wait"
    GO_TO = "go_to"
    DEVAMP = "devamp"
    PAUSE_PROJECT = "pause_project"
    RESUME_PROJECT = "resume_project"


class Curve(StrEnum):
    """The shape of a fade from 0 to 1."""

    LINEAR = "linear"
    EXPONENTIAL = "exponential"
    LOGARITHMIC = "logarithmic"
    SIGMOID = "sigmoid"
    EQUAL_POWER = "equal_power"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """An in and an out point of a media file, played `loop` times (0: until stopped).

    An out point of 0 is the end of the file.
    """

    id: int
    loop: int
    in_flicks: int
    out_flicks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file of the library's `media/` folder, by bare name."""

    file_name: str
    id: str | None = None
    duration_flicks: int = 0
    regions: tuple[Region, ...] = ()


@dataclass(frozen=True, slots=True)
class ChannelLevel:
    """The level of one channel of an audio output, percent."""

    channel: int
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioOutput:
    """Where an audio cue sounds: `<node uuid>_<mapping id or port name>`."""

    output_name: str
    volume_percent: int = 100
    channels: tuple[ChannelLevel, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """A corner's offset, pixels."""

    x: int = 0
    y: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """Scale (1.0: unscaled) and corner offsets of a picture on its output."""

    x_scale: float = 1.0
    y_scale: float = 1.0
    top_left: Point = Point()
    top_right: Point = Point()
    bottom_left: Point = Point()
    bottom_right: Point = Point()


@dataclass(frozen=True, slots=True, kw_only=True)
class CanvasRegion:
    """A part of a canvas as fractions of it: 0 ≤ x, y and x + width, y + height ≤ 1."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoOutput:
    """Where a video cue shows: `<node uuid>_<mapping id>` or `<node uuid>_custom_<n>`."""

    output_name: str
    geometry: Geometry | None = None
    canvas_region: CanvasRegion | None = None


@dataclass(frozen=True, slots=True)
class DmxOutput:
    """The node that sends a DMX cue, by uuid."""

    output_name: str


@dataclass(frozen=True, slots=True)
class DmxChannel:
    """One DMX slot, counted from 0 (0 to 511), and its value 0 to 255."""

    channel: int
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DmxUniverse:
    """The channels a scene sets in one universe."""

    number: int
    channels: tuple[DmxChannel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DmxScene:
    """The look a DMX cue fades to."""

    id: str
    universes: tuple[DmxUniverse, ...] = ()


class FadeDirection(StrEnum):
    """Which end of a cue a fade profile shapes."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class FadeProfile:
    """A fade at a cue's start or end; `parameters` in file order."""

    direction: FadeDirection
    mode: str
    function_id: str
    parameters: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """What every cue kind shares.

    `loop` counts plays, below 1 until stopped. `target` is the successor, the next sibling where
    it is None. A `timecode` cue starts at `pre_wait_flicks` on the timecode line instead of by GO.
    `ui_properties` is the editor's own element, tags and all, kept as text and never read.
    """

    id: CueId
    name: str = "empty"
    description: str | None = None
    enabled: bool = True
    autoload: bool = False
    loop: int = 1
    offset_flicks: int = 0
    post_go: PostGo = PostGo.PAUSE
    pre_wait_flicks: int = 0
    post_wait_flicks: int = 0
    target: CueId | None = None
    timecode: bool = False
    ui_properties: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioCue(Cue):
    """Plays the sound of a media file."""

    media: Media | None
    outputs: tuple[AudioOutput, ...] = ()
    master_volume_percent: int = 100
    fade_profiles: tuple[FadeProfile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoCue(Cue):
    """Plays the picture of a media file."""

    media: Media | None
    outputs: tuple[VideoOutput, ...] = ()
    opacity_percent: int = 100
    fade_profiles: tuple[FadeProfile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DmxCue(Cue):
    """Fades lights to a scene."""

    scene: DmxScene
    outputs: tuple[DmxOutput, ...] = ()
    fade_in_flicks: int = 0
    fade_out_flicks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionCue(Cue):
    """Does something to another cue, or to the show, or says `message` to other equipment."""

    action: Action = Action.PLAY
    action_target: CueId | None = None
    message: Message | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FadeCue(Cue):
    """Fades the level of `action_target` (volume or opacity) to `target_percent`."""

    action_target: CueId | None
    curve: Curve = Curve.LINEAR
    duration_flicks: int
    target_percent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CueList(Cue):
    """Cues in order; itself a cue."""

    contents: "tuple[AnyCue, ...]" = ()


MediaCue = AudioCue | VideoCue
AnyCue = AudioCue | VideoCue | DmxCue | ActionCue | FadeCue | CueList


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """A project's script: one cue list and what the editor knows of it.

    `created` and `modified` are the file's ISO text, carried and not interpreted.
    """

    id: str
    name: str
    cue_list: CueList
    description: str | None = None
    created: str = ""
    modified: str = ""
    ui_properties: str | None = None
