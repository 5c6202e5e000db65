"""How cues have ended on a node, for a controller that may not have heard of it.

What is said on a link that carries nothing any more is lost with it: it is said again when the
controller next brings the node up to now. Of what has not changed that is no news.
"""

from collections.abc import Iterator

from cuems.core.cues import CueId
from cuems.core.reports import (
    CueEndedReport,
    CueFailedReport,
    CueResetReport,
    CueStartedReport,
    NodeReport,
)

MOST_KEPT = 64  # the newest: a link that is dead is noticed within seconds

Ending = CueEndedReport | CueFailedReport


class Endings:
    """The newest ending of each cue that does not run again, the oldest first."""

    def __init__(self) -> None:
        self._kept: dict[CueId, Ending] = {}

    def note(self, report: NodeReport) -> None:
        """The node says something."""
        match report:
            case CueEndedReport(cue) | CueFailedReport(cue):
                self._kept.pop(cue, None)
                self._kept[cue] = report
                if len(self._kept) > MOST_KEPT:
                    del self._kept[next(iter(self._kept))]
            case CueStartedReport(cue) | CueResetReport(cue):
                self._kept.pop(cue, None)
            case _:
                pass

    def __iter__(self) -> Iterator[Ending]:
        return iter(tuple(self._kept.values()))
