"""A node of a simulated rig: the real core node and timekeeper, and players that prove at once."""

from collections import deque
from collections.abc import Iterable

from cuems.core.bus import Envelope, LineReport, Snapshot
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import AudioCue, CueId, NodeId, Show, VideoCue
from cuems.core.effects import Arm, SetLevel
from cuems.core.events import Advance, CueArmed, CueBroken, LineEvent, PlayerEvent
from cuems.core.follower import Follower, FollowerEffect, SayHello
from cuems.core.line import Line
from cuems.core.line_wait import LineWatch
from cuems.core.node import Node
from cuems.core.node_desk import (
    AskIn,
    Fetch,
    Fetched,
    LineMissed,
    Moved,
    NodeEvent,
    OnLine,
    Play,
    Proved,
    Say,
)
from cuems.core.reports import CueProgressReport, Heartbeat, Hello
from cuems.core.show_state import ShowState
from cuems.core.timekeeper import Timekeeper
from cuems.sim.setup import Setup

NO_MEDIA = "no media file"
BROKEN = "its player fails, as asked"

Done = Play | Say


class SimulatedNode:
    """One node. `steady`: nothing can delay the controller's line, so it is never lost.

    The clocks of a simulated rig agree; what a bad clock offset does is not simulated.
    """

    def __init__(
        self,
        node: NodeId,
        show: Show,
        order: RunningOrder,
        setup: Setup,
        *,
        steady: bool,
    ) -> None:
        self.id = node
        self._node = Node(node, setup.options)
        self._follower = Follower(node, self._node)
        self._time = Timekeeper()
        self._show = show
        self._order = order
        self._broken = setup.broken
        self._steady = steady
        self._line: Line | None = None
        self._line_watch = LineWatch()
        self._asking = False  # said hello, and waits for the answer

    @property
    def state(self) -> ShowState | None:
        """The show as it stands here."""
        return self._node.state

    @property
    def stop_generation(self) -> int:
        """The last stop that it has obeyed."""
        return self._node.stop_generation

    @property
    def timecode(self) -> str:
        """How timecode is followed."""
        return self._time.state

    def next_due(self) -> int | None:
        """The position at which the node does something by itself."""
        return self._node.next_due()

    def next_ns(self, *, heard: bool) -> int | None:
        """When the node has to look at its clock. While timecode is `heard`, it is not missed."""
        due = self._node.next_due()
        moment = None if due is None else self._time.moment_of(due)
        wake = None if heard else self._time.next_wake_ns()
        moments = (moment, wake, self._line_watch.next_wake_ns())
        return min((each for each in moments if each is not None), default=None)

    def wake(self, now_ns: int) -> list[Done]:
        """What time alone has brought."""
        done = [] if self._is_steady() else self._moved(self._time.wake(now_ns))
        done += self._look_at_line(now_ns)
        due = self._node.next_due()
        position = None if due is None else self._time.position_at(now_ns)
        if due is None or position is None or position < due:
            return done
        return [*done, *self._handle(Moved(Advance(position)))]

    def _is_steady(self) -> bool:
        """Whether the line goes on as it was last heard of: nothing keeps its reports away."""
        return self._steady and self._line is not None

    def hello(self) -> Hello:
        """What the node says of itself."""
        return Hello(
            boot="1",
            version="simulated",
            project=self._node.project,
            load_seq=self._node.load_seq,
            stop_generation=self._node.stop_generation,
        )

    def heartbeat(self) -> Heartbeat:
        """The sign of life, four times a second."""
        return Heartbeat(armed=self._node.armed)

    def tell(self, said: Envelope, now_ns: int) -> list[Done]:
        """The controller said something."""
        done = self._bring_up(now_ns)
        if isinstance(said.message, Snapshot):
            self._asking = False
        effects = self._follower.hear(said, self._time.position_at(now_ns))
        return [*done, *self._follow(effects), *self._look_at_line(now_ns)]

    def hear_line(self, said: Envelope, report: LineReport, now_ns: int) -> list[Done]:
        """The controller said its line."""
        if not self._follower.follows(said):
            return []
        done = self._bring_up(now_ns)
        done += self._follow(self._follower.hear_line(report))
        line = self._line = report.line
        done += self._moved(self._time.hear_line(line, now_ns))
        return [*done, *self._look_at_line(now_ns), *self.wake(now_ns)]

    def _look_at_line(self, now_ns: int) -> list[Done]:
        """Let go of what waits for its line as soon as the node stands on that, or never will."""
        done: list[Done] = []
        line = self._time.line_at(now_ns)
        if self._line_watch.news(line):
            done += self._handle(OnLine(line))
        if self._line_watch.missed(now_ns, waits=self._node.waits_for_line):
            done += self._handle(LineMissed())
        return done

    def hear_midi(self, message: bytes, received_ns: int) -> list[Done]:
        """A MIDI message arrived."""
        due = self._node.next_due()
        events = [
            event
            for event in self._time.hear_midi(message, received_ns)
            if not isinstance(event, Advance) or (due is not None and due <= event.position)
        ]
        return self._moved(events) if events else []

    def _bring_up(self, now_ns: int) -> list[Done]:
        """What was due before something happens has happened before it."""
        done = self.wake(now_ns)
        position = self._time.position_at(now_ns)
        if position is not None:
            done += self._handle(Moved(Advance(position)))
        return done

    def _moved(self, events: Iterable[LineEvent]) -> list[Done]:
        return [done for event in events for done in self._handle(Moved(event))]

    def _handle(self, event: NodeEvent) -> list[Done]:
        return self._follow(self._node.handle(event))

    def _follow(self, effects: Iterable[FollowerEffect]) -> list[Done]:
        """What comes of it: players prove at once, and projects are there."""
        done: list[Done] = []
        coming = deque(effects)
        while coming:
            effect = coming.popleft()
            match effect:
                case Play(Arm(cue=cue)):
                    coming.extend(self._node.handle(Proved(self._proof(cue))))
                case Fetch(load):
                    coming.extend(self._node.handle(Fetched(load, self._show)))
                case Play(SetLevel()) | Say(CueProgressReport()):
                    pass  # nothing that a rehearsal shows
                case Play() | Say():
                    done.append(effect)
                case AskIn() | SayHello() if not self._asking:
                    self._asking = True
                    done.append(Say(self.hello()))
                case _:
                    pass
        return done

    def _proof(self, cue_id: CueId) -> PlayerEvent:
        cue = self._order[cue_id]
        if cue_id in self._broken:
            return CueBroken(cue_id, BROKEN)
        if isinstance(cue, AudioCue | VideoCue) and cue.media is None:
            return CueBroken(cue_id, NO_MEDIA)
        return CueArmed(cue_id)
