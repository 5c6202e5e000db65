"""Why a cue ran, or did not: what the record of a run knows of it, first the verdict."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from cuems.core.cuelist import RunningOrder, has_player
from cuems.core.cues import ActionCue, CueId, PostGo, Show
from cuems.core.desk import Answer, Asked, Publish, Reported, Tell
from cuems.core.events import Go
from cuems.core.journal import Record
from cuems.core.operator import (
    EnableCue,
    GoCue,
    MoveStandby,
    PauseCue,
    PressGo,
    ResumeCue,
    StopCue,
)
from cuems.core.reports import (
    ArmedReport,
    CueEndedReport,
    CueFailedReport,
    CueResetReport,
    CueStartedReport,
    GoRefusedReport,
    NodeReport,
)
from cuems.core.status import CueEnabled, CuePlay, CueReason, NextCue
from cuems.core.tally import STARTED


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened to the cue, ns into the run."""

    at_ns: int
    text: str


@dataclass(slots=True)
class _Story:
    facts: list[Fact] = field(default_factory=list)
    ran: Counter[str] = field(default_factory=Counter)  # by node
    stood_by: bool = False
    reason: str = ""
    refused: str = ""


def why(records: Iterable[Record], show: Show, cue: CueId) -> tuple[str, tuple[Fact, ...]]:
    """A verdict in a sentence, and what it rests on in order."""
    teller = _Teller(RunningOrder(show), cue)
    for record in records:
        teller.take(record)
    return teller.verdict(), tuple(teller.story.facts)


class _Teller:
    def __init__(self, order: RunningOrder, cue: CueId) -> None:
        self.story = _Story()
        self._order = order
        self._cue = cue
        self._enabled = order[cue].enabled
        self._standby = self._top = order.first(lambda cue: order[cue].enabled)
        self._told_standby = False
        self._begun_ns: int | None = None
        self._at_ns = 0
        self._turns: list[CueId] = []

    def take(self, record: Record) -> None:
        """Look at a record for what it says of the cue."""
        self._begun_ns = record.at_ns if self._begun_ns is None else self._begun_ns
        self._at_ns = record.at_ns - self._begun_ns
        match record.what:
            case Reported(node, report):
                self._reported(node, report)
            case _:
                pass
        for effect in record.effects:
            match effect:
                case Tell(Go(cue=cue)) if cue == self._cue:
                    asked = record.what
                    who = f"{asked.client or asked.address}" if isinstance(asked, Asked) else ""
                    self._say(f"GO, asked by {who}" if who else "GO")
                    self._turn(cue)
                case Tell(Go(cue=cue)):
                    self._turn(cue)
                case Publish(status):
                    self._published(status)
                case Answer(asked, reason):
                    self._answered(asked, reason)
                case _:
                    pass

    def _say(self, text: str) -> None:
        self.story.facts.append(Fact(self._at_ns, text))

    def _reported(self, node: str, report: NodeReport) -> None:
        match report:
            case CueStartedReport(cue) if cue == self._cue:
                self.story.ran[node] += 1
                self._say(f"started on node {node}{self._by()}")
            case CueStartedReport(cue):
                self._turn(cue)
            case CueEndedReport(cue) if cue == self._cue:
                self._say(f"ended on node {node}")
            case CueFailedReport(cue, reason) if cue == self._cue:
                self.story.reason = reason
                self._say(f"failed on node {node}: {reason}")
            case CueResetReport(cue) if cue == self._cue:
                self._say(f"is unplayed again on node {node}")
            case ArmedReport(armed=False, waiting_for=waiting) if self._cue in waiting:
                self._say(f"node {node} is still arming it")
            case GoRefusedReport(_, reason) if self._turns[-1:] == [self._cue]:
                self._say(f"node {node} refused the GO: {reason}")
            case _:
                pass

    def _by(self) -> str:
        """Whose doing a turn was, as far as the order of the show tells."""
        last = self._turns[-1] if self._turns else None
        if last == self._cue or last is None:
            return ""
        for turn in reversed(self._turns):
            how = self._hands_over(turn)
            if how:
                return how
        if self._order[self._cue].timecode:
            return ", at its timecode address"
        return f", in the chain of {self._order[last].name!r}"

    def _hands_over(self, turn: CueId) -> str:
        """How a cue hands over to ours, if it does."""
        known = self._order[turn]
        if isinstance(known, ActionCue) and known.action_target == self._cue:
            return f", by the action {known.name!r} ({known.action.value})"
        if self._order.successor(turn) != self._cue or known.post_go is PostGo.PAUSE:
            return ""
        how = "its start (auto-continue)" if known.post_go is PostGo.GO else "its end (auto-follow)"
        return f", from {known.name!r} with {how}"

    def _turn(self, cue: CueId) -> None:
        if cue in self._order:
            self._turns.append(cue)

    def _published(self, status: object) -> None:
        match status:
            case CuePlay(cue, percent) if percent == STARTED:
                if cue == self._cue and not has_player(self._order[cue]):
                    self.story.ran[""] += 1
                    self._say(f"its turn came{self._by()}")
                self._turn(cue)
            case CueEnabled(cue, enabled) if cue == self._cue and enabled != self._enabled:
                self._enabled = enabled
                self._say("was enabled" if enabled else "was disabled")
            case CueReason(cue, reason) if cue == self._cue and reason:
                self.story.reason = reason
            case NextCue(cue):
                if cue == self._cue and not self._told_standby:
                    self.story.stood_by = True
                    self._say("stands by for the next GO")
                self._told_standby = cue == self._cue
                self._standby = cue or self._top
            case _:
                pass

    def _answered(self, asked: Asked, reason: str) -> None:
        who = asked.client or asked.address
        match asked.command:
            case PressGo() if reason and self._standby == self._cue:
                self.story.refused = reason
                self._say(f"a GO, asked by {who}, was refused: {reason}")
            case GoCue(cue) if reason and cue == self._cue:
                self.story.refused = reason
                self._say(f"a GO of it, asked by {who}, was refused: {reason}")
            case MoveStandby(cue) if not reason:
                if cue == self._cue:
                    self._say(f"put on standby, asked by {who}")
                self._standby = cue
            case EnableCue(cue, enabled) if cue == self._cue and not reason:
                self._say(f"{'enable' if enabled else 'disable'}, asked by {who}")
            case StopCue(cue) | PauseCue(cue) | ResumeCue(cue) if not reason:
                if self._order.within(self._cue, cue):
                    word = type(asked.command).__name__.removesuffix("Cue").lower()
                    what = "it" if cue == self._cue else f"the list {self._order[cue].name!r}"
                    self._say(f"{word} of {what}, asked by {who}")
            case _:
                pass

    def verdict(self) -> str:
        """Whether it ran, and why or why not."""
        name, story = repr(self._order[self._cue].name), self.story
        if story.ran:
            most = max(story.ran.values())
            times = "once" if most == 1 else f"{most} times"
            failed = f", and failed: {story.reason}" if story.reason else ""
            return f"{name} had its turn {times}{failed}"
        if not self._enabled:
            return f"{name} did not run: it was disabled, so that turns passed it over"
        if story.refused:
            return f"{name} did not run: GO was refused: {story.refused}"
        if story.reason:
            return f"{name} did not run, and could not have: {story.reason}"
        if story.stood_by:
            return f"{name} did not run: it stood by, and no GO came"
        return f"{name} did not run: {self._no_turn()}"

    def _no_turn(self) -> str:
        cue = self._order[self._cue]
        if cue.timecode:
            return "timecode never came to its address"
        before = [other for other in self._order if self._order.successor(other) == self._cue]
        ran = set(self._turns)
        for other in before:
            known = self._order[other]
            if other in ran and known.post_go is PostGo.PAUSE:
                return f"{known.name!r}, before it, hands over to nobody, and no GO came to it"
            if other in ran:
                return f"{known.name!r}, before it, ran and did not come to handing over"
        names = " and ".join(repr(self._order[other].name) for other in before)
        return f"its turn never came: {names or 'nothing'} before it did not run either"
