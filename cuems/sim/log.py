"""What happens in a rehearsal, as one flat value a happening: time, who, what, which cue."""

from dataclasses import dataclass
from enum import StrEnum

from cuems.core.cues import CueId, NodeId


class Verb(StrEnum):
    """What happened."""

    GO = "GO"
    ASKED = "asked"  # any other command; the note says which
    REFUSED = "refused"
    JUMPS = "jumps"  # the timecode line, by the script
    STANDS_BY = "stands by"
    WAITS = "waits"  # a cue's turn came, and its pre-wait runs
    STARTS = "starts"
    MOVES = "moves"  # a running cue goes on from another place of its body
    HOLDS = "holds"
    GOES_ON = "goes on"
    ENDS = "ends"
    STOPS = "stops"  # before its end, or without having one
    FAILS = "fails"
    ENABLED = "enabled"
    DISABLED = "disabled"
    PAUSED = "paused"
    RESUMED = "resumed"
    ALL_OFF = "all off"
    TIMECODE = "timecode"  # how the nodes follow it has changed; the note says to what
    NODE = "node"  # how a node is has changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A happening `at_ns` into the rehearsal, when the line stood at `position` (flicks).

    `node` is None where the controller or the operator did it. `late` flicks is how long after
    its due moment a cue starts, `elapsed` how far into its body.
    """

    at_ns: int
    position: int
    verb: Verb
    node: NodeId | None = None
    cue: CueId | None = None
    late: int = 0
    elapsed: int = 0
    note: str = ""
