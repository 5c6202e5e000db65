"""Who draws a controller's timecode line, and tells it: to the MIDI output and to its nodes.

At every change, and to the nodes once a second besides.
"""

import time
from dataclasses import dataclass

from cuems.app.controller_parts import ControllerParts
from cuems.core import bus
from cuems.core.controller import Controller
from cuems.core.desk import AdoptLine, HoldLine, RestartLine, RollLine
from cuems.core.events import LineEvent
from cuems.core.timecode import from_ns

LINE_REPORT_NS = 1_000_000_000


@dataclass(slots=True)
class LineTeller:
    """Tells the line of a controller; `due_ns` is when it is told again."""

    parts: ControllerParts
    controller: Controller
    due_ns: int = 0
    _drawn: bool = False  # until then our line is nobody's: nodes may be following another
    _told_fault: str = ""

    async def redraw(
        self, effect: RestartLine | HoldLine | RollLine | AdoptLine
    ) -> tuple[LineEvent, ...]:
        """Put the line where it is wanted, and tell it; what that is to the show."""
        events = self._draw(effect, time.monotonic_ns())
        await self.tell()
        return events

    def _draw(
        self, effect: RestartLine | HoldLine | RollLine | AdoptLine, now_ns: int
    ) -> tuple[LineEvent, ...]:
        line, self._drawn = self.parts.line, True
        match effect:
            case AdoptLine(position, at_ns, rolling):
                position += from_ns(now_ns - at_ns) if rolling else 0
                events = line.adopt(position, now_ns, rolling=rolling)
            case RestartLine(rolling):
                events = line.restart(now_ns, rolling=rolling)
            case HoldLine():
                events = line.hold(now_ns)
            case RollLine():
                events = line.roll(now_ns)
        drawn = line.line_at(now_ns)
        if self.parts.mtc is not None and drawn is not None:
            self.parts.mtc.follow(drawn)
        return events

    async def tell(self) -> None:
        """Tell nodes where the line is, where that is ours to say."""
        now_ns = time.monotonic_ns()
        self.due_ns = now_ns + LINE_REPORT_NS
        if self.controller.fenced:
            return  # a node on its way to the other would take it that the show stands
        line = self.parts.line.line_at(now_ns)
        if line is not None and (self._drawn or not self.parts.rules.options.own_line):
            report = bus.LineReport(line, now_ns, self.controller.stop_generation)
            await self.parts.leading.tell_line(report, self.parts.line_links)

    def new_fault(self) -> str:
        """What is wrong with the line, where that is news; else ""."""
        if self.parts.line.fault == self._told_fault:
            return ""
        self._told_fault = self.parts.line.fault
        return self._told_fault

    def name(self, now_ns: int) -> int:
        """When the line began, where all nodes are told of it; else 0."""
        line = self.parts.line.line_at(now_ns)
        told = line is not None and self._drawn and self.parts.line_links >= len(self.parts.links)
        return line.began_ns if line is not None and told else 0
