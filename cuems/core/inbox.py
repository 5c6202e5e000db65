"""What a node has heard and not yet acted on: all in the order it came, but for faders, which wait
beside that, the newest setting of each alone.

A stop does not wait for faders, however many were moved. It does wait for what was said before it,
and so does a GO: one that goes ahead of a load, a welcome or another leader's first word is obeyed
in a show, or for a leader, that it was not meant for. So that it never waits long the line is
bounded. Where it is full its oldest state goes, newer state being on its way; what was missed is
asked for as a whole. What is firm (stops, GOs, welcomes) is kept beyond that, up to a second bound,
and then refused, and told so. Of more faders than there can be the one unmoved for longest goes.
Nothing goes uncounted. Source: cluster.md 3, with one order instead of two.
"""

from collections.abc import Hashable
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_WAITING = 1024
MOST_EVER = MOST_WAITING + 64  # with what is firm
MOST_FADERS = 1024  # addresses
IN_A_ROW = 64  # of other things, before a fader has its turn all the same


class Rank(Enum):
    """What becomes of a message that finds no room, or another of its name."""

    FIRM = "firm"
    STATE = "state"
    FADER = "fader"


class Inbox(Generic[T]):
    """Takes what is heard, and gives it out."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[Rank, Hashable, T]] = {}  # by when it came
        self._numbers: set[Hashable] = set()  # of those that bear one
        self._faders: dict[Hashable, T] = {}
        self._came = 0
        self._in_a_row = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._faders)

    def put(self, rank: Rank, item: T, name: Hashable = None) -> T | None:
        """Keep an item; what finds no room, it or another, so that something is done about it.

        `name` is the number of what is numbered, or a fader's address. What waits already by its
        number is not kept twice.
        """
        if rank is Rank.FADER:
            return self._put_fader(item, name)
        if name is not None and name in self._numbers:
            return None
        gone: T | None = None
        if len(self._waiting) >= MOST_WAITING:
            oldest = next((at for at, (of, *_) in self._waiting.items() if of is Rank.STATE), None)
            if oldest is not None:
                gone = self._missed(self._pop(oldest))
            elif rank is not Rank.FIRM or len(self._waiting) >= MOST_EVER:
                return self._missed(item)
        if name is not None:
            self._numbers.add(name)
        self._came += 1
        self._waiting[self._came] = rank, name, item
        return gone

    def take(self) -> T | None:
        """What is to be acted on next; None where nothing waits."""
        late = self._in_a_row >= IN_A_ROW
        if self._waiting and not (late and self._faders):
            self._in_a_row += 1
            return self._pop(next(iter(self._waiting)))
        self._in_a_row = 0
        return self._faders.pop(next(iter(self._faders))) if self._faders else None

    def _pop(self, came: int) -> T:
        _, number, item = self._waiting.pop(came)
        self._numbers.discard(number)
        return item

    def _put_fader(self, item: T, address: Hashable) -> T | None:
        self._faders.pop(address, None)  # the last one moved comes last: a fader may have two names
        self._faders[address] = item
        if len(self._faders) > MOST_FADERS:
            return self._missed(self._faders.pop(next(iter(self._faders))))
        return None

    def _missed(self, item: T) -> T:
        self.dropped += 1
        return item
