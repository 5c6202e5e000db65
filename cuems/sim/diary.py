"""Keeping the log of a rehearsal, and knowing what is going on in it at the moment."""

from cuems.core.body import body_flicks
from cuems.core.cuelist import RunningOrder, has_player, wait_before
from cuems.core.cues import CueId, CueList, FadeCue, NodeId, PostGo
from cuems.core.effects import Freeze, PlayerEffect, Relocate, Start, Stop, Unfreeze
from cuems.core.node_desk import Play, Say
from cuems.core.operator import (
    EnableCue,
    GoCue,
    LoadProject,
    LoadTo,
    MoveStandby,
    OperatorCommand,
    PauseCue,
    PressGo,
    PressPanic,
    PressPause,
    PressResume,
    PressStop,
    ResumeCue,
    StopCue,
)
from cuems.core.reports import CueFailedReport, CueStartedReport, GoRefusedReport
from cuems.core.status import (
    Armed,
    CueEnabled,
    CuePlay,
    CueReason,
    NextCue,
    NodeHealth,
    Paused,
    Running,
    Status,
)
from cuems.core.tally import FAILED, STARTED
from cuems.core.timecode import to_duration_text, to_ns
from cuems.sim.log import Entry, Verb

NEVER_STATED = (Verb.TIMECODE, Verb.NODE, Verb.ENABLED, Verb.DISABLED)


class Diary:
    """Told everything, as it happens; `entries` is the log."""

    def __init__(self, order: RunningOrder) -> None:
        self.entries: list[Entry] = []
        self.armed = False
        self.standby: CueId | None = None
        self.last_go_ns: int | None = None
        self._order = order
        self._into_ns = self._position = 0
        self._sounding: dict[tuple[NodeId, CueId], int] = {}
        self._failed: dict[tuple[NodeId, CueId], str] = {}
        self._waiting: dict[CueId, int] = {}  # cues that no node plays: where their body begins
        self._fading: dict[CueId, int] = {}  # and where a fade ends
        self._running: set[CueId] = set()
        self._busy_until_ns = 0
        self._timecode = ""
        self._paused = False

    # ---- what others ask

    def at(self, into_ns: int, position: int) -> None:
        """It is now."""
        self._into_ns, self._position = into_ns, position

    def begin(self) -> None:
        """The rig is ready: what it did to get there is of no interest but for its results."""
        self.entries = [entry for entry in self.entries if entry.verb not in NEVER_STATED]

    def quiet_from_ns(self) -> int | None:
        """From when on all that has an end has ended, as things stand; None while some has not.

        A list that waits for a GO inside it is not waited for.
        """
        going_on = (*self._waiting, *self._running, *self._heard())
        return None if any(map(self._is_awaited, going_on)) else self._busy_until_ns

    def _heard(self) -> set[CueId]:
        return {cue for _, cue in self._sounding}

    def _is_awaited(self, cue_id: CueId) -> bool:
        cue = self._order[cue_id]
        if isinstance(cue, CueList):
            return self.standby is None or not self._order.within(self.standby, cue_id)
        return cue_id in self._waiting or body_flicks(cue) is not None

    def next_due(self, due: int | None) -> int | None:
        """The earlier of `due` and of what is due here: no core reports these two moments."""
        if not (self._waiting or self._fading):
            return due
        own = min((*self._waiting.values(), *self._fading.values()))
        return own if due is None else min(due, own)

    # ---- what happens

    def note(
        self,
        verb: Verb,
        *,
        node: NodeId | None = None,
        cue: CueId | None = None,
        late: int = 0,
        elapsed: int = 0,
        text: str = "",
    ) -> None:
        """Write an entry."""
        self.entries.append(
            Entry(
                at_ns=self._into_ns,
                position=self._position,
                verb=verb,
                node=node,
                cue=cue,
                late=late,
                elapsed=elapsed,
                note=text,
            )
        )

    def asked(self, command: OperatorCommand) -> None:
        """The operator asks."""
        match command:
            case LoadProject():
                pass
            case PressGo():
                self.last_go_ns = self._into_ns
                self.note(Verb.GO, cue=self.standby)
            case GoCue(cue):
                self.note(Verb.GO, cue=cue)
            case MoveStandby(cue):
                self.note(Verb.ASKED, cue=cue, text="setnextcue")
            case EnableCue(cue, enabled):
                self.note(Verb.ASKED, cue=cue, text="enable" if enabled else "disable")
            case StopCue(cue) | PauseCue(cue) | ResumeCue(cue):
                word = type(command).__name__.removesuffix("Cue").lower()
                self.note(Verb.ASKED, cue=cue, text=word)
            case LoadTo(into_ms):
                self.note(Verb.ASKED, text=f"load_to_time {into_ms} ms")
            case PressStop() | PressPanic() | PressPause() | PressResume():
                self.note(Verb.ASKED, text=type(command).__name__.removeprefix("Press").lower())
            case _:
                pass  # nothing that a rehearsal shows

    def answered(self, _: OperatorCommand, reason: str) -> None:
        """The controller answers a command ("": it is done)."""
        if reason:
            self.note(Verb.REFUSED, text=reason)

    def follows_otherwise(self, state: str) -> bool:
        """Whether that is news of how the nodes follow timecode."""
        return self._timecode != state

    def timecode(self, state: str) -> None:
        """How the nodes follow timecode."""
        if self._timecode != state:
            self._timecode = state
            self.note(Verb.TIMECODE, text=state)

    def done(self, node: NodeId, done: Play | Say) -> None:
        """A node did something."""
        match done:
            case Play(effect):
                self._played(node, effect)
            case Say(CueStartedReport(cue, start)) if start > self._position:
                self._turn(cue, start, node)
            case Say(CueStartedReport(cue, start)):
                self._turn_over(cue, start)
            case Say(CueFailedReport(cue, reason)):
                self._failed[node, cue] = reason
                self.note(Verb.FAILS, node=node, cue=cue, text=reason)
            case Say(GoRefusedReport(_, reason)):
                self.note(Verb.REFUSED, node=node, text=reason)
            case _:
                pass

    def _turn(self, cue: CueId, start: int, node: NodeId | None = None) -> None:
        wait = start - self._position
        self.note(Verb.WAITS, node=node, cue=cue, text=f"pre-wait {to_duration_text(wait)}")
        self._turn_over(cue, start)

    def _turn_over(self, cue_id: CueId, start: int) -> None:
        """A successor may come after the cue has ended: that is still the same GO."""
        cue = self._order[cue_id]
        wait = cue.post_wait_flicks if cue.post_go is PostGo.GO else 0
        self._busy_for(max(0, start + wait - self._position))

    def _busy_for(self, flicks: int) -> None:
        self._busy_until_ns = max(self._busy_until_ns, self._into_ns + to_ns(flicks))

    def _played(self, node: NodeId, effect: PlayerEffect) -> None:
        match effect:
            case Start(cue=cue, start=start, elapsed=elapsed, late=late):
                self._sounding[node, cue] = start
                reason = self._failed.get((node, cue))
                text = f"in silence: {reason}" if reason else ""
                self.note(Verb.STARTS, node=node, cue=cue, late=late, elapsed=elapsed, text=text)
            case Stop(cue) if (node, cue) in self._sounding:
                self._stopped(node, cue, self._sounding.pop((node, cue)))
            case Freeze(cue):
                self.note(Verb.HOLDS, node=node, cue=cue)
            case Unfreeze(cue=cue, start=start, elapsed=elapsed):
                self._sounding[node, cue] = self._position - elapsed
                self.note(Verb.GOES_ON, node=node, cue=cue, elapsed=elapsed)
            case Relocate(cue=cue, start=start, elapsed=elapsed):
                self._sounding[node, cue] = start
                self.note(Verb.MOVES, node=node, cue=cue, elapsed=elapsed)
            case _:
                pass

    def _stopped(self, node: NodeId, cue_id: CueId, start: int) -> None:
        cue = self._order[cue_id]
        body = None if isinstance(cue, CueList) else body_flicks(cue)
        over = body is not None and self._position >= start + body
        self.note(Verb.ENDS if over else Verb.STOPS, node=node, cue=cue_id)
        if cue.post_go is PostGo.GO_AT_END:
            self._busy_for(cue.post_wait_flicks)

    def published(self, status: Status) -> None:
        """The controller lets everybody know."""
        match status:
            case CuePlay(cue, percent) if not has_player(self._order[cue]):
                self._unowned(cue, percent)
            case CueReason(cue, reason) if reason and not has_player(self._order[cue]):
                self.note(Verb.FAILS, cue=cue, text=reason)
            case CueEnabled(cue, enabled):
                self.note(Verb.ENABLED if enabled else Verb.DISABLED, cue=cue)
            case NextCue(cue):
                self._stands_by(cue)
            case Armed(armed):
                self.armed = bool(armed)
            case Paused(paused) if paused != self._paused:
                self._paused = paused
                self.note(Verb.PAUSED if paused else Verb.RESUMED)
            case Running(False):
                self.note(Verb.ALL_OFF)
            case NodeHealth(node, state, reason):
                self.note(Verb.NODE, node=node, text=f"{state}: {reason}" if reason else state)
            case _:
                pass

    def _stands_by(self, cue: CueId | None) -> None:
        if cue != self.standby:
            self.standby = cue
            self.note(Verb.STANDS_BY, cue=cue, text="" if cue else "nothing: the list is over")

    def _unowned(self, cue: CueId, percent: int) -> None:
        """A cue that no node plays: an action, a fade, a list."""
        if percent == STARTED:
            start = self._position + wait_before(self._order[cue])
            if start > self._position:
                self._waiting[cue] = start
                self._turn(cue, start)
            else:
                self._turn_over(cue, start)
                self._begins(cue)
        elif percent <= 0 or percent == 100:
            self._ends(cue, failed=percent == FAILED)

    def advance(self, position: int) -> None:
        """The line is at `position`: pre-waits and fades that are over."""
        for cue_id in _come(self._waiting, position):
            self._begins(cue_id)
        for cue_id in _come(self._fading, position):
            cue = self._order[cue_id]
            self._ends(cue_id, failed=False)
            if cue.post_go is PostGo.GO_AT_END:
                self._busy_for(cue.post_wait_flicks)

    def _begins(self, cue_id: CueId) -> None:
        self._waiting.pop(cue_id, None)
        self._running.add(cue_id)
        self.note(Verb.STARTS, cue=cue_id)
        cue = self._order[cue_id]
        if isinstance(cue, FadeCue):
            self._fading[cue_id] = self._position + cue.duration_flicks

    def _ends(self, cue: CueId, *, failed: bool) -> None:
        if self._waiting.pop(cue, None) is not None:
            if failed:
                self._begins(cue)
            else:
                self.note(Verb.STOPS, cue=cue)
        if cue in self._running:
            self._running.discard(cue)
            over = self._fading.pop(cue, self._position) <= self._position
            self.note(Verb.ENDS if over else Verb.STOPS, cue=cue)


def _come(due: dict[CueId, int], position: int) -> list[CueId]:
    return [cue for cue, at in due.items() if at <= position]
