"""What a controller is made of; whoever starts one brings it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cuems.adapters.midi import MidiInput
from cuems.adapters.mtc_output import MtcOutput
from cuems.app.health import Health
from cuems.app.leading import Leading
from cuems.app.links import Bus
from cuems.app.nodelist import Nodelist
from cuems.app.recorder import Recorder
from cuems.app.serving import Served
from cuems.app.settings import SettingsKeeper
from cuems.core.cues import NodeId
from cuems.core.events import LineEvent
from cuems.core.line import Line
from cuems.core.rules import Rules
from cuems.core.stands import Remembered


class ShowLine(Protocol):
    """The timecode line: our own (core/own_line.py), or one we chase (core/chased_line.py)."""

    def freewheel(self, frames: int) -> None:
        """Roll on so long when timecode is gone."""

    def begin(self) -> tuple[LineEvent, ...]:
        """What is known of it at the start."""

    def restart(self, now_ns: int, *, rolling: bool) -> tuple[LineEvent, ...]:
        """Put it to zero."""

    def adopt(self, position: int, now_ns: int, *, rolling: bool) -> tuple[LineEvent, ...]:
        """Take it up where it was found on a node."""

    def hold(self, now_ns: int) -> tuple[LineEvent, ...]:
        """Let it stand."""

    def roll(self, now_ns: int) -> tuple[LineEvent, ...]:
        """Let it roll on."""

    def wake(self, now_ns: int) -> tuple[LineEvent, ...]:
        """What time alone has brought."""

    def next_wake_ns(self) -> int | None:
        """When time alone would bring something."""

    def position_at(self, now_ns: int) -> int:
        """Where it is, flicks."""

    def moment_of(self, position: int) -> int | None:
        """When it gets somewhere."""

    def next_second_ns(self, now_ns: int) -> int | None:
        """When it gets to its next whole second."""

    def line_at(self, now_ns: int) -> Line | None:
        """What nodes are told of it."""

    @property
    def fault(self) -> str:
        """What is wrong with it ("": nothing)."""

    def why_not_go(self) -> str:
        """Why it is not to be fired by ("": it may)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerParts:
    """What a controller is made of.

    `links` are its ends of the bus, the nearest first; the line is told on the first
    `line_links` of them, and the first `near_links` are within this process. `midi` is what an
    outside line is heard on. `step_down` is called, in a thread, when another controller leads.
    `died` is what the process before this one died of; `remembered` is its show, to be gone on
    with, else `load` is a project to begin with.
    """

    sender: NodeId
    library: Path
    links: tuple[Bus, ...]
    rules: Rules
    nodelist: Nodelist
    served: Served
    line: ShowLine
    line_links: int
    midi: MidiInput | None
    mtc: MtcOutput | None
    recorder: Recorder
    settings: SettingsKeeper
    leading: Leading
    near_links: int
    health: Health
    step_down: Callable[[], None]
    died: str = ""
    remembered: Remembered | None = None
    load: str | None = None
