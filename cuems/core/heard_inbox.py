"""What a node hears of its controllers, until it is acted on: core/inbox.py says in which order.

What was said is not yet known to be the leader's: names bear whose it is, so that nobody else's
word stands in the way of the leader's.
"""

from collections.abc import Hashable
from dataclasses import dataclass

from cuems.core import bus
from cuems.core.delivery import Urgent
from cuems.core.events import Go, Intervene
from cuems.core.inbox import Inbox, Rank
from cuems.core.receipt import BUSY
from cuems.core.reports import Receipt

Firm = Urgent | Go | Intervene | bus.GoStandbyCommand | bus.Snapshot


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of the controller, and when it came."""

    said: bus.Envelope
    received_ns: int


class HeardInbox:
    """What was heard and not acted on yet."""

    def __init__(self) -> None:
        self.waiting: Inbox[Heard] = Inbox()
        self._missed = False

    def put(self, heard: Heard) -> Receipt | None:
        """Keep it; the answer to what found no room, where it is owed one."""
        rank, name = _rank(heard.said)
        gone = self.waiting.put(rank, heard, name)
        if gone is None:
            return None
        stamp = gone.said.stamp
        if stamp is not None and isinstance(gone.said.message, Firm):
            return Receipt(stamp.boot, stamp.seq, nak=BUSY, epoch=stamp.epoch)
        self._missed = True
        return None

    def take(self) -> Heard | None:
        """What is to be acted on next; None where nothing waits."""
        return self.waiting.take()

    def take_missed(self) -> bool:
        """Whether something was missed since the last time: how the show stands is asked for."""
        missed, self._missed = self._missed, False
        return missed


def _rank(said: bus.Envelope) -> tuple[Rank, Hashable]:
    message, stamp = said.message, said.stamp
    if isinstance(message, bus.PlayerControlCommand) and _is_fader(message.address):
        return Rank.FADER, (said.boot, message.address)
    number = None if stamp is None else (said.sender, stamp.epoch, stamp.boot, stamp.seq)
    return (Rank.FIRM if isinstance(message, Firm) else Rank.STATE), number


def _is_fader(address: str) -> bool:
    """Whether only its newest setting counts, and nothing else of a player hangs on when.

    So are volumes. A picture's levels are not: a reset before or after them makes the difference.
    """
    kind, *rest = address.removeprefix("/engine/players").removeprefix("/").split("/")[1:] or [""]
    return kind == "audiomixer" or (kind == "audio" and rest[-1:] == ["volume"])
