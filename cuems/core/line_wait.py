"""A GO that came before the line it is stamped on: it waits for that, and what follows waits too.

News of a line that begins anew travels another way than a GO does, and may come later. On the
line before, the GO would be too late, or join its cue in the middle. The same goes for how a show
stands, but where no line is known at all: nothing is misplaced then.
"""

from collections import deque
from collections.abc import Iterator

from cuems.core import bus
from cuems.core.events import Go, Intervene, ToldNodes

Sequenced = bus.Snapshot | ToldNodes

PATIENCE_NS = 1_500_000_000  # a line is told of every second, and whenever it changes
MOST_WAITING = 64


class LineWait:
    """What waits, in order. `line` is when the line that this machine stands on began (0: none)."""

    def __init__(self) -> None:
        self.line = 0
        self._waiting: deque[Sequenced] = deque()

    @property
    def waits(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting)

    def keeps(self, command: Sequenced) -> bool:
        """Whether a command has to wait; from now on it does."""
        if len(self._waiting) >= MOST_WAITING or not (self._waiting or self._is_early(command)):
            return False
        self._waiting.append(command)
        return True

    def come(self) -> Iterator[Sequenced]:
        """What has waited for the line that is there now."""
        while self._waiting and not self._is_early(self._waiting[0]):
            yield self._waiting.popleft()

    def forget(self) -> tuple[Sequenced, ...]:
        """All that waits, which it does no longer."""
        waited = tuple(self._waiting)
        self._waiting.clear()
        return waited

    def _is_early(self, command: Sequenced) -> bool:
        match command:
            case Go(line=line) | Intervene(line=line):
                return line not in (0, self.line)
            case bus.Snapshot(line=line):
                return self.line != 0 and line not in (0, self.line)
            case _:
                return False


class LineWatch:
    """When a node is to be told on which line it stands, and that a line did not come."""

    def __init__(self) -> None:
        self._line = 0
        self._until_ns: int | None = None

    def news(self, line: int) -> bool:
        """Whether the node stands on another line than it was told."""
        before, self._line = self._line, line
        return line != before

    def missed(self, now_ns: int, *, waits: bool) -> bool:
        """Whether something has waited for its line for too long."""
        if not waits:
            self._until_ns = None
            return False
        if self._until_ns is None:
            self._until_ns = now_ns + PATIENCE_NS
        return now_ns >= self._until_ns

    def next_wake_ns(self) -> int | None:
        """When that will be so."""
        return self._until_ns
