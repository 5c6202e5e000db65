"""A show on a virtual clock: one sequencer, jumped from due moment to due moment."""

from collections.abc import Iterable
from dataclasses import dataclass

from cuems.core.effects import Arm, Effect, FreezeLine, ReleaseLine
from cuems.core.events import Advance, CueArmed, Event, LineFound, Locate
from cuems.core.sequencer import Sequencer


@dataclass(frozen=True, slots=True)
class Happening:
    """An effect, and when it was asked for: flicks of simulated time since the start."""

    at: int
    effect: Effect


class Performer:
    """Rolls the line for a sequencer and answers for its players: every cue arms at once."""

    def __init__(self, sequencer: Sequencer) -> None:
        self.log: list[Happening] = []
        self.now = 0
        self._sequencer = sequencer
        self._ahead = 0  # the line's position minus the simulated time
        self._standing_at: int | None = None
        self._take(sequencer.begin())

    @property
    def position(self) -> int:
        """Where the line is."""
        return self.now + self._ahead if self._standing_at is None else self._standing_at

    def tell(self, event: Event) -> None:
        """Let something happen now."""
        if isinstance(event, Locate | LineFound):
            self._ahead = event.position - self.now
        self._take(self._sequencer.handle(event))

    def roll(self, until: int) -> None:
        """Let time pass, stopping at everything that is due on the way."""
        while self._standing_at is None and (due := self._due()) is not None and due <= until:
            self.now = max(self.now, due)
            self.tell(Advance(self.position))
        self.now = until
        if self._standing_at is None:
            self.tell(Advance(self.position))

    def _due(self) -> int | None:
        due = self._sequencer.next_due()
        return None if due is None else due - self._ahead

    def _take(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            self.log.append(Happening(self.now, effect))
            match effect:
                case Arm(cue=cue):
                    self.tell(CueArmed(cue))
                case FreezeLine():
                    self._standing_at = self.position
                case ReleaseLine():
                    self._ahead = self.position - self.now
                    self._standing_at = None
                case _:
                    pass


def simulate(
    sequencer: Sequencer, script: Iterable[tuple[int, Event]], until: int
) -> list[Happening]:
    """Everything a show asks for when `script` (simulated time, event; in order) happens to it."""
    performer = Performer(sequencer)
    for at, event in script:
        performer.roll(at)
        performer.tell(event)
    performer.roll(until)
    return performer.log
