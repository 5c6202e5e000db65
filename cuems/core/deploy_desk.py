"""Deploys as the controller leads them: who is asked, who may transfer, how it stands.

Transfers share a line and a disk, so only so many go at once; the others wait in the order in
which they asked. A node's `state` is asked, preparing (the controller looks at its own files),
checking, waiting, fetching, verifying, then done, incomplete (all that there is has come), failed,
cancelled, or unreachable.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cuems.core import bus
from cuems.core.cues import NodeId
from cuems.core.reports import DeployPlanReport, DeployReport
from cuems.core.status import (
    DeployBytes,
    DeployPlan,
    DeployProgress,
    DeployRun,
    DeployTotal,
    Notice,
    Status,
)

TURNS = 4  # more at once delay the loop on two cores (limits.md A7)
ANSWER_NS = 10_000_000_000  # a node that is asked says something within this, or cannot
CHANGING = frozenset({"deploy", "rollback", "gc"})  # locked in show mode
VERBS = CHANGING | {"check", "unused"}
WHOLE = frozenset({"done", "incomplete"})
ENDED = WHOLE | frozenset({"failed", "cancelled", "unreachable"})


@dataclass(slots=True)
class _Run:
    """One deploy command; `open` are the nodes that have not ended, and when they were asked.

    `asked` is false while the controller looks at its own files.
    """

    seq: int
    verb: str
    project: str
    asked: bool = False
    open: dict[NodeId, int | None] = field(default_factory=dict)
    states: dict[NodeId, str] = field(default_factory=dict)


class DeployDesk:
    """What nodes report of their files, and what they are told."""

    def __init__(
        self, publish: Callable[[Status], None], tell: Callable[[bus.NodeCommand], None]
    ) -> None:
        self._publish = publish
        self._tell = tell
        self._run: _Run | None = None
        self._turns: list[NodeId] = []
        self._queue: list[NodeId] = []
        self._bytes: dict[NodeId, DeployBytes] = {}

    # ---- a command

    def begin(self, seq: int, verb: str, project: str) -> None:
        """The controller looks at its own files first. A run before this one is superseded."""
        self._run = _Run(seq, verb, project)
        self._bytes.clear()
        self._publish(DeployTotal(0, 0, 0, 0, 0))
        self._publish(DeployRun("preparing", project))

    def fail(self, seq: int, reason: str) -> None:
        """Nothing can be asked of anybody."""
        if self._run is not None and self._run.seq == seq:
            project = self._run.project
            self._run = None
            self._publish(DeployRun("failed", project, reason))

    def ask(
        self, seq: int, source: bus.Source, there: set[NodeId], needed: set[NodeId], now_ns: int
    ) -> None:
        """Ask the nodes that are there; those that are needed and not there are unreachable."""
        run = self._run
        if run is None or run.seq != seq:
            return
        verb = "deploy" if run.verb == "rollback" else run.verb
        run.asked = True
        run.open = dict.fromkeys(sorted(there), now_ns)
        self._publish(DeployRun("checking" if verb == "check" else "working", run.project))
        for node in sorted(there):
            self._publish(DeployProgress(node, 0, ""))
            self._publish(DeployBytes(node, "asked"))
        for node in sorted(needed - there):
            self._ended(run, node, "unreachable", "it is not there: switch it on, or adopt it")
        if there:
            self._tell(
                bus.DeployCommand(
                    deploy_seq=seq,
                    verb=verb,
                    project=run.project,
                    source=source,
                    only=tuple(sorted(there)),
                )
            )
        self._settle(run)

    def next_wake_ns(self) -> int | None:
        """When a node's silence means that it does not know the command."""
        asked = (
            [] if self._run is None else [at for at in self._run.open.values() if at is not None]
        )
        return min(asked) + ANSWER_NS if asked else None

    def wake(self, now_ns: int) -> None:
        """Time has passed."""
        run = self._run
        if run is None:
            return
        for node, asked_ns in list(run.open.items()):
            if asked_ns is not None and now_ns >= asked_ns + ANSWER_NS:
                reason = "it does not answer to a deploy: update it, or see its log"
                self._ended(run, node, "unreachable", reason)
        self._settle(run)

    # ---- nodes

    def hear(self, node: NodeId, label: str, report: DeployReport | DeployPlanReport) -> None:
        """What a node says of its files."""
        if isinstance(report, DeployReport):
            self.reported(node, label, report)
        else:
            self.planned(node, report)

    def reported(self, node: NodeId, label: str, report: DeployReport) -> None:
        """How far a node is, or how it has ended."""
        self._publish(DeployProgress(node, report.percent, report.detail))
        self._take_turn(node, report.state)
        if report.state:
            self._note(
                DeployBytes(
                    node,
                    report.state,
                    report.file,
                    report.done_bytes,
                    report.total_bytes,
                    report.bytes_per_s,
                    report.eta_s,
                )
            )
        if report.state in ("failed", "incomplete"):
            self._publish(Notice(f"{label}: {report.detail}"))
        run = self._run
        if run is None or report.deploy_seq != run.seq or node not in run.open:
            return
        run.open[node] = None
        if report.state in ENDED:
            del run.open[node]
            run.states[node] = report.state
            self._settle(run)

    def planned(self, node: NodeId, report: DeployPlanReport) -> None:
        """What a node has and lacks."""
        if self._run is not None and node in self._run.open:
            self._run.open[node] = None
        self._publish(
            DeployPlan(
                node,
                report.have,
                report.fetch,
                report.update,
                report.remove,
                report.bytes_to_come,
                report.free_bytes,
                ", ".join(report.missing),
            )
        )

    def unprepared(self, reason: str) -> None:
        """The controller's own files cannot be read: whoever waits for that gets none."""
        for node, news in list(self._bytes.items()):
            if news.state == "preparing":
                self._publish(DeployProgress(node, 0, reason))
                self._note(replace(news, state="failed"))

    def lost(self, node: NodeId) -> None:
        """A node is gone, and what it was doing with it."""
        self._take_turn(node, "unreachable")
        if node in self._bytes:
            self._bytes[node] = replace(self._bytes[node], bytes_per_s=0)
        if self._run is not None and node in self._run.open:
            self._ended(self._run, node, "unreachable", "it was lost; deploy again when it is back")
            self._settle(self._run)

    def _ended(self, run: _Run, node: NodeId, state: str, reason: str) -> None:
        run.open.pop(node, None)
        run.states[node] = state
        self._publish(DeployProgress(node, 0, reason))
        self._publish(DeployBytes(node, state))

    def _settle(self, run: _Run) -> None:
        if run.open or not run.asked or self._run is not run:
            return
        self._run = None
        bad = set(run.states.values()) - {"done"}
        state = "done" if not bad else "unreachable" if bad == {"unreachable"} else "failed"
        self._publish(DeployRun(state, run.project))

    # ---- turns

    def _take_turn(self, node: NodeId, state: str) -> None:
        if state == "waiting":
            if node not in self._turns and node not in self._queue:
                self._queue.append(node)
            self._grant(asked=node)
        elif state != "fetching":
            self._queue = [each for each in self._queue if each != node]
            if node in self._turns:
                self._turns.remove(node)
                self._grant()

    def _grant(self, asked: NodeId | None = None) -> None:
        news = asked in self._turns  # it asks again: our answer was lost
        while self._queue and len(self._turns) < TURNS:
            self._turns.append(self._queue.pop(0))
            news = True
        if news:
            self._tell(bus.DeployTurn(tuple(self._turns)))

    # ---- all together

    def _note(self, news: DeployBytes) -> None:
        before = self._bytes.get(news.node)
        if before is not None and news.state in ENDED and not news.total_bytes:
            done = before.done_bytes if news.state not in WHOLE else before.total_bytes
            news = replace(before, state=news.state, done_bytes=done, bytes_per_s=0, eta_s=0)
        self._bytes[news.node] = news
        self._publish(news)
        of_all = [each for each in self._bytes.values() if each.total_bytes]
        total = sum(each.total_bytes for each in of_all)
        if not total:
            return
        done = sum(each.done_bytes for each in of_all)
        rate = sum(each.bytes_per_s for each in of_all)
        ended = all(each.state in ENDED for each in self._bytes.values())
        percent = 100 if done == total and ended else min(99, 100 * done // total)
        left = total - done
        self._publish(DeployTotal(percent, done, total, rate, left // rate if rate else 0))
