"""The controller as a state machine: operators ask, nodes report, and both are answered.

It holds the show's authority: which project is loaded, what stands by, whether GO may pass, and
where the timecode line is. It plays nothing itself; a sequencer of its own tells it where the
pointer is, and runs the cues that no node owns (actions, fades, lists).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias, assert_never

from cuems.core import bus
from cuems.core.actions import NOT_OURS_TO_HOLD
from cuems.core.adoption import NOT_ADOPTED, ON_BUS, SILENT, Adoption
from cuems.core.announcing import Announcer
from cuems.core.body import length_flicks
from cuems.core.chains import Scope
from cuems.core.chase_health import ChaseDesk
from cuems.core.cluster import LOST, Cluster
from cuems.core.cuelist import RunningOrder, has_player, kind, output_names
from cuems.core.cues import CueId, NodeId
from cuems.core.deploy_desk import CHANGING, VERBS, DeployDesk
from cuems.core.desk import (
    AdoptLine,
    Answer,
    AnswerTook,
    Asked,
    AskSign,
    ControllerEffect,
    ControllerEvent,
    DeployImpossible,
    DeployReady,
    DiedBefore,
    Fenced,
    ForgetCues,
    HoldLine,
    LineMoved,
    LoseNode,
    MessageFailed,
    ModifyNodelist,
    NodelistModified,
    NodelistRead,
    NodeSeen,
    PaceDeploy,
    PrepareDeploy,
    ProjectHashed,
    ProjectRead,
    ProjectUnreadable,
    Publish,
    ReadNodelist,
    ReadProject,
    Reported,
    RestartLine,
    Restore,
    RigEvent,
    RollLine,
    Send,
    SettingKept,
    SettingsRead,
    Tell,
    Undelivered,
    Welcome,
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
from cuems.core.found import JOURNAL, Found
from cuems.core.health import died_of
from cuems.core.held_go import HeldGo
from cuems.core.lead import Lead, to_frame
from cuems.core.operator import (
    AdoptNode,
    DeployFiles,
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
    SetMode,
    SetPlayer,
    SetSetting,
    SetVideoMixer,
    TakeControl,
    UnloadProject,
    WaiveNode,
)
from cuems.core.played import Played, PlayedBefore, ShowAsFound
from cuems.core.sequencer import Options, Sequencer
from cuems.core.settings_desk import SettingsDesk, options_of
from cuems.core.show_state import ShowState
from cuems.core.standby import STEPPED_DOWN
from cuems.core.stands import Stands, mixers
from cuems.core.status import (
    CueEnabled,
    CueKind,
    CueLate,
    CueName,
    CuePlay,
    CueStart,
    GoGuard,
    GoLead,
    Leadership,
    Loaded,
    MixerVolume,
    ModeIs,
    NodeFigures,
    NodeHealth,
    NodeName,
    NodeOutputs,
    NodeWaived,
    Notice,
    Status,
    VideoMixer,
)
from cuems.core.tally import OWN, PLAYED, Tally
from cuems.core.timecode import from_ms, to_ms

CONTROLS_KEPT = 1024  # faders that were moved, for nodes that come later
UPSTREAM_SIGNS = bus.Pong | bus.PlayerAdded | bus.ArmedReport  # a node of ours says hello first

YIELD_FLICKS = from_ms(10_000)  # transfers trickle this long before the next cue is due


class RefusedError(CuemsError):
    """The operator asked for something that cannot be done now; the text says why."""


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


NodeNews: TypeAlias = bus.NoticeReport | bus.GoRefusedReport | bus.HealthReport | bus.CrashReport


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
        self._deploy_seq = rules.first_seq
        self._deploys = DeployDesk(self._publish, self._tell)
        self._mode = "edit"
        self._line_at: int | None = None
        self._trickle = False
        self._last_go_ns: int | None = None
        self._settings = SettingsDesk(own_line=rules.options.own_line)
        self._now_ns = 0
        self._position = 0
        self._held = HeldGo()
        self._lead = Lead(rules.lead_flicks)
        self._told_lead_ms = 0
        self._controls: dict[str, bus.PlayerControlCommand] = {}
        self._wanted: set[NodeId] = set()
        self._found = Found()
        self._played = Played()
        self._fenced_by = 0
        self._late: dict[CueId, dict[NodeId, int]] = {}
        self._announcer = Announcer(self._publish)

    def begin(self) -> tuple[ControllerEffect, ...]:
        """What clients are told before anything has happened."""
        self._announcer.begin()
        self._publish(GoGuard(self.rules.min_go_ns // 1_000_000))
        self._publish(ModeIs(self._mode))
        return self._taken()

    def next_due(self) -> int | None:
        """The line position at which something happens by itself."""
        return None if self._loaded is None else self._loaded.sequencer.next_due()

    def next_wake_ns(self) -> int | None:
        """The machine moment at which a node's silence would be news, or a GO has waited enough."""
        moments = (
            self._cluster.next_wake_ns(),
            self._held.until_ns,
            self._deploys.next_wake_ns(),
            self._adoption.next_wake_ns(),
        )
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def stop_generation(self) -> int:
        """How often was stopped."""
        return self._stop_generation

    @property
    def wanted(self) -> tuple[NodeId, ...]:
        """The nodes that have to say hello, because they do not know how the show stands."""
        return tuple(sorted(self._wanted))

    def admits(self, node: NodeId) -> bool:
        """Whether a node belongs to the rig."""
        return self._adoption.admits(node)

    @property
    def fenced(self) -> bool:
        """Whether the nodes obey another controller, so that this one is to keep still."""
        return self._fenced_by > 0

    def handle(self, event: ControllerEvent) -> tuple[ControllerEffect, ...]:
        """Apply one event; what must now happen, in order."""
        match event:
            case Asked():
                self._asked(event)
            case Reported(node, report, now_ns):
                self._reported(node, report, now_ns)
            case (
                ProjectRead() | ProjectUnreadable() | Restore() | PlayedBefore() | ProjectHashed()
                | DeployReady() | DeployImpossible()
            ):  # fmt: skip
                self._files_news(event)
            case LineMoved(line):
                self._line_moved(line)
            case MessageFailed() | DiedBefore():
                self._failed(event)
            case NodeSeen() | NodelistRead() | NodelistModified():
                self._rig_changed(event)
            case Woke(now_ns):
                self._woke(now_ns)
            case SettingsRead() | SettingKept():
                self._settings_news(event)
            case AnswerTook() | Undelivered() | Fenced():
                self._delivery(event)
            case _:
                assert_never(event)
        self._settle_held()
        self._settle_armed()
        self._settle_pace()
        return self._taken()

    def _files_news(
        self,
        event: ProjectRead
        | ProjectUnreadable
        | Restore
        | PlayedBefore
        | ProjectHashed
        | DeployReady
        | DeployImpossible,
    ) -> None:
        if isinstance(event, ProjectRead | ProjectUnreadable | Restore | PlayedBefore):
            self._project_news(event)
        else:
            self._files_known(event)

    # ---- operators

    def _asked(self, asked: Asked) -> None:
        self._now_ns, self._position = asked.now_ns, asked.position
        try:
            if self._fenced_by and not isinstance(asked.command, Ping | PressStop | PressPanic):
                raise RefusedError(f"another controller leads (epoch {self._fenced_by})")
            if isinstance(asked.command, SetSetting):
                done = self._change_setting(asked, asked.command)
            else:
                done = self._do(asked)
            self._found.asked(asked)
        except CuemsError as refused:
            self._out.append(Answer(asked, str(refused)))
        else:
            if done:
                self._out.append(Answer(asked))

    def _do(self, asked: Asked) -> bool:
        """Do what was asked; False when the answer comes later."""
        match asked.command:
            case LoadProject() | AdoptNode() | TakeControl() as command:
                self._begin(asked, command)
                return False
            case UnloadProject():
                self._unload()
            case PressGo():
                return self._go(asked, self._show().sequencer.standby)
            case GoCue(cue):
                return self._go(asked, cue)
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
            options=options_of(settings, own_line=self.rules.options.own_line),
        )
        self._lead.most_flicks = from_ms(settings.lead_cap_ms)
        if self._loaded is not None:
            self._loaded.sequencer.options = self.rules.options

    def _begin(self, asked: Asked, command: LoadProject | AdoptNode | TakeControl) -> None:
        match command:
            case LoadProject(project):
                self._load(asked, project)
            case AdoptNode(node, adopt):
                self._out.append(ModifyNodelist(self._adoption.ask(asked, command), node, adopt))
            case TakeControl():
                raise RefusedError("this controller leads already")
            case _:
                assert_never(command)

    def _see_to_files(self, command: SetMode | DeployFiles) -> None:
        match command:
            case SetMode(mode):
                self._set_mode(mode)
            case DeployFiles(verb, project):
                self._deploy(verb, project)

    def _set_mode(self, mode: str) -> None:
        if mode not in ("edit", "show"):
            raise RefusedError(f"mode {mode!r:.40}: expected 'edit' or 'show'")
        self._mode = mode
        self._publish(ModeIs(mode))

    def _locked_in_show(self, what: str) -> None:
        if self._mode == "show":
            raise RefusedError(f"{what} is locked in show mode: set mode edit first")

    # ---- files on nodes

    def _deploy(self, verb: str, project: str) -> None:
        if verb not in VERBS:
            raise RefusedError(f"{verb!r:.40}: expected one of {', '.join(sorted(VERBS))}")
        if verb in CHANGING:
            self._locked_in_show("deploy")
        self._deploy_seq += 1
        self._deploys.begin(self._deploy_seq, verb, project)
        self._out.append(PrepareDeploy(self._deploy_seq, verb, project))

    def _files_known(self, event: ProjectHashed | DeployReady | DeployImpossible) -> None:
        match event:
            case ProjectHashed(load_seq, source, reason):
                if reason:
                    self._publish(Notice(f"nodes get no files: {reason}"))
                    self._deploys.unprepared(reason)
                show = self._loaded
                if source is not None and show is not None and show.load.load_seq == load_seq:
                    show.load = replace(show.load, source=source)
                    self._tell(show.load)
            case DeployReady(deploy_seq, source, nodes, now_ns):
                there = self._cluster.there()
                self._deploys.ask(deploy_seq, source, there, set(nodes), now_ns)
            case DeployImpossible(deploy_seq, reason):
                self._deploys.fail(deploy_seq, reason)
            case _:
                assert_never(event)

    def _settle_pace(self) -> None:
        """Transfers yield to a show: to what plays, to what is due soon, to show mode."""
        trickle = self._mode == "show" or self._plays_soon()
        if trickle != self._trickle:
            self._trickle = trickle
            self._out.append(PaceDeploy(trickle))

    def _plays_soon(self) -> bool:
        if self._loaded is None:
            return False
        due = self._loaded.sequencer.next_due()
        near = None if due is None or self._line_at is None else due - self._line_at
        return self._loaded.tally.plays or (near is not None and near <= YIELD_FLICKS)

    def _set(
        self,
        command: (
            MoveStandby
            | EnableCue
            | LoadTo
            | SetMixerVolume
            | SetVideoMixer
            | SetPlayer
            | WaiveNode
            | SetMode
            | DeployFiles
        ),
    ) -> None:
        match command:
            case MoveStandby(cue):
                self._known(cue)
                self._move_standby(cue)
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
                control = bus.PlayerControlCommand(address, (value,))
                self._controls[address] = control
                if len(self._controls) > CONTROLS_KEPT:
                    del self._controls[next(iter(self._controls))]
                self._tell(control)
                self._publish(MixerVolume(node, output, channel, value))
            case SetVideoMixer(node=node, mixer=mixer, parameter=parameter, values=values):
                address = f"/{node}/video/mixer/{mixer}/{parameter}"
                self._tell(bus.PlayerControlCommand(address, values))
                self._publish(VideoMixer(node, mixer, parameter, values))
            case SetPlayer(node=node, path=path, args=args):
                plain = tuple(arg for arg in args if isinstance(arg, int | float | str))
                self._tell(bus.PlayerControlCommand(f"/{node}/{path}", plain))
            case WaiveNode(node, waived):
                self._cluster.waive(node, waived=waived)
                self._publish(NodeWaived(node, waived))
            case SetMode() | DeployFiles():
                self._see_to_files(command)
            case _:
                assert_never(command)

    def _move_standby(self, cue: CueId) -> None:
        self._held.jumped(self._now_ns)
        self._tell(bus.SetNextCueCommand(cue))
        self._sequence(SetNextCue(cue))

    def _show(self) -> _LoadedShow:
        if self._loaded is None:
            raise RefusedError("no project is loaded")
        return self._loaded

    def _known(self, cue: CueId) -> None:
        self._show().order[cue]

    def _load(self, asked: Asked, project: str) -> None:
        self._locked_in_show("load")
        if self._announcer.running:
            raise RefusedError("a show is running: stop it first")
        self._load_seq += 1
        self._found.hello = None
        self._welcome_all()
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

    def _project_news(
        self, event: ProjectRead | ProjectUnreadable | Restore | PlayedBefore
    ) -> None:
        match event:
            case ProjectRead():
                self._project_read(event)
            case ProjectUnreadable(load_seq, reason):
                self._unreadable(load_seq, reason)
            case Restore():
                self._restore(event)
                self._tell_played(self._played.remembers(event.remembered.stands))
            case PlayedBefore():
                self._tell_played(self._played.remembers(event))

    def _tell_played(self, cues: Iterable[CueId]) -> None:
        if self._loaded is not None:
            for cue in cues:
                for status in self._loaded.tally.played_before(cue):
                    self._publish(status)

    def _project_read(self, read: ProjectRead) -> None:
        found = self._found.hello
        if found is not None and read.load_seq == found.load_seq:
            self._take_up(read, found)
            return
        asked = self._loading.get(read.load_seq)
        if asked is None or not isinstance(asked.command, LoadProject):
            return
        if self._announcer.running:
            self._answer_load(read.load_seq, "a show is running: stop it first")
            return
        project = asked.command.project
        self._start_over()
        show = self._set_up(project, read)
        self._tell(replace(show.load, only=self._adoption.only))
        self._take(show.sequencer.begin())
        self._out.append(RestartLine(rolling=True))
        self._publish(Notice(""))
        self._answer_load(read.load_seq, "")

    def _restore(self, event: Restore) -> None:
        """Take a show up as the journal has it, unless a node has it, or somebody has asked."""
        stands = event.remembered.stands
        if self._loaded is not None:
            return
        if not self._found.remembers(event.remembered, event.now_ns, go_on=event.go_on):
            return
        for control in stands.controls:
            self._controls[control.address] = control
            self._out += map(Publish, mixers(control))
        self._out.append(ReadProject(stands.load_seq, stands.project))

    @property
    def stands(self) -> Stands:
        """How the show stands, for a controller that has to go on from here."""
        show = self._loaded
        return Stands(
            project="" if show is None else show.load.project,
            load_seq=0 if show is None else show.load.load_seq,
            stop_generation=self._stop_generation,
            state=ShowState() if show is None else show.sequencer.state,
            controls=tuple(self._controls.values()),
            played=f"{self._played.bits:x}" if self._played.bits else "",
        )

    def _unreadable(self, load_seq: int, reason: str) -> None:
        found = self._found.hello
        if found is not None and found.load_seq == load_seq:
            self._found.hello = None
            self._publish(Notice(f"what was found is not here: {reason.splitlines()[0]}"))
            self._welcome_all()
        self._answer_load(load_seq, reason)

    def _set_up(self, project: str, read: ProjectRead) -> _LoadedShow:
        """Have a project loaded here, and say so to clients."""
        order = RunningOrder(read.show)
        unowned = frozenset(cue for cue in order if not has_player(order[cue]))
        sequencer = Sequencer(order, Scope(frozenset(), unowned), self.rules.options)
        load = bus.LoadCommand(project=project, load_seq=read.load_seq, source=read.source)
        show = self._loaded = _LoadedShow(load, order, sequencer, Tally(frozenset(order)))
        self._late.clear()
        self._played.loads(order)
        self._out.append(ForgetCues())
        self._reset_statuses(show)
        for cue in order:
            self._publish(CueName(cue, order[cue].name))
            depth = len(tuple(order.lists_around(cue)))
            self._publish(CueKind(cue, kind(order[cue]), depth, length_flicks(order[cue])))
            self._publish(CueEnabled(cue, order[cue].enabled))
        self._publish(Loaded(project, read.show.id))
        everyone = any(has_player(order[c]) and not output_names(order[c]) for c in order)
        self._cluster.loads(read.load_seq, order.nodes(), everyone=everyone)
        return show

    def _take_up(self, read: ProjectRead, found: bus.Hello) -> None:
        """A show was found running on a node, by a controller that has just started: lead it on."""
        state = self._found.taken_up(found)
        for load_seq in list(self._loading):
            self._answer_load(load_seq, f"{found.project!r} was found on a node, and is led on")
        self._start_over()
        show = self._set_up(found.project, read)
        self._load_seq = read.load_seq
        # Never back: who has been told the number of our own start obeys no lower one.
        self._stop_generation = max(self._stop_generation, found.stop_generation)
        self._take(show.sequencer.begin())
        if state is None:
            self._out.append(RestartLine(rolling=True))
        else:
            self._out.append(AdoptLine(found.position or 0, self._found.found_ns, found.rolling))
            self._take(show.sequencer.restore(state))
            self._run_seq = max([self._run_seq, *(t.run_seq for t in state.triggers)])
            as_found = ShowAsFound(found.project, found.load_seq, found.stop_generation)
            self._tell_played(self._played.takes_up(as_found))
        if state is not None and state.triggers:
            self._announcer.run()
        self._wanted = {node for node in self._cluster.nodes() if self._cluster.is_member(node)}
        self._publish(Notice(_where_found(found, state)))
        self._welcome_all()

    def _unload(self) -> None:
        self._locked_in_show("unload")
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

    def _go(self, asked: Asked, cue: CueId | None) -> bool:
        """Fire a cue; False when that has to wait a moment."""
        show = self._show()
        if cue is None:
            raise RefusedError("nothing stands by: the list is at its end")
        self._known(cue)
        since_ns = None if self._last_go_ns is None else asked.now_ns - self._last_go_ns
        if since_ns is not None and since_ns < self.rules.min_go_ns:
            left_ms = -(-(self.rules.min_go_ns - since_ns) // 1_000_000)
            raise RefusedError(f"too soon after the last GO: wait {left_ms} ms")
        if self._held.asked is not None:
            raise RefusedError("a GO is waiting already, for nodes that still arm")
        go = self._stamped(show, cue, asked.position)
        refusal = show.sequencer.why_not(go)
        if refusal:
            raise RefusedError(refusal)
        if not show.sequencer.enabled(cue):
            raise RefusedError(f"cue {show.order[cue].name!r} is disabled")
        why_not = self._cluster.why_not_armed()
        if cue != show.sequencer.standby:
            if why_not and not self._held.may_wait(asked.now_ns):
                raise RefusedError(f"not armed: {why_not}")
            self._move_standby(cue)
        unheard = self._cluster.unheard(show.sequencer.standby)
        if unheard or (why_not and self._held.may_wait(asked.now_ns)):
            self._held.hold(asked, cue)
            return False
        if why_not:
            raise RefusedError(f"not armed: {why_not}")
        self._fire(go, asked.now_ns)
        return True

    def _stamped(self, show: _LoadedShow, cue: CueId, position: int) -> Go:
        only_here = self._cluster.nodes() == {self.rules.local_node}
        at = position if only_here else to_frame(position + self._lead.flicks)
        into = show.sequencer.into if cue == show.sequencer.standby else 0
        return Go(
            run_seq=self._run_seq + 1,
            cue=cue,
            at=at,
            deadline=at + self.rules.go_patience_flicks,
            into=into,
        )

    def _fire(self, go: Go, now_ns: int) -> None:
        self._last_go_ns = now_ns
        self._run_seq = go.run_seq
        self._tell(
            bus.GoCommand(
                run_seq=go.run_seq, cue=go.cue, at=go.at, deadline=go.deadline, into=go.into
            )
        )
        self._announcer.run()
        self._sequence(go)

    def _settle_held(self) -> None:
        """Fire the GO that waits as soon as it can be; refuse it when it has waited enough."""
        asked, cue, until_ns = self._held.asked, self._held.cue, self._held.until_ns
        if asked is None or cue is None or until_ns is None:
            return
        show = self._loaded
        if show is None or show.sequencer.standby != cue:
            self._refuse_held("the standby was put elsewhere")
            return
        why_not = self._cluster.unheard(cue) or self._cluster.why_not_armed()
        if not why_not:
            go = self._stamped(show, cue, self._position)
            refusal = show.sequencer.why_not(go)
            if refusal:
                self._refuse_held(refusal)
                return
            self._held.release()
            self._fire(go, self._now_ns)
            self._out.append(Answer(asked))
        elif self._now_ns >= until_ns:
            self._refuse_held(f"not armed: {why_not}")

    def _refuse_held(self, reason: str) -> None:
        asked = self._held.release()
        if asked is not None:
            self._out.append(Answer(asked, reason))

    def _stop(self) -> None:
        """Always obeyed, whatever is going on, and as often as it is asked."""
        self._refuse_held("stopped meanwhile")
        self._stop_generation += 1
        self._tell(bus.StopCommand(self._stop_generation))
        self._sequence(StopAll())

    def _stopped(self, show: _LoadedShow) -> None:
        self._announcer.stop()
        self._played.stops()
        self._start_over()
        self._cluster.rearms()
        self._reset_statuses(show)
        self._out.append(RestartLine(rolling=True))

    def _panic(self) -> None:
        """Always told, like a stop: nodes may play what this controller knows nothing of."""
        self._refuse_held("stopped meanwhile")
        self._stop_generation += 1
        self._tell(bus.PanicCommand(self._stop_generation))
        self._sequence(Panic())

    def _pause(self) -> None:
        self._show()
        if not self.rules.options.own_line:
            raise RefusedError(NOT_OURS_TO_HOLD)
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
            self._turn_away(node, report, now_ns)
            return
        self._now_ns = now_ns
        greets = isinstance(report, bus.Hello)
        came = node not in self._cluster.nodes() and isinstance(report, UPSTREAM_SIGNS)
        if self._cluster.is_lost(node) and self._cluster.is_member(node):
            self._wanted.add(node)  # it has missed what was told meanwhile
        watched = greets and node != self.rules.local_node
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
        if came:
            self._legacy_came()

    def _turn_away(self, node: NodeId, report: bus.NodeReport, now_ns: int) -> None:
        hello = report if isinstance(report, bus.Hello) else None
        if self._adoption.turned_away(node, hello, now_ns):
            self._publish(NodeHealth(node, NOT_ADOPTED, ON_BUS))
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
        """A node is there, or has the project now: bring it up to how the show stands."""
        started = self._cluster.greeted(node, hello.boot, hello.name)
        self._publish(NodeName(node, hello.name))
        self._publish(NodeOutputs(node, hello.missing))
        if started:
            self._node_changed(node, lost=True)
        self._wanted.discard(node)
        idle = self._loaded is None and not self._loading
        if self._found.finds(hello, self._now_ns, idle=idle):
            self._out.append(ReadProject(hello.load_seq, hello.project))
        self._found.waits(node)
        if idle and self._found.silenced and hello.state is not None and hello.state.triggers:
            self._tell(bus.StopCommand(self._stop_generation, only=(node,)))
        if self._found.hello is None:
            self._welcome_all()
        if started:  # no oftener: a node that hears news before its welcome has to say hello again
            self._out += self._settings.tell_nodes()

    def _welcome_all(self) -> None:
        """Answer those who have said hello: how the show stands is known."""
        for node in self._found.answer_all():
            self._wanted.discard(node)
            self._welcome(node)

    def _welcome(self, node: NodeId) -> None:
        show = self._loaded
        unknown = show is None and self._found.untouched
        self._out.append(
            Welcome(
                bus.Snapshot(
                    node=node,
                    # Where a show is to be found yet, its stops are counted on from there.
                    stop_generation=0 if unknown else self._stop_generation,
                    load=None if show is None else show.load,
                    empty=show is None and not unknown,
                    state=None if show is None else show.sequencer.state,
                    controls=tuple(self._controls.values()),
                )
            )
        )
        if unknown and self._found.silenced:
            self._tell(bus.StopCommand(self._stop_generation, only=(node,)))

    def _legacy_came(self) -> None:
        """A node of the ecosystem came late: where that disturbs nobody, load for it again."""
        show = self._loaded
        if show is not None and not self._announcer.running and self._cluster.why_not_armed():
            self._tell(show.load)

    def _woke(self, now_ns: int) -> None:
        self._now_ns = now_ns
        for health in self._cluster.wake(now_ns):
            self._node_changed(health.node, lost=health.state == "lost")
            self._publish(health)
            if health.state == "lost":
                self._out.append(LoseNode(health.node))
        for node in self._adoption.silent(now_ns):
            self._publish(NodeHealth(node, NOT_ADOPTED, SILENT))
        self._out += map(AskSign, self._cluster.silent(now_ns))
        self._deploys.wake(now_ns)

    def _delivery(self, event: AnswerTook | Undelivered | Fenced) -> None:
        match event:
            case AnswerTook(took_ns, now_ns):
                self._answer_took(took_ns, now_ns)
            case Undelivered(node, command, reason):
                self._undelivered(node, command, reason)
            case Fenced(node, epoch):
                self._fenced(node, epoch)

    def _answer_took(self, took_ns: int, now_ns: int) -> None:
        self._lead.answered(took_ns, now_ns)
        lead_ms = to_ms(self._lead.flicks)
        if lead_ms != self._told_lead_ms:
            self._told_lead_ms = lead_ms
            self._publish(GoLead(lead_ms))

    def _undelivered(self, node: NodeId, command: bus.NodeCommand, reason: str) -> None:
        """A GO is reported; the rest a node is brought up to now with when it is back."""
        if isinstance(command, bus.GoCommand):
            cue = self._names((command.cue,), "")
            self._publish(Notice(f"GO {cue} did not reach {self._cluster.label(node)}: {reason}"))
        elif self._cluster.is_member(node):
            self._wanted.add(node)

    def _fenced(self, node: NodeId, epoch: int) -> None:
        """Two controllers, and the nodes obey the other: this one does nothing any more."""
        if epoch > self._fenced_by:
            self._fenced_by = epoch
            label = self._cluster.label(node)
            detail = f"another controller leads, says {label}"
            self._publish(Leadership(role=STEPPED_DOWN, detail=detail, epoch=epoch))
            self._publish(Notice(f"another controller leads (epoch {epoch}, says {label})"))

    def _cue_timing(self, node: NodeId, timing: bus.CueTimingReport) -> None:
        if self._loaded is None or timing.cue not in self._loaded.order or timing.joined:
            return
        late = self._late.setdefault(timing.cue, {})
        late[node] = timing.late_us
        self._publish(CueLate(timing.cue, max(late.values())))

    def _node_changed(self, node: NodeId, *, lost: bool) -> None:
        if lost and self._loaded is not None:
            for status in self._loaded.tally.lost(node):
                self._publish(status)
        if lost:
            self._deploys.lost(node)

    def _node_news(self, node: NodeId, report: bus.NodeReport) -> None:
        match report:
            case bus.ArmedReport(
                armed=armed, waiting_for=waiting, load_seq=load_seq, standby=standby
            ):
                self._cluster.armed(node, armed, self._names(waiting), load_seq, standby)
            case bus.Heartbeat(armed=bus.ArmedReport() as last):
                self._node_news(node, last)
            case bus.CueStartedReport() | bus.CueProgressReport():
                self._runs_by_itself()
            case bus.CueTimingReport():
                self._cue_timing(node, report)
            case bus.LoadFailedReport(project=project, reason=reason, load_seq=load_seq):
                self._cluster.armed(node, False, f"{project}: {reason}", load_seq)
                self._publish(Notice(f"{self._cluster.label(node)}: {project}: {reason}"))
            case bus.ChaseReport():
                for status in self._chases.reported(node, self._cluster.label(node), report):
                    self._publish(status)
            case bus.DeployReport() | bus.DeployPlanReport():
                self._deploys.hear(node, self._cluster.label(node), report)
            case (
                bus.NoticeReport() | bus.GoRefusedReport() | bus.HealthReport() | bus.CrashReport()
            ):
                self._node_notice(node, report)
            case _:
                pass

    def _node_notice(self, node: NodeId, report: NodeNews) -> None:
        label = self._cluster.label(node)
        match report:
            case bus.NoticeReport(text):
                self._publish(Notice(f"{label}: {text}"))
            case bus.GoRefusedReport(run_seq, reason):
                self._publish(Notice(f"{label} refused GO {run_seq}: {reason}"))
            case bus.HealthReport(line, wrong):
                self._publish(NodeFigures(node, line, wrong))
            case bus.CrashReport(text):
                self._publish(Notice(f"{label}: {died_of(text)}"))

    def _runs_by_itself(self) -> None:
        """Timecode has started cues without a GO: a show runs all the same."""
        show = self._loaded
        if show is not None and not self._announcer.running and show.sequencer.goes_on:
            self._announcer.run()

    def _names(self, cues: tuple[CueId, ...], doing: str = "arming ") -> str:
        order = None if self._loaded is None else self._loaded.order
        names = (order[cue].name if order is not None and cue in order else cue for cue in cues)
        return f"{doing}{', '.join(names)}" if cues else ""

    # ---- the controller's own sequencer

    def _sequence(self, event: Event) -> None:
        if self._loaded is not None:
            self._take(self._loaded.sequencer.handle(event))

    def _line_moved(self, event: LineEvent) -> None:
        match event:
            case Advance(position) | Locate(position) | LineFound(position):
                self._line_at = position
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
                self._runs_by_itself()
                if isinstance(effect, CueStarted):
                    self._publish(CueStart(effect.cue, effect.start))
                for status in show.tally.note(effect):
                    self._publish(status)
            case _:
                pass

    def _failed(self, event: MessageFailed | DiedBefore) -> None:
        match event:
            case DiedBefore(text):
                self._publish(Notice(died_of(text)))
            case MessageFailed(cue, reason):
                self._message_failed(cue, reason)

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
            why_not = self._cluster.why_not_armed()
            if why_not or not self._cluster.unheard(standby):
                self._announcer.arm(why_not, standby)

    def _tell(self, message: bus.NodeCommand) -> None:
        self._out.append(Tell(message))

    def _publish(self, status: Status) -> None:
        if isinstance(status, CuePlay):
            self._played.note(status.cue, over=status.percent == PLAYED)
        self._out.append(Publish(status))

    def _taken(self) -> tuple[ControllerEffect, ...]:
        out, self._out = tuple(self._out), []
        return out


def _where_found(found: bus.Hello, state: ShowState | None) -> str:
    """What the operator is told of a show that was taken up."""
    where = "in the journal" if found.name == JOURNAL else f"on {found.name}"
    if state is None:
        return f"{found.project} was found {where}, and is stopped"
    stays = "stands where it was: resume, or stop"
    return f"{found.project} was found {where}, and {stays if state.paused else 'is led on'}"
