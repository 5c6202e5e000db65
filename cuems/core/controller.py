"""The controller as a state machine: operators ask, nodes report, and both are answered.

It holds the show's authority: which project is loaded, what stands by, whether GO may pass, and
where the timecode line is. It plays nothing itself. Its rooms share one booth (core/booth.py).
"""

from dataclasses import replace
from typing import assert_never

from cuems.core import bus
from cuems.core.actions import NOT_OURS_TO_HOLD
from cuems.core.booth import Booth, RefusedError
from cuems.core.cues import CueId, NodeId
from cuems.core.desk import (
    Answer,
    AnswerTook,
    Asked,
    ControllerEffect,
    ControllerEvent,
    DeployImpossible,
    DeployReady,
    DiedBefore,
    Fenced,
    LineMoved,
    MessageFailed,
    ModifyNodelist,
    NodelistModified,
    NodelistRead,
    NodeSeen,
    ProjectHashed,
    ProjectRead,
    ProjectUnreadable,
    Reported,
    Restore,
    SettingKept,
    SettingsRead,
    StoodBefore,
    Undelivered,
    Woke,
)
from cuems.core.errors import CuemsError
from cuems.core.events import (
    Advance,
    LineEvent,
    LineFound,
    LineLost,
    LoadToTime,
    Locate,
    Panic,
    Pause,
    Resume,
    SetEnabled,
    StopAll,
)
from cuems.core.file_desk import FileDesk
from cuems.core.go_gate import GoGate
from cuems.core.greeter import Greeter
from cuems.core.health import died_of
from cuems.core.operator import (
    AdoptNode,
    DeployFiles,
    EnableCue,
    GoCue,
    LoadProject,
    LoadTo,
    MoveStandby,
    PauseCue,
    Ping,
    PressGo,
    PressPanic,
    PressPause,
    PressResume,
    PressStop,
    ResumeCue,
    SetMixerVolume,
    SetMode,
    SetPlayer,
    SetSetting,
    SetVideoMixer,
    StopCue,
    TakeControl,
    UnloadProject,
    WaiveNode,
)
from cuems.core.played import PlayedBefore
from cuems.core.project_desk import ProjectDesk, ProjectNews
from cuems.core.rig_desk import RigDesk
from cuems.core.rules import Rules
from cuems.core.sequencer import PANIC
from cuems.core.settings_desk import SettingsDesk, options_of
from cuems.core.show_state import ShowState
from cuems.core.standby import STEPPED_DOWN
from cuems.core.stands import Stands
from cuems.core.status import (
    ClusterWarning,
    GoGuard,
    Leadership,
    MixerVolume,
    ModeIs,
    NodeWaived,
    Notice,
    VideoMixer,
)
from cuems.core.tally import OWN
from cuems.core.timecode import from_ms

CONTROLS_KEPT = 1024  # faders that were moved, for nodes that come later


class Controller:
    """Commands and reports in, commands to nodes and statuses out."""

    def __init__(self, rules: Rules) -> None:
        self._booth = booth = Booth(rules)
        self._settings = SettingsDesk(own_line=rules.options.own_line)
        self._gate = GoGate(booth)
        self._files = FileDesk(booth)
        self._greeter = Greeter(booth)
        self._projects = ProjectDesk(booth, self._greeter)
        self._rig = RigDesk(
            booth, self._greeter, self._projects, self._settings, self._files.deploys
        )
        self._fenced_by = 0

    def begin(self) -> tuple[ControllerEffect, ...]:
        """What clients are told before anything has happened."""
        booth = self._booth
        booth.announcer.begin()
        booth.publish(GoGuard(booth.rules.min_go_ns // 1_000_000))
        booth.publish(ModeIs(booth.mode))
        return booth.taken()

    def next_due(self) -> int | None:
        """The line position at which something happens by itself."""
        return None if self._booth.loaded is None else self._booth.loaded.sequencer.next_due()

    def next_wake_ns(self) -> int | None:
        """The machine moment at which a node's silence would be news, or a GO has waited enough."""
        moments = (
            self._booth.cluster.next_wake_ns(),
            self._gate.until_ns,
            self._files.deploys.next_wake_ns(),
            self._booth.adoption.next_wake_ns(),
        )
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def rules(self) -> Rules:
        """How the show is run, by the settings of now."""
        return self._booth.rules

    @property
    def stop_generation(self) -> int:
        """How often was stopped."""
        return self._booth.stop_generation

    @property
    def wanted(self) -> tuple[NodeId, ...]:
        """The nodes that have to say hello, because they do not know how the show stands."""
        return tuple(sorted(self._booth.wanted))

    def admits(self, node: NodeId) -> bool:
        """Whether a node belongs to the rig."""
        return self._booth.adoption.admits(node)

    @property
    def fenced(self) -> bool:
        """Whether the nodes obey another controller, so that this one is to keep still."""
        return self._fenced_by > 0

    @property
    def _why_fenced(self) -> str:
        return f"another controller leads (epoch {self._fenced_by})"

    @property
    def stands(self) -> Stands:
        """How the show stands, for a controller that has to go on from here."""
        booth = self._booth
        show = booth.loaded
        return Stands(
            project="" if show is None else show.load.project,
            load_seq=0 if show is None else show.load.load_seq,
            stop_generation=booth.stop_generation,
            state=ShowState() if show is None else show.sequencer.state,
            controls=tuple(booth.controls.values()),
            played=f"{booth.played.bits:x}" if booth.played.bits else "",
            mode=booth.mode,
            waived=booth.cluster.waived,
        )

    def handle(self, event: ControllerEvent) -> tuple[ControllerEffect, ...]:
        """Apply one event; what must now happen, in order."""
        match event:
            case Asked():
                self._asked(event)
            case Reported(node, report, now_ns):
                self._rig.hear(node, report, now_ns)
            case (
                ProjectRead()
                | ProjectUnreadable()
                | StoodBefore()
                | Restore()
                | PlayedBefore()
                | ProjectHashed()
                | DeployReady() | DeployImpossible()
            ):  # fmt: skip
                self._files_news(event)
            case LineMoved(line):
                self._line_moved(line)
            case MessageFailed() | DiedBefore():
                self._failed(event)
            case NodeSeen() | NodelistRead() | NodelistModified():
                self._rig.rig_changed(event)
            case Woke(now_ns):
                self._rig.wake(now_ns)
            case SettingsRead() | SettingKept():
                self._settings_news(event)
            case AnswerTook() | Undelivered() | Fenced():
                self._delivery(event)
            case _:
                assert_never(event)
        self._gate.settle()
        self._settle_armed()
        self._files.settle_pace()
        return self._booth.taken()

    def _files_news(
        self,
        event: ProjectNews | ProjectHashed | DeployReady | DeployImpossible,
    ) -> None:
        if self._fenced_by and isinstance(event, ProjectRead | ProjectUnreadable | Restore):
            self._projects.give_up(self._why_fenced)
        elif isinstance(event, ProjectNews):
            self._projects.hear(event)
        else:
            self._files.hear(event)

    def _asked(self, asked: Asked) -> None:
        booth = self._booth
        booth.now_ns, booth.position = asked.now_ns, asked.position
        try:
            if self._fenced_by and not isinstance(asked.command, Ping | PressStop | PressPanic):
                raise RefusedError(self._why_fenced)
            if isinstance(asked.command, SetSetting):
                done = self._change_setting(asked, asked.command)
            else:
                done = self._do(asked)
            booth.found.asked(asked)
        except CuemsError as refused:
            booth.out.append(Answer(asked, str(refused)))
        else:
            if done:
                booth.out.append(Answer(asked))

    def _do(self, asked: Asked) -> bool:
        """Do what was asked; False when the answer comes later."""
        match asked.command:
            case LoadProject() | AdoptNode() | TakeControl() as command:
                self._begin(asked, command)
                return False
            case UnloadProject():
                self._projects.unload()
            case PressGo():
                return self._gate.go(asked, self._booth.show().sequencer.standby)
            case GoCue(cue):
                return self._gate.go(asked, cue)
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

    def _begin(self, asked: Asked, command: LoadProject | AdoptNode | TakeControl) -> None:
        match command:
            case LoadProject(project):
                self._projects.load(asked, project)
            case AdoptNode(node, adopt):
                self._booth.out.append(
                    ModifyNodelist(self._booth.adoption.ask(asked, command), node, adopt)
                )
            case TakeControl():
                raise RefusedError("this controller leads already")
            case _:
                assert_never(command)

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
            | StopCue
            | PauseCue
            | ResumeCue
        ),
    ) -> None:
        booth = self._booth
        match command:
            case MoveStandby() | EnableCue() | StopCue() | PauseCue() | ResumeCue():
                self._see_to_cue(command)
            case LoadTo(into_ms):
                booth.show()
                booth.direct(LoadToTime(from_ms(into_ms)))
            case SetMixerVolume(node=node, output=output, channel=channel, value=value):
                address = f"/{node}/audio/mixer/{output}/{channel}/volume"
                control = bus.PlayerControlCommand(address, (value,))
                booth.controls[address] = control
                if len(booth.controls) > CONTROLS_KEPT:
                    del booth.controls[next(iter(booth.controls))]
                booth.tell(control)
                booth.publish(MixerVolume(node, output, channel, value))
            case SetVideoMixer(node=node, mixer=mixer, parameter=parameter, values=values):
                address = f"/{node}/video/mixer/{mixer}/{parameter}"
                booth.tell(bus.PlayerControlCommand(address, values))
                booth.publish(VideoMixer(node, mixer, parameter, values))
            case SetPlayer(node=node, path=path, args=args):
                plain = tuple(arg for arg in args if isinstance(arg, int | float | str))
                booth.tell(bus.PlayerControlCommand(f"/{node}/{path}", plain))
            case WaiveNode(node, waived):
                booth.cluster.waive(node, waived=waived)
                booth.publish(NodeWaived(node, waived))
            case SetMode() | DeployFiles():
                self._see_to_files(command)
            case _:
                assert_never(command)

    def _see_to_cue(
        self, command: MoveStandby | EnableCue | StopCue | PauseCue | ResumeCue
    ) -> None:
        self._booth.known(command.cue)
        match command:
            case MoveStandby(cue):
                self._gate.move_standby(cue)
            case EnableCue(cue, enabled):
                self._booth.direct(SetEnabled(cue, enabled))
            case _:
                self._gate.intervene(command)

    def _see_to_files(self, command: SetMode | DeployFiles) -> None:
        match command:
            case SetMode(mode):
                self._set_mode(mode)
            case DeployFiles(verb, project):
                self._files.deploy(verb, project)

    def _set_mode(self, mode: str) -> None:
        if mode not in ("edit", "show"):
            raise RefusedError(f"mode {mode!r:.40}: expected 'edit' or 'show'")
        self._booth.mode = mode
        self._booth.publish(ModeIs(mode))

    def _change_setting(self, asked: Asked, command: SetSetting) -> bool:
        keep = self._settings.ask(asked, command)
        if keep is not None:
            self._booth.out.append(keep)
        return keep is None

    def _settings_news(self, event: SettingsRead | SettingKept) -> None:
        match event:
            case SettingsRead():
                self._booth.out += self._settings.read(event)
            case SettingKept(reason=reason):
                asked, told = self._settings.kept(event)
                self._booth.out += told if asked is None else [*told, Answer(asked, reason)]
        self._apply_settings()

    def _apply_settings(self) -> None:
        booth = self._booth
        settings = self._settings.settings
        if settings is None:
            return
        booth.rules = replace(
            booth.rules,
            min_go_ns=settings.min_go_ms * 1_000_000,
            go_patience_flicks=from_ms(settings.go_patience_ms),
            options=options_of(settings, own_line=booth.rules.options.own_line),
        )
        self._gate.limit_lead(from_ms(settings.lead_cap_ms))
        if booth.loaded is not None:
            booth.loaded.sequencer.options = booth.rules.options

    def _stop(self) -> None:
        """Always obeyed, whatever is going on, and as often as it is asked."""
        booth = self._booth
        self._gate.refuse_held("stopped meanwhile")
        booth.stop_generation += 1
        booth.fading = False
        booth.tell(bus.StopCommand(booth.stop_generation))
        booth.sequence(StopAll())

    def _panic(self) -> None:
        """Always told, like a stop: nodes may play what this controller knows nothing of."""
        booth = self._booth
        self._gate.refuse_held("stopped meanwhile")
        booth.stop_generation += 1
        booth.tell(bus.PanicCommand(booth.stop_generation))
        booth.sequence(Panic())
        booth.fading = booth.loaded is not None and booth.loaded.sequencer.fading_out

    def _pause(self) -> None:
        booth = self._booth
        booth.show()
        if not booth.rules.options.own_line:
            raise RefusedError(NOT_OURS_TO_HOLD)
        if booth.show().sequencer.fading_out:
            raise RefusedError(PANIC)
        booth.sequence(Pause())

    def _resume(self) -> None:
        self._booth.show()
        self._booth.sequence(Resume())

    def _delivery(self, event: AnswerTook | Undelivered | Fenced) -> None:
        match event:
            case AnswerTook(took_ns, now_ns):
                self._gate.answer_took(took_ns, now_ns)
            case Undelivered(node, command, reason):
                self._rig.undelivered(node, command, reason)
            case Fenced(node, epoch):
                self._fenced(node, epoch)

    def _fenced(self, node: NodeId, epoch: int) -> None:
        """Two controllers, and the nodes obey the other: this one does nothing any more."""
        booth = self._booth
        if epoch > self._fenced_by:
            self._fenced_by = epoch
            label = booth.cluster.label(node)
            detail = f"another controller leads, says {label}"
            booth.publish(Leadership(role=STEPPED_DOWN, detail=detail, epoch=epoch))
            booth.publish(Notice(f"another controller leads (epoch {epoch}, says {label})"))

    def _line_moved(self, event: LineEvent) -> None:
        booth = self._booth
        match event:
            case Advance(position) | Locate(position) | LineFound(position):
                booth.line_at = position
                if booth.loaded is not None:
                    booth.announcer.roll(position)
            case LineLost():
                booth.publish(Notice("timecode is lost"))
            case _:
                assert_never(event)
        booth.sequence(event)

    def _failed(self, event: MessageFailed | DiedBefore) -> None:
        match event:
            case DiedBefore(text):
                self._booth.publish(Notice(died_of(text)))
            case MessageFailed(cue, reason):
                self._message_failed(cue, reason)

    def _message_failed(self, cue: CueId, reason: str) -> None:
        booth = self._booth
        if booth.loaded is not None and booth.announcer.running:
            for status in booth.loaded.tally.failed(OWN, cue, reason):
                booth.publish(status)

    def _settle_armed(self) -> None:
        booth = self._booth
        if booth.loaded is not None:
            standby = booth.loaded.sequencer.standby
            why_not = booth.cluster.why_not_armed()
            if why_not or not booth.cluster.unheard(standby):
                booth.announcer.arm(why_not, standby)
            missing, lost = booth.cluster.away()
            load = booth.loaded.load
            booth.announcer.warn(
                ClusterWarning(
                    load_seq=load.load_seq, project=load.project, missing=missing, lost=lost
                )
            )
