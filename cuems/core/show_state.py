"""What a machine has to know of a running show to take its place in it, as one frozen value.

Every machine computes the runs of a show from the same triggers, so the triggers are the runs: a
machine that is handed them rolls through what has been, in silence, and joins in progress.
"""

from dataclasses import dataclass

from cuems.core.cues import CueId
from cuems.core.runs import Trigger, Word


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowState:
    """A show as it stands. `at` and `after_go_of` are its standby pointer (core/standing.py).

    `enabled` holds the flags that differ from the authored ones. Where everything is being faded
    out there are no triggers: nobody joins in that. What timecode was to start before `begun_at`
    has not been: it was stopped there (0: nowhere; None: who says it is older than this field).
    """

    at: CueId | None = None
    after_go_of: CueId | None = None
    into: int = 0
    paused: bool = False
    enabled: tuple[tuple[CueId, bool], ...] = ()
    kept_loaded: tuple[CueId, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    begun_at: int | None = None

    def runs_as(self, other: "ShowState") -> bool:
        """Whether the same cues run from the same moments, whenever each machine heard of them."""
        return _moments(self) == _moments(other)


def _moments(state: ShowState) -> list[tuple[CueId, int, int, int, Word]]:
    return [(t.cue, t.run_seq, t.due, t.arrival, t.word) for t in state.triggers]
