"""What a node hears of its controllers, by rank: core/inbox.py says what that means.

What was said is not yet known to be the leader's: names bear whose it is, so that nobody else's
word stands in the way of the leader's.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TypeAlias

from cuems.core import bus
from cuems.core.delivery import Urgent
from cuems.core.events import Go, Intervene
from cuems.core.inbox import Inbox, Rank
from cuems.core.receipt import BUSY
from cuems.core.reports import Receipt

Prompt: TypeAlias = Go | Intervene


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of the controller, and when it came."""

    said: bus.Envelope
    received_ns: int


class HeardInbox:
    """What was heard and not acted on. `missed`: some state was, since that was last asked."""

    def __init__(self) -> None:
        self.waiting: Inbox[Heard] = Inbox()
        self._missed = False

    def put(self, heard: Heard) -> Receipt | None:
        """Keep it; the answer to what found no room, where it is owed one."""
        said = heard.said
        rank, name = _rank(said)
        if isinstance(said.message, bus.Snapshot):  # newer than what it says of was
            for control in said.message.controls:
                self.waiting.supersede((said.boot, control.address))
        refused = self.waiting.put(rank, heard, name)
        if refused is None:
            return None
        stamp = refused.said.stamp
        if stamp is None or rank is Rank.STATE:
            self._missed = True
            return None
        return Receipt(stamp.boot, stamp.seq, nak=BUSY, epoch=stamp.epoch)

    def take(self) -> Heard | None:
        """What is to be acted on next; None where nothing waits."""
        return self.waiting.take()

    def take_missed(self) -> bool:
        """Whether state was missed since the last time: how the show stands is to be asked for."""
        missed, self._missed = self._missed, False
        return missed


def _rank(said: bus.Envelope) -> tuple[Rank, Hashable]:
    message, stamp = said.message, said.stamp
    if isinstance(message, bus.PlayerControlCommand):
        return Rank.FADER, (said.boot, message.address)
    if stamp is None:
        return Rank.STATE, None
    number = (said.sender, stamp.epoch, stamp.boot, stamp.seq)
    if isinstance(message, Urgent):
        return Rank.STOP, number
    return (Rank.URGENT if isinstance(message, Prompt) else Rank.STATE), number
