"""Which cues of a show were played before this controller led it, so that it goes on saying so.

It is known from the journal, or from the controller whose place is taken. Nodes say only what
still plays.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cuems.core.cues import CueId
from cuems.core.stands import Stands


@dataclass(frozen=True, slots=True)
class PlayedBefore:
    """What another controller showed as played of `project` when its place was taken."""

    project: str
    cues: tuple[CueId, ...]


@dataclass(frozen=True, slots=True)
class ShowAsFound:
    """A show that was taken up, and not stopped since."""

    project: str
    load_seq: int
    stop_generation: int


class Played:
    """The cues of the loaded show that are over, as a set of bits in their running order."""

    def __init__(self) -> None:
        self.bits = 0
        self._numbers: dict[CueId, int] = {}
        self._found: ShowAsFound | None = None
        self._journal: Stands | None = None
        self._other: PlayedBefore | None = None

    def loads(self, order: Iterable[CueId]) -> None:
        """Another show is loaded, of which nothing was played."""
        self._numbers = {cue: number for number, cue in enumerate(order)}
        self.bits = 0
        self._found = None

    def note(self, cue: CueId, *, over: bool) -> None:
        """A cue is over, or is not."""
        number = self._numbers.get(cue)
        if number is not None:
            self.bits = self.bits | 1 << number if over else self.bits & ~(1 << number)

    def stops(self) -> None:
        """Nothing has been played any more."""
        self._found = None

    def takes_up(self, found: ShowAsFound) -> tuple[CueId, ...]:
        """The loaded show was found; what was played of it, as far as that is known yet."""
        self._found = found
        return tuple(self._known())

    def remembers(self, before: Stands | PlayedBefore) -> tuple[CueId, ...]:
        """What is known from elsewhere; what that is of the show that was taken up."""
        if isinstance(before, Stands):
            self._journal = before
        else:
            self._other = before
        return tuple(self._known())

    def _known(self) -> Iterator[CueId]:
        found, stands, other = self._found, self._journal, self._other
        if found is None:
            return
        self._journal = self._other = None
        bits = 0
        if stands is not None and found == ShowAsFound(
            stands.project, stands.load_seq, stands.stop_generation
        ):
            bits = int(stands.played or "0", 16)
        known = other.cues if other is not None and other.project == found.project else ()
        for cue, number in self._numbers.items():
            if bits >> number & 1 or cue in known:
                yield cue
