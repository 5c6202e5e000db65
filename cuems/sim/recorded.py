"""A recorded run as the log of a rehearsal is, so that everything that reads those reads it too.

What nodes tell is what their players did; when is when it was due on the line, and `late` how long
after that their players were told. Times are ns since the run began.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from cuems.core.cuelist import RunningOrder, has_player
from cuems.core.cues import CueId, NodeId, Show
from cuems.core.desk import Answer, Asked, Publish, Reported, Tell
from cuems.core.events import Go
from cuems.core.journal import Record
from cuems.core.operator import GoCue, LoadProject, OperatorCommand, Ping, PressGo, SetMixerVolume
from cuems.core.reports import (
    ChaseReport,
    CueEndedReport,
    CueFailedReport,
    CueResetReport,
    CueStartedReport,
    CueTimingReport,
    GoRefusedReport,
    NodeReport,
)
from cuems.core.status import (
    CueEnabled,
    CuePlay,
    CueReason,
    NextCue,
    NodeHealth,
    Notice,
    Paused,
    Running,
    Status,
)
from cuems.core.tally import FAILED, STARTED
from cuems.core.timecode import from_ns, to_ns
from cuems.sim.log import Entry, Verb
from cuems.sim.rehearsal import Rehearsal

PLAYED = 100
NOT_SHOWN = Ping | SetMixerVolume | LoadProject | PressGo | GoCue


def recorded(records: Iterable[Record], show: Show) -> Rehearsal:
    """What happened in a run of `show`."""
    log = _Log(RunningOrder(show))
    all_records = list(records)
    for record in all_records:
        log.take(record)
    log.entries.sort(key=lambda entry: entry.at_ns)
    last_ns = log.into(all_records[-1].at_ns) if all_records else 0
    first = all_records[0].position if all_records else 0
    return Rehearsal(tuple(log.entries), tuple(log.nodes), first, last_ns, "")


class _Log:
    def __init__(self, order: RunningOrder) -> None:
        self.entries: list[Entry] = []
        self.nodes: list[NodeId] = sorted(order.nodes())
        self._order = order
        self._begun_ns: int | None = None
        self._at_ns = self._position = 0
        self._standby: CueId | None = None
        self._paused = False
        self._chase: dict[NodeId, str] = {}
        self._starts: dict[tuple[NodeId | None, CueId], int] = {}

    def into(self, at_ns: int) -> int:
        """How long after the beginning a moment is."""
        return at_ns - (self._begun_ns or 0)

    def take(self, record: Record) -> None:
        if self._begun_ns is None:
            self._begun_ns = record.at_ns
        self._at_ns, self._position = self.into(record.at_ns), record.position
        if isinstance(record.what, Reported):
            self._reported(record.what.node, record.what.report)
        for effect in record.effects:
            match effect:
                case Tell(Go(cue=cue)):
                    self._note(Verb.GO, cue=cue, note=_who(record))
                case Publish(status):
                    self._published(status)
                case Answer(asked, reason) if reason:
                    self._note(Verb.REFUSED, note=reason)
                case Answer(asked) if not isinstance(asked.command, NOT_SHOWN):
                    about: CueId | None = getattr(asked.command, "cue", None)
                    self._note(
                        Verb.ASKED, cue=about, note=f"{words(asked.command)}, {_who(record)}"
                    )
                case _:
                    pass

    def _note(
        self,
        verb: Verb,
        *,
        node: NodeId | None = None,
        cue: CueId | None = None,
        later: int = 0,
        late: int = 0,
        note: str = "",
    ) -> None:
        """Write an entry; `later` by so many flicks."""
        self.entries.append(
            Entry(
                at_ns=self._at_ns + to_ns(later),
                position=self._position + later,
                verb=verb,
                node=node,
                cue=cue if cue in self._order else None,
                late=late,
                note=note,
            )
        )

    def _reported(self, node: NodeId, report: NodeReport) -> None:
        if node not in self.nodes:
            self.nodes.append(node)
        match report:
            case CueStartedReport(cue, start, late):
                self._begins(node, cue, start, late)
            case CueTimingReport(cue=cue, late_us=late_us, joined=False):
                self._was_late(node, cue, from_ns(late_us * 1000))
            case CueEndedReport(cue):
                self._ends(node, cue, Verb.ENDS)
            case CueResetReport(cue):
                self._ends(node, cue, Verb.STOPS)
            case CueFailedReport(cue, reason):
                self._note(Verb.FAILS, node=node, cue=cue, note=reason)
            case GoRefusedReport(_, reason):
                self._note(Verb.REFUSED, node=node, note=reason)
            case ChaseReport(state=state) if self._chase.get(node) != state:
                self._chase[node] = state
                self._note(Verb.TIMECODE, node=node, note=state)
            case _:
                pass

    def _begins(self, node: NodeId | None, cue: CueId, start: int, late: int) -> None:
        ahead = max(0, start - self._position)
        if ahead:
            self._note(Verb.WAITS, node=node, cue=cue)
        self._starts[node, cue] = start
        self._note(Verb.STARTS, node=node, cue=cue, later=ahead, late=late)

    def _was_late(self, node: NodeId, cue: CueId, late: int) -> None:
        """The player of a start that was told was told itself so much after its moment."""
        for at in range(len(self.entries) - 1, -1, -1):
            entry = self.entries[at]
            if (entry.verb, entry.node, entry.cue) == (Verb.STARTS, node, cue):
                self.entries[at] = replace(entry, late=late)
                return

    def _ends(self, node: NodeId | None, cue: CueId, verb: Verb) -> None:
        if self._starts.pop((node, cue), None) is not None:
            self._note(verb, node=node, cue=cue)

    def _published(self, status: Status) -> None:
        match status:
            case CuePlay(cue, percent) if cue in self._order and not has_player(self._order[cue]):
                self._unowned(cue, percent)
            case CueReason(cue, reason) if reason and not has_player(self._order[cue]):
                self._note(Verb.FAILS, cue=cue, note=reason)
            case CueEnabled(cue, enabled):
                self._note(Verb.ENABLED if enabled else Verb.DISABLED, cue=cue)
            case NextCue(cue) if cue != self._standby:
                self._standby = cue
                self._note(Verb.STANDS_BY, cue=cue, note="" if cue else "nothing")
            case Paused(paused) if paused != self._paused:
                self._paused = paused
                self._note(Verb.PAUSED if paused else Verb.RESUMED)
            case Running(False):
                self._all_off()
            case NodeHealth(node, state, detail):
                self._note(Verb.NODE, node=node, note=f"{state}: {detail}" if detail else state)
            case _:
                pass

    def _unowned(self, cue: CueId, percent: int) -> None:
        """A cue that no node plays: an action, a fade, a list."""
        if percent == STARTED:
            start = self._position + self._order[cue].pre_wait_flicks
            self._begins(None, cue, start, 0)
        elif percent in (0, PLAYED, FAILED):
            self._ends(None, cue, Verb.ENDS if percent == PLAYED else Verb.STOPS)

    def _all_off(self) -> None:
        self._note(Verb.ALL_OFF)
        for node, cue in list(self._starts):
            self._ends(node, cue, Verb.STOPS)


def _who(record: Record) -> str:
    """Who asked for what a record did."""
    asked = record.what
    if not isinstance(asked, Asked):
        return ""
    return f"asked by {asked.client or asked.address}"


def words(command: OperatorCommand) -> str:
    """A command as a person reads it."""
    name = type(command).__name__.removeprefix("Press")
    spelled = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return spelled.strip()


def chase_reports(records: Iterable[Record]) -> Iterator[tuple[int, NodeId, ChaseReport]]:
    """Every report on how a node follows timecode, with its moment."""
    for record in records:
        match record.what:
            case Reported(node, ChaseReport() as report):
                yield record.at_ns, node, report
            case _:
                pass


def notices(records: Iterable[Record]) -> Iterator[tuple[int, Notice]]:
    """Everything that went wrong, with its moment."""
    for record in records:
        for effect in record.effects:
            match effect:
                case Publish(Notice(text) as notice) if text:
                    yield record.at_ns, notice
                case _:
                    pass
