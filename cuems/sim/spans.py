"""A log as stretches of time: which cue ran where, from when to when."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cuems.core.cues import CueId, NodeId
from cuems.sim.log import Entry, Verb

Key = tuple[NodeId | None, CueId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A cue on a node (None: on no node's players), ns into the rehearsal.

    `waited_ns` is when its pre-wait began, `holds` are the stretches it stood still,
    `moves_ns` when it went on from another place of its body, `late` how late it began in flicks,
    `failed` why it was not heard.
    """

    cue: CueId
    node: NodeId | None
    begin_ns: int
    end_ns: int
    waited_ns: int | None = None
    holds: tuple[tuple[int, int], ...] = ()
    moves_ns: tuple[int, ...] = ()
    late: int = 0
    failed: str = ""
    cut_short: bool = False
    going_on: bool = False


@dataclass(slots=True)
class _Open:
    begin_ns: int
    waited_ns: int | None
    late: int
    held_ns: int | None = None
    holds: list[tuple[int, int]] = field(default_factory=list)
    moves_ns: list[int] = field(default_factory=list)


class _Spans:
    def __init__(self) -> None:
        self.found: list[Span] = []
        self._open: dict[Key, _Open] = {}
        self._waiting: dict[Key, int] = {}
        self._failed: dict[Key, str] = {}

    def take(self, entry: Entry) -> None:
        if entry.cue is None:
            return
        key = (entry.node, entry.cue)
        match entry.verb:
            case Verb.WAITS:
                self._waiting[key] = entry.at_ns
            case Verb.STARTS:
                self._close(key, entry.at_ns)
                waited_ns = self._waiting.pop(key, None)
                self._open[key] = _Open(entry.at_ns, waited_ns, entry.late)
            case Verb.HOLDS if key in self._open:
                self._open[key].held_ns = entry.at_ns
            case Verb.GOES_ON if key in self._open:
                self._release(self._open[key], entry.at_ns)
            case Verb.MOVES if key in self._open:
                self._open[key].moves_ns.append(entry.at_ns)
            case Verb.FAILS:
                self._failed[key] = entry.note
            case Verb.ENDS | Verb.STOPS:
                self._close(key, entry.at_ns, cut_short=entry.verb is Verb.STOPS)
            case _:
                pass

    def close_all(self, end_ns: int) -> None:
        for key in list(self._open):
            self._close(key, end_ns, going_on=True)

    def _release(self, run: _Open, at_ns: int) -> None:
        if run.held_ns is not None:
            run.holds.append((run.held_ns, at_ns))
            run.held_ns = None

    def _close(
        self, key: Key, at_ns: int, *, cut_short: bool = False, going_on: bool = False
    ) -> None:
        run = self._open.pop(key, None)
        if run is None:
            return
        self._release(run, at_ns)
        node, cue = key
        span = Span(
            cue=cue,
            node=node,
            begin_ns=run.begin_ns,
            end_ns=at_ns,
            waited_ns=run.waited_ns,
            holds=tuple(run.holds),
            moves_ns=tuple(run.moves_ns),
            late=run.late,
            failed=self._failed.get(key, ""),
            cut_short=cut_short,
            going_on=going_on,
        )
        self.found.append(span)


def spans(entries: Iterable[Entry], end_ns: int) -> tuple[Span, ...]:
    """Every run of every cue, by beginning; what runs at `end_ns` is cut there."""
    found = _Spans()
    for entry in entries:
        found.take(entry)
    found.close_all(end_ns)
    return tuple(sorted(found.found, key=lambda span: span.begin_ns))


def overlaps(group: Iterable[Span]) -> Iterator[tuple[Span, Span, int, int]]:
    """Every two spans that are on at once, the earlier first, with begin and end of that.

    Touching is no overlap; two of no length at the same moment are one.
    """
    active: list[Span] = []
    for span in sorted(group, key=lambda span: span.begin_ns):
        active = [
            other
            for other in active
            if other.end_ns > span.begin_ns
            or other.begin_ns == other.end_ns == span.begin_ns == span.end_ns
        ]
        for other in active:
            yield other, span, span.begin_ns, min(other.end_ns, span.end_ns)
        active.append(span)
