"""What the control surface sets of a picture on one of its screens, where mpv shows it.

Source: interop.md 7.6. The addresses are those of the composer's layers, `<cue uuid>_<number of its
output>`; of their parameters mpv has opacity and scale.
"""

from dataclasses import dataclass
from enum import Enum

from cuems.core.cues import CueId
from cuems.core.effects import Parameter
from cuems.players import video
from cuems.wire.osc import Osc

LAYER = f"{video.ROOT}/layer/"
SCALE = "scale"


class Trim(Enum):
    """A parameter of a picture, by the last part of its address."""

    OPACITY = "opacity"
    X_SCALE = "xscale"
    Y_SCALE = "yscale"


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A parameter of the picture on one screen of its cue, counted from 0."""

    screen: int
    trim: Trim


Level = Parameter | Trimmed


def trims(message: Osc) -> tuple[CueId, dict[Trimmed, float]] | None:
    """The cue that a message to a layer is for, and its levels; None: mpv has no such thing."""
    layer, _, what = message.address.removeprefix(LAYER).partition("/")
    cue, _, number = layer.rpartition("_")
    names = [Trim.X_SCALE.value, Trim.Y_SCALE.value] if what == SCALE else [what]
    known = {trim.value: trim for trim in Trim}
    values = [float(value) for value in message.args if isinstance(value, int | float)]
    is_one = message.address.startswith(LAYER) and number.isdecimal() and len(values) == len(names)
    if not is_one or any(name not in known for name in names):
        return None
    screen = int(number)
    return CueId(cue), {
        Trimmed(screen, known[name]): value for name, value in zip(names, values, strict=True)
    }
