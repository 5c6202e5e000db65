"""What is due when: moments on the timecode line, earliest first, equals in order of entry.

What is entered as the last of its position comes after all others there, whenever they came.
"""

from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T")


class Agenda(Generic[T]):
    """A heap of (position in flicks, whether it is the last there, entry)."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, bool, int, T]] = []
        self._entries = 0

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, due: int, entry: T, *, last: bool = False) -> None:
        """Enter something; entries of one position come out in the order they went in."""
        self._entries += 1
        heappush(self._heap, (due, last, self._entries, entry))

    def next_due(self) -> int | None:
        """The earliest position anything is entered for."""
        return self._heap[0][0] if self._heap else None

    @property
    def first(self) -> T | None:
        """What is due next."""
        return self._heap[0][3] if self._heap else None

    def take(self, until: int) -> tuple[int, T] | None:
        """The earliest entry due at or before `until`, taken out; None when there is none."""
        if not self._heap or self._heap[0][0] > until:
            return None
        due, _, _, entry = heappop(self._heap)
        return due, entry

    def shift(self, by: int) -> None:
        """Move every entry by `by` flicks."""
        self._heap = [(due + by, last, number, entry) for due, last, number, entry in self._heap]
        heapify(self._heap)

    def clear(self) -> None:
        """Forget everything."""
        self._heap.clear()
