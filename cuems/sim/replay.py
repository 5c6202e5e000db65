"""A recorded run had again: the same events into a new controller, and what it does otherwise.

The core is deterministic, so a difference means another version of the program, records that were
lost, or a bug.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cuems.core.controller import Controller
from cuems.core.cues import Show
from cuems.core.desk import ControllerEffect, ControllerEvent, ProjectRead
from cuems.core.journal import Lost, NodeSaid, NodeTold, Opened, Record, ShowKept, kept_effects
from cuems.core.stands import Stands

FindShow = Callable[[str, str], Show]  # by the names of run and file


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where a replay departs from the record `number` of `run`; either side is "" for nothing."""

    run: str
    number: int
    what: str
    recorded: str
    replayed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """How many records were had again, with how many effects, and what was different."""

    records: int
    effects: int
    differences: tuple[Difference, ...]


def replay(records: Iterable[Record], find_show: FindShow, *, compare: str) -> Replay:
    """Have records again, from the beginning of a process; differences of run `compare` count.

    The records of the runs before it, which it continues, come first.
    """
    again = _Again(find_show)
    seen = effects = 0
    differences: list[Difference] = []
    for record in records:
        found = again.take(record)
        if again.run == compare:
            seen += 1
            effects += len(record.effects)
            differences += found
    return Replay(records=seen, effects=effects, differences=tuple(differences))


class _Again:
    """A controller to which everything happens once more."""

    def __init__(self, find_show: FindShow) -> None:
        self.run = ""
        self._find_show = find_show
        self._controller: Controller | None = None
        self._expected = 1

    def take(self, record: Record) -> list[Difference]:
        """Let it happen again; what is different."""
        if isinstance(record.what, Opened):
            self.run = record.what.run
            self._expected = 1
        missing = record.number - self._expected
        self._expected = record.number + 1
        found = [] if not missing else [self._differs(record, f"{missing} records", "")]
        match record.what:
            case Opened(continues="", rules=rules):
                self._controller = Controller(rules)
                return found + self._compare(record, self._controller.begin())
            case Opened():
                return found
            case Stands() | NodeTold() | NodeSaid():
                return found
            case Lost(records, reason):
                return [*found, self._differs(record, f"{records} records ({reason})", "")]
            case ShowKept(load_seq, file, source):
                event = ProjectRead(load_seq, self._find_show(self.run, file), source)
                return found + self._compare(record, self._handle(event))
            case _:
                return found + self._compare(record, self._handle(record.what))

    def _handle(self, event: ControllerEvent) -> tuple[ControllerEffect, ...]:
        if self._controller is None:
            return ()
        return kept_effects(event, self._controller.handle(event))

    def _compare(self, record: Record, replayed: tuple[ControllerEffect, ...]) -> list[Difference]:
        if replayed == record.effects:
            return []
        longer = max(len(replayed), len(record.effects))
        pairs = zip(_padded(record.effects, longer), _padded(replayed, longer), strict=True)
        return [self._differs(record, a, b) for a, b in pairs if a != b]

    def _differs(self, record: Record, recorded: str, replayed: str) -> Difference:
        return Difference(
            run=self.run,
            number=record.number,
            what=str(record.what),
            recorded=recorded,
            replayed=replayed,
        )


def _padded(effects: tuple[ControllerEffect, ...], length: int) -> list[str]:
    return [*map(str, effects), *[""] * (length - len(effects))]
