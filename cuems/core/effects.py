"""Everything a show can ask for: the outputs of the sequencer, as frozen values.

`start` is where on the timecode line a cue's body begins, in flicks; `elapsed` is how far into
its body (all iterations counted) the cue is at the moment of the effect.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from cuems.core.cues import CueId
from cuems.core.fades import Fade
from cuems.core.messages import Message

# ---- to players (only for cues this machine plays)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """Make a cue ready to start `elapsed` into its body, and prove it (CueArmed, CueBroken)."""

    cue: CueId
    elapsed: int = 0


@dataclass(frozen=True, slots=True)
class Disarm:
    """A cue is not needed any more: free its player."""

    cue: CueId


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Sound or show now, from `elapsed`; `late` says how long after `start` that is.

    The level is the one set last since the cue's Arm, or the authored one.
    """

    cue: CueId
    run_seq: int
    start: int
    elapsed: int
    late: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Relocate:
    """A running cue is at another place of its body from now on."""

    cue: CueId
    start: int
    elapsed: int


@dataclass(frozen=True, slots=True)
class Freeze:
    """Hold the frame and be silent."""

    cue: CueId


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfreeze:
    """Go on from `elapsed`."""

    cue: CueId
    start: int
    elapsed: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Be silent and dark now. The cue needs a new Arm before it can start again.

    `over`: its body has come to its end, where lights hold their look.
    """

    cue: CueId
    over: bool = field(default=False, compare=False, repr=False)


class Parameter(StrEnum):
    """What of a cue can be faded; 0.0 is silence or black, 1.0 full."""

    VOLUME = "volume"
    OPACITY = "opacity"
    CHANNEL_0 = "channel 0"  # of a player's two outputs; set by hand only
    CHANNEL_1 = "channel 1"


@dataclass(frozen=True, slots=True)
class SetLevel:
    """Set a parameter of a cue's player to `value`, 0.0 to 1.0.

    `fade`: what this is a step of, for a player that can do the whole of it by itself.
    """

    cue: CueId
    parameter: Parameter
    value: float
    fade: Fade | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Blackout:
    """Fade all lights to dark, over `duration` from now; they stay dark until the show stops."""

    duration: int


# ---- to whoever watches


class Outcome(StrEnum):
    """What became of an action."""

    APPLIED = "applied"
    APPLIED_NO_CHANGE = "applied_no_change"
    REJECTED = "rejected"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CueStarted:
    """A cue's turn came; its body begins at `start`."""

    cue: CueId
    start: int


@dataclass(frozen=True, slots=True)
class CueProgress:
    """A running cue is `percent` (1 to 99) through its body."""

    cue: CueId
    percent: int


@dataclass(frozen=True, slots=True)
class CueEnded:
    """A cue is over, waits included."""

    cue: CueId


@dataclass(frozen=True, slots=True)
class CueFailed:
    """A cue does not play, and why; its waits run and its successor fires all the same."""

    cue: CueId
    reason: str


@dataclass(frozen=True, slots=True)
class CueReset:
    """A cue is unplayed again."""

    cue: CueId


@dataclass(frozen=True, slots=True)
class EnabledChanged:
    """A cue was enabled or disabled."""

    cue: CueId
    enabled: bool


@dataclass(frozen=True, slots=True)
class HeldChanged:
    """A cue was paused on its own, or goes on."""

    cue: CueId
    held: bool


@dataclass(frozen=True, slots=True)
class StandbyChanged:
    """The standby pointer moved (None: the end of the list)."""

    cue: CueId | None


@dataclass(frozen=True, slots=True)
class ArmedChanged:
    """Whether what the next GO fires is proven ready here, and which cues it still waits for."""

    armed: bool
    waiting_for: tuple[CueId, ...] = ()


@dataclass(frozen=True, slots=True)
class GoRefused:
    """A GO was not obeyed, and why."""

    run_seq: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionDone:
    """An action cue ran; `outcome` says what became of it."""

    cue: CueId
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Say this to other equipment; the controller does, so that it is said once."""

    cue: CueId
    message: Message


@dataclass(frozen=True, slots=True)
class ShowStopped:
    """Everything was silenced and the show stands by at its top. Looks that hold go dark."""


@dataclass(frozen=True, slots=True)
class FreezeLine:
    """The timecode line is to stand still (a pause, or a pause_project action)."""


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """The timecode line is to roll on."""


CueEffect = Arm | Disarm | Start | Relocate | Freeze | Unfreeze | Stop | SetLevel
PlayerEffect = CueEffect | Blackout | ShowStopped
Report = (
    CueStarted
    | CueProgress
    | CueEnded
    | CueFailed
    | CueReset
    | EnabledChanged
    | HeldChanged
    | StandbyChanged
    | ArmedChanged
    | GoRefused
    | ActionDone
    | SendMessage
    | ShowStopped
    | FreezeLine
    | ReleaseLine
)
Effect = PlayerEffect | Report
