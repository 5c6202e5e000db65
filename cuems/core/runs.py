"""One run of one cue, and the moments of its life on the timecode line.

arrival (its turn) → begin (pre-wait over, the body starts) → body over → finish (post-wait over).
"""

from dataclasses import dataclass
from enum import Enum

from cuems.core.cues import AnyCue, CueId


class Phase(Enum):
    """How far a run has come."""

    WAITING = "waiting"
    PLAYING = "playing"
    TAIL = "tail"


@dataclass(slots=True, kw_only=True, eq=False)
class Run:
    """A cue that had its turn and is not over. Positions are flicks on the line.

    `end` is None while it is unknown: a list, or a body that goes on until it is stopped.
    Moments before `silent_until` are caught up with: they move the run on without being heard.
    `version` tells moments that still hold from those that a freeze or a devamp has overtaken.
    """

    cue: AnyCue
    run_seq: int
    start: int
    silent_until: int
    end: int | None = None
    phase: Phase = Phase.WAITING
    version: int = 0
    frozen_at: int | None = None
    sounding: bool = False
    taken_over: bool = False  # the player sounds already, from the run this one replaces
    handed_over: bool = False
    plays_left: int | None = 1
    iteration_start: int = 0
    percent: int = 1

    @property
    def body(self) -> int | None:
        """How long the body lasts, where that is known."""
        return None if self.end is None else self.end - self.start

    def shift(self, by: int) -> None:
        """Move what is left of the run along the line."""
        self.start += by
        self.iteration_start += by
        if self.end is not None:
            self.end += by


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What began a chain: `cue` has its turn when the line comes to `due`.

    Its arrival is counted from `arrival`, before `due` where the chain starts in the middle.
    """

    cue: CueId
    run_seq: int
    due: int
    arrival: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arrive:
    """A cue's turn comes; `by` is the run that handed over, None for a trigger."""

    cue: CueId
    run_seq: int
    arrival: int
    silent_until: int
    by: Run | None = None


@dataclass(frozen=True, slots=True)
class Begin:
    """The pre-wait is over."""

    run: Run
    version: int


@dataclass(frozen=True, slots=True)
class BodyOver:
    """The last iteration is over."""

    run: Run
    version: int


@dataclass(frozen=True, slots=True)
class Finish:
    """The post-wait is over."""

    run: Run
    version: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Time to tell how far a run is."""

    run: Run
    version: int


@dataclass(frozen=True, slots=True)
class FadeOutBegins:
    """The fade at a cue's end sets in."""

    run: Run
    version: int


@dataclass(frozen=True, slots=True)
class FadeStep:
    """A fade's next value is due; `fade` is its number."""

    cue: CueId
    fade: int


RunMoment = Begin | BodyOver | Finish | Tick | FadeOutBegins
Moment = Arrive | RunMoment | FadeStep
