"""The controller as a state machine: operators ask, nodes report, and both are answered.

It holds the show's authority: which project is loaded, what stands by, whether GO may pass, and
where the timecode line is. It plays nothing itself; a sequencer of its own tells it where the
pointer is, and runs the cues that no node owns (actions, fades, lists).
"""

from dataclasses import dataclass, field, replace
from typing import assert_never

from cuems.core import bus
from cuems.core.adoption import NOT_ADOPTED, Adoption
from cuems.core.announcing import Announcer
from cuems.core.chains import Scope
from cuems.core.chase_health import ChaseDesk
from cuems.core.cluster import LOST, Cluster
from cuems.core.cuelist import RunningOrder, has_player, kind, output_names
from cuems.core.cues import CueId, NodeId
from cuems.core.desk import (
    Answer,
    Asked,
    ControllerEffect,
    ControllerEvent,
    ForgetCues,
    HoldLine,
    LineMoved,
    MessageFailed,
    ModifyNodelist,
    NodelistModified,
    NodelistRead,
    NodeSeen,
    ProjectRead,
    ProjectUnreadable,
    Publish,
    ReadNodelist,
    ReadProject,
    Reported,
    RestartLine,
    RigEvent,
    RollLine,
    Send,
    SettingKept,
    SettingsRead,
    Tell,
    Woke,
)
from cuems.core.effects import (
    ActionDone,
    CueEnded,
    CueProgress,
    CueReset,
    CueStarted,
    Effect,
    EnabledChanged,
    FreezeLine,
    ReleaseLine,
    SendMessage,
    ShowStopped,
    StandbyChanged,
)
from cuems.core.errors import CuemsError
from cuems.core.events import (
    Advance,
    Event,
    Go,
    LineEvent,
    LineFound,
    LineLost,
    LoadToTime,
    Locate,
    Panic,
    Pause,
    Resume,
    SetEnabled,
    SetNextCue,
    StopAll,
)
from cuems.core.operator import (
    AdoptNode,
    EnableCue,
    GoCue,
    LoadProject,
    LoadTo,
    MoveStandby,
    Ping,
    PressGo,
    PressPanic,
    PressPause,
    PressResume,
    PressStop,
    SetMixerVolume,
    SetPlayer,
    SetSetting,
    SetVideoMixer,
    UnloadProject,
)
from cuems.core.sequencer import Options, Sequencer
from cuems.core.settings_desk import SettingsDesk, options_of
from cuems.core.status import (
    CueEnabled,
    CueKind,
    CueName,
    CuePlay,
    CueStart,
    DeployProgress,
    GoGuard,
    Loaded,
    MixerVolume,
    NodeHealth,
    NodeName,
    NodeOutputs,
    Notice,
    Status,
    VideoMixer,
)
from cuems.core.tally import OWN, Tally
from cuems.core.timecode import from_ms


class RefusedError(CuemsError):
    """The operator asked for something that cannot be done now; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a controller runs its show.

    A GO is stamped `lead_flicks` ahead of now, so that every node has it in time; not so where
    the only node is `local_node`, in this very process.
    """

    min_go_ns: int = 200_000_000  # a key that bounces, two remotes at once: one GO
    lead_flicks: int = from_ms(80)
    go_patience_flicks: int = from_ms(2000)  # a GO later than this would surprise more than none
    local_node: NodeId | None = None
    first_seq: int = 0  # loads, runs and stops are numbered from here; another at every start
    own_line: bool = True  # False: timecode comes from outside, and cannot be held here
    adopted: tuple[NodeId, ...] | None = None  # who belongs to the rig; None: every node that comes
    options: Options = field(default_factory=Options)


@dataclass(slots=True)
class _LoadedShow:
    load: bus.LoadCommand
    order: RunningOrder
    sequencer: Sequencer
    tally: Tally


class Controller:
    """Commands and reports in, commands to nodes and statuses out."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._cluster = Cluster()
        self._adoption = Adoption(rules.adopted)
        self._chases = ChaseDesk()
        self._out: list[ControllerEffect] = []
        self._loaded: _LoadedShow | None = None
        self._loading: dict[int, Asked] = {}
        self._load_seq = rules.first_seq
        self._run_seq = rules.first_seq
        self._stop_generation = rules.first_seq
        self._last_go_ns: int | None = None
        self._settings = SettingsDesk()
        self._announcer = Announcer(self._publish)

    def begin(self) -> tuple[ControllerEffect, ...]:
        """What clients are told before anything has happened."""
        self._announcer.begin()
        self._publish(GoGuard(self.rules.min_go_ns // 1_000_000))
        return self._taken()

    def next_due(self) -> int | None:
        """The line position at which something happens by itself."""
        return None if self._loaded is None else self._loaded.sequencer.next_due()

    def next_wake_ns(self) -> int | None:
        """The machine moment at which a node's silence would be news."""
        return self._cluster.next_wake_ns()

    def handle(self, event: ControllerEvent) -> tuple[ControllerEffect, ...]:
        """Apply one event; what must now happen, in order."""
        match event:
            case Asked():
                self._asked(event)
            case Reported(node, report, now_ns):
                self._reported(node, report, now_ns)
            case ProjectRead():
                self._project_read(event)
            case ProjectUnreadable(load_seq, reason):
                self._answer_load(load_seq, reason)
            case LineMoved(line):
                self._line_moved(line)
            case MessageFailed(cue, reason):
                self._message_failed(cue, reason)
            case NodeSeen() | NodelistRead() | NodelistModified():
                self._rig_changed(event)
            case Woke(now_ns):
                self._woke(now_ns)
            case SettingsRead() | SettingKept():
                self._settings_news(event)
            case _:
                assert_never(event)
        self._settle_armed()
        return self._taken()

    def _woke(self, now_ns: int) -> None:
        for health in self._cluster.wake(now_ns):
            self._node_changed(health.node, lost=health.state == "lost")
            self._publish(health)

    # ---- operators

    def _asked(self, asked: Asked) -> None:
        try:
            if isinstance(asked.command, SetSetting):
                done = self._change_setting(asked, asked.command)
            else:
                done = self._do(asked)
        except CuemsError as refused:
            self._out.append(Answer(asked, str(refused)))
        else:
            if done:
                self._out.append(Answer(asked))

    def _do(self, asked: Asked) -> bool:
        """Do what was asked; False when the answer comes later."""
        match asked.command:
            case LoadProject() | AdoptNode() as command:
                self._begin(asked, command)
                return False
            case UnloadProject():
                self._unload()
            case PressGo():
                self._go(asked, self._show().sequencer.standby)
            case GoCue(cue):
                self._go(asked, cue)
            case PressStop():
                self._stop()
            case PressPanic():
                self._panic()
            case PressPause():
                self._pause()
            case PressResume():
                self._resume()
            case Ping() | SetSetting():
                pass  # the latter was done before
            case _:
                self._set(asked.command)
        return True

    def _change_setting(self, asked: Asked, command: SetSetting) -> bool:
        keep = self._settings.ask(asked, command)
        if keep is not None:
            self._out.append(keep)
        return keep is None

    def _settings_news(self, event: SettingsRead | SettingKept) -> None:
        match event:
            case SettingsRead():
                self._out += self._settings.read(event)
            case SettingKept(reason=reason):
                asked, told = self._settings.kept(event)
                self._out += told if asked is None else [*told, Answer(asked, reason)]
        self._apply_settings()

    def _apply_settings(self) -> None:
        settings = self._settings.settings
        if settings is None:
            return
        self.rules = replace(
            self.rules,
            min_go_ns=settings.min_go_ms * 1_000_000,
            go_patience_flicks=from_ms(settings.go_patience_ms),
            options=options_of(settings),
        )
        if self._loaded is not None:
            self._loaded.sequencer.options = self.rules.options

    def _begin(self, asked: Asked, command: LoadProject | AdoptNode) -> None:
        match command:
            case LoadProject(project):
                self._load(asked, project)
            case AdoptNode(node, adopt):
                self._out.append(ModifyNodelist(self._adoption.ask(asked, command), node, adopt))
            case _:
                assert_never(command)

    def _set(
        self,
        command: MoveStandby | EnableCue | LoadTo | SetMixerVolume | SetVideoMixer | SetPlayer,
    ) -> None:
        match command:
            case MoveStandby(cue):
                self._known(cue)
                self._tell(bus.SetNextCueCommand(cue))
                self._sequence(SetNextCue(cue))
            case EnableCue(cue, enabled):
                self._known(cue)
                self._tell(bus.CueEnabledCommand(cue, enabled))
                self._sequence(SetEnabled(cue, enabled))
            case LoadTo(into_ms):
                self._show()
                self._tell(bus.LoadToTimeCommand(from_ms(into_ms)))
                self._sequence(LoadToTime(from_ms(into_ms)))
            case SetMixerVolume(node=node, output=output, channel=channel, value=value):
                address = f"/{node}/audio/mixer/{output}/{channel}/volume"
                self._tell(bus.PlayerControlCommand(address, (value,)))
                self._publish(MixerVolume(node, output, channel, value))
            case SetVideoMixer(node=node, mixer=mixer, parameter=parameter, values=values):
                address = f"/{node}/video/mixer/{mixer}/{parameter}"
                self._tell(bus.PlayerControlCommand(address, values))
                self._publish(VideoMixer(node, mixer, parameter, values))
            case SetPlayer(node=node, path=path, args=args):
                plain = tuple(arg for arg in args if isinstance(arg, int | float | str))
                self._tell(bus.PlayerControlCommand(f"/{node}/{path}", plain))
            case _:
                assert_never(command)

    def _show(self) -> _LoadedShow:
        if self._loaded is None:
            raise RefusedError("no project is loaded")
        return self._loaded

    def _known(self, cue: CueId) -> None:
        self._show().order[cue]

    def _load(self, asked: Asked, project: str) -> None:
        if self._announcer.running:
            raise RefusedError("a show is running: stop it first")
        self._load_seq += 1
        for load_seq in list(self._loading):
            self._answer_load(load_seq, f"given up for {project!r}, asked for later")
        self._loading[self._load_seq] = asked
        self._out.append(ReadProject(self._load_seq, project))

    def _answer_load(self, load_seq: int, reason: str) -> None:
        asked = self._loading.pop(load_seq, None)
        if asked is None:
            return
        if reason:
            self._publish(Notice(reason.splitlines()[0]))
        self._out.append(Answer(asked, reason))

    def _project_read(self, read: ProjectRead) -> None:
        asked = self._loading.get(read.load_seq)
        if asked is None or not isinstance(asked.command, LoadProject):
            return
        if self._announcer.running:
            self._answer_load(read.load_seq, "a show is running: stop it first")
            return
        project = asked.command.project
        self._start_over()
        order = RunningOrder(read.show)
        unowned = frozenset(cue for cue in order if not has_player(order[cue]))
        sequencer = Sequencer(order, Scope(frozenset(), unowned), self.rules.options)
        load = bus.LoadCommand(project=project, load_seq=read.load_seq, source=read.source)
        self._loaded = _LoadedShow(load, order, sequencer, Tally(frozenset(order)))
        self._out.append(ForgetCues())
        self._reset_statuses(self._loaded)
        for cue in order:
            self._publish(CueName(cue, order[cue].name))
            self._publish(CueKind(cue, kind(order[cue]), len(tuple(order.lists_around(cue)))))
            self._publish(CueEnabled(cue, order[cue].enabled))
        self._publish(Loaded(project, read.show.id))
        everyone = any(has_player(order[c]) and not output_names(order[c]) for c in order)
        self._cluster.loads(read.load_seq, order.nodes(), everyone=everyone)
        self._tell(replace(load, only=self._adoption.only))
        self._take(sequencer.begin())
        self._out.append(RestartLine(rolling=True))
        self._publish(Notice(""))
        self._answer_load(read.load_seq, "")

    def _unload(self) -> None:
        if self._announcer.running:
            raise RefusedError("a show is running: stop it first")
        for load_seq in list(self._loading):
            self._answer_load(load_seq, "given up: unloaded")
        self._start_over()
        self._loaded = None
        self._stop_generation += 1
        self._cluster.loads(0, frozenset(), everyone=False)
        self._tell(bus.UnloadCommand(self._stop_generation))
        self._out.append(ForgetCues())
        self._out.append(RestartLine(rolling=False))
        self._publish(Loaded(""))

    def _go(self, asked: Asked, cue: CueId | None) -> None:
        show = self._show()
        if cue is None:
            raise RefusedError("nothing stands by: the list is at its end")
        self._known(cue)
        since_ns = None if self._last_go_ns is None else asked.now_ns - self._last_go_ns
        if since_ns is not None and since_ns < self.rules.min_go_ns:
            left_ms = -(-(self.rules.min_go_ns - since_ns) // 1_000_000)
            raise RefusedError(f"too soon after the last GO: wait {left_ms} ms")
        only_here = self._cluster.nodes() == {self.rules.local_node}
        at = asked.position + (0 if only_here else self.rules.lead_flicks)
        deadline = at + self.rules.go_patience_flicks
        into = show.sequencer.into if cue == show.sequencer.standby else 0
        seq = self._run_seq + 1
        go = Go(run_seq=seq, cue=cue, at=at, deadline=deadline, into=into)
        refusal = show.sequencer.why_not(go)
        if refusal:
            raise RefusedError(refusal)
        why_not = self._cluster.why_not_armed()
        if why_not:
            raise RefusedError(f"not armed: {why_not}")
        if not show.sequencer.enabled(cue):
            raise RefusedError(f"cue {show.order[cue].name!r} is disabled")
        self._last_go_ns = asked.now_ns
        self._run_seq = seq
        self._tell(bus.GoCommand(run_seq=seq, cue=cue, at=at, deadline=deadline, into=into))
        self._announcer.run()
        self._sequence(go)

    def _stop(self) -> None:
        """Always obeyed, whatever is going on, and as often as it is asked."""
        self._stop_generation += 1
        self._tell(bus.StopCommand(self._stop_generation))
        self._sequence(StopAll())

    def _stopped(self, show: _LoadedShow) -> None:
        self._announcer.stop()
        self._start_over()
        self._cluster.rearms()
        self._reset_statuses(show)
        self._out.append(RestartLine(rolling=True))

    def _panic(self) -> None:
        """Always told, like a stop: nodes may play what this controller knows nothing of."""
        self._stop_generation += 1
        self._tell(bus.PanicCommand(self._stop_generation))
        self._sequence(Panic())

    def _pause(self) -> None:
        self._show()
        if not self.rules.own_line:
            raise RefusedError("timecode comes from outside: stop it there")
        self._sequence(Pause())

    def _resume(self) -> None:
        self._show()
        self._sequence(Resume())

    def _start_over(self) -> None:
        self._announcer.start_over()

    def _reset_statuses(self, show: _LoadedShow) -> None:
        for status in show.tally.reset_all():
            self._publish(status)
        for cue in show.order:
            self._publish(CuePlay(cue, 0))

    # ---- nodes

    def _reported(self, node: NodeId, report: bus.NodeReport, now_ns: int) -> None:
        if not self._adoption.admits(node):
            self._turn_away(node, report)
            return
        watched = isinstance(report, bus.Hello | bus.ClockProbe)
        for health in self._cluster.heard(node, now_ns, watched=watched):
            self._publish(health)
        if isinstance(report, bus.Hello):
            self._hello(node, report)
        elif self._loaded is not None:
            if isinstance(report, bus.CueStartedReport) and report.cue in self._loaded.order:
                self._publish(CueStart(report.cue, report.start))
            for status in self._loaded.tally.hear(node, report):
                self._publish(status)
        self._node_news(node, report)

    def _turn_away(self, node: NodeId, report: bus.NodeReport) -> None:
        hello = report if isinstance(report, bus.Hello) else None
        if self._adoption.turned_away(node, hello):
            self._publish(NodeHealth(node, NOT_ADOPTED, "it is on the bus"))
        if hello is not None:
            self._publish(NodeName(node, hello.name))
            self._out.append(ReadNodelist())

    def _rig_changed(self, event: RigEvent) -> None:
        match event:
            case NodeSeen(node, name):
                self._seen(node, name)
            case NodelistRead(adopted, now_ns):
                self._adoption.listed(adopted)
                self._adopted(now_ns)
            case NodelistModified(seq, reason, now_ns):
                asked = self._adoption.answered(seq, reason)
                self._adopted(now_ns)
                self._out.append(Answer(asked, reason))
            case _:
                assert_never(event)

    def _seen(self, node: NodeId, name: str) -> None:
        """News only of a node that is not on the bus."""
        if node in self._cluster.nodes():
            return
        state = LOST if self._adoption.admits(node) else NOT_ADOPTED
        if self._adoption.turned_away(node, None):
            self._publish(NodeName(node, name))
            self._publish(NodeHealth(node, state, "it is on the network, but not on this bus"))

    def _adopted(self, now_ns: int) -> None:
        """Who belongs to the rig has changed, or may have."""
        for node in self._cluster.nodes():
            if not self._adoption.admits(node):
                self._cluster.forget(node)
                self._adoption.turned_away(node, None)
                self._publish(NodeHealth(node, NOT_ADOPTED, "it was let go of"))
        for node, hello in self._adoption.let_in():
            if hello is not None:
                self._reported(node, hello, now_ns)

    def _hello(self, node: NodeId, hello: bus.Hello) -> None:
        """A node is there, maybe for the first time since it was switched on."""
        started = self._cluster.greeted(node, hello.boot, hello.name)
        self._publish(NodeName(node, hello.name))
        self._publish(NodeOutputs(node, hello.missing))
        if started:
            self._node_changed(node, lost=True)
        if not started and hello.stop_generation != self._stop_generation:
            self._tell(bus.StopCommand(self._stop_generation, only=(node,)))  # it has missed one
        self._out += self._settings.tell_nodes()
        show = self._loaded
        if show is not None and (started or hello.load_seq != show.load.load_seq):
            self._tell(replace(show.load, only=(node,)))

    def _catch_up(self, show: _LoadedShow) -> None:
        """Tell a node that has just loaded what it missed; to the others it is no news."""
        sequencer = show.sequencer
        for cue in show.order:
            if sequencer.enabled(cue) != show.order[cue].enabled:
                self._tell(bus.CueEnabledCommand(cue, sequencer.enabled(cue)))
        at_top = sequencer.standby == show.order.first(sequencer.enabled)
        if sequencer.standby is not None and not at_top:
            self._tell(bus.SetNextCueCommand(sequencer.standby))

    def _node_changed(self, node: NodeId, *, lost: bool) -> None:
        if lost and self._loaded is not None:
            for status in self._loaded.tally.lost(node):
                self._publish(status)

    def _node_news(self, node: NodeId, report: bus.NodeReport) -> None:
        match report:
            case bus.ArmedReport(armed=armed, waiting_for=waiting, load_seq=load_seq):
                fresh = self._cluster.armed(node, armed, self._names(waiting), load_seq)
                if fresh and self._loaded is not None:
                    self._catch_up(self._loaded)
            case bus.LoadFailedReport(project=project, reason=reason, load_seq=load_seq):
                self._cluster.armed(node, False, f"{project}: {reason}", load_seq)
                self._publish(Notice(f"{self._cluster.label(node)}: {project}: {reason}"))
            case bus.ChaseReport():
                for status in self._chases.reported(node, self._cluster.label(node), report):
                    self._publish(status)
            case bus.DeployReport(percent, detail):
                self._publish(DeployProgress(node, percent, detail))
            case bus.NoticeReport(text):
                self._publish(Notice(f"{self._cluster.label(node)}: {text}"))
            case bus.GoRefusedReport(run_seq, reason):
                self._publish(Notice(f"{self._cluster.label(node)} refused GO {run_seq}: {reason}"))
            case _:
                pass

    def _names(self, cues: tuple[CueId, ...]) -> str:
        order = None if self._loaded is None else self._loaded.order
        names = (order[cue].name if order is not None and cue in order else cue for cue in cues)
        return f"arming {', '.join(names)}" if cues else ""

    # ---- the controller's own sequencer

    def _sequence(self, event: Event) -> None:
        if self._loaded is not None:
            self._take(self._loaded.sequencer.handle(event))

    def _line_moved(self, event: LineEvent) -> None:
        match event:
            case Advance(position) | Locate(position) | LineFound(position):
                if self._loaded is not None:
                    self._announcer.roll(position)
            case LineLost():
                self._publish(Notice("timecode is lost"))
            case _:
                assert_never(event)
        self._sequence(event)

    def _take(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            self._apply(effect)

    def _apply(self, effect: Effect) -> None:
        show = self._show()
        match effect:
            case StandbyChanged(cue):
                self._announcer.move_standby(cue)
            case EnabledChanged(cue, enabled):
                self._publish(CueEnabled(cue, enabled))
            case ShowStopped():
                self._stopped(show)
            case SendMessage(cue, message):
                self._out.append(Send(cue, message))
            case FreezeLine():
                self._hold(paused=True)
            case ReleaseLine():
                self._hold(paused=False)
            case ActionDone() | CueStarted() | CueProgress() | CueEnded() | CueReset():
                if isinstance(effect, CueStarted):
                    self._publish(CueStart(effect.cue, effect.start))
                for status in show.tally.note(effect):
                    self._publish(status)
            case _:
                pass

    def _message_failed(self, cue: CueId, reason: str) -> None:
        if self._loaded is not None and self._announcer.running:
            for status in self._loaded.tally.failed(OWN, cue, reason):
                self._publish(status)

    def _hold(self, *, paused: bool) -> None:
        """Told also for a node that missed the action; to the others it is no news."""
        self._tell(bus.PauseCommand() if paused else bus.ResumeCommand())
        self._announcer.pause(paused)
        self._out.append(HoldLine() if paused else RollLine())

    # ---- what follows from every event

    def _settle_armed(self) -> None:
        if self._loaded is not None:
            standby = self._loaded.sequencer.standby
            self._announcer.arm(self._cluster.why_not_armed(), standby)

    def _tell(self, message: bus.NodeCommand) -> None:
        self._out.append(Tell(message))

    def _publish(self, status: Status) -> None:
        self._out.append(Publish(status))

    def _taken(self) -> tuple[ControllerEffect, ...]:
        out, self._out = tuple(self._out), []
        return out
