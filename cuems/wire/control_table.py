"""The control surface's one table: every address there is, and what it means.

Source: interop.md 2.2 (commands) and 2.3 (status). Ours beyond those lie where old clients, who
match exact addresses, do not look. One fact to an address and plain scalars only: what is said
of a thing has its own address for each part.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import partial
from inspect import signature

from cuems.core.access import Scope
from cuems.core.cues import CueId, NodeId
from cuems.core.operator import (
    AdoptNode,
    Authenticate,
    ClientCommand,
    DeployFiles,
    DropClient,
    EnableCue,
    GoCue,
    ListClients,
    LoadProject,
    LoadTo,
    MoveStandby,
    MuteClient,
    OperatorCommand,
    PauseCue,
    Ping,
    PlayerArgument,
    PressGo,
    PressPanic,
    PressPause,
    PressResume,
    PressStop,
    ReadJournal,
    ResumeCue,
    SayHello,
    SetMixerVolume,
    SetMode,
    SetPlayer,
    SetSetting,
    SetVideoMixer,
    StopCue,
    TakeControl,
    UnloadProject,
    WaiveNode,
)

AUTH = "/engine/auth"
MS_PER_DAY = 24 * 60 * 60 * 1000


class Access(Enum):
    """OSCQuery's ACCESS: a status can be read, a command written."""

    READ = 1
    WRITE = 2


class Kind(StrEnum):
    """What an argument or address parameter is, whichever OSC type carries it."""

    TEXT = "text"
    FLAG = "flag"
    WHOLE = "whole number"
    NUMBER = "number"
    PLAIN = "number or text"


TYPE_TAGS = {Kind.TEXT: "s", Kind.PLAIN: "s", Kind.FLAG: "i", Kind.WHOLE: "i", Kind.NUMBER: "f"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument: what it is, in which unit, and between which bounds (inclusive)."""

    name: str
    kind: Kind
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """What an operator is told to send."""
        if self.choices:
            return " or ".join(repr(choice) for choice in self.choices)
        kind = "0 or 1" if self.kind is Kind.FLAG else f"a {self.kind}"
        low, high = self.minimum, self.maximum
        bounds = "" if low is None else f" from {low:.12g}"
        bounds += "" if high is None else f" up to {high:.12g}"
        return f"{kind}{bounds}{' ' + self.unit if self.unit else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One address. `{name}` in it stands for one part, `{path*}` for all that remain.

    `make` builds the command from the parameters and arguments in order (`rest`: from the
    parameters and all arguments as a tuple). A `critical` address deserves a reliable transport.
    """

    address: str
    description: str
    arguments: tuple[Argument, ...] = ()
    access: Access = Access.WRITE
    scope: Scope | None = Scope.CONTROL  # None: whoever has shown no key yet may, too
    critical: bool = False
    rest: bool = False
    make: Callable[..., OperatorCommand | ClientCommand] | None = None

    def __post_init__(self) -> None:
        """A row that could not be obeyed is never built."""
        if (self.make is None) is not (self.access is Access.READ):
            raise TypeError(f"{self.address}: a command needs a target, a status has none")
        if self.make is not None:
            given = [None] * (self.address.count("{") + (1 if self.rest else len(self.arguments)))
            signature(self.make).bind(*given)

    @property
    def type_tags(self) -> str:
        """The OSC type tags it is documented and sent with, without the comma."""
        return "".join(TYPE_TAGS[argument.kind] for argument in self.arguments)


PROJECT = Argument(name="project", kind=Kind.TEXT)
CUE = Argument(name="cue", kind=Kind.TEXT)
NODE = Argument(name="node", kind=Kind.TEXT)
COUNT = Argument(name="count", kind=Kind.WHOLE, minimum=0)
LAG_MS = Argument(name="lag", kind=Kind.WHOLE, unit="ms", minimum=0)
ENABLED = Argument(name="enabled", kind=Kind.FLAG)
INTO_MS = Argument(name="into", kind=Kind.WHOLE, unit="ms", minimum=0, maximum=MS_PER_DAY)
# The mixer's range is 0 to 1 (interop.md 7.3) and upstream does not clamp: headroom of 12 dB goes
# through, a mistyped 100 does not.
GAIN = Argument(name="volume", kind=Kind.NUMBER, unit="gain", minimum=0, maximum=4)
SCALE = Argument(name="scale", kind=Kind.NUMBER, minimum=-100, maximum=100)
# The web UI's four corners; the unit is the video player's own.
X = Argument(name="x", kind=Kind.NUMBER, minimum=-100_000, maximum=100_000)
Y = Argument(name="y", kind=Kind.NUMBER, minimum=-100_000, maximum=100_000)
# Parameters in an address that only these words fit.
WORDS = {
    "{axis}": ("xscale", "yscale"),
    "{corner}": ("corner1", "corner2", "corner3", "corner4"),
}
YES_NO = Argument(name="value", kind=Kind.TEXT, choices=("yes", "no", ""))
TEXT = Argument(name="text", kind=Kind.TEXT)
NAME = Argument(name="name", kind=Kind.TEXT)
VALUE = Argument(name="value", kind=Kind.PLAIN)
PLAIN = Argument(name="argument", kind=Kind.PLAIN)
SECRET = Argument(name="secret", kind=Kind.PLAIN)
CLIENT = Argument(name="client", kind=Kind.WHOLE, minimum=1)
NUMBER = Argument(name="number", kind=Kind.WHOLE, minimum=0)
RUN = Argument(name="run", kind=Kind.TEXT)
MUTED = Argument(name="muted", kind=Kind.FLAG)
PERCENT = Argument(name="percent", kind=Kind.WHOLE, unit="%", minimum=0, maximum=100)
PLAY_PERCENT = Argument(name="percent", kind=Kind.WHOLE, unit="%", minimum=-1, maximum=100)
DEPTH = Argument(name="depth", kind=Kind.WHOLE, unit="lists", minimum=0)
GUARD_MS = Argument(name="guard", kind=Kind.WHOLE, unit="ms", minimum=0)
LENGTH_MS = Argument(name="duration", kind=Kind.WHOLE, unit="ms", minimum=0)
LATE_US = Argument(name="late", kind=Kind.WHOLE, unit="us")
LEAD_MS = Argument(name="lead", kind=Kind.WHOLE, unit="ms", minimum=0)
COUNT = Argument(name="messages", kind=Kind.WHOLE, minimum=0)
MODE = Argument(name="mode", kind=Kind.TEXT, choices=("edit", "show"))
FILES = Argument(name="files", kind=Kind.WHOLE, minimum=0)
# KiB: bytes of a film do not fit the 32 bits that every OSC client reads.
SIZE = Argument(name="size", kind=Kind.WHOLE, unit="KiB", minimum=0)
RATE = Argument(name="rate", kind=Kind.WHOLE, unit="KiB/s", minimum=0)
SECONDS = Argument(name="seconds", kind=Kind.WHOLE, unit="s", minimum=0)
TIMECODE_MS = Argument(name="timecode", kind=Kind.WHOLE, unit="ms", minimum=0, maximum=MS_PER_DAY)


def _command(
    name: str,
    description: str,
    make: Callable[..., OperatorCommand | ClientCommand],
    *arguments: Argument,
    scope: Scope = Scope.CONTROL,
) -> Row:
    return Row(
        address=f"/engine/command/{name}",
        description=description,
        arguments=arguments,
        scope=scope,
        critical=True,
        make=make,
    )


def _status(name: str, description: str, *arguments: Argument, critical: bool = False) -> Row:
    return Row(
        address=f"/engine/status/{name}",
        description=description,
        arguments=arguments,
        access=Access.READ,
        scope=Scope.VIEW,
        critical=critical,
    )


def _set_mixer_volume(node: str, output: str, channel: str, value: float) -> SetMixerVolume:
    return SetMixerVolume(node=NodeId(node), output=output, channel=channel, value=value)


def _set_video_scale(node: str, mixer: str, axis: str, scale: float) -> SetVideoMixer:
    return SetVideoMixer(node=NodeId(node), mixer=mixer, parameter=axis, values=(scale,))


def _set_video_corner(
    node: str, mixer: str, position: str, corner: str, x: float, y: float
) -> SetVideoMixer:
    where = f"{position}/{corner}"
    return SetVideoMixer(node=NodeId(node), mixer=mixer, parameter=where, values=(x, y))


def _set_player(node: str, path: str, args: tuple[PlayerArgument, ...]) -> SetPlayer:
    return SetPlayer(node=NodeId(node), path=path, args=args)


def _waive(node: str, waived: bool) -> WaiveNode:
    return WaiveNode(NodeId(node), waived)


def _deploy(verb: str) -> Callable[..., OperatorCommand]:
    return partial(DeployFiles, verb)


def _enable_cue(cue: str, enabled: bool) -> EnableCue:
    return EnableCue(CueId(cue), enabled)


def _adopt_node(node: str) -> AdoptNode:
    return AdoptNode(NodeId(node), adopt=True)


def _unadopt_node(node: str) -> AdoptNode:
    return AdoptNode(NodeId(node), adopt=False)


TABLE: tuple[Row, ...] = (
    _command("go", "Fire the standby cue", PressGo),
    _command("gocue", "Put standby on a cue and fire it", GoCue, CUE),
    _command("stop", "Silence everything now and stand by at the top", PressStop),
    _command("panic", "Fade everything out, then stop; twice: stop now", PressPanic),
    _command("pause", "Freeze timecode and players", PressPause),
    _command("resume", "Go on from the pause", PressResume),
    _command("stopcue", "End one cue, or all of a list", StopCue, CUE),
    _command("pausecue", "Hold one cue, or all of a list, where it is", PauseCue, CUE),
    _command("resumecue", "Let a cue that is paused go on", ResumeCue, CUE),
    _command("load", "Load a project by name", LoadProject, PROJECT, scope=Scope.EDIT),
    _command("unload", "Let go of the project", UnloadProject, scope=Scope.EDIT),
    _command("setnextcue", "Put standby on a cue", MoveStandby, CUE),
    _command("cue_enabled", 'Enable or disable a cue: one string "<cue> <0|1>"', _enable_cue,
             CUE, ENABLED),
    _command("load_to_time", "Arm so that the next GO starts that far in", LoadTo, INTO_MS),
    _command("setting", 'Change a setting, as text: "<name> <value>"', SetSetting, NAME, VALUE,
             scope=Scope.EDIT),
    _command("adopt", "Take a node into the rig", _adopt_node, NODE, scope=Scope.EDIT),
    _command("unadopt", "Let go of a node", _unadopt_node, NODE, scope=Scope.EDIT),
    _command("waive", 'Run without a node, or with it again: one string "<node> <0|1>"', _waive,
             NODE, ENABLED),
    _command("takecontrol", "Lead from now on, in the place of the active controller", TakeControl),
    _command("mode", "Lock load, unload and deploy (show), or release them (edit)", SetMode, MODE,
             scope=Scope.EDIT),
    _command("deploy", "Bring a project's files to its nodes", _deploy("deploy"), PROJECT,
             scope=Scope.EDIT),
    _command("deploy_check", "Say what a deploy would bring", _deploy("check"), PROJECT,
             scope=Scope.EDIT),
    _command("deploy_rollback", "Take a project back to its version before, and deploy that",
             _deploy("rollback"), PROJECT, scope=Scope.EDIT),
    _command("deploy_unused", "Say which media of the nodes no project uses", _deploy("unused"),
             scope=Scope.EDIT),
    _command("deploy_gc", "Delete the media of the nodes that no project uses", _deploy("gc"),
             scope=Scope.EDIT),
    _command("ping", "Be answered", Ping, scope=Scope.VIEW),
    _command("clients", "Be told who is connected, one at /engine/reply/client/<number> each",
             ListClients, scope=Scope.EDIT),
    _command("journal", "Be told what was written after a line of a run, at"
             " /engine/reply/journal/lines: a run, and lines of it (a standby asks)",
             ReadJournal, NUMBER, RUN),
    _command("client_mute", "Obey a client no more, or again", MuteClient, CLIENT, MUTED,
             scope=Scope.EDIT),
    _command("client_drop", "End a client's connection", DropClient, CLIENT, scope=Scope.EDIT),
    Row(
        address=AUTH,
        description="Show a token or passcode: be told everything, and do what it allows",
        arguments=(SECRET,),
        scope=None,
        critical=True,
        make=Authenticate,
    ),
    Row(
        address="/engine/hello",
        description="Be told everything once more; over UDP: and for a minute what changes",
        scope=Scope.VIEW,
        make=SayHello,
    ),
    Row(
        address="/{node}/audio/mixer/{output}/{channel}/volume",
        description="Set a fader of a node's audio mixer",
        arguments=(GAIN,),
        make=_set_mixer_volume,
    ),
    Row(
        address="/engine/players/{node}/audio/mixer/{output}/{channel}/volume",
        description="Set a fader of a node's audio mixer",
        arguments=(GAIN,),
        make=_set_mixer_volume,
    ),
    *(
        row
        for prefix in ("", "/engine/players")
        for row in (
            Row(
                address=prefix + "/{node}/video/mixer/{mixer}/{axis}",
                description="Scale a node's picture: axis is xscale or yscale",
                arguments=(SCALE,),
                make=_set_video_scale,
            ),
            Row(
                address=prefix + "/{node}/video/mixer/{mixer}/{position}/{corner}",
                description="Move a corner of a node's picture: corner1 to corner4",
                arguments=(X, Y),
                make=_set_video_corner,
            ),
        )
    ),
    Row(
        address="/engine/players/{node}/{path*}",
        description="Speak to a node's players",
        rest=True,
        make=_set_player,
    ),
    Row(
        address="/{node}/{path*}",
        description="Speak to a node's players",
        rest=True,
        make=_set_player,
    ),
    _status("running", "Whether a show runs; empty before the first GO", YES_NO, critical=True),
    _status("armed", "Whether GO would be obeyed; empty before the first load", YES_NO,
            critical=True),
    _status("load", "The loaded project", TEXT, critical=True),
    _status("nextcue", "The cue that stands by", TEXT, critical=True),
    _status("timecode", "Timecode, once a second", TIMECODE_MS),
    _status("paused", "Whether the operator froze the show", YES_NO, critical=True),
    _status("waiting_for", "Why the show is not armed; empty when it is", TEXT),
    _status("role", "active, standby or stepped down: who obeys and who only shows", TEXT),
    _status("role_detail", "More on that", TEXT),
    _status("epoch", "How often the lead was taken; the highest is obeyed", COUNT),
    _status("lag", "How far a standby is behind the active controller", LAG_MS),
    _status("go_guard", "How long after a GO the next one is refused", GUARD_MS),
    _status("notice", "The newest thing that went wrong", TEXT),
    _status("journal", "Why the record of the show is not being kept; empty when it is", TEXT),
    _status("schedule", "Opening hours: none, off, closed; open while a show runs by them", TEXT),
    _status("schedule_window", "The window whose show runs", TEXT),
    _status("schedule_next", "When the next show starts by itself, UTC; empty: never", TEXT),
    _status("schedule_fault", "Why one did not start, or what is wrong with schedule.toml", TEXT),
    _status("setting/{name}", "What a setting is; `cuems settings show` explains them", TEXT),
    _status("go_lead", "How far ahead a GO is stamped, so that all nodes have it in time", LEAD_MS),
    _status("bus_warning", "What is wrong with how the node bus is guarded; empty: nothing", TEXT),
    _status("cluster_warning", "JSON: load_id, project, missing and unreachable: the nodes of the"
            " show that have never come, and those that are lost", TEXT),
    _status("strangers", "Messages refused because they were not the rig's, or not new", COUNT),
    _status("health", "How the controller's process gets on, once a minute", TEXT),
    _status("health_warning", "What of that is wrong; empty: nothing", TEXT),
    _status("cue/{cue}", "0 unplayed, 1 to 99 playing, 100 played, -1 failed", PLAY_PERCENT),
    _status("cue_name/{cue}", "A cue's name; cues come in running order", TEXT),
    _status("cue_kind/{cue}", "audio, video, dmx, action, fade or list", TEXT),
    _status("cue_depth/{cue}", "In how many lists a cue is, 0 at the top", DEPTH),
    _status("cue_duration/{cue}", "How long a cue takes; 0: it has no end by itself", LENGTH_MS),
    _status("cue_start/{cue}", "Where on the line a cue that had its turn starts", TIMECODE_MS),
    _status("cue_reason/{cue}", "Why a cue failed; empty when it did not", TEXT),
    _status("cue_enabled/{cue}", "Whether a cue takes part", ENABLED),
    _status("cue_paused/{cue}", "Whether a cue is paused on its own", ENABLED),
    _status("cue_late/{cue}", "How late a cue's last start was, where it was latest", LATE_US),
    _status("audio/mixer/{node}/{output}/{channel}/volume", "Where a fader stands", GAIN),
    _status("video/mixer/{node}/{mixer}/{axis}", "How a picture is scaled", SCALE),
    _status("video/mixer/{node}/{mixer}/{position}/{corner}", "Where a picture's corner is", X, Y),
    _status("node_name/{node}", "What a person knows a node by", TEXT),
    _status("node/{node}", "ok, late, lost or not adopted", TEXT),
    _status("node_detail/{node}", "More on a node's state", TEXT),
    _status("node_outputs/{node}", "What nobody sees or hears of what a node plays; empty: all is",
            TEXT),
    _status("node_waived/{node}", "Whether the show is run without a node", ENABLED),
    _status("node_health/{node}", "How a node's process gets on, once a minute", TEXT),
    _status("node_health_warning/{node}", "What of that is wrong; empty: nothing", TEXT),
    _status("chase/{node}", "internal, stopped, locking, locked, freewheeling or lost", TEXT),
    _status("chase_detail/{node}", "Where a node's timecode comes from, and how good it is", TEXT),
    _status("deploy/{node}", "How much of the project a node has fetched", PERCENT),
    _status("deploy_detail/{node}", "What a node is doing, or why it failed", TEXT),
    _status("deploy_state/{node}", "asked, preparing, checking, waiting, fetching, verifying, done,"
            " incomplete, failed, cancelled or unreachable", TEXT),
    _status("deploy_file/{node}", "The file that is coming", TEXT),
    _status("deploy_done/{node}", "What has come", SIZE),
    _status("deploy_total/{node}", "What has to come", SIZE),
    _status("deploy_rate/{node}", "How fast it comes", RATE),
    _status("deploy_eta/{node}", "How long it still takes; 0 where it is not known", SECONDS),
    _status("deploy_have/{node}", "Files of the project that a node has", FILES),
    _status("deploy_fetch/{node}", "Files that it lacks", FILES),
    _status("deploy_update/{node}", "Files that it has otherwise", FILES),
    _status("deploy_remove/{node}", "Files of the project that it has too many", FILES),
    _status("deploy_needs/{node}", "What these come to", SIZE),
    _status("deploy_free/{node}", "Free space of its library", SIZE),
    _status("deploy_missing/{node}", "Files that it wants and nobody has", TEXT),
    _status("deploy_all_percent", "All nodes together: how far", PERCENT),
    _status("deploy_all_done", "All nodes together: what has come", SIZE),
    _status("deploy_all_total", "All nodes together: what has to come", SIZE),
    _status("deploy_all_rate", "All nodes together: how fast", RATE),
    _status("deploy_all_eta", "All nodes together: how long it still takes", SECONDS),
    _status("deploy_run", "The newest deploy command: preparing, checking, working, done, failed"
            " or unreachable", TEXT),
    _status("deploy_project", "What it is about", TEXT),
    _status("deploy_reason", "Why it could not begin", TEXT),
    _status("mode", "edit, or show: then load, unload and deploy are locked", MODE, critical=True),
)  # fmt: skip
