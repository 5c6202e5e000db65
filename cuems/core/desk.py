"""What reaches a controller, and what it asks for, as frozen values (core/controller.py)."""

from dataclasses import dataclass

from cuems.core.bus import NodeCommand, Snapshot, Source
from cuems.core.cues import CueId, NodeId, Show
from cuems.core.events import LineEvent
from cuems.core.messages import Message
from cuems.core.operator import OperatorCommand
from cuems.core.played import PlayedBefore
from cuems.core.reports import NodeReport
from cuems.core.settings import Settings
from cuems.core.stands import Remembered, Stands
from cuems.core.status import Status

# ---- in


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Somebody asked for something, at monotonic moment `now_ns` and line position `position`.

    `client` is whoever is to be answered, None for nobody; `address` is what the answer is about.
    """

    client: object
    address: str
    command: OperatorCommand
    now_ns: int
    position: int


@dataclass(frozen=True, slots=True)
class Reported:
    """A node said something."""

    node: NodeId
    report: NodeReport
    now_ns: int


@dataclass(frozen=True, slots=True)
class ProjectRead:
    """The project of load `load_seq` was read and is sound."""

    load_seq: int
    show: Show
    source: Source | None


@dataclass(frozen=True, slots=True)
class ProjectUnreadable:
    """The project of load `load_seq` cannot be loaded."""

    load_seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class ProjectHashed:
    """The files of load `load_seq` are known now; without a source, `reason` says why not."""

    load_seq: int
    source: Source | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DeployReady:
    """The files of a deploy command are known, and that they are for `nodes`."""

    deploy_seq: int
    source: Source
    nodes: tuple[NodeId, ...]
    now_ns: int


@dataclass(frozen=True, slots=True)
class DeployImpossible:
    """Nothing can be deployed."""

    deploy_seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class LineMoved:
    """The controller's own timecode line went on."""

    event: LineEvent


@dataclass(frozen=True, slots=True)
class Woke:
    """The moment asked for by `next_wake_ns` has come."""

    now_ns: int


@dataclass(frozen=True, slots=True)
class MessageFailed:
    """A cue's message did not reach its equipment."""

    cue: CueId
    reason: str


@dataclass(frozen=True, slots=True)
class SettingsRead:
    """The settings of this machine were read: at the start, or again.

    `fixed` are those that cannot be changed, each with the reason.
    """

    settings: Settings
    fixed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SettingKept:
    """The change that `KeepSetting` `seq` asked to keep is on the disk, or why it is not."""

    seq: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AnswerTook:
    """A node answered a command, so long after it was given."""

    took_ns: int
    now_ns: int


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A node has not answered a command while that was of any use."""

    node: NodeId
    command: NodeCommand
    reason: str


@dataclass(frozen=True, slots=True)
class Fenced:
    """A node obeys another leader, that of `epoch`: this controller's time is over."""

    node: NodeId
    epoch: int


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """A node announces itself on the network; it may be on the bus or not."""

    node: NodeId
    name: str


@dataclass(frozen=True, slots=True)
class NodelistRead:
    """The nodes that belong to the rig; None: every node that comes."""

    adopted: tuple[NodeId, ...] | None
    now_ns: int


@dataclass(frozen=True, slots=True)
class NodelistModified:
    """Change `seq` of who belongs to the rig is done ("" as reason), or why not."""

    seq: int
    reason: str
    now_ns: int


RigEvent = NodeSeen | NodelistRead | NodelistModified


@dataclass(frozen=True, slots=True)
class StoodBefore:
    """How the show of the controller before stood: what no node knows of that holds at once."""

    stands: Stands


@dataclass(frozen=True, slots=True)
class Restore:
    """The controller before has died in the middle of this; `go_on`: without being asked to."""

    remembered: Remembered
    go_on: bool
    now_ns: int


@dataclass(frozen=True, slots=True)
class DiedBefore:
    """The program has died of a bug before it was started again: what it said of it."""

    text: str


ControllerEvent = (
    StoodBefore
    | Restore
    | DiedBefore
    | PlayedBefore
    | Asked
    | Reported
    | ProjectRead
    | ProjectUnreadable
    | ProjectHashed
    | DeployReady
    | DeployImpossible
    | LineMoved
    | MessageFailed
    | Woke
    | SettingsRead
    | SettingKept
    | AnswerTook
    | Undelivered
    | Fenced
    | RigEvent
)


# ---- out


@dataclass(frozen=True, slots=True)
class Tell:
    """Say this to all nodes."""

    message: NodeCommand


@dataclass(frozen=True, slots=True)
class Publish:
    """Let every client know."""

    status: Status


@dataclass(frozen=True, slots=True)
class ForgetCues:
    """What was published of the cues of the project before does not hold any more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Tell whoever asked: done ("" as reason), or why not."""

    asked: Asked
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReadProject:
    """Read a project's files, as load `load_seq`; reading for an older load may be dropped."""

    load_seq: int
    project: str


@dataclass(frozen=True, slots=True)
class PrepareDeploy:
    """Look at a project's files for a deploy command; looking for an older one may be dropped."""

    deploy_seq: int
    verb: str
    project: str


@dataclass(frozen=True, slots=True)
class PaceDeploy:
    """Let transfers trickle, or go on at full speed."""

    trickle: bool


@dataclass(frozen=True, slots=True)
class RestartLine:
    """Put the timecode line to zero, rolling or standing."""

    rolling: bool


@dataclass(frozen=True, slots=True)
class HoldLine:
    """Let the line stand where it is."""


@dataclass(frozen=True, slots=True)
class RollLine:
    """Let the line roll on from where it stands."""


@dataclass(frozen=True, slots=True)
class Send:
    """Say what a cue says to other equipment."""

    cue: CueId
    message: Message


@dataclass(frozen=True, slots=True)
class KeepSetting:
    """Bring a changed setting to the disk, and say so with `SettingKept` of the same `seq`."""

    seq: int
    name: str
    value: int | str


@dataclass(frozen=True, slots=True)
class ReadNodelist:
    """Look who belongs to the rig: it may have changed."""


@dataclass(frozen=True, slots=True)
class ModifyNodelist:
    """Have a node adopted, or let go of, as change `seq`."""

    seq: int
    node: NodeId
    adopt: bool


@dataclass(frozen=True, slots=True)
class AdoptLine:
    """Take the timecode line up as it was found on a node: at `position` at moment `at_ns`."""

    position: int
    at_ns: int
    rolling: bool


@dataclass(frozen=True, slots=True)
class Welcome:
    """Answer a node's hello, and expect it to obey everything told from now on."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class LoseNode:
    """A node is lost: expect no more answers, until it says hello again."""

    node: NodeId


@dataclass(frozen=True, slots=True)
class AskSign:
    """Ask a node that has been silent for a sign of life."""

    node: NodeId


ControllerEffect = (
    Tell
    | Send
    | Publish
    | ForgetCues
    | Answer
    | ReadProject
    | PrepareDeploy
    | PaceDeploy
    | RestartLine
    | HoldLine
    | RollLine
    | KeepSetting
    | ReadNodelist
    | ModifyNodelist
    | AdoptLine
    | Welcome
    | LoseNode
    | AskSign
)
