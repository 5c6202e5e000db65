"""A controller whose every event is recorded, as app/recorder.py does it, and a node by hand."""

from collections.abc import Iterable

from cuems.core.controller import Controller
from cuems.core.cues import AnyCue, CueId, NodeId, Show
from cuems.core.desk import (
    Asked,
    ControllerEffect,
    ControllerEvent,
    LineMoved,
    ProjectRead,
    ReadProject,
    Reported,
    RestartLine,
)
from cuems.core.events import Advance, LineFound, Locate
from cuems.core.journal import Opened, Record, kept, kept_effects
from cuems.core.operator import LoadProject, OperatorCommand
from cuems.core.reports import ArmedReport, CueEndedReport, CueStartedReport, Hello, NodeReport
from cuems.core.rules import Rules
from cuems.core.timecode import from_ms, to_ns
from tests.build import NODE, show

NODE_ID = NodeId(NODE)


class Recording:
    """Everything that happens goes into `records`; `shows` are those that were loaded."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules(local_node=NODE_ID, first_seq=100)
        self.controller = Controller(self.rules)
        self.records: list[Record] = []
        self.shows: dict[str, Show] = {}
        self.now_ms = 0
        self.position = 0
        opened = Opened(run="run", wall_ns=0, version="test", rules=self.rules)
        self._write(opened, self.controller.begin())
        self.handle(LineMoved(LineFound(0)))

    def _write(self, what: object, effects: tuple[ControllerEffect, ...]) -> None:
        self.records.append(
            Record(
                number=len(self.records) + 1,
                at_ns=self.now_ms * 1_000_000,
                position=self.position,
                what=what,  # type: ignore[arg-type]
                effects=effects,
            )
        )

    def handle(self, event: ControllerEvent) -> tuple[ControllerEffect, ...]:
        effects = self.controller.handle(event)
        self._write(kept(event), kept_effects(event, effects))
        for effect in effects:
            match effect:
                case ReadProject(load_seq, project):
                    self.handle(ProjectRead(load_seq, self.shows[project], None))
                case RestartLine():
                    self.position = 0
                    self.handle(LineMoved(Locate(0)))
                case _:
                    pass
        return effects

    def wait(self, ms: int) -> None:
        """Let the line roll on."""
        self.now_ms += ms
        self.position += from_ms(ms)
        self.handle(LineMoved(Advance(self.position)))

    def ask(self, command: OperatorCommand, client: str = "client 1 (tablet)") -> None:
        self.handle(
            Asked(
                client=client,
                address="/engine/command/x",
                command=command,
                now_ns=to_ns(from_ms(self.now_ms)),
                position=self.position,
            )
        )

    def report(self, *reports: NodeReport) -> None:
        for report in reports:
            self.handle(Reported(NODE_ID, report, self.now_ms * 1_000_000))

    def load(self, *contents: AnyCue, name: str = "show") -> None:
        self.shows[name] = show(*contents)
        self.report(Hello(boot="1", version="test", name="left"))
        self.ask(LoadProject(name))
        self.arm()

    def arm(self) -> None:
        self.report(ArmedReport(armed=True, load_seq=0))

    def started(self, *cues: str, late_ms: int = 0) -> None:
        for cue in cues:
            late = from_ms(late_ms)
            self.report(CueStartedReport(CueId(cue), self.position - late, late))

    def ended(self, *cues: str) -> None:
        self.report(*(CueEndedReport(CueId(cue)) for cue in cues))


def find_show(recording: Recording) -> Show:
    (found,) = recording.shows.values()
    return found


def texts(items: Iterable[object]) -> list[str]:
    return [str(item) for item in items]
