"""What was told of each cue, and telling it: a state change once, and only what differs."""

from collections.abc import Callable, Container, Mapping
from enum import Enum

from cuems.core.cues import CueId
from cuems.core.effects import CueEnded, CueFailed, CueProgress, CueReset, CueStarted, Effect
from cuems.core.timecode import to_ms


class Told(Enum):
    """What was last told of a cue; of an unplayed cue nothing is kept.

    `PASSED` is told as what was told before: it is over and was not heard here, for no fault.
    """

    RUNNING = "running"
    PLAYED = "played"
    PASSED = "passed"
    MISSED = "missed"
    FAILED = "failed"


class Telling:
    """Reports on the cues in `tells`. Muted, it takes in and tells nothing."""

    def __init__(self, tells: Container[CueId], emit: Callable[[Effect], None]) -> None:
        self.tells = tells
        self._emit = emit
        self._told: dict[CueId, Told] = {}
        self._why: dict[CueId, str] = {}  # of those missed or failed
        self._muted = False

    def _tell(self, effect: CueStarted | CueProgress | CueEnded | CueFailed | CueReset) -> None:
        if not self._muted and effect.cue in self.tells:
            self._emit(effect)

    def running(self, cue: CueId, start: int) -> None:
        """A cue had its turn. A failed cue stays failed until it is mended."""
        if self._told.get(cue) is Told.MISSED:
            self.reset(cue)
        if self._told.get(cue) is not Told.FAILED:
            self._told[cue] = Told.RUNNING
            self._tell(CueStarted(cue, start))

    def progress(self, cue: CueId, percent: int) -> None:
        """A cue is so far through its body."""
        if self._told.get(cue) is Told.RUNNING and 0 < percent < 100:
            self._tell(CueProgress(cue, percent))

    def played(self, cue: CueId, missed_by: int = 0) -> None:
        """A cue is over; before its player was asked, where that came late by `missed_by`."""
        if self._told.get(cue) is not Told.RUNNING:
            return
        if not missed_by:
            self._told[cue] = Told.PLAYED
            self._tell(CueEnded(cue))
            return
        reason = f"missed: it was {to_ms(missed_by)} ms late, and over by then"
        self._does_not_play(cue, Told.MISSED, reason)

    def passed(self, cue: CueId) -> None:
        """A cue was gone past in silence: whether it was ever heard is not known by that."""
        if self._told.get(cue) is Told.RUNNING:
            self._told[cue] = Told.PASSED

    def never_began(self, cue: CueId) -> None:
        """A cue that had its turn is ended before its body begins."""
        if self._told.get(cue) is Told.RUNNING:
            self.reset(cue)

    def failed(self, cue: CueId, reason: str) -> None:
        """A cue does not play."""
        self._does_not_play(cue, Told.FAILED, reason)

    def _does_not_play(self, cue: CueId, told: Told, reason: str) -> None:
        self._told[cue], self._why[cue] = told, reason
        self._tell(CueFailed(cue, reason))

    def mended(self, cue: CueId) -> None:
        """A cue that had failed is ready after all."""
        if self._told.get(cue) is Told.FAILED:
            self.reset(cue)

    def reset(self, cue: CueId) -> None:
        """A cue is unplayed again."""
        if self._told.pop(cue, None) is not None:
            self._tell(CueReset(cue))

    def reset_all(self) -> None:
        """Every cue is unplayed again."""
        for cue in list(self._told):
            self.reset(cue)

    def mute(self, *, afresh: bool) -> Mapping[CueId, Told]:
        """Be silent from here on; returns what was told so far.

        `afresh` forgets it too, but for what has failed.
        """
        before = dict(self._told)
        if afresh:
            self._told = {cue: told for cue, told in before.items() if told is Told.FAILED}
        self._muted = True
        return before

    def unmute(self, before: Mapping[CueId, Told], starts: Mapping[CueId, int]) -> None:
        """Tell what has come to differ from `before`."""
        self._muted = False
        for cue in [*before, *(cue for cue in self._told if cue not in before)]:
            now = self._settled(cue, before.get(cue))
            if now is before.get(cue):
                continue
            if before.get(cue) is Told.MISSED and now is not None:
                self._tell(CueReset(cue))
            if now is Told.RUNNING:
                self._tell(CueStarted(cue, starts[cue]))
            elif now is Told.PLAYED:
                self._tell(CueEnded(cue))
            elif now is not None:
                self._tell(CueFailed(cue, self._why[cue]))
            else:
                self._tell(CueReset(cue))

    def _settled(self, cue: CueId, before: Told | None) -> Told | None:
        """What there is to tell of a cue now; one that was passed is what it was, or unplayed."""
        if self._told.get(cue) is Told.PASSED:
            del self._told[cue]
            if before in (Told.PLAYED, Told.MISSED):
                self._told[cue] = before
        return self._told.get(cue)
