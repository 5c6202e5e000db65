"""Commands as a member receives them: each acted on once, in order, from one leader.

The receiver's half of core/delivery.py. Nothing is acted on that a later leader has fenced off,
that was seen before, or that a stop has overtaken. A stop is obeyed at once, and again in its
turn; everything else waits for what was said before it. Source: cluster.md 2.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cuems.core.bus import Stamp
from cuems.core.cues import NodeId
from cuems.core.delivery import Numbered, Urgent
from cuems.core.events import Go, Intervene

WINDOW = 1024  # results that are remembered for those who ask again
MOST_HELD = 64  # commands that wait for one before them; what is more is "busy", and comes again

BUSY = "busy"
FENCED = "fenced"
TWO_LEADERS = "dup_leader"
SAY_HELLO = "hello"
STOPPED = "stopped meanwhile"
GIVEN_UP = "given up meanwhile"


@dataclass(frozen=True, slots=True)
class Term:
    """The highest epoch a member has seen, and whose it is. Kept over a restart."""

    epoch: int = 0
    leader: NodeId | None = None


@dataclass(frozen=True, slots=True)
class Deliver:
    """Act on a command now, then `Receiver.done` with its number.

    `ahead`: of its turn, in which it will come again, so that nothing is done with it.
    """

    seq: int
    command: Numbered
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer the leader: done ("" as refusal), refused, or not understood for now (`nak`)."""

    seq: int
    refusal: str = ""
    nak: str = ""
    epoch: int = 0


class Receiver:
    """A member's side. `term` is what it knew before it was restarted."""

    def __init__(self, term: Term | None = None) -> None:
        self.term = term or Term()
        self.seen_before = 0
        self.fenced = 0
        self.expected = 0
        self.stop_generation = 0
        self.adopted = False
        self._boot = ""
        self._ahead: tuple[str, int] = "", -1
        self._held: dict[int, tuple[Stamp, Numbered]] = {}
        self._results: dict[int, str] = {}

    def would_follow(self, sender: NodeId, epoch: int) -> bool:
        """Whether somebody who leads with this epoch would be listened to."""
        return epoch > self.term.epoch or (epoch == self.term.epoch and sender == self.term.leader)

    def meet(self, sender: NodeId, epoch: int) -> str:
        """Somebody leads: why not ("" where it is so). A higher epoch than ever is a new term."""
        if epoch < self.term.epoch:
            self.fenced += 1
            return FENCED
        if epoch == self.term.epoch and sender != self.term.leader:
            self.fenced += 1
            return TWO_LEADERS
        if epoch > self.term.epoch:
            self.term = Term(epoch, sender)
            self.adopted = False
        return ""

    def adopt(
        self, sender: NodeId, *, epoch: int, boot: str, next_seq: int, stop_generation: int
    ) -> bool:
        """The leader has brought us up to now; whether that is not older than what we know."""
        if self.meet(sender, epoch):
            return False
        if self.adopted and self._boot == boot:
            if next_seq < self.expected or stop_generation < self.stop_generation:
                return False
            for seq in [seq for seq in self._held if seq < next_seq]:
                del self._held[seq]
        else:
            self._held.clear()
            self._results.clear()
        self.adopted, self._boot, self.expected = True, boot, next_seq
        self.stop_generation = stop_generation
        return True

    def take(self, sender: NodeId, stamp: Stamp, command: Numbered) -> Iterator[Deliver | Reply]:
        """A command came, for the first time or again: what is to be done about it, in order."""
        nak = self.meet(sender, stamp.epoch)
        if nak:
            yield Reply(stamp.seq, nak=nak, epoch=self.term.epoch)
            return
        if not self.adopted or stamp.boot != self._boot:
            yield from self._obey_ahead(stamp, command)
            yield Reply(stamp.seq, nak=SAY_HELLO, epoch=self.term.epoch)
            return
        yield from self._release(stamp.floor)
        if stamp.seq < self.expected:
            self.seen_before += 1
            yield Reply(stamp.seq, self._results.get(stamp.seq, ""))
            return
        if stamp.seq not in self._held and len(self._held) >= MOST_HELD:
            yield from self._obey_ahead(stamp, command)
            yield Reply(stamp.seq, nak=BUSY, epoch=self.term.epoch)
            return
        if stamp.seq != self.expected:
            yield from self._obey_ahead(stamp, command)
        self._held[stamp.seq] = stamp, command
        yield from self._release(self.expected)

    def stopped(self, generation: int) -> bool:
        """There was a stop, which has not come yet; whether that is news."""
        news = generation > self.stop_generation
        self.stop_generation = max(self.stop_generation, generation)
        return news

    def done(self, seq: int, refusal: str = "") -> Reply:
        """A command was acted on; the answer to it, now and whenever it comes again."""
        self._results[seq] = refusal
        if len(self._results) > WINDOW:
            del self._results[next(iter(self._results))]
        return Reply(seq, refusal)

    def _obey_ahead(self, stamp: Stamp, command: Numbered) -> Iterator[Deliver]:
        """A stop does not wait for its turn."""
        boot, seq = self._ahead
        if isinstance(command, Urgent) and (stamp.boot != boot or stamp.seq > seq):
            self._ahead = stamp.boot, stamp.seq
            self._count_stop(command)
            yield Deliver(stamp.seq, command, ahead=True)

    def _count_stop(self, command: Urgent) -> None:
        self.stop_generation = max(self.stop_generation, command.stop_generation or 0)

    def _release(self, floor: int) -> Iterator[Deliver | Reply]:
        """What has its turn: everything before `floor`, and what follows without a gap."""
        while self._held:
            first = min(self._held)
            if first > self.expected and first >= floor:
                break
            stamp, command = self._held.pop(first)
            self.expected = first + 1
            if isinstance(command, Go | Intervene):
                if first < floor:  # its leader has said that it did not reach us
                    yield self.done(first, GIVEN_UP)
                    continue
                if stamp.stop_generation < self.stop_generation:
                    yield self.done(first, STOPPED)
                    continue
            elif isinstance(command, Urgent):
                self._count_stop(command)
            yield Deliver(first, command)
        self.expected = max(self.expected, floor)
