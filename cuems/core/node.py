"""A node as a state machine: commands in, player effects and reports out.

It plays the cues whose outputs it has, out of the same sequencer over the same show as every
other machine. What it reports is what its own players prove.
"""

from dataclasses import dataclass
from typing import assert_never

from cuems.core import bus
from cuems.core.chains import Scope
from cuems.core.cuelist import RunningOrder, is_played_by
from cuems.core.cues import CueId, NodeId, Show
from cuems.core.effects import (
    ArmedChanged,
    CueEnded,
    CueFailed,
    CueProgress,
    CueReset,
    CueStarted,
    Effect,
    GoRefused,
    PlayerEffect,
    Report,
    StandbyChanged,
)
from cuems.core.endings import Endings
from cuems.core.events import (
    Advance,
    Event,
    Go,
    Intervene,
    LineEvent,
    LineFound,
    Locate,
    Panic,
    PlayerEvent,
    StopAll,
)
from cuems.core.line_wait import LineWait, Sequenced
from cuems.core.sequencer import Options, Sequencer
from cuems.core.settings import Settings
from cuems.core.settings_desk import options_of, settings_from
from cuems.core.show_state import ShowState

NOT_HERE_YET = "the show it is for is not here yet"
NO_SUCH_LINE = "the line it is for was not heard of"


# ---- in


@dataclass(frozen=True, slots=True)
class Told:
    """The controller said something; the line was at `position` (None: not known)."""

    command: bus.NodeCommand
    position: int | None


@dataclass(frozen=True, slots=True)
class Moved:
    """The timecode line went on."""

    event: LineEvent


@dataclass(frozen=True, slots=True)
class Proved:
    """A player reported."""

    event: PlayerEvent


@dataclass(frozen=True, slots=True)
class Fetched:
    """The project of a load is here, read and sound."""

    load: bus.LoadCommand
    show: Show


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """The project of a load is not to be had."""

    load: bus.LoadCommand
    reason: str


@dataclass(frozen=True, slots=True)
class OnLine:
    """The node stands on the controller's line that began at `began_ns` (0: on none)."""

    began_ns: int


class LineMissed:
    """A line that a GO is for has not been heard of for too long."""


NodeEvent = Told | Moved | Proved | Fetched | FetchFailed | OnLine | LineMissed


# ---- out


@dataclass(frozen=True, slots=True)
class Say:
    """Report to the controller."""

    report: bus.NodeReport


@dataclass(frozen=True, slots=True)
class Play:
    """Ask the players."""

    effect: PlayerEffect


@dataclass(frozen=True, slots=True)
class Fetch:
    """Get a project's files and read its script; a fetch that is under way is given up."""

    load: bus.LoadCommand


@dataclass(frozen=True, slots=True)
class Prepare:
    """From now on these are the cues to play; players of the show before are let go."""

    order: RunningOrder


@dataclass(frozen=True, slots=True)
class ClearStage:
    """Let all players go."""


@dataclass(frozen=True, slots=True)
class Control:
    """Set something of a player."""

    command: bus.PlayerControlCommand


@dataclass(frozen=True, slots=True)
class AskIn:
    """A project is here that others may be in the middle of: ask how the show stands."""


@dataclass(frozen=True, slots=True)
class Deploy:
    """Do something about a project's files, whatever is loaded; an older one is given up."""

    command: bus.DeployCommand


NodeEffect = Say | Play | Fetch | Prepare | ClearStage | Control | AskIn | Deploy


class Node:
    """One node. `node` is its uuid."""

    def __init__(self, node: NodeId, options: Options | None = None) -> None:
        self._node = node
        self._options = options or Options()
        self.settings = Settings()
        self._sequencer: Sequencer | None = None
        self._out: list[NodeEffect] = []
        self.load_seq = 0
        self.stop_generation = 0
        self._wanted_load: bus.LoadCommand | None = None
        self._line: LineEvent | None = None
        self.project = ""
        self.project_hash = ""
        self.armed: bus.ArmedReport | None = None  # as last reported
        self._armed: ArmedChanged | None = None
        self._armed_anew = False  # said again, changed or not: a stop has been obeyed
        self._standby: CueId | None = None
        self._welcome: tuple[str, int | None] = "", None  # by whom, and that one's number
        self._unheard = False  # whether the controller may have missed what was said
        self._endings = Endings()
        self._line_wait = LineWait()
        self._muted = False  # another show is wanted: nothing of this one starts by itself
        self._timecode_from: int | None = None  # what is to be fetched was stopped there

    @property
    def state(self) -> ShowState | None:
        """The show as it stands here; None where nothing is loaded, or something else is coming."""
        return None if self._sequencer is None or self._muted else self._sequencer.state

    @property
    def waits_for_line(self) -> bool:
        """Whether a GO waits for the line it is for."""
        return self._line_wait.waits

    @property
    def plays(self) -> bool:
        """Whether anything of a show runs here, or is to have its turn."""
        return self._sequencer is not None and not self._muted and self._sequencer.goes_on

    def relinked(self) -> None:
        """The link to the controller is new: what was said last may have been lost with the old."""
        self._unheard = True

    def next_due(self) -> int | None:
        """The line position at which something happens by itself."""
        if self._sequencer is None or self._muted:
            return None
        return self._sequencer.next_due()

    @property
    def next_is_exact(self) -> bool:
        """Whether that wants its very moment."""
        return self._sequencer is not None and self._sequencer.next_is_exact

    def handle(self, event: NodeEvent) -> tuple[NodeEffect, ...]:
        """Apply one event; what must now happen, in order."""
        match event:
            case Told(command, position):
                self._told(command, position)
            case Moved(line):
                self._line = line
                if not self._muted:
                    self._sequence(line)
            case Proved(player):
                self._sequence(player)
            case OnLine() | LineMissed():
                self._line_news(event)
            case Fetched(load, show):
                if load == self._wanted_load:
                    self._perform(load, show)
            case FetchFailed(load, reason):
                if load == self._wanted_load:
                    self._wanted_load = None
                    self._muted = self._muted and load.load_seq > 0
                    self._say(
                        bus.LoadFailedReport(
                            project=load.project, reason=reason, load_seq=load.load_seq
                        )
                    )
            case _:
                assert_never(event)
        self._tell_armed()
        out, self._out = tuple(self._out), []
        return out

    def _told(self, command: bus.NodeCommand, position: int | None) -> None:
        match command:
            case bus.LoadCommand() | bus.DeployCommand():
                self._see_to_files(command)
            case bus.Snapshot():
                self._take_place(command)
            case bus.StopCommand() | bus.PanicCommand() | bus.UnloadCommand():
                self._silence(command)
            case bus.PingCommand():
                self._say(bus.Pong())
            case bus.PlayerControlCommand():
                self._out.append(Control(command))
            case bus.SettingsCommand():
                self._set(command)
            case bus.GoStandbyCommand(run_seq):
                self._go_standby(run_seq, position)
            case bus.LineReport() | bus.ClockReply() | bus.Beat() | bus.DeployTurn():
                pass  # app/node.py and core/follower.py have taken it
            case _:
                self._in_turn(command)

    def _line_news(self, event: OnLine | LineMissed) -> None:
        """What has waited for a line is done, or, where none has come, refused."""
        match event:
            case OnLine(began_ns):
                self._line_wait.line = began_ns
                for command in self._line_wait.come():
                    self._do(command)
            case LineMissed():
                for command in self._line_wait.forget():
                    if isinstance(command, Go):
                        self._say(bus.GoRefusedReport(command.run_seq, NO_SUCH_LINE))
                    elif isinstance(command, Intervene):
                        self._out.append(AskIn())
                    else:
                        self._do(command)

    def _in_turn(self, command: Sequenced) -> None:
        if not self._line_wait.keeps(command):
            self._do(command)

    def _do(self, command: Sequenced) -> None:
        if isinstance(command, bus.Snapshot):
            self._stand_as(command)
        elif isinstance(command, Go) and self._is_of_the_show_before():
            self._say(bus.GoRefusedReport(command.run_seq, NOT_HERE_YET))
        else:
            self._sequence(command)

    def _is_of_the_show_before(self) -> bool:
        """Whether what is here is not what is loaded: a GO is not for this, if names are alike."""
        return self._sequencer is not None and self._wanted_load is not None

    def _set(self, command: bus.SettingsCommand) -> None:
        """The rig is run otherwise."""
        self.settings = settings_from(command, self.settings)
        self._options = options_of(self.settings, own_line=command.own_line)
        if self._sequencer is not None:
            self._sequencer.options = self._options

    def _see_to_files(self, command: bus.LoadCommand | bus.DeployCommand) -> None:
        if command.only and self._node not in command.only:
            return
        if isinstance(command, bus.DeployCommand):
            self._out.append(Deploy(command))
        else:
            self._load(command)

    def _load(self, load: bus.LoadCommand) -> None:
        """Get a project; one that is here already, or on its way, is not got again."""
        known = self.load_seq if self._wanted_load is None else self._wanted_load.load_seq
        if load.load_seq and load.load_seq == known:
            self._learn_hash(load)
            return
        self._wanted_load = load
        self._timecode_from = None
        self._forget_waiting()
        self._sequence(StopAll())
        self._muted = True
        self._out.append(Fetch(load))

    def _learn_hash(self, load: bus.LoadCommand) -> None:
        """A load once more: all that can be new in it is the hash of the content."""
        if self._wanted_load is None:
            self.project_hash = _hash(load)
        elif _hash(load) != _hash(self._wanted_load):
            self._wanted_load = load
            self._out.append(Fetch(load))

    def _take_place(self, snapshot: bus.Snapshot) -> None:
        """The controller says how the show stands."""
        self.stop_generation = snapshot.stop_generation
        for control in snapshot.controls:
            self._out.append(Control(control))
        if snapshot.load is None:
            self._know_welcome(snapshot)
            if snapshot.empty and (self.project or self._wanted_load is not None):
                self._unload()
            return
        self._load(snapshot.load)
        if snapshot.state is not None:
            self._timecode_from = snapshot.state.begun_at
        self._in_turn(snapshot)

    def _stand_as(self, snapshot: bus.Snapshot) -> None:
        """Take the place in the show that the controller says, where the show is here.

        What runs here, and what has ended, is told again where it may not have been heard.
        """
        self._know_welcome(snapshot)
        tells, self._unheard = self._unheard, False
        here = self._sequencer is not None and self._wanted_load is None
        if here and snapshot.state is not None and self._sequencer is not None:
            self._take(self._sequencer.restore(snapshot.state))
            if tells:
                self._take(self._sequencer.running())
                for ending in self._endings:
                    self._say(ending)

    def _know_welcome(self, snapshot: bus.Snapshot) -> None:
        """From here on what we say is news to the controller."""
        welcome = snapshot.boot, snapshot.welcome
        if welcome != self._welcome:
            self._welcome = welcome
            self._armed_anew = self._unheard = True

    def _forget_waiting(self) -> None:
        """Something more urgent has come than what waits for its line."""
        for command in self._line_wait.forget():
            if isinstance(command, bus.Snapshot):
                self._know_welcome(command)

    def _silence(self, command: bus.StopCommand | bus.PanicCommand | bus.UnloadCommand) -> None:
        if isinstance(command, bus.StopCommand) and command.only and self._node not in command.only:
            return
        self._forget_waiting()
        again = command.stop_generation == self.stop_generation
        self.stop_generation = max(self.stop_generation, command.stop_generation or 0)
        if isinstance(self._line, Advance | Locate | LineFound):
            self._timecode_from = self._line.position
        match command:
            case bus.StopCommand():
                self._sequence(StopAll())
            case bus.PanicCommand():
                if not again:  # a second panic would cut the fade of the first
                    self._sequence(Panic())
            case bus.UnloadCommand():
                self._unload()
            case _:
                assert_never(command)

    def _go_standby(self, run_seq: int | None, position: int | None) -> None:
        """An upstream controller's GO: no position, no cue."""
        sequencer = self._sequencer
        if self._is_of_the_show_before():
            self._say(bus.GoRefusedReport(run_seq or 0, NOT_HERE_YET))
            return
        if sequencer is None or sequencer.standby is None or position is None:
            reason = "nothing stands by" if position is not None else "no timecode"
            self._say(bus.GoRefusedReport(run_seq or 0, reason))
            return
        seq = run_seq if run_seq is not None else position
        self._sequence(Go(run_seq=seq, cue=sequencer.standby, at=position))

    def _perform(self, load: bus.LoadCommand, show: Show) -> None:
        order = RunningOrder(show)
        mine = frozenset(cue for cue in order if is_played_by(order[cue], self._node))
        self._wanted_load = None
        self._muted = False
        self.load_seq = load.load_seq
        self.project = load.project
        self.project_hash = _hash(load)
        self._sequencer = Sequencer(order, Scope(mine, mine), self._options)
        self._endings, self._unheard = Endings(), False
        self._out.append(Prepare(order))
        self._take(self._sequencer.begin(self._timecode_from))
        if isinstance(self._line, Advance | Locate | LineFound):
            self._sequence(LineFound(self._line.position))
        if load.load_seq:
            self._out.append(AskIn())

    def _unload(self) -> None:
        self._wanted_load = None
        self._muted = False
        self._sequencer = None
        self.project = self.project_hash = ""
        self.armed = self._armed = None
        self._out.append(ClearStage())

    def _sequence(self, event: Event) -> None:
        if self._sequencer is not None:
            self._take(self._sequencer.handle(event))

    def _take(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, PlayerEffect):
                self._out.append(Play(effect))
            else:
                self._report(effect)

    def _report(self, effect: Report) -> None:
        match effect:
            case CueStarted(cue, start):
                self._say(bus.CueStartedReport(cue, start))
            case CueProgress(cue, percent):
                self._say(bus.CueProgressReport(cue, percent))
            case CueEnded(cue):
                self._say(bus.CueEndedReport(cue))
            case CueFailed(cue, reason):
                self._say(bus.CueFailedReport(cue, reason))
            case CueReset(cue):
                self._say(bus.CueResetReport(cue))
            case GoRefused(run_seq, reason):
                self._say(bus.GoRefusedReport(run_seq, reason))
            case ArmedChanged():
                self._armed, self._armed_anew = effect, True
            case StandbyChanged(cue):
                self._standby = cue
            case _:
                pass  # the controller's own sequencer comes to the same

    def _tell_armed(self) -> None:
        """Report whether we are ready for the next GO, and which one that would be."""
        if self._armed is None or self._muted:
            return
        report = bus.ArmedReport(
            armed=self._armed.armed,
            waiting_for=self._armed.waiting_for,
            load_seq=self.load_seq,
            standby=self._standby or "",
            welcome=self._welcome[1],
        )
        if report != self.armed or self._armed_anew:
            self.armed = report
            self._say(report)
        self._armed_anew = False

    def _say(self, report: bus.NodeReport) -> None:
        self._endings.note(report)
        self._out.append(Say(report))


def _hash(load: bus.LoadCommand) -> str:
    return "" if load.source is None else load.source.project_hash
