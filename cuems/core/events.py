"""Everything that can happen to a show: the inputs of the sequencer, as frozen values.

Positions and durations are flicks on the timecode line; `received_ns` is the monotonic clock of
the machine that received a command, carried as data because the core reads no clock.
"""

from dataclasses import dataclass

from cuems.core.cues import CueId
from cuems.core.runs import Word

# ---- commands: what the operator, or the controller in the operator's name, asks


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """Fire `cue` as run `run_seq` at position `at`; worthless after `deadline` (None: never).

    The chain starts `into` flicks after the cue's turn (load to time). `line` is the `began_ns` of
    the line that is meant (0: whichever there is), `load` the number of the load that it is of (0:
    of whichever there is): a cue of the same name may be another in the show before.
    """

    run_seq: int
    cue: CueId
    at: int
    deadline: int | None = None
    into: int = 0
    line: int = 0
    load: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervene:
    """Stop one cue, hold it or let it go on, when the line comes to `at`; numbered like a run.

    `line` is as a GO's.
    """

    run_seq: int
    cue: CueId
    word: Word
    at: int
    line: int = 0


@dataclass(frozen=True, slots=True)
class SetNextCue:
    """Put the standby pointer on a cue."""

    cue: CueId


@dataclass(frozen=True, slots=True)
class SetEnabled:
    """Enable or disable a cue."""

    cue: CueId
    enabled: bool


@dataclass(frozen=True, slots=True)
class StopAll:
    """Silence everything at once and stand by at the top."""


@dataclass(frozen=True, slots=True)
class Panic:
    """Fade everything out, then stop; a second one within the fade stops now."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Freeze the timecode line and every player."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Let the line and the players go on where they stand."""


@dataclass(frozen=True, slots=True)
class LoadToTime:
    """Arm the standby cue's chain `into` flicks after its turn; the next GO starts from there."""

    into: int


# ---- the timecode line, as the chase tells it


@dataclass(frozen=True, slots=True)
class Advance:
    """The line has rolled on to `position`."""

    position: int


@dataclass(frozen=True, slots=True)
class Locate:
    """The line has jumped to `position`.

    `late`: it has not, but has come there by rolling and standing, of which we hear only now.
    """

    position: int
    late: bool = False


@dataclass(frozen=True, slots=True)
class LineLost:
    """Timecode is gone for longer than the freewheel: nothing new fires."""


@dataclass(frozen=True, slots=True)
class LineFound:
    """Timecode is trusted again, at `position`."""

    position: int


# ---- what players report


@dataclass(frozen=True, slots=True)
class CueArmed:
    """The player proved that a cue is ready at its first frame."""

    cue: CueId


@dataclass(frozen=True, slots=True)
class CueBroken:
    """A cue cannot be armed or goes on no longer; `reason` is for the operator."""

    cue: CueId
    reason: str


ToldNodes = Go | Intervene | SetNextCue | SetEnabled | Pause | Resume | LoadToTime  # as they are
Command = ToldNodes | StopAll | Panic
LineEvent = Advance | Locate | LineLost | LineFound
PlayerEvent = CueArmed | CueBroken
Event = Command | LineEvent | PlayerEvent
