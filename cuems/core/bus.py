"""What a controller says to its nodes over the node bus, and how it is addressed: frozen values.

Positions and durations are flicks; `_ns` moments are the monotonic clock of the machine the name
says. Everything the controller says reaches every node; what their sequencers are to do is said in
the words of core/events.py, and what nodes say is in core/reports.py. Where the ecosystem's own
controller or node says less than we do, the missing part is None, "" or (), and the docstring says
so; where it says something else, it is another class. wire/bus.py holds the forms (interop.md 3,
cluster.md 2).
"""

from dataclasses import dataclass

from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError
from cuems.core.events import ToldNodes
from cuems.core.line import Line
from cuems.core.reports import NodeReport
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
