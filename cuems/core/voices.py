"""The players in use on this machine: started, hushed, frozen, faded.

Every replica of a show keeps the levels of all cues, so that a fade takes over from the current
value; only the machine that has the player is asked to set them.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass

from cuems.core.cues import AnyCue, AudioCue, CueId, Curve, FadeDirection, VideoCue
from cuems.core.effects import (
    Effect,
    Freeze,
    Parameter,
    Relocate,
    SetLevel,
    Start,
    Stop,
    Unfreeze,
)
from cuems.core.fades import FADE_STEP_FLICKS, Fade
from cuems.core.runs import FadeStep, Run
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


class Voices:
    """Players and levels of the cues that run."""

    def __init__(self, plays: Container[CueId], emit: Callable[[Effect], None]) -> None:
        self._plays = plays
        self._emit = emit
        self._levels: dict[CueId, float] = {}
        self._moving: dict[CueId, _Moving] = {}
        self._fades = 0

    # ---- players

    def sound(self, run: Run, elapsed: int, *, joined: bool) -> None:
        """Start a run's player `elapsed` into the body, unless it is not ours or over already."""
        cue = run.cue.id
        if cue not in self._plays or (run.body is not None and elapsed >= run.body):
            return
        run.sounding = True
        if run.taken_over:
            self._emit(Relocate(cue=cue, start=run.start, elapsed=elapsed))
            return
        late = 0 if joined else elapsed
        self._emit(Start(cue=cue, run_seq=run.run_seq, start=run.start, elapsed=elapsed, late=late))

    def hush(self, run: Run) -> None:
        """Stop a run's player."""
        self.forget_level(run.cue.id)
        if run.sounding:
            run.sounding = False
            self._emit(Stop(run.cue.id))

    def relocate(self, run: Run, elapsed: int) -> None:
        """Move a run's player to another place of its body."""
        self._emit(Relocate(cue=run.cue.id, start=run.start, elapsed=elapsed))

    def freeze(self, run: Run) -> None:
        """Hold a run's player."""
        if run.sounding:
            self._emit(Freeze(run.cue.id))

    def unfreeze(self, run: Run, elapsed: int) -> None:
        """Let a run's player go on."""
        if run.sounding:
            self._emit(Unfreeze(cue=run.cue.id, start=run.start, elapsed=elapsed))

    # ---- levels

    def level(self, cue: AnyCue, position: int) -> float:
        """A cue's level at a position."""
        moving = self._moving.get(cue.id)
        if moving is not None:
            return moving.fade.value_at(position)
        return self._levels.get(cue.id, authored_level(cue))

    def set_level(self, cue: AnyCue, value: float) -> None:
        """Put a cue's level somewhere at once."""
        self._moving.pop(cue.id, None)
        self._levels[cue.id] = value
        self._show(cue, value)

    def fade(
        self, cue: AnyCue, target: float, at: int, duration: int, curve: Curve, *, then_stop: bool
    ) -> FadeStep:
        """Move a cue's level from its current value; returns the first step, due at `at`."""
        self._fades += 1
        fade = Fade(
            origin=self.level(cue, at), target=target, start=at, duration=duration, curve=curve
        )
        self._moving[cue.id] = _Moving(fade, self._fades, then_stop)
        return FadeStep(cue.id, self._fades)

    def step(self, cue: AnyCue, step: FadeStep, due: int) -> int | None:
        """Set the level a fade has come to; when its next step is due, None when it is over."""
        moving = self._moving.get(cue.id)
        if moving is None or moving.number != step.fade:
            return None
        value = moving.fade.value_at(due)
        self._show(cue, value)
        if due < moving.fade.end:
            return min(due + FADE_STEP_FLICKS, moving.fade.end)
        self._levels[cue.id] = value
        del self._moving[cue.id]
        return None

    def stops_after(self, step: FadeStep) -> bool:
        """Whether the cue of a fade is to stop when the fade is over."""
        moving = self._moving.get(step.cue)
        return moving is not None and moving.number == step.fade and moving.then_stop

    def forget_level(self, cue: CueId) -> None:
        """Let a cue start at its authored level again."""
        self._levels.pop(cue, None)
        self._moving.pop(cue, None)

    def forget_levels(self) -> None:
        """Let every cue start at its authored level again."""
        self._levels.clear()
        self._moving.clear()

    def _show(self, cue: AnyCue, value: float) -> None:
        parameter = parameter_of(cue)
        if cue.id in self._plays and parameter is not None:
            self._emit(SetLevel(cue.id, parameter, value))
