"""The levels of cues: authored, faded, taken over, held.

Every replica of a show keeps the levels of all cues, so that a fade takes over from the current
value; whether a player is there to be told is core/voices.py's business.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass, replace

from cuems.core.cues import AnyCue, AudioCue, CueId, Curve, FadeDirection, VideoCue
from cuems.core.effects import Parameter
from cuems.core.fades import FADE_STEP_FLICKS, Fade
from cuems.core.runs import FadeStep
from cuems.core.timecode import from_ms

FADE_DURATION = "duration"  # the fade profile parameter that is a length, in ms


def parameter_of(cue: AnyCue) -> Parameter | None:
    """What of a cue a fade moves; None where there is nothing to fade."""
    match cue:
        case AudioCue():
            return Parameter.VOLUME
        case VideoCue():
            return Parameter.OPACITY
        case _:
            return None


def authored_level(cue: AnyCue) -> float:
    """The level a cue starts at, 0.0 to 1.0."""
    match cue:
        case AudioCue():
            return cue.master_volume_percent / 100
        case VideoCue():
            return cue.opacity_percent / 100
        case _:
            return 1.0


def profile_flicks(cue: AnyCue, direction: FadeDirection) -> int:
    """How long the fade at a cue's start or end takes; 0 where there is none."""
    if isinstance(cue, AudioCue | VideoCue):
        for profile in cue.fade_profiles:
            if profile.direction is direction:
                return from_ms(round(dict(profile.parameters).get(FADE_DURATION, 0)))
    return 0


@dataclass(frozen=True, slots=True)
class _Moving:
    fade: Fade
    number: int
    then_stop: bool


class Levels:
    """Levels at positions of the line. `put` enters a step for its position; `show` is told.

    Of the cues in `shown`, that is: what is played elsewhere needs no steps but the last.
    """

    def __init__(
        self,
        put: Callable[[int, FadeStep], None],
        show: Callable[[AnyCue, float, Fade], None],
        shown: Container[CueId],
    ) -> None:
        self._put = put
        self._show = show
        self._shown = shown
        self._values: dict[CueId, float] = {}
        self._moving: dict[CueId, _Moving] = {}
        self._held: dict[CueId, tuple[_Moving, int]] = {}
        self._stepped: dict[CueId, int] = {}
        self._fades = 0

    def level(self, cue: AnyCue, position: int) -> float:
        """A cue's level at a position."""
        moving = self._moving.get(cue.id)
        if moving is not None:
            return moving.fade.value_at(position)
        return self._values.get(cue.id, authored_level(cue))

    def fade(
        self, cue: AnyCue, fade: Fade, *, then_stop: bool = False, quiet_until: int | None = None
    ) -> None:
        """Move a cue's level along a fade; nothing of it need be heard before `quiet_until`."""
        first = fade.start
        if fade.end - first < FADE_STEP_FLICKS or parameter_of(cue) is None:
            first = fade.end
        if cue.id in self._stepped:
            first = max(first, min(fade.end, self._stepped[cue.id] + FADE_STEP_FLICKS))
        if quiet_until is not None:
            first = max(first, min(fade.end, quiet_until))
        self._held.pop(cue.id, None)
        self._move(cue.id, fade, then_stop=then_stop, first=first)

    def fade_to(
        self,
        cue: AnyCue,
        target: float,
        at: int,
        duration: int,
        curve: Curve = Curve.LINEAR,
        *,
        then_stop: bool = False,
        quiet_until: int | None = None,
    ) -> None:
        """Move a cue's level from its current value to `target`."""
        origin = self.level(cue, at)
        fade = Fade(origin=origin, target=target, start=at, duration=duration, curve=curve)
        self.fade(cue, fade, then_stop=then_stop, quiet_until=quiet_until)

    def rise(self, cue: AnyCue, at: int, duration: int, *, quiet_until: int | None = None) -> None:
        """Let a cue that starts at `at` come up from nothing to its authored level."""
        fade = Fade(
            origin=0.0,
            target=authored_level(cue),
            start=at,
            duration=duration,
            curve=Curve.LINEAR,
        )
        self._stepped[cue.id] = at
        self.fade(cue, fade, quiet_until=quiet_until)

    def _move(self, cue: CueId, fade: Fade, *, then_stop: bool, first: int) -> None:
        self._fades += 1
        self._moving[cue] = _Moving(fade, self._fades, then_stop)
        self._put(first, FadeStep(cue, self._fades))

    def step(self, cue: AnyCue, step: FadeStep, due: int, quiet_until: int | None = None) -> bool:
        """Set the level a fade has come to; whether the cue is to stop now."""
        moving = self._moving.get(cue.id)
        if moving is None or moving.number != step.fade:
            return False
        fade, value = moving.fade, moving.fade.value_at(due)
        self._show(cue, value, fade)
        self._stepped[cue.id] = due
        if due >= fade.end:
            self._values[cue.id] = value
            del self._moving[cue.id]
            return moving.then_stop
        # No step comes closer to the last than the others.
        last = fade.end - due < 2 * FADE_STEP_FLICKS or cue.id not in self._shown
        following = fade.end if last else due + FADE_STEP_FLICKS
        if quiet_until is not None:
            following = max(following, min(fade.end, quiet_until))
        self._put(following, step)
        return False

    def hold(self, cue: CueId, at: int) -> None:
        """Let a cue's fade stand where it is: the cue is frozen."""
        moving = self._moving.pop(cue, None)
        if moving is not None:
            self._held[cue] = moving, at
            self._values[cue] = moving.fade.value_at(at)

    def release(self, cue: CueId, at: int) -> None:
        """Let a fade go on that was held, unless another has taken over meanwhile."""
        moving, held_at = self._held.pop(cue, (None, at))
        if moving is not None:
            fade = replace(moving.fade, start=moving.fade.start + at - held_at)
            self._move(cue, fade, then_stop=moving.then_stop, first=max(at, fade.start))

    def shift(self, by: int) -> None:
        """Move every fade along the line; its steps are moved by whoever keeps them."""
        self._moving = {cue: _shifted(moving, by) for cue, moving in self._moving.items()}
        self._held = {
            cue: (_shifted(moving, by), at + by) for cue, (moving, at) in self._held.items()
        }
        self._stepped = {cue: at + by for cue, at in self._stepped.items()}

    def forget(self, cue: CueId) -> None:
        """Let a cue start at its authored level again."""
        for known in (self._values, self._moving, self._held, self._stepped):
            known.pop(cue, None)

    def forget_all(self) -> None:
        """Let every cue start at its authored level again."""
        for known in (self._values, self._moving, self._held, self._stepped):
            known.clear()


def _shifted(moving: _Moving, by: int) -> _Moving:
    return replace(moving, fade=replace(moving.fade, start=moving.fade.start + by))
