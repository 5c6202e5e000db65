"""A GO that has to wait a moment: the standby was put elsewhere just now, and nodes still arm.

Whoever puts the standby on a cue and presses GO at once means that cue, now. It is held until
every node is ready for it, or refused with the reason when that takes too long.
"""

from dataclasses import dataclass

from cuems.core.cues import CueId
from cuems.core.desk import Asked

PATIENCE_NS = 2_000_000_000


@dataclass(slots=True)
class HeldGo:
    """The GO that waits, if one does, and since when the standby is where it is."""

    asked: Asked | None = None
    cue: CueId | None = None
    _jumped_ns: int | None = None

    def jumped(self, now_ns: int) -> None:
        """The standby was put on a cue that nobody need have foreseen."""
        self._jumped_ns = now_ns

    def may_wait(self, now_ns: int) -> bool:
        """Whether the standby has jumped so lately that a GO may wait for it."""
        return self._jumped_ns is not None and now_ns - self._jumped_ns < PATIENCE_NS

    def hold(self, asked: Asked, cue: CueId) -> None:
        """Let a GO wait."""
        self.asked, self.cue = asked, cue

    def release(self) -> Asked | None:
        """It waits no longer."""
        asked, self.asked, self.cue = self.asked, None, None
        return asked

    @property
    def until_ns(self) -> int | None:
        """When waiting is over."""
        return None if self.asked is None else self.asked.now_ns + PATIENCE_NS
