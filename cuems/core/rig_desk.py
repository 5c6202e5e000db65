"""The nodes: who is there, who belongs here, what they report, and who has gone."""

from typing import TypeAlias, assert_never

from cuems.core import bus
from cuems.core.adoption import NOT_ADOPTED, ON_BUS, SILENT
from cuems.core.booth import Booth
from cuems.core.chase_health import ChaseDesk
from cuems.core.cluster import LOST
from cuems.core.cues import NodeId
from cuems.core.deploy_desk import DeployDesk
from cuems.core.desk import (
    Answer,
    AskSign,
    LoseNode,
    NodelistModified,
    NodelistRead,
    NodeSeen,
    ReadNodelist,
    ReadProject,
    RigEvent,
)
from cuems.core.events import Go
from cuems.core.greeter import Greeter
from cuems.core.health import died_of
from cuems.core.project_desk import ProjectDesk
from cuems.core.reports import (
    ArmedReport,
    ChaseReport,
    CrashReport,
    CueProgressReport,
    CueStartedReport,
    CueTimingReport,
    DeployPlanReport,
    DeployReport,
    GoRefusedReport,
    HealthReport,
    Heartbeat,
    Hello,
    LoadFailedReport,
    NodeReport,
    NoticeReport,
    PlayerAdded,
    Pong,
)
from cuems.core.settings_desk import SettingsDesk
from cuems.core.status import (
    CueLate,
    CueStart,
    NodeFigures,
    NodeHealth,
    NodeName,
    NodeOutputs,
    Notice,
)

UPSTREAM_SIGNS = Pong | PlayerAdded | ArmedReport  # a node of ours says hello first

NodeNews: TypeAlias = NoticeReport | GoRefusedReport | HealthReport | CrashReport


class RigDesk:
    """Reports in; health, welcomes and what follows out."""

    def __init__(
        self,
        booth: Booth,
        greeter: Greeter,
        projects: ProjectDesk,
        settings: SettingsDesk,
        deploys: DeployDesk,
    ) -> None:
        self._booth = booth
        self._greeter = greeter
        self._projects = projects
        self._settings = settings
        self._deploys = deploys
        self._chases = ChaseDesk()

    def hear(self, node: NodeId, report: NodeReport, now_ns: int) -> None:
        """A report of a node, or of a stranger."""
        booth = self._booth
        if not booth.adoption.admits(node):
            self._turn_away(node, report, now_ns)
            return
        booth.now_ns = now_ns
        greets = isinstance(report, Hello)
        came = node not in booth.cluster.nodes() and isinstance(report, UPSTREAM_SIGNS)
        if booth.cluster.is_lost(node) and booth.cluster.is_member(node):
            booth.wanted.add(node)  # it has missed what was told meanwhile
        watched = greets and node != booth.rules.local_node
        for health in booth.cluster.heard(node, now_ns, watched=watched):
            booth.publish(health)
        if isinstance(report, Hello):
            self._hello(node, report)
        elif booth.loaded is not None:
            if isinstance(report, CueStartedReport) and report.cue in booth.loaded.order:
                booth.publish(CueStart(report.cue, report.start))
            for status in booth.loaded.tally.hear(node, report):
                booth.publish(status)
        self._node_news(node, report)
        if came:
            self._greeter.legacy_came()

    def _turn_away(self, node: NodeId, report: NodeReport, now_ns: int) -> None:
        booth = self._booth
        hello = report if isinstance(report, Hello) else None
        if booth.adoption.turned_away(node, hello, now_ns):
            booth.publish(NodeHealth(node, NOT_ADOPTED, ON_BUS))
        if hello is not None:
            booth.publish(NodeName(node, hello.name))
            booth.out.append(ReadNodelist())

    def rig_changed(self, event: RigEvent) -> None:
        """Who is on the network, or belongs here."""
        booth = self._booth
        match event:
            case NodeSeen(node, name):
                self._seen(node, name)
            case NodelistRead(adopted, now_ns):
                booth.adoption.listed(adopted)
                self._adopted(now_ns)
            case NodelistModified(seq, reason, now_ns):
                asked = booth.adoption.answered(seq, reason)
                self._adopted(now_ns)
                booth.out.append(Answer(asked, reason))
            case _:
                assert_never(event)

    def _seen(self, node: NodeId, name: str) -> None:
        """News only of a node that is not on the bus."""
        booth = self._booth
        if node in booth.cluster.nodes():
            return
        state = LOST if booth.adoption.admits(node) else NOT_ADOPTED
        if booth.adoption.turned_away(node, None):
            booth.publish(NodeName(node, name))
            booth.publish(NodeHealth(node, state, "it is on the network, but not on this bus"))

    def _adopted(self, now_ns: int) -> None:
        """Who belongs to the rig has changed, or may have."""
        booth = self._booth
        for node in booth.cluster.nodes():
            if not booth.adoption.admits(node):
                booth.cluster.forget(node)
                booth.adoption.turned_away(node, None)
                booth.publish(NodeHealth(node, NOT_ADOPTED, "it was let go of"))
        for node, hello in booth.adoption.let_in():
            if hello is not None:
                self.hear(node, hello, now_ns)

    def _hello(self, node: NodeId, hello: Hello) -> None:
        """A node is there, or has the project now: bring it up to how the show stands."""
        booth = self._booth
        started = booth.cluster.greeted(node, hello.boot, hello.name)
        booth.publish(NodeName(node, hello.name))
        booth.publish(NodeOutputs(node, hello.missing))
        if started:
            self._node_changed(node, lost=True)
        booth.wanted.discard(node)
        idle = self._projects.idle
        if booth.found.finds(hello, booth.now_ns, idle=idle):
            booth.out.append(ReadProject(hello.load_seq, hello.project))
        booth.found.waits(node)
        if idle and booth.found.silenced and hello.state is not None and hello.state.triggers:
            booth.tell(bus.StopCommand(booth.stop_generation, only=(node,)))
        if booth.found.hello is None:
            self._greeter.welcome_all()
        if started:  # no oftener: a node that hears news before its welcome has to say hello again
            booth.out += self._settings.tell_nodes()

    def _node_changed(self, node: NodeId, *, lost: bool) -> None:
        booth = self._booth
        if lost and booth.loaded is not None:
            for status in booth.loaded.tally.lost(node):
                booth.publish(status)
        if lost:
            self._deploys.lost(node)

    def wake(self, now_ns: int) -> None:
        """A moment has come at which a node's silence is news."""
        booth = self._booth
        booth.now_ns = now_ns
        for health in booth.cluster.wake(now_ns):
            self._node_changed(health.node, lost=health.state == "lost")
            booth.publish(health)
            if health.state == "lost":
                booth.out.append(LoseNode(health.node))
        for node in booth.adoption.silent(now_ns):
            booth.publish(NodeHealth(node, NOT_ADOPTED, SILENT))
        booth.out += map(AskSign, booth.cluster.silent(now_ns))
        self._deploys.wake(now_ns)

    def undelivered(self, node: NodeId, command: bus.NodeCommand, reason: str) -> None:
        """A GO is reported; with all that it missed a node is brought up to now."""
        booth = self._booth
        if isinstance(command, Go):
            cue = booth.names((command.cue,), "")
            booth.publish(Notice(f"GO {cue} did not reach {booth.cluster.label(node)}: {reason}"))
        if booth.cluster.is_member(node):
            booth.wanted.add(node)

    def _cue_timing(self, node: NodeId, timing: CueTimingReport) -> None:
        booth = self._booth
        if booth.loaded is None or timing.cue not in booth.loaded.order or timing.joined:
            return
        late = booth.late.setdefault(timing.cue, {})
        late[node] = timing.late_us
        booth.publish(CueLate(timing.cue, max(late.values())))

    def _node_news(self, node: NodeId, report: NodeReport) -> None:
        booth = self._booth
        match report:
            case ArmedReport():
                self._armed(node, report)
            case Heartbeat(armed=ArmedReport() as last):
                self._node_news(node, last)
            case CueStartedReport() | CueProgressReport():
                booth.runs_by_itself()
            case CueTimingReport():
                self._cue_timing(node, report)
            case LoadFailedReport(project=project, reason=reason, load_seq=load_seq):
                booth.cluster.armed(node, False, f"{project}: {reason}", load_seq)
                booth.publish(Notice(f"{booth.cluster.label(node)}: {project}: {reason}"))
            case ChaseReport():
                for status in self._chases.reported(node, booth.cluster.label(node), report):
                    booth.publish(status)
            case DeployReport() | DeployPlanReport():
                self._deploys.hear(node, booth.cluster.label(node), report)
            case NoticeReport() | GoRefusedReport() | HealthReport() | CrashReport():
                self._node_notice(node, report)
            case _:
                pass

    def _armed(self, node: NodeId, report: ArmedReport) -> None:
        waiting = self._booth.names(report.waiting_for)
        self._booth.cluster.armed(
            node, report.armed, waiting, report.load_seq, report.standby, report.welcome
        )

    def _node_notice(self, node: NodeId, report: NodeNews) -> None:
        booth = self._booth
        label = booth.cluster.label(node)
        match report:
            case NoticeReport(text):
                booth.publish(Notice(f"{label}: {text}"))
            case GoRefusedReport(run_seq, reason):
                booth.publish(Notice(f"{label} refused GO {run_seq}: {reason}"))
                if booth.cluster.is_member(node):
                    booth.wanted.add(node)  # the others have obeyed it, and so has our sequencer
            case HealthReport(line, wrong):
                booth.publish(NodeFigures(node, line, wrong))
            case CrashReport(text):
                booth.publish(Notice(f"{label}: {died_of(text)}"))
