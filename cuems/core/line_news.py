"""What happened to the timecode line and was not yet acted on, in order.

Timecode is heard a hundred times a second; what acts on the line is woken only for news. It takes
what has gathered before it does anything else, so that a jump is never mistaken for rolling on.
"""

from collections import deque
from collections.abc import Iterable

from cuems.core.events import Advance, LineEvent, Locate

MOST_EVENTS = 64  # a source this restless, and nobody to act on it: the newest count


class LineNews:
    """Gathers events; of several in a row that supersede each other it keeps the last."""

    def __init__(self) -> None:
        self._events: deque[LineEvent] = deque(maxlen=MOST_EVENTS)

    def put(self, events: Iterable[LineEvent]) -> bool:
        """Keep events; whether more than rolling on is among them."""
        news = False
        for event in events:
            if self._events and _supersedes(event, self._events[-1]):
                self._events.pop()
            self._events.append(event)
            news = news or not isinstance(event, Advance)
        return news

    def take(self) -> tuple[LineEvent, ...]:
        """All that has gathered, oldest first; it is gone then."""
        events = tuple(self._events)
        self._events.clear()
        return events


def _supersedes(event: LineEvent, before: LineEvent) -> bool:
    match event, before:
        case Advance(), Advance():
            return True
        case Locate(late=late), Locate(late=was_late):
            return late == was_late
        case _:
            return False
