"""What reaches a node, and what it wants done: the inputs and outputs of core/node.py."""

from dataclasses import dataclass

from cuems.core import bus
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import Show
from cuems.core.effects import PlayerEffect
from cuems.core.events import LineEvent, PlayerEvent
from cuems.core.reports import NodeReport

# ---- in


@dataclass(frozen=True, slots=True)
class Told:
    """The controller said something; the line was at `position` (None: not known)."""

    command: bus.NodeCommand
    position: int | None


@dataclass(frozen=True, slots=True)
class Moved:
    """The timecode line went on."""

    event: LineEvent


@dataclass(frozen=True, slots=True)
class Proved:
    """A player reported."""

    event: PlayerEvent


@dataclass(frozen=True, slots=True)
class Fetched:
    """The project of a load is here, read and sound."""

    load: bus.LoadCommand
    show: Show


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """The project of a load is not to be had."""

    load: bus.LoadCommand
    reason: str


@dataclass(frozen=True, slots=True)
class OnLine:
    """The node stands on the controller's line that began at `began_ns` (0: on none)."""

    began_ns: int


class LineMissed:
    """A line that a GO is for has not been heard of for too long."""


NodeEvent = Told | Moved | Proved | Fetched | FetchFailed | OnLine | LineMissed


# ---- out


@dataclass(frozen=True, slots=True)
class Say:
    """Report to the controller."""

    report: NodeReport


@dataclass(frozen=True, slots=True)
class Play:
    """Ask the players."""

    effect: PlayerEffect


@dataclass(frozen=True, slots=True)
class Fetch:
    """Get a project's files and read its script; a fetch that is under way is given up."""

    load: bus.LoadCommand


@dataclass(frozen=True, slots=True)
class Prepare:
    """From now on these are the cues to play; players of the show before are let go."""

    order: RunningOrder


@dataclass(frozen=True, slots=True)
class ClearStage:
    """Let all players go."""


@dataclass(frozen=True, slots=True)
class Control:
    """Set something of a player."""

    command: bus.PlayerControlCommand


@dataclass(frozen=True, slots=True)
class AskIn:
    """A project is here that others may be in the middle of: ask how the show stands."""


@dataclass(frozen=True, slots=True)
class Deploy:
    """Do something about a project's files, whatever is loaded; an older one is given up."""

    command: bus.DeployCommand


NodeEffect = Say | Play | Fetch | Prepare | ClearStage | Control | AskIn | Deploy
