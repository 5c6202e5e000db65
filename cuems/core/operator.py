"""What an operator may ask, as frozen values: the commands of the control surface.

The controller checks them against the show and turns those that pass into events
(core/events.py): `PressGo` is a wish, `events.Go` is one cue on one frame.
"""

from dataclasses import dataclass
from typing import TypeAlias

from cuems.core.cues import CueId, NodeId

PlayerArgument: TypeAlias = int | float | str | bytes | bool | None


@dataclass(frozen=True, slots=True)
class LoadProject:
    """Load a project by its folder name (unix_name)."""

    project: str


@dataclass(frozen=True, slots=True)
class UnloadProject:
    """Let go of the loaded project."""


@dataclass(frozen=True, slots=True)
class PressGo:
    """Fire the cue that stands by."""


@dataclass(frozen=True, slots=True)
class GoCue:
    """Put the standby pointer on a cue and fire it."""

    cue: CueId


@dataclass(frozen=True, slots=True)
class PressStop:
    """Silence everything at once."""


@dataclass(frozen=True, slots=True)
class PressPanic:
    """Fade everything out, then stop."""


@dataclass(frozen=True, slots=True)
class PressPause:
    """Freeze the timecode line and every player."""


@dataclass(frozen=True, slots=True)
class PressResume:
    """Go on from where the pause froze."""


@dataclass(frozen=True, slots=True)
class StopCue:
    """End one cue, or all of a list; what was to follow it does not come."""

    cue: CueId


@dataclass(frozen=True, slots=True)
class PauseCue:
    """Hold one cue, or all of a list, where it is."""

    cue: CueId


@dataclass(frozen=True, slots=True)
class ResumeCue:
    """Let a cue that is held go on; it runs that much later from now on."""

    cue: CueId


@dataclass(frozen=True, slots=True)
class MoveStandby:
    """Put the standby pointer on a cue."""

    cue: CueId


@dataclass(frozen=True, slots=True)
class EnableCue:
    """Enable or disable a cue."""

    cue: CueId
    enabled: bool


@dataclass(frozen=True, slots=True)
class LoadTo:
    """Arm the standby cue's chain so that the next GO starts `into_ms` into it."""

    into_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMixerVolume:
    """Set a fader: `channel` is "master" or a channel number, `value` a gain, 1.0 unchanged."""

    node: NodeId
    output: str
    channel: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SetVideoMixer:
    """Set a picture's place: `parameter` is xscale, yscale, or a corner as in "4/corner4"."""

    node: NodeId
    mixer: str
    parameter: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPlayer:
    """Any other word to a node's players; `path` is the address below the node, without slash."""

    node: NodeId
    path: str
    args: tuple[PlayerArgument, ...] = ()


@dataclass(frozen=True, slots=True)
class AdoptNode:
    """Take a node into the rig, or let go of it."""

    node: NodeId
    adopt: bool


@dataclass(frozen=True, slots=True)
class WaiveNode:
    """Run without a node, though the show needs it, or with it again."""

    node: NodeId
    waived: bool


@dataclass(frozen=True, slots=True)
class TakeControl:
    """Let this controller lead from now on, in the place of whichever does."""


@dataclass(frozen=True, slots=True)
class SetMode:
    """edit: everything is allowed; show: load, unload and deploy are locked."""

    mode: str


@dataclass(frozen=True, slots=True)
class DeployFiles:
    """Do something about the nodes' files; `verb` is one of core/deploy_desk.py's."""

    verb: str
    project: str = ""


@dataclass(frozen=True, slots=True)
class Ping:
    """Nothing but an answer: is somebody there?"""


@dataclass(frozen=True, slots=True)
class SetSetting:
    """Change how the rig is run (core/settings.py); `value` is a text also of a number."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Let me do what this token or passcode allows."""

    secret: str


@dataclass(frozen=True, slots=True)
class SayHello:
    """Tell me everything once more."""


@dataclass(frozen=True, slots=True)
class ListClients:
    """Who is connected?"""


@dataclass(frozen=True, slots=True)
class ReadJournal:
    """What was written to the journal after a line of a run?"""

    number: int
    run: str


@dataclass(frozen=True, slots=True)
class MuteClient:
    """Obey a client no more, or again."""

    number: int
    muted: bool


@dataclass(frozen=True, slots=True)
class DropClient:
    """End a client's connection."""

    number: int


OperatorCommand: TypeAlias = (
    LoadProject
    | UnloadProject
    | PressGo
    | GoCue
    | PressStop
    | PressPanic
    | PressPause
    | PressResume
    | StopCue
    | PauseCue
    | ResumeCue
    | MoveStandby
    | EnableCue
    | LoadTo
    | SetMixerVolume
    | SetVideoMixer
    | SetPlayer
    | AdoptNode
    | WaiveNode
    | TakeControl
    | SetMode
    | DeployFiles
    | Ping
    | SetSetting
)
# What is asked about clients, by clients: no show is needed to do it.
ClientCommand: TypeAlias = (
    Authenticate | SayHello | ListClients | ReadJournal | MuteClient | DropClient
)
