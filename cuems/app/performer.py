"""What the stage asks of a cue's player, whoever it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from cuems.core.timecode import from_ns
from cuems.players.picture import Level

OnLine = Callable[[str], None]
Line = Callable[[int], int | None]


def unknown_line(_now_ns: int) -> int | None:
    """The line of a stage that is not told of any."""
    return None


@dataclass(frozen=True, slots=True)
class Moment:
    """A cue whose body began at `start` on the line was `elapsed` into it at `at_ns`.

    `line` tells where the line is at a time of the monotonic clock. While that is not known it is
    taken to roll on.
    """

    start: int
    elapsed: int
    at_ns: int
    line: Line = unknown_line

    def elapsed_at(self, now_ns: int) -> int:
        """How far into its body it is at another time of the monotonic clock."""
        position = self.line(now_ns)
        if position is not None:
            return position - self.start
        return self.elapsed + from_ns(now_ns - self.at_ns)


class Performer(Protocol):
    """One cue's player. Every call returns when the player has confirmed."""

    async def arm(self, elapsed: int) -> None:
        """Be ready, silent, `elapsed` into the body; raises where that cannot be proved."""

    def release(self, levels: Mapping[Level, float], moment: Moment) -> None:
        """Armed: start at once, at these levels, if that can be done without waiting.

        Of many cues due in one frame each is released before any is waited for. `play` follows.
        """

    async def play(self, moment: Moment) -> None:
        """Sound or show from where `moment` says now is."""

    async def hold(self, elapsed: int) -> None:
        """Hold the frame of `elapsed` and be silent."""

    async def prove(self) -> None:
        """Armed or held: see that it is still there and answers; raises where it does not."""

    async def set_level(self, parameter: Level, value: float) -> None:
        """Set volume or opacity, 0.0 to 1.0."""

    def next_turn(self, elapsed: int) -> int | None:
        """How far into the body `turn` is due next, if it is."""

    async def turn(self, moment: Moment) -> None:
        """Go on at a place where the media does not run on, or see that it does."""
