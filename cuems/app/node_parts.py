"""What a node is made of; whoever starts one brings it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cuems.adapters.lane import Lane
from cuems.app.health import Health
from cuems.app.links import Bus
from cuems.app.workshop import Workshop
from cuems.core import bus
from cuems.core.cues import NodeId
from cuems.core.reports import DeployPlanReport, DeployReport, NodeReport
from cuems.core.timekeeper import Timekeeper
from cuems.wire.auth import Anyone, Trust

OnReport = Callable[[DeployReport | DeployPlanReport], None]


class Files(Protocol):
    """How a project's files come to this node (app/fetching.py)."""

    async def fetch(self, load: bus.LoadCommand, report: OnReport) -> None:
        """Bring what a load needs; raises CuemsError."""

    async def obey(self, command: bus.DeployCommand, report: OnReport) -> DeployReport:
        """Do what is asked; what is to be told at the end."""

    def told_turn(self, turn: bus.DeployTurn) -> None:
        """The controller says who may transfer."""


class Records(Protocol):
    """Where a node's own record goes (app/node_recorder.py). Nothing of it waits."""

    def told(self, message: bus.BusMessage, position: int) -> None:
        """The controller said something."""

    def said(self, report: NodeReport, position: int) -> None:
        """The node said something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeParts:
    """What a node is made of.

    `same_clock`: the controller reads the very clock we do. `midi_port` is the port to read
    timecode from, "" for whichever there is, None for no MIDI. `files` brings a project's files.
    `timekeeper` is new, and the node's alone to change. `state` is where it keeps whom it follows,
    `lane` its end of lane X (None: its controller is in this process). `recorder` keeps its own
    record, and `on_rest` hears whether nothing plays. `died` is what the process before this one
    died of. `give_way` lets others of this machine whose cue is due as well go before our reports.
    """

    node: NodeId
    library: Path
    link: Bus
    workshop: Workshop
    same_clock: bool
    midi_port: str | None
    files: Files
    timekeeper: Timekeeper
    state: Path
    trust: Trust = field(default_factory=Anyone)
    lane: Lane | None = None
    bus_urls: Callable[[], tuple[str, ...]] | None = None
    led_from: Callable[[str], None] = lambda _: None
    redial: Callable[[], None] = lambda: None
    recorder: Records | None = None
    on_rest: Callable[[bool], None] = lambda _: None
    health: Health | None = None
    died: str = ""
    give_way: Callable[[], None] = lambda: None
