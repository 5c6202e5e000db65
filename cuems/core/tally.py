"""What all nodes say of each cue, taken together: failed if any failed, playing until the last."""

from collections.abc import Generator, Iterator
from typing import assert_never

from cuems.core.cues import CueId, NodeId
from cuems.core.effects import ActionDone, CueEnded, CueProgress, CueReset, CueStarted, Outcome
from cuems.core.reports import (
    CueEndedReport,
    CueFailedReport,
    CueProgressReport,
    CueResetReport,
    CueStartedReport,
    NodeReport,
)
from cuems.core.status import CuePlay, CueReason

CueState = CuePlay | CueReason
CueEffect = CueStarted | CueProgress | CueEnded | CueReset | ActionDone

OWN = NodeId("controller")  # who tells of the cues that no node owns

LOST = "its node is lost"

UNPLAYED, STARTED, PLAYED, FAILED = 0, 1, 100, -1


class Tally:
    """Play status of the cues of one loaded show; what is not in the show is ignored."""

    def __init__(self, cues: frozenset[CueId]) -> None:
        self._cues = cues
        self._playing: dict[CueId, set[NodeId]] = {}
        self._failed: dict[CueId, dict[NodeId, str]] = {}

    @property
    def plays(self) -> bool:
        """Whether any cue is on."""
        return bool(self._playing)

    def played_before(self, cue: CueId) -> Iterator[CueState]:
        """A cue was over before anything was heard of it here; no news of one that plays."""
        if cue in self._cues and cue not in self._playing and cue not in self._failed:
            yield CuePlay(cue, PLAYED)

    def hear(self, node: NodeId, report: NodeReport) -> Iterator[CueState]:
        """What changes by a node's report."""
        match report:
            case CueStartedReport(cue):
                yield from self.started(node, cue)
            case CueProgressReport(cue, percent):
                yield from self.progress(node, cue, percent)
            case CueEndedReport(cue):
                yield from self.ended(node, cue)
            case CueFailedReport(cue, reason):
                yield from self.failed(node, cue, reason)
            case CueResetReport(cue):
                yield from self.reset(node, cue)
            case _:
                pass

    def note(self, effect: CueEffect) -> Iterator[CueState]:
        """What changes by what the controller's own sequencer did."""
        match effect:
            case CueStarted(cue):
                yield from self.started(OWN, cue)
            case CueProgress(cue, percent):
                yield from self.progress(OWN, cue, percent)
            case CueEnded(cue):
                yield from self.ended(OWN, cue)
            case CueReset(cue):
                yield from self.reset(OWN, cue)
            case ActionDone(cue=cue, outcome=outcome, reason=reason):
                if outcome in (Outcome.REJECTED, Outcome.FAILED):
                    yield from self.failed(OWN, cue, reason)
            case _:
                assert_never(effect)

    def started(self, node: NodeId, cue: CueId) -> Iterator[CueState]:
        """A node began a cue. An action that failed is tried again, a lost node is back."""
        if cue in self._cues:
            again = node == OWN or self._is_lost(node, cue)
            healed = (yield from self._heal(node, cue)) if again else False
            nodes = self._playing.setdefault(cue, set())
            first = not nodes
            nodes.add(node)
            if (first or healed) and cue not in self._failed:
                yield CuePlay(cue, STARTED)

    def progress(self, node: NodeId, cue: CueId, percent: int) -> Iterator[CueState]:
        """A node is so far through a cue."""
        if node in self._playing.get(cue, ()) and cue not in self._failed:
            yield CuePlay(cue, min(99, max(1, percent)))

    def ended(self, node: NodeId, cue: CueId) -> Iterator[CueState]:
        """A node is through with a cue; news only of one that it played, or was lost with."""
        nodes, lost = self._playing.get(cue, set()), self._is_lost(node, cue)
        if node not in nodes and not lost:
            return
        nodes.discard(node)
        if not nodes:
            self._playing.pop(cue, None)
        if lost:
            yield from self._heal(node, cue)
        if cue not in self._failed and (lost or not nodes):
            yield CuePlay(cue, STARTED if nodes else PLAYED)

    def failed(self, node: NodeId, cue: CueId, reason: str) -> Iterator[CueState]:
        """A cue does not play on a node."""
        if cue in self._cues:
            self._failed.setdefault(cue, {})[node] = reason
            yield CuePlay(cue, FAILED)
            yield CueReason(cue, self._reasons(cue))

    def reset(self, node: NodeId, cue: CueId) -> Iterator[CueState]:
        """A node has a cue unplayed, and whole, again."""
        if cue not in self._cues:
            return
        self._playing.get(cue, set()).discard(node)
        healed = yield from self._heal(node, cue)
        if cue in self._failed:
            return
        if not self._playing.get(cue):
            self._playing.pop(cue, None)
            yield CuePlay(cue, UNPLAYED)
        elif healed:
            yield CuePlay(cue, STARTED)

    def _heal(self, node: NodeId, cue: CueId) -> Generator[CueState, None, bool]:
        """Forget what was wrong with a cue on a node; whether anything was."""
        failures = self._failed.get(cue, {})
        if failures.pop(node, None) is None:
            return False
        yield CueReason(cue, self._reasons(cue))
        if not failures:
            del self._failed[cue]
        return True

    def lost(self, node: NodeId) -> Iterator[CueState]:
        """A node is gone: what it was playing, nobody can vouch for."""
        for cue in [cue for cue, nodes in self._playing.items() if node in nodes]:
            self._playing[cue].discard(node)
            if not self._playing[cue]:
                del self._playing[cue]
            yield from self.failed(node, cue, LOST)

    def _is_lost(self, node: NodeId, cue: CueId) -> bool:
        return self._failed.get(cue, {}).get(node) == LOST

    def reset_all(self) -> Iterator[CueState]:
        """Every cue is unplayed."""
        failed = list(self._failed)
        self._playing.clear()
        self._failed.clear()
        for cue in sorted(self._cues & set(failed)):
            yield CueReason(cue, "")

    def _reasons(self, cue: CueId) -> str:
        return "; ".join(dict.fromkeys(self._failed.get(cue, {}).values()))
