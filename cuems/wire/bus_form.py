"""The JSON forms of the node bus: the five keys of interop.md 3.2, ours, and what `data` holds."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from cuems.core import bus
from cuems.core.cues import Action, CueId
from cuems.core.effects import Outcome
from cuems.core.reports import (
    ChaseReport,
    ClockProbe,
    CrashReport,
    CueFailedReport,
    CueResetReport,
    CueTimingReport,
    DeployPlanReport,
    DeployReport,
    GoRefusedReport,
    HealthReport,
    Heartbeat,
    Hello,
    LoadFailedReport,
    NoticeReport,
    Receipt,
)

EXTRA_VERSION = 1

Kind = Literal["cue", "player", "command", "status"]
Verb = Literal["add", "remove", "update"]
Text = Annotated[str, Meta(min_length=1)]
Percent = Annotated[int, Meta(ge=0, le=100)]
T = TypeVar("T")

Own = (
    Hello
    | LoadFailedReport
    | DeployReport
    | DeployPlanReport
    | bus.DeployCommand
    | bus.DeployTurn
    | CueFailedReport
    | CueResetReport
    | GoRefusedReport
    | NoticeReport
    | HealthReport
    | CrashReport
    | ChaseReport
    | ClockProbe
    | bus.ClockReply
    | bus.SettingsCommand
    | bus.Beat
    | bus.Snapshot
    | Receipt
    | Heartbeat
    | CueTimingReport
)

# What only we say. Sent as `status`, `update`, the value's own fields as data.
OWN_TARGETS: Mapping[type[Own], str] = {
    Hello: "hello",
    LoadFailedReport: "load_failed",
    DeployReport: "deploy",
    DeployPlanReport: "deploy_plan",
    bus.DeployCommand: "deploy_command",
    bus.DeployTurn: "deploy_turn",
    CueFailedReport: "cue_failed",
    CueResetReport: "cue_reset",
    GoRefusedReport: "go_refused",
    NoticeReport: "notice",
    HealthReport: "health",
    CrashReport: "crash",
    ChaseReport: "chase",
    ClockProbe: "clock_probe",
    bus.ClockReply: "clock_reply",
    bus.SettingsCommand: "settings",
    bus.Beat: "beat",
    bus.Snapshot: "snapshot",
    Receipt: "receipt",
    Heartbeat: "heartbeat",
    CueTimingReport: "cue_timing",
}


class Extra(Struct, frozen=True, omit_defaults=True):
    """The key `x`; what a member does not know of it, it ignores. Positions are flicks.

    `at`, `dl` and `into` are a GO's moment, deadline and load-to-time, on the line that began at
    `line`, as are a word's on a cue; `start` and `late` are a cue's; `do` is what a stop is for us;
    `load_seq`, `src` and `only` belong to a load, the first to a GO as well: the load it is of.

    `boot` and `n` are the sender's start and the message's number on this lane. `ep`, `sq`, `lo`
    and `stop` are the stamp of a command that must arrive, which `k` says. `mac` is wire/auth.py's.
    """

    v: int
    k: str | None = None
    boot: str = ""
    n: int = 0
    ep: int = 0
    sq: int | None = None
    lo: int = 0
    stop: int = 0
    mac: str | None = None
    at: int | None = None
    dl: int | None = None
    into: int = 0
    line: int = 0
    do: str | None = None
    load_seq: int = 0
    src: bus.Source | None = None
    only: tuple[str, ...] = ()
    start: int | None = None
    late: int = 0


class Operation(Struct, frozen=True):
    """The keys as they arrive, `data` still unread."""

    kind: Kind = msgspec.field(name="type")
    action: Verb
    sender: Text
    target: str
    data: Raw
    x: Extra | UnsetType = UNSET

    def read(self, form: type[T]) -> T:
        """The data as a `form`; raises msgspec.ValidationError."""
        return msgspec.json.decode(self.data, type=form)


class Outgoing(Struct, frozen=True):
    """The keys as they leave."""

    kind: Kind = msgspec.field(name="type")
    action: Verb
    sender: str
    target: str
    data: object
    x: Extra | UnsetType = UNSET


class Named(Struct, frozen=True):
    """A command about one thing: a project, a cue, "<cue> 0|1"."""

    value: Text


class Flicks(Struct, frozen=True):
    """A command about a length of time."""

    value: int


class GoValue(Struct, frozen=True):
    """An absolute GO, or a word on a cue."""

    run_seq: int
    cue: CueId


class GoData(Struct, frozen=True):
    """A GO of ours, or a word on a cue."""

    value: GoValue


class StopValue(Struct, frozen=True):
    """A counted stop."""

    stop_gen: int


class StopData(Struct, frozen=True):
    """A stop of ours."""

    value: StopValue


class AnyData(Struct, frozen=True):
    """A command whose value upstream does not read."""

    value: object = None


class Control(Struct, frozen=True):
    """A player's address and its arguments; a single one is bare."""

    address: Text
    value: bus.PlayerValue | tuple[bus.PlayerValue, ...] | None


class Started(Struct, frozen=True):
    """A cue's start: milliseconds, a float as text."""

    offset: str


class Progress(Struct, frozen=True):
    """How far a cue is."""

    percentage: Percent


class Armed(Struct, frozen=True):
    """Ready or not; the others are ours."""

    armed: Literal["yes", "no"]
    waiting_for: tuple[CueId, ...] = ()
    load_seq: int = 0
    standby: str | None = None
    welcome: int | None = None


class NextCue(Struct, frozen=True):
    """The standby pointer; "" is the end."""

    nextcue: str


class Enabled(Struct, frozen=True):
    """A cue's flag."""

    cue_id: CueId
    enabled: bool


class ActionOutcome(Struct, frozen=True):
    """What became of an action; `cue_id` is ours."""

    status: Outcome
    action_type: Action | None = None
    target_id: CueId | None = None
    reason: str | None = None
    cue_id: CueId | None = None


class Timeline(Struct, frozen=True):
    """A line and when it was sent; `rate` is the name of a FrameRate; `stop` as in a stamp."""

    position: int
    at_ns: int
    rolling: bool
    rate: str
    sent_ns: int
    began_ns: int = 0
    stop: int = 0


class Hub(Struct, frozen=True):
    """A keep-alive below the operations (interop.md 3.2)."""

    kind: Literal["ping", "pong"] = msgspec.field(name="__type__")
    timestamp: str | int | float | None = None
    ping_timestamp: str | int | float | UnsetType | None = UNSET
