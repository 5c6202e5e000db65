"""The newest lines of a controller's journal, for a standby that asks for what it has not got yet.

A line is known by its run and its number in it. What is kept is bounded: the oldest go, and a
standby that asks too late knows by the numbers that it has missed some.
"""

from collections import deque
from collections.abc import Iterator
from itertools import takewhile

KEPT_CHARACTERS = 4 << 20  # an hour of a busy show
LONGEST_LINE_CHARACTERS = 1 << 20  # a longer one is passed over
PIECE_CHARACTERS = 15_000  # of four bytes each they still fit an OSC packet


class JournalTail:
    """Lines in order, some runs of them one after the other."""

    def __init__(self) -> None:
        self._lines: deque[tuple[str, int, str]] = deque()
        self._characters = 0

    def add(self, run: str, number: int, line: str) -> None:
        """A line was written."""
        if len(line) > LONGEST_LINE_CHARACTERS:
            return
        self._lines.append((run, number, line))
        self._characters += len(line)
        while self._characters > KEPT_CHARACTERS:
            self._characters -= len(self._lines.popleft()[2])

    def after(self, run: str, number: int) -> tuple[str, tuple[str, ...]]:
        """A run, and the next lines of it, after a line of another or the same run.

        They are as many as fit a packet, or one that does not: see `pieces`.
        Where that line is not known here they are the oldest there are.
        """
        following = list(self._following(run, number))
        if not following:
            return run, ()
        first = following[0][0]
        return first, tuple(_together(line for at, _, line in following if at == first))

    def _following(self, run: str, number: int) -> Iterator[tuple[str, int, str]]:
        """Newest first it is looked for: a standby that keeps up is near the end."""
        newer: deque[tuple[str, int, str]] = deque()
        for entry in reversed(self._lines):
            if entry[0] == run and entry[1] <= number:
                break
            newer.appendleft(entry)
        yield from newer


def pieces(lines: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """What goes into one packet each: all the lines, or a part of the one that is too long."""
    if len(lines) != 1:
        yield lines
        return
    (line,) = lines
    for begin in range(0, len(line), PIECE_CHARACTERS):
        yield (line[begin : begin + PIECE_CHARACTERS],)


def _together(lines: Iterator[str]) -> Iterator[str]:
    room = left = PIECE_CHARACTERS

    def fits(line: str) -> bool:
        nonlocal left
        is_first, left = left == room, left - len(line)
        return is_first or left >= 0

    return takewhile(fits, lines)
