"""What controller and nodes say to each other over the node bus, as frozen values.

Positions and durations are flicks; `_ns` moments are the monotonic clock of the machine the name
says. Everything the controller says reaches every node; what their sequencers are to do is said in
the words of core/events.py. Where the ecosystem's own controller or node says less than we do, the
missing part is None, "" or (), and the docstring says so; where it says something else, it is
another class. wire/bus.py holds the forms (interop.md 3, cluster.md 2).
"""

from dataclasses import dataclass

from cuems.core.cues import Action, CueId, NodeId
from cuems.core.effects import Outcome
from cuems.core.errors import CuemsError
from cuems.core.events import ToldNodes
from cuems.core.line import Line
from cuems.core.show_state import ShowState

PlayerValue = bool | int | float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Which command of which leader a message is (core/delivery.py).

    `boot` differs at each start of the leader. No command before `floor` is still to come for
    whoever reads this. `stop_generation` is how often was stopped before it was given.
    """

    epoch: int
    boot: str
    seq: int
    floor: int
    stop_generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the controller's copy of a project is: a node with the same library fetches nothing.

    `port` is the deploy daemon's, on the machine the node dials (0: nothing is served);
    `project_hash` is of the content, "" while that is not known: another load will tell.
    """

    library: str
    port: int
    project_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCommand:
    """Load a project by its folder name and arm its first cues.

    Only the nodes in `only` obey; () is all of them. `load_seq` numbers the controller's loads
    from 1, so that a late "armed" of the load before is recognised. An upstream controller gives
    neither, and no source.
    """

    project: str
    load_seq: int = 0
    source: Source | None = None
    only: tuple[NodeId, ...] = ()


@dataclass(frozen=True, slots=True)
class GoStandbyCommand:
    """An upstream controller's GO: fire what stands by here, now. `run_seq` if it gives one."""

    run_seq: int | None = None


@dataclass(frozen=True, slots=True)
class StopCommand:
    """Silence everything at once. A GO from before `stop_generation` is dead, also if late.

    None: an upstream controller, which does not count. Only the nodes in `only` obey; () is all.
    """

    stop_generation: int | None = None
    only: tuple[NodeId, ...] = ()


@dataclass(frozen=True, slots=True)
class PanicCommand:
    """Fade everything out, then stop. An upstream node stops at once."""

    stop_generation: int


@dataclass(frozen=True, slots=True)
class UnloadCommand:
    """Let the project go. An upstream node stops, and keeps it."""

    stop_generation: int


@dataclass(frozen=True, slots=True)
class PlayerControlCommand:
    """Set something of a player: `/<node uuid>/<player>/…`, and what to set it to."""

    address: str
    values: tuple[PlayerValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployCommand:
    """Do something about a project's files, without loading it: the `verb` says what.

    check: say what would come; deploy: bring it; unused: say which media no project uses;
    gc: delete those. Only the nodes in `only` obey. Upstream nodes ignore it.
    """

    deploy_seq: int
    verb: str
    project: str
    source: Source
    only: tuple[NodeId, ...]


@dataclass(frozen=True, slots=True)
class DeployTurn:
    """These nodes may transfer files now; whoever waits asks again until it is among them."""

    nodes: tuple[NodeId, ...]


@dataclass(frozen=True, slots=True)
class SettingsCommand:
    """How the rig is run: names and values of core/settings.py, as text. For upstream no news.

    `own_line` is False where timecode comes from outside: then a show cannot hold it.
    """

    values: tuple[tuple[str, str], ...]
    own_line: bool = True


@dataclass(frozen=True, slots=True)
class PingCommand:
    """Who is there? Every node answers Pong."""


@dataclass(frozen=True, slots=True)
class LineReport:
    """The controller's timecode line, for nodes that have no MIDI; upstream nodes ignore it.

    Both the line's `at_ns` and `sent_ns` are the controller's clock. `stop_generation` is how often
    was stopped by then: a line from after a stop is no place to play on what was before it.
    """

    line: Line
    sent_ns: int
    stop_generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReply:
    """The answer to `node`'s ClockProbe: its `sent_ns`, and when we heard it and answered it."""

    node: NodeId
    sent_ns: int
    received_ns: int
    replied_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """The leader is there, four times a second. The nodes in `wanted` have to say hello.

    With `asks` it is for a node that has been silent, which is to give a sign of life at once.
    """

    epoch: int
    boot: str
    wanted: tuple[NodeId, ...] = ()
    asks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The answer to `node`'s hello: all it needs to take its place in the show as it stands.

    The next command it has to obey is `next_seq`. Without a `load` nothing is loaded, and
    `empty` says whether what the node has is to be let go. `state` is None until a node has the
    project of `load`; then it says hello again. `controls` are the faders that were moved. `line`
    is the `began_ns` of the line on which `state` is (0: whichever there is). `welcome` is another
    whenever the node was lost, or has started, since the last.
    """

    node: NodeId
    epoch: int = 0
    boot: str = ""
    next_seq: int = 0
    stop_generation: int = 0
    load: LoadCommand | None = None
    empty: bool = False
    state: ShowState | None = None
    controls: tuple[PlayerControlCommand, ...] = ()
    line: int = 0
    welcome: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """A node is there, or wants to be brought up to now; the answer is a Snapshot.

    `boot` differs at each start of the node; `project` is what it has loaded ("": nothing).
    `name` is what a person knows the machine by. `load_seq` and `stop_generation` are those of the
    load and the stop it last obeyed, `led_by` the boot of the leader who last brought it up to
    now. A leader who has just started takes up the show as it stands here: `state`, and the line
    at `position` (None: not known). `caps` are what it can do beyond the least. `missing` says what
    nobody sees or hears of what it plays ("": all is).
    """

    boot: str
    version: str
    name: str = ""
    project: str = ""
    load_seq: int = 0
    stop_generation: int = 0
    project_hash: str = ""
    missing: str = ""
    led_by: str = ""
    state: ShowState | None = None
    position: int | None = None
    rolling: bool = True
    caps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """A node's answer to numbered command `seq` of the leader's start `boot`.

    `refusal` says why it was not obeyed ("": it was). `nak` is why the leader is not listened to
    for now (core/receipt.py): such a command comes again, but for a leader that is fenced off by
    `epoch`.
    """

    boot: str
    seq: int
    refusal: str = ""
    nak: str = ""
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CueTimingReport:
    """A player was told to start, `late_us` microseconds after its moment on the line.

    `joined`: in the middle of its body, so that it was not late but came in later.
    """

    cue: CueId
    run_seq: int
    start: int
    late_us: int
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Pong:
    """A node is alive."""


@dataclass(frozen=True, slots=True)
class PlayerAdded:
    """A player was started: `audioplayer_<cue>`, `dmxplayer_<node>`, `audiomixer_0`."""

    player: str


@dataclass(frozen=True, slots=True)
class PlayerRemoved:
    """A player is gone."""

    player: str


@dataclass(frozen=True, slots=True)
class CueStartedReport:
    """A cue's body began at line position `start`, `late` flicks after it should have."""

    cue: CueId
    start: int
    late: int = 0


@dataclass(frozen=True, slots=True)
class CueProgressReport:
    """A running cue is `percent` (1 to 99) through its body."""

    cue: CueId
    percent: int


@dataclass(frozen=True, slots=True)
class CueEndedReport:
    """A cue is over. Upstream nodes say so also of a cue they only disarm."""

    cue: CueId


@dataclass(frozen=True, slots=True)
class CueFailedReport:
    """A cue does not play on this node, and why."""

    cue: CueId
    reason: str


@dataclass(frozen=True, slots=True)
class CueResetReport:
    """A cue is unplayed again."""

    cue: CueId


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmedReport:
    """Whether this node is ready for the next GO, and which cues it still waits for.

    `load_seq` is that of the load it is about, `standby` the cue that stands by on this node (""
    at the end of the list); an upstream node says 0 and None. `welcome` is that of the Snapshot by
    which it was last brought up to now (None: not said): what it said before that may come late.
    """

    armed: bool
    waiting_for: tuple[CueId, ...] = ()
    load_seq: int = 0
    standby: str | None = None
    welcome: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A node is alive, four times a second; `armed` is what it last said of that."""

    armed: ArmedReport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFailedReport:
    """A project could not be loaded; what was loaded before still is."""

    project: str
    reason: str
    load_seq: int = 0


@dataclass(frozen=True, slots=True)
class DeployReport:
    """How far a project's files have come to this node, 0 to 100, and what it is doing.

    `state` is one of core/deploy_desk.py's. `deploy_seq` is that of the DeployCommand it is about,
    0 where a load wants the files. Bytes are of what had to come.
    """

    percent: int
    detail: str = ""
    state: str = ""
    deploy_seq: int = 0
    file: str = ""
    done_bytes: int = 0
    total_bytes: int = 0
    bytes_per_s: int = 0
    eta_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployPlanReport:
    """How many of a project's files this node has, lacks, has otherwise, and has too many.

    `missing` names those that the controller does not have either, or the first of them.
    """

    deploy_seq: int
    have: int
    fetch: int
    update: int
    remove: int
    bytes_to_come: int
    free_bytes: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScriptFinished:
    """Nothing runs on this node any more, and nothing stands by. Only upstream nodes say it."""


@dataclass(frozen=True, slots=True)
class NextCueReport:
    """Where this node's standby pointer is (None: the end of the list)."""

    cue: CueId | None


@dataclass(frozen=True, slots=True)
class CueEnabledReport:
    """A cue was enabled or disabled by an action."""

    cue: CueId
    enabled: bool


@dataclass(frozen=True, slots=True)
class GoRefusedReport:
    """This node did not obey a GO, and why."""

    run_seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class NoticeReport:
    """Something went wrong on this node that an operator should know; the show goes on."""

    text: str


@dataclass(frozen=True, slots=True)
class HealthReport:
    """How this node's process gets on, one line a minute, and what is wrong ("": nothing)."""

    line: str
    wrong: str


@dataclass(frozen=True, slots=True)
class CrashReport:
    """This node's program has died of a bug before it was started again: what it said of it."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionOutcomeReport:
    """What became of action cue `cue` (None: an upstream node does not say which) on `target`."""

    cue: CueId | None
    outcome: Outcome
    action: Action | None = None
    target: CueId | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ChaseReport:
    """How this node follows timecode: internal, stopped, locking, locked, freewheeling, lost.

    `source` is midi, bus or internal. `fault` is one line for the operator ("": none), the same as
    long as it is the same fault. `clock_error_us` is the most by which the controller's clock may
    be misjudged here, and `round_trip_us` what that rests on (None: it is not measured).
    """

    state: str
    source: str = ""
    fault: str = ""
    missed_pieces: int = 0
    jitter_us: int = 0
    rate_error_ppm: int = 0
    clock_error_us: int | None = None
    round_trip_us: int | None = None


@dataclass(frozen=True, slots=True)
class ClockProbe:
    """What time is it at the controller? `sent_ns` is the node's clock."""

    sent_ns: int


NodeCommand = (
    ToldNodes
    | LoadCommand
    | GoStandbyCommand
    | StopCommand
    | PanicCommand
    | UnloadCommand
    | PlayerControlCommand
    | PingCommand
    | LineReport
    | ClockReply
    | SettingsCommand
    | Beat
    | Snapshot
    | DeployCommand
    | DeployTurn
)
NodeReport = (
    Hello
    | Pong
    | PlayerAdded
    | PlayerRemoved
    | CueStartedReport
    | CueProgressReport
    | CueEndedReport
    | CueFailedReport
    | CueResetReport
    | ArmedReport
    | LoadFailedReport
    | DeployReport
    | DeployPlanReport
    | ScriptFinished
    | NextCueReport
    | CueEnabledReport
    | GoRefusedReport
    | NoticeReport
    | HealthReport
    | CrashReport
    | ActionOutcomeReport
    | ChaseReport
    | ClockProbe
    | Receipt
    | Heartbeat
    | CueTimingReport
)
BusMessage = NodeCommand | NodeReport


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message and its sender: a node's uuid, or the controller's ("controller" if none).

    `boot` differs at each start of the sender, whose messages on one lane are numbered from 1; an
    upstream sender says neither. `stamp` is there for commands that must arrive.
    """

    sender: NodeId
    message: BusMessage
    stamp: Stamp | None = None
    boot: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Peers:
    """How many peers the bus is linked to, and how many links there ever were.

    A hint only: a dead peer may be counted for hours (limits.md B a). `ever` grows also when a
    link broke and came back unnoticed.
    """

    now: int = 0
    ever: int = 0


class BusStalledError(CuemsError):
    """The bus did not take a message in time."""

    def __init__(self, url: str, deadline_s: float) -> None:
        super().__init__(f"node bus {url}: a message was not taken within {deadline_s:g} s")
        self.url = url
        self.deadline_s = deadline_s
