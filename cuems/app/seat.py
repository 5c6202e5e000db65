"""What is asked of the player of one armed cue: the newest state and levels, and no queue."""

from dataclasses import dataclass

import anyio

from cuems.adapters.player_records import Adopted
from cuems.app.performer import Moment, Performer
from cuems.core.cues import AnyCue
from cuems.players.picture import Level


@dataclass(frozen=True, slots=True)
class Ready:
    """Stand by, `elapsed` into the body."""

    elapsed: int


@dataclass(frozen=True, slots=True)
class Playing:
    """Sound or show."""

    moment: Moment


@dataclass(frozen=True, slots=True)
class Held:
    """Hold the frame of `elapsed`."""

    elapsed: int


Wanted = Ready | Playing | Held


class Seat:
    """What is asked of one cue's player, and the scope of the task that sees to it."""

    def __init__(self, cue: AnyCue, wanted: Wanted, adopted: tuple[Adopted, ...] = ()) -> None:
        self.cue = cue
        self.adopted = adopted  # players that play it already, until they have been taken over
        self.wanted = wanted
        self.levels: dict[Level, float] = {}
        self.scope = anyio.CancelScope()
        self.proved = False
        self.performer: Performer | None = None  # while it stands armed, and nothing is asked of it
        self.told: dict[Level, float] = {}  # the levels it has
        self._changed = anyio.Event()

    def want(self, wanted: Wanted) -> None:
        """Ask for another state."""
        self.wanted = wanted
        self._wake()

    def set_level(self, parameter: Level, value: float) -> None:
        """Ask for another level."""
        self.levels[parameter] = value
        self._wake()

    def untold(self) -> dict[Level, float]:
        """The levels that the player does not have yet."""
        return {at: level for at, level in self.levels.items() if self.told.get(at) != level}

    def _wake(self) -> None:
        self._changed.set()

    def change(self) -> anyio.Event:
        """An event that the next change sets."""
        if self._changed.is_set():
            self._changed = anyio.Event()
        return self._changed
