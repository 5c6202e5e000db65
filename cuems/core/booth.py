"""What all rooms of the controller share: the show as it is loaded, its sequencer, what goes out.

The sequencer here is the controller's own: it tells where the pointer is, and runs the cues that
no node owns (actions, fades, lists).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cuems.core import bus
from cuems.core.adoption import Adoption
from cuems.core.announcing import Announcer
from cuems.core.cluster import Cluster
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import CueId, NodeId
from cuems.core.desk import ControllerEffect, HoldLine, Publish, RestartLine, RollLine, Send, Tell
from cuems.core.effects import (
    ActionDone,
    CueEnded,
    CueProgress,
    CueReset,
    CueStarted,
    Effect,
    EnabledChanged,
    FreezeLine,
    HeldChanged,
    ReleaseLine,
    SendMessage,
    ShowStopped,
    StandbyChanged,
)
from cuems.core.errors import CuemsError
from cuems.core.events import Event, Pause, Resume, ToldNodes
from cuems.core.found import Found
from cuems.core.played import Played
from cuems.core.rules import Rules
from cuems.core.sequencer import Sequencer
from cuems.core.status import CueEnabled, CueHeld, CuePlay, CueStart, Status
from cuems.core.tally import PLAYED, Tally


class RefusedError(CuemsError):
    """The operator asked for something that cannot be done now; the text says why."""


@dataclass(slots=True)
class LoadedShow:
    """A project that is loaded here: as it was told to nodes, in order, and how it goes."""

    load: bus.LoadCommand
    order: RunningOrder
    sequencer: Sequencer
    tally: Tally


class Booth:
    """The state of a controller that more than one of its rooms needs, and the ways out."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.out: list[ControllerEffect] = []
        self.now_ns = 0
        self.position = 0
        self.line_at: int | None = None
        self.mode = "edit"
        self.load_seq = rules.first_seq
        self.run_seq = rules.first_seq
        self.stop_generation = rules.first_seq
        self.fading = False  # everything is being faded out, to be stopped then
        self.loaded: LoadedShow | None = None
        self.cluster = Cluster(rules.first_seq)
        self.adoption = Adoption(rules.adopted)
        self.announcer = Announcer(self.publish)
        self.found = Found()
        self.played = Played()
        self.wanted: set[NodeId] = set()
        self.controls: dict[str, bus.PlayerControlCommand] = {}
        self.late: dict[CueId, dict[NodeId, int]] = {}

    def publish(self, status: Status) -> None:
        """Tell clients."""
        if isinstance(status, CuePlay):
            self.played.note(status.cue, over=status.percent == PLAYED)
        self.out.append(Publish(status))

    def tell(self, message: bus.NodeCommand) -> None:
        """Tell nodes."""
        self.out.append(Tell(message))

    def direct(self, command: ToldNodes) -> None:
        """Tell nodes, and do the same here."""
        self.tell(command)
        self.sequence(command)

    def taken(self) -> tuple[ControllerEffect, ...]:
        """What has to be done, in order; it is given out once."""
        out, self.out = tuple(self.out), []
        return out

    def show(self) -> LoadedShow:
        """The show that is loaded. Raises RefusedError where none is."""
        if self.loaded is None:
            raise RefusedError("no project is loaded")
        return self.loaded

    def known(self, cue: CueId) -> None:
        """Raises where a cue is not in the show."""
        self.show().order[cue]

    def locked_in_show(self, what: str) -> None:
        """Raises RefusedError in show mode."""
        if self.mode == "show":
            raise RefusedError(f"{what} is locked in show mode: set mode edit first")

    def names(self, cues: tuple[CueId, ...], doing: str = "arming ") -> str:
        """Cues as people know them."""
        order = None if self.loaded is None else self.loaded.order
        names = (order[cue].name if order is not None and cue in order else cue for cue in cues)
        return f"{doing}{', '.join(names)}" if cues else ""

    def tell_played(self, cues: Iterable[CueId]) -> None:
        """Clients are told what had been played before this controller started."""
        if self.loaded is not None:
            for cue in cues:
                for status in self.loaded.tally.played_before(cue):
                    self.publish(status)

    def reset_statuses(self, show: LoadedShow) -> None:
        """No cue plays, none has played."""
        for status in show.tally.reset_all():
            self.publish(status)
        for cue in show.order:
            self.publish(CuePlay(cue, 0))

    def runs_by_itself(self) -> None:
        """Timecode has started cues without a GO: a show runs all the same."""
        show = self.loaded
        if show is not None and not self.announcer.running and show.sequencer.goes_on:
            self.announcer.run()

    def sequence(self, event: Event) -> None:
        """An event for the controller's own sequencer."""
        if self.loaded is not None:
            self.take(self.loaded.sequencer.handle(event))

    def take(self, effects: tuple[Effect, ...]) -> None:
        """What the sequencer wants done."""
        for effect in effects:
            self._apply(effect)

    def _apply(self, effect: Effect) -> None:
        show = self.show()
        match effect:
            case StandbyChanged(cue):
                self.announcer.move_standby(cue)
            case EnabledChanged(cue, enabled):
                self.publish(CueEnabled(cue, enabled))
            case HeldChanged(cue, held):
                self.publish(CueHeld(cue, held))
            case ShowStopped():
                self._stopped(show)
            case SendMessage(cue, message):
                self.out.append(Send(cue, message))
            case FreezeLine() | ReleaseLine():
                self._hold(paused=isinstance(effect, FreezeLine))
            case ActionDone() | CueStarted() | CueProgress() | CueEnded() | CueReset():
                self.runs_by_itself()
                if isinstance(effect, CueStarted):
                    self.publish(CueStart(effect.cue, effect.start))
                for status in show.tally.note(effect):
                    self.publish(status)
            case _:
                pass

    def _stopped(self, show: LoadedShow) -> None:
        if self.fading:  # told also for a node that came meanwhile, and has nothing to fade
            self.fading = False
            self.tell(bus.StopCommand(self.stop_generation))
        self.announcer.stop()
        self.played.stops()
        self.announcer.start_over()
        self.cluster.rearms()
        self.reset_statuses(show)
        self.out.append(RestartLine(rolling=True))

    def _hold(self, *, paused: bool) -> None:
        """Told also for a node that missed the action; to the others it is no news."""
        self.tell(Pause() if paused else Resume())
        self.announcer.pause(paused)
        self.out.append(HoldLine() if paused else RollLine())
