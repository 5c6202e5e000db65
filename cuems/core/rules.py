"""By which rules a controller runs its show."""

from dataclasses import dataclass, field

from cuems.core.cues import NodeId
from cuems.core.sequencer import Options
from cuems.core.timecode import from_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a controller runs its show.

    A GO is stamped `lead_flicks` ahead of now (None: by what answers take), so that every node
    has it in time; not so where the only node is `local_node`, in this very process.
    """

    min_go_ns: int = 200_000_000  # a key that bounces, two remotes at once: one GO
    lead_flicks: int | None = None
    go_patience_flicks: int = from_ms(2000)  # a GO later than this would surprise more than none
    local_node: NodeId | None = None
    first_seq: int = 0  # loads, runs and stops are numbered from here; another at every start
    adopted: tuple[NodeId, ...] | None = None  # who belongs to the rig; None: every node that comes
    options: Options = field(default_factory=Options)
