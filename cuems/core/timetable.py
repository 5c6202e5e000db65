"""The timecode cues of a show, which start at an address of the line and not by GO.

Only the next address is on the agenda: however many a show has, the others cost nothing.
"""

from bisect import bisect_left
from collections.abc import Iterator

from cuems.core.agenda import Agenda
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import CueId
from cuems.core.runs import Address, Moment, Turn

ADDRESSES_AHEAD = 2  # whose cues are to be ready
CUES_AHEAD = 64  # players are processes


class Timetable:
    """The addresses to come, entered in an agenda one after the other."""

    def __init__(self, order: RunningOrder, agenda: Agenda[Moment]) -> None:
        self._entries = order.timetable()
        self._agenda = agenda
        self._next = len(self._entries)
        self._version = 0

    def begin_at(self, position: int) -> None:
        """Wait for the addresses from a position on, and for none before it."""
        self._version += 1
        self._wait_for(self._number(position))

    def begin_at_top(self) -> None:
        """Wait for every address."""
        self._version += 1
        self._wait_for(0)

    def begins_alike(self, one: int | None, other: int | None) -> bool:
        """Whether it makes no difference which of two positions it is begun at (None: the top)."""
        first, second = (0 if at is None else self._number(at) for at in (one, other))
        return first == second

    def _number(self, position: int) -> int:
        return bisect_left(self._entries, position, key=lambda entry: entry[0])

    def _wait_for(self, number: int) -> None:
        self._next = number
        if number < len(self._entries):
            self._agenda.put(self._entries[number][0], Address(number, self._version))

    def turn(self, address: Address) -> Turn | None:
        """Whose turn comes at an address; None where that is not waited for any more.

        Each timecode cue is a run of its own, a later one with the higher number; all are below
        zero, where no GO's run is.
        """
        if address.version != self._version:
            return None
        due, cue = self._entries[address.number]
        self._wait_for(address.number + 1)
        run_seq = address.number - len(self._entries)
        return Turn(cue=cue, run_seq=run_seq, due=due, arrival=due, silent_until=due)

    def ahead(self) -> Iterator[CueId]:
        """The cues of the next addresses."""
        addresses: set[int] = set()
        for due, cue in self._entries[self._next : self._next + CUES_AHEAD]:
            addresses.add(due)
            if len(addresses) > ADDRESSES_AHEAD:
                return
            yield cue
