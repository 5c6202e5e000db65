"""What nodes say to their controller over the node bus, as frozen values.

In the units of core/bus.py, and with what the ecosystem's nodes leave out as there.
"""

from dataclasses import dataclass

from cuems.core.cues import Action, CueId
from cuems.core.effects import Outcome
from cuems.core.show_state import ShowState


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
