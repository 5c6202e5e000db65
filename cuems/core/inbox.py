"""What a node has heard and not yet acted on: a stop before all else, faders after all else.

Three lines, each bounded. URGENT are the leader's stops, panics, GOs and words on one cue, which
bear a number: they may go ahead of everything, for core/receipt.py puts what is numbered into its
order again, and a GO that comes before its load, its welcome or its line waits for it there. All
that bears no number keeps its order, also the stops and GOs of an ecosystem's controller, which
mean what they mean only after what was said before them. Of a fader only the newest setting counts,
as absolute as it is; it comes last, but comes.

What finds no room is never silently gone: something urgent is refused, and told so; state that was
missed is asked for as a whole; of more faders than there can be the one unmoved for longest is
dropped, and counted. A stop always finds room, at the price of a GO. Source: cluster.md 3.
"""

from collections import deque
from collections.abc import Hashable
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_URGENT = 64
MOST_STATE = 1024
MOST_FADERS = 1024  # addresses
IN_A_ROW = 64  # of other things, before a fader has its turn all the same


class Rank(Enum):
    """What goes before what. A STOP is urgent, and besides always let in."""

    STOP = "stop"
    URGENT = "urgent"
    STATE = "state"
    FADER = "fader"


class Inbox(Generic[T]):
    """Takes what is heard, in any rank, and gives it out by rank; in each, in the order it came."""

    def __init__(self) -> None:
        self._urgent: dict[Hashable, tuple[Rank, T]] = {}
        self._state: deque[tuple[Hashable, T]] = deque()
        self._numbered: set[Hashable] = set()  # of those in state that bear a number
        self._faders: dict[Hashable, T] = {}
        self._in_a_row = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._urgent) + len(self._state) + len(self._faders)

    def put(self, rank: Rank, item: T, name: Hashable = None) -> T | None:
        """Keep an item; what finds no room, so that something has to be done about it.

        `name` is the number of what is numbered, or a fader's address. What waits already by its
        number is not kept twice.
        """
        match rank:
            case Rank.STOP | Rank.URGENT:
                return self._put_urgent(rank, item, name)
            case Rank.STATE:
                return self._put_state(item, name)
            case Rank.FADER:
                self._put_fader(item, name)
                return None

    def supersede(self, fader: Hashable) -> None:
        """Something else says how a fader stands."""
        self._faders.pop(fader, None)

    def take(self) -> T | None:
        """What is to be acted on next; None where nothing waits."""
        if self._urgent:
            _, item = self._urgent.pop(next(iter(self._urgent)))
            return item
        late = self._in_a_row >= IN_A_ROW
        if self._state and not (late and self._faders):
            self._in_a_row += 1
            number, item = self._state.popleft()
            self._numbered.discard(number)
            return item
        self._in_a_row = 0
        return self._faders.pop(next(iter(self._faders))) if self._faders else None

    def _put_urgent(self, rank: Rank, item: T, number: Hashable) -> T | None:
        if number in self._urgent:  # in its place: the newest says best what is still to come
            self._urgent[number] = rank, item
            return None
        refused: T | None = None
        if len(self._urgent) >= MOST_URGENT:
            go = next((at for at, (of, _) in self._urgent.items() if of is not Rank.STOP), None)
            if rank is not Rank.STOP or go is None:
                return self._missed(item)
            refused = self._missed(self._urgent.pop(go)[1])
        self._urgent[number] = rank, item
        return refused

    def _put_state(self, item: T, number: Hashable) -> T | None:
        if number is not None and number in self._numbered:
            return None
        if len(self._state) >= MOST_STATE:
            return self._missed(item)
        if number is not None:
            self._numbered.add(number)
        self._state.append((number, item))
        return None

    def _put_fader(self, item: T, address: Hashable) -> None:
        if address not in self._faders and len(self._faders) >= MOST_FADERS:
            self._missed(self._faders.pop(next(iter(self._faders))))
        self._faders[address] = item

    def _missed(self, item: T) -> T:
        self.dropped += 1
        return item
