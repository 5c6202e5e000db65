"""Fades handed over to the service that does them, where there is one that listens.

The sequencer's own steps go on meanwhile: the last of them sets the level exactly, and where the
service has gone they do all of it (core/levels.py).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from cuems.app.resident import Service
from cuems.core.cues import CueId
from cuems.core.fades import Fade
from cuems.core.timecode import FrameRate
from cuems.players import gradient

Target = tuple[int, str]
"""A player's UDP port, and the address of its parameter."""


@dataclass(slots=True)
class _Moved:
    targets: Sequence[Target]
    fade: tuple[Fade, float] | None = None  # that is handed over, and its scale


class Moving:
    """The level of each cue whose player takes floats by OSC."""

    def __init__(self, service: Service, name: str, rate: FrameRate) -> None:
        self._service = service
        self._name = name
        self._rate = rate
        self._cues: dict[CueId, _Moved] = {}

    @contextmanager
    def enter(self, cue: CueId, targets: Sequence[Target]) -> Iterator[None]:
        """A cue's player takes its level at these targets, until the block is left."""
        self._cues[cue] = _Moved(targets)
        try:
            yield
        finally:
            self.let_go(cue)
            del self._cues[cue]

    def step(self, cue: CueId, value: float, fade: Fade | None, scale: float) -> bool:
        """Take a step of a fade, or a level set for good; whether the service sees to it."""
        moved = self._cues.get(cue)
        if moved is None:
            return False
        if fade is None or value == fade.target or not self._can_move(fade):
            return False
        if moved.fade != (fade, scale):
            moved.fade = fade, scale
            for number, target in enumerate(moved.targets):
                motion = f"{cue}_{number}"
                self._service.outlet.send(
                    gradient.start_fade(self._name, motion, target, fade, scale, self._rate)
                )
        return True

    def _can_move(self, fade: Fade) -> bool:
        return self._service.heard and gradient.can_move(fade)

    def let_go(self, cue: CueId) -> bool:
        """Let a cue's level stand where it is; whether it was being moved."""
        moved = self._cues.get(cue)
        if moved is None or moved.fade is None:
            return False
        moved.fade = None
        for number in range(len(moved.targets)):
            self._service.outlet.send(gradient.cancel(self._name, f"{cue}_{number}"))
        return True
