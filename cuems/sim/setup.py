"""What is simulated: the rig, what is done to it, and what goes wrong."""

from dataclasses import dataclass, field

from cuems.core.cues import CueId
from cuems.core.operator import OperatorCommand
from cuems.core.sequencer import Options
from cuems.sim.source import DropOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """At least `nodes` nodes, the show's own first; `loss` 0 to 0.9 of the bus messages.

    `start` is where the line is when the rehearsal begins, flicks. The players of `broken` cues
    fail.
    """

    nodes: int = 0
    loss: float = 0.0
    seed: int = 0
    start: int = 0
    drop_outs: tuple[DropOut, ...] = ()
    broken: frozenset[CueId] = frozenset()
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Jump:
    """The timecode line jumps to a position, flicks."""

    position: int


@dataclass(frozen=True, slots=True)
class Step:
    """Something is done to the rig, `into_ns` into the rehearsal."""

    into_ns: int
    what: OperatorCommand | Jump
