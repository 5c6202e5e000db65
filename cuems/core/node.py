"""A node as a state machine: commands in, player effects and reports out.

It plays the cues whose outputs it has, out of the same sequencer over the same show as every
other machine. What it reports is what its own players prove.
"""

from typing import assert_never

from cuems.core import bus
from cuems.core.chains import Scope
from cuems.core.cuelist import RunningOrder, is_played_by
from cuems.core.cues import NodeId, Show
from cuems.core.effects import (
    Effect,
    PlayerEffect,
)
from cuems.core.events import (
    Advance,
    Event,
    Go,
    Intervene,
    LineEvent,
    LineFound,
    Locate,
    Panic,
    StopAll,
)
from cuems.core.line_wait import LineWait, Sequenced
from cuems.core.node_desk import (
    AskIn,
    ClearStage,
    Control,
    Deploy,
    Fetch,
    Fetched,
    FetchFailed,
    LineMissed,
    Moved,
    NodeEffect,
    NodeEvent,
    OnLine,
    Play,
    Prepare,
    Proved,
    Say,
    Told,
)
from cuems.core.reports import ArmedReport, GoRefusedReport, LoadFailedReport, Pong
from cuems.core.sequencer import Options, Sequencer
from cuems.core.settings import Settings
from cuems.core.settings_desk import options_of, settings_from
from cuems.core.show_state import ShowState
from cuems.core.teller import Teller

NOT_HERE_YET = "the show it is for is not here yet"
NO_SUCH_LINE = "the line it is for was not heard of"


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
        self._teller = Teller(lambda report: self._out.append(Say(report)))
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

    @property
    def armed(self) -> ArmedReport | None:
        """Whether this node is ready, as last reported."""
        return self._teller.armed

    def relinked(self) -> None:
        """The link to the controller is new: what was said last may have been lost with the old."""
        self._teller.unheard = True

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
                self._fetch_failed(load, reason)
            case _:
                assert_never(event)
        if not self._muted:
            self._teller.say_armed(self.load_seq)
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
                self._teller.say(Pong())
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
                        self._teller.say(GoRefusedReport(command.run_seq, NO_SUCH_LINE))
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
        elif isinstance(command, Go) and not self._has_show_of(command):
            self._teller.say(GoRefusedReport(command.run_seq, NOT_HERE_YET))
        else:
            self._sequence(command)

    def _has_show_of(self, go: Go) -> bool:
        return not self._is_of_the_show_before() and go.load in (0, self.load_seq)

    def _is_of_the_show_before(self) -> bool:
        """Whether what is here is not what is loaded: a GO is not for this, if names are alike."""
        return self._sequencer is not None and self._wanted_load is not None

    def _fetch_failed(self, load: bus.LoadCommand, reason: str) -> None:
        if load == self._wanted_load:
            self._wanted_load = None
            self._muted = self._muted and load.load_seq > 0
            self._teller.say(
                LoadFailedReport(project=load.project, reason=reason, load_seq=load.load_seq)
            )

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
            self._teller.welcomed(snapshot)
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
        self._teller.welcomed(snapshot)
        tells, self._teller.unheard = self._teller.unheard, False
        here = self._sequencer is not None and self._wanted_load is None
        if here and snapshot.state is not None and self._sequencer is not None:
            self._take(self._sequencer.restore(snapshot.state))
            if tells:
                self._take(self._sequencer.running())
                self._teller.say_endings()

    def _forget_waiting(self) -> None:
        """Something more urgent has come than what waits for its line."""
        for command in self._line_wait.forget():
            if isinstance(command, bus.Snapshot):
                self._teller.welcomed(command)

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
                elif self._sequencer is not None and not self._sequencer.fading_out:
                    self._sequence(StopAll())  # also of what came between, said before it
            case bus.UnloadCommand():
                self._unload()
            case _:
                assert_never(command)

    def _go_standby(self, run_seq: int | None, position: int | None) -> None:
        """An upstream controller's GO: no position, no cue."""
        sequencer = self._sequencer
        if self._is_of_the_show_before():
            self._teller.say(GoRefusedReport(run_seq or 0, NOT_HERE_YET))
            return
        if sequencer is None or sequencer.standby is None or position is None:
            reason = "nothing stands by" if position is not None else "no timecode"
            self._teller.say(GoRefusedReport(run_seq or 0, reason))
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
        self._teller.begin_show()
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
        self._teller.end_show()
        self._out.append(ClearStage())

    def _sequence(self, event: Event) -> None:
        if self._sequencer is not None:
            self._take(self._sequencer.handle(event))

    def _take(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, PlayerEffect):
                self._out.append(Play(effect))
            else:
                self._teller.report(effect)


def _hash(load: bus.LoadCommand) -> str:
    return "" if load.source is None else load.source.project_hash
