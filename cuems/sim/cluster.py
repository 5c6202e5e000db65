"""A rig on a virtual clock: the real controller, real nodes, and a bus that may delay and lose.

One node and nothing lost: the node is in the controller's process, as `cuems run` has it, and
neither a lead nor a delay applies. Otherwise GO is stamped ahead by the controller's lead and
travels a modelled TCP connection (sim/transport.py). The protocol does not resend by itself yet,
so a lost GO arrives when TCP has sent it again; the node joins in progress and says how late.

With drop-outs the nodes chase MIDI timecode alone, as under a foreign source: the controller's
line over the bus, which steps in on a real rig, is left out, so that what the drop does is seen.

Heartbeats and the line's report every second are simulated where something can be lost.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import assert_never

from cuems.core import bus
from cuems.core.controller import Controller, Rules
from cuems.core.cuelist import RunningOrder, output_names
from cuems.core.cues import UUID_LENGTH, CueId, NodeId, Show
from cuems.core.desk import (
    Answer,
    Asked,
    ControllerEffect,
    ControllerEvent,
    ForgetCues,
    HoldLine,
    LineMoved,
    ProjectRead,
    Publish,
    ReadProject,
    Reported,
    RestartLine,
    RollLine,
    Tell,
    Woke,
)
from cuems.core.events import Advance, Locate
from cuems.core.line import Line
from cuems.core.node import Say
from cuems.core.operator import LoadProject, OperatorCommand
from cuems.core.sequencer import Options
from cuems.core.timecode import FLICKS_PER_S
from cuems.sim.diary import Diary
from cuems.sim.node import Done, SimulatedNode
from cuems.sim.source import DropOut, MidiSource
from cuems.sim.transport import Connection

HEARTBEAT_NS, LINE_REPORT_NS = 500_000_000, 1_000_000_000
READY_WITHIN_NS = 120_000_000_000  # a rig that is not armed by then is rehearsed as it is
EXTRA_NODE = "00000000-0000-4000-8000-{:012d}"

KEEP_IN_TOUCH = bus.ClockProbe | bus.LineReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What to simulate: at least `nodes` nodes, the show's own first, `loss` 0 to 0.9.

    `start` is where the line is when the rehearsal begins, flicks. The players of `broken` cues
    fail.
    """

    nodes: int = 0
    loss: float = 0.0
    seed: int = 0
    start: int = 0
    drop_outs: tuple[DropOut, ...] = ()
    broken: frozenset[CueId] = frozenset()
    options: Options = field(default_factory=Options)


def nodes_of_rig(order: RunningOrder, at_least: int) -> tuple[NodeId, ...]:
    """The nodes the show names, in running order, and then as many more as are wanted."""
    named = (name[:UUID_LENGTH] for cue in order for name in output_names(order[cue]))
    own = [NodeId(node) for node in dict.fromkeys(named)]
    more = max(at_least, 1) - len(own)
    return (*own, *(NodeId(EXTRA_NODE.format(number + 1)) for number in range(more)))


class Rig:
    """A loaded rig, stepped from moment to moment. Moments are ns since it was switched on."""

    def __init__(self, show: Show, setup: Setup, diary: Diary) -> None:
        self.now_ns = 0
        self.order = RunningOrder(show)
        self._show = show
        self._setup = setup
        self._diary = diary
        self._sent = 0
        self._under_way = 0
        self._mail: list[tuple[int, int, NodeId, bus.BusMessage, bool]] = []
        self._midi = MidiSource(setup.drop_outs) if setup.drop_outs else None
        self._zero_ns: int | None = None
        self._touch_ns = 0
        ids = nodes_of_rig(self.order, setup.nodes)
        local = len(ids) == 1 and not setup.loss
        self._lossy = setup.loss > 0
        self._controller = Controller(
            Rules(local_node=ids[0] if local else None, options=setup.options)
        )
        steady = not self._lossy
        self.nodes = {
            node: SimulatedNode(
                node, show, self.order, setup.broken, setup.options, steady=steady
            )
            for node in ids
        }
        self._down, self._up = (
            {
                node: Connection(f"{setup.seed} {way} {node}", setup.loss, perfect=local)
                for node in ids
            }
            for way in ("down", "up")
        )
        self._line = Line(setup.start, 0, rolling=self._midi is not None)
        self._switch_on()

    def _switch_on(self) -> None:
        """Let the nodes say hello, load, and wait for the rig to be armed."""
        self._perform(self._controller.begin())
        for node in self.nodes:
            self._say(node, bus.Hello(boot="1", version="simulated"))
        while self._under_way:
            self._step_to_next()
        self.ask(LoadProject("rehearsal"))
        while not self._diary.armed and self.now_ns < READY_WITHIN_NS and self._step_to_next():
            pass
        if self._midi is not None:
            self.now_ns = self._line.moment_of(self._next_second()) or self.now_ns
            while (moment := self.next_ns()) is not None and moment <= self.now_ns:
                self.step(moment)
        self._zero_ns = self.now_ns
        self._diary.begin(self._setup.nodes)
        self._draw(self._line.rolled(self.now_ns))

    def _next_second(self) -> int:
        return -(-self._line.position_at(self.now_ns) // FLICKS_PER_S) * FLICKS_PER_S

    def _step_to_next(self) -> bool:
        moment = self.next_ns()
        if moment is not None:
            self.step(moment)
        return moment is not None
