"""What everyone is told: status values. core/status_board.py keeps the newest of each."""

from dataclasses import dataclass

from cuems.core.cues import CueId, NodeId


@dataclass(frozen=True, slots=True)
class Running:
    """Whether a show runs; None before the first GO."""

    value: bool | None


@dataclass(frozen=True, slots=True)
class Armed:
    """Whether GO would be obeyed; None before the first load."""

    value: bool | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """The loaded project's name ("" when none), and the id of its script."""

    project: str
    script: str = ""


@dataclass(frozen=True, slots=True)
class NextCue:
    """The cue that stands by."""

    cue: CueId | None


@dataclass(frozen=True, slots=True)
class ShowTimecode:
    """The position of the timecode line, flicks."""

    position: int


@dataclass(frozen=True, slots=True)
class CuePlay:
    """A cue's play status: 0 unplayed, 1 to 99 percent, 100 played, -1 failed."""

    cue: CueId
    percent: int


@dataclass(frozen=True, slots=True)
class CueName:
    """What a cue is called."""

    cue: CueId
    name: str


@dataclass(frozen=True, slots=True)
class CueKind:
    """What kind of cue it is, and in how many lists it is: 0 at the top.

    `flicks` is how long it takes, 0 where it has no end of its own.
    """

    cue: CueId
    kind: str
    depth: int
    flicks: int = 0


@dataclass(frozen=True, slots=True)
class CueStart:
    """A cue has had its turn: where on the line, flicks, its body starts, or did."""

    cue: CueId
    start: int


@dataclass(frozen=True, slots=True)
class CueReason:
    """Why a cue failed ("" when it did not)."""

    cue: CueId
    reason: str


@dataclass(frozen=True, slots=True)
class CueEnabled:
    """Whether a cue takes part."""

    cue: CueId
    enabled: bool


@dataclass(frozen=True, slots=True)
class MixerVolume:
    """A fader: `channel` is "master" or a channel number, `value` a gain."""

    node: NodeId
    output: str
    channel: str
    value: float


@dataclass(frozen=True, slots=True)
class VideoMixer:
    """Where a picture stands: `parameter` as in operator.SetVideoMixer."""

    node: NodeId
    mixer: str
    parameter: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Paused:
    """Whether the timecode line is frozen by the operator."""

    value: bool


@dataclass(frozen=True, slots=True)
class WaitingFor:
    """Why the show is not armed, one line for the operator ("" when it is)."""

    reason: str


@dataclass(frozen=True, slots=True)
class NodeName:
    """What a person knows a node by."""

    node: NodeId
    name: str


@dataclass(frozen=True, slots=True)
class NodeHealth:
    """A node's state: `state` is ok, late, lost or not adopted; `detail` says more."""

    node: NodeId
    state: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NodeWaived:
    """Whether the show is run without a node, as the operator has said."""

    node: NodeId
    waived: bool


@dataclass(frozen=True, slots=True)
class GoLead:
    """How far ahead a GO is stamped, so that every node has it in time."""

    ms: int


@dataclass(frozen=True, slots=True)
class CueLate:
    """How late a cue's last start was on the node where it was latest, microseconds."""

    cue: CueId
    late_us: int


@dataclass(frozen=True, slots=True)
class CueHeld:
    """Whether a cue is paused on its own."""

    cue: CueId
    held: bool


@dataclass(frozen=True, slots=True)
class BusWarning:
    """What is wrong with how the node bus is guarded, for as long as that is so ("": nothing)."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterWarning:
    """The nodes of the loaded show that have never come (`missing`), and those that are lost."""

    load_seq: int
    project: str
    missing: tuple[NodeId, ...] = ()
    lost: tuple[NodeId, ...] = ()


@dataclass(frozen=True, slots=True)
class Strangers:
    """How many messages were refused because they proved nothing, or not that they were new."""

    messages: int


@dataclass(frozen=True, slots=True)
class ChaseHealth:
    """The state of the timecode on a node: internal, locking, locked, freewheeling or lost.

    `detail` says where it comes from, and how good it is.
    """

    node: NodeId
    state: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NodeOutputs:
    """What nobody sees or hears of what a node plays, for want of an output ("": all is)."""

    node: NodeId
    missing: str


@dataclass(frozen=True, slots=True)
class DeployProgress:
    """How far a node has fetched the project, 0 to 100 percent, and what it is doing."""

    node: NodeId
    percent: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class GoGuard:
    """How long after a GO the next one is refused, ms."""

    shortest_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leadership:
    """Which part a controller has: `role` is active, standby or stepped down; `detail` says more.

    `epoch` is that of the show's leader, `lag_ms` how far a standby is behind it.
    """

    role: str
    detail: str = ""
    epoch: int = 0
    lag_ms: int = 0


@dataclass(frozen=True, slots=True)
class DeployBytes:
    """A node's transfer in figures; `state` is one of core/deploy_desk.py's."""

    node: NodeId
    state: str
    file: str = ""
    done_bytes: int = 0
    total_bytes: int = 0
    bytes_per_s: int = 0
    eta_s: int = 0


@dataclass(frozen=True, slots=True)
class DeployPlan:
    """How many of a project's files a node has, lacks, has otherwise, has too many; free bytes.

    `missing` names those that nobody has.
    """

    node: NodeId
    have: int
    fetch: int
    update: int
    remove: int
    bytes_to_come: int
    free_bytes: int
    missing: str = ""


@dataclass(frozen=True, slots=True)
class DeployTotal:
    """The transfers of all nodes together."""

    percent: int
    done_bytes: int
    total_bytes: int
    bytes_per_s: int
    eta_s: int


@dataclass(frozen=True, slots=True)
class DeployRun:
    """The newest deploy command: preparing, checking, working, done, failed or unreachable."""

    state: str
    project: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ModeIs:
    """edit, or show: then load, unload and deploy are locked, and transfers trickle."""

    mode: str


@dataclass(frozen=True, slots=True)
class Notice:
    """The newest thing that went wrong, one line for the operator."""

    text: str


@dataclass(frozen=True, slots=True)
class JournalFault:
    """Why the record of the show is not being kept ("": it is)."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningHours:
    """How the opening hours are kept (core/hours.py).

    `state`: none, off, closed or open; `window` whose show runs; `next_start` in UTC ("": none);
    `fault` why a show did not start, or what is wrong with schedule.toml.
    """

    state: str
    window: str = ""
    next_start: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class OwnHealth:
    """How the controller's process gets on, once a minute, and what is wrong ("": nothing)."""

    line: str
    wrong: str


@dataclass(frozen=True, slots=True)
class NodeFigures:
    """How a node's process gets on, once a minute, and what is wrong ("": nothing)."""

    node: NodeId
    line: str
    wrong: str


@dataclass(frozen=True, slots=True)
class SettingValue:
    """What a setting is, as text."""

    name: str
    value: str


Status = (
    Running
    | Armed
    | Loaded
    | NextCue
    | ShowTimecode
    | CuePlay
    | CueName
    | CueKind
    | CueStart
    | CueReason
    | CueEnabled
    | MixerVolume
    | VideoMixer
    | Paused
    | WaitingFor
    | NodeName
    | NodeHealth
    | NodeOutputs
    | NodeWaived
    | ChaseHealth
    | DeployProgress
    | GoGuard
    | Leadership
    | DeployBytes
    | DeployPlan
    | DeployTotal
    | DeployRun
    | ModeIs
    | Notice
    | JournalFault
    | OpeningHours
    | SettingValue
    | GoLead
    | CueLate
    | CueHeld
    | BusWarning
    | ClusterWarning
    | Strangers
    | OwnHealth
    | NodeFigures
)
