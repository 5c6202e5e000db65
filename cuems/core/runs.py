"""One run of one cue, and the moments of its life on the timecode line.

turn (it arrives) → begin (pre-wait over, the body starts) → body over → finish (post-wait over).
"""

from dataclasses import dataclass, replace
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

    `by` is the run that handed over. `end` is None while it is unknown: a list, or a body that
    goes on until it is stopped. Moments before `silent_until` lie before the place a chain was
    started at: they move the run on without being heard. `version` tells moments that still hold
    from those that a freeze or a devamp has overtaken. A list whose `open_at` is the standing's
    version waits for a GO although the standby is not inside it: a locate has come back to it.
    """

    cue: AnyCue
    run_seq: int
    start: int
    silent_until: int
    by: "Run | None" = None
    end: int | None = None
    phase: Phase = Phase.WAITING
    version: int = 0
    frozen_at: int | None = None
    missed_by: int = 0  # how late its player was asked, where the body was over by then
    joined: bool = False  # begun in silence, so that being in the middle of it is not being late
    fading_out: bool = False
    handed_over: bool = False
    plays_left: int | None = 1
    iteration_start: int = 0
    open_at: int | None = None
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


@dataclass(slots=True, kw_only=True, eq=False)
class Turn:
    """A cue's turn, to come at `due`; `by` is the run that hands over, None for a trigger.

    Its waits count from `arrival`, before `due` where a chain is started in the middle.
    `go` marks the operator's triggers: they move the standby pointer.
    """

    cue: CueId
    run_seq: int
    due: int
    arrival: int
    silent_until: int
    by: Run | None = None
    go: bool = False
    version: int = 0
    frozen_at: int | None = None

    def shift(self, by: int) -> None:
        """Move the turn along the line."""
        self.due += by
        self.arrival += by


class Word(Enum):
    """What an operator says of one cue."""

    GO = "go"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A word of the operator's, given at `given`: it holds when the line comes to `due`.

    A GO gives `cue` its turn then. Its arrival is counted from `arrival`, before `due` where the
    chain starts in the middle.
    """

    cue: CueId
    run_seq: int
    given: int
    due: int
    arrival: int
    word: Word = Word.GO

    @property
    def entered(self) -> int:
        """Where the line was when this came to be waited for, had it not come late."""
        return min(self.given, self.due)

    def shifted(self, by: int) -> "Trigger":
        """The same word on a line that was moved."""
        return replace(self, given=self.given + by, due=self.due + by, arrival=self.arrival + by)


@dataclass(frozen=True, slots=True)
class Arrive:
    """A turn comes."""

    turn: Turn
    version: int


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


@dataclass(frozen=True, slots=True)
class Address:
    """The line comes to entry `number` of the timetable."""

    number: int
    version: int


RunMoment = Begin | BodyOver | Finish | Tick | FadeOutBegins
ChainMoment = Arrive | RunMoment | FadeStep
Moment = ChainMoment | Address | Trigger
