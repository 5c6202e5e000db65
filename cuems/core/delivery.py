"""Commands that must arrive: numbered, sent again until answered, given up at their deadline.

The sender's half. A leader numbers its commands; every member answers each of them, and is sent it
again, ever less often, until it has. What a member can make no use of any more is given up, and
whoever asked is told. The receiver's half is core/receipt.py. Moments are the sender's monotonic
clock. Source: cluster.md 2 and 3.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cuems.core import bus
from cuems.core.bus import Stamp
from cuems.core.cues import NodeId
from cuems.core.events import ToldNodes

NS_PER_MS = 1_000_000
RESEND_NS = tuple(pause * NS_PER_MS for pause in (8, 8, 12, 16, 24, 32, 50))
RESEND_LOST_NS = 250 * NS_PER_MS  # a stop for a member that is lost goes on being tried
MOST_PENDING = 256  # for one member; what is more, it would only hear late

Urgent = bus.StopCommand | bus.PanicCommand | bus.UnloadCommand
Numbered = Urgent | ToldNodes | bus.LoadCommand | bus.SettingsCommand


@dataclass(frozen=True, slots=True)
class Resend:
    """Send a command to one member, again."""

    node: NodeId
    stamp: Stamp
    command: Numbered


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A member did not answer a command while that was of any use."""

    node: NodeId
    command: Numbered
    reason: str


@dataclass(slots=True)
class _Command:
    command: Numbered
    given_ns: int
    deadline_ns: int | None
    stop_generation: int


@dataclass(slots=True)
class _Pending:
    command: _Command
    due_ns: int
    times: int = 0


@dataclass(slots=True)
class _Member:
    pending: dict[int, _Pending]
    lost: bool = False


class Sender:
    """A leader's commands on their way. `epoch` and `boot` say which leader it is."""

    def __init__(self, epoch: int, boot: str) -> None:
        self.epoch = epoch
        self.boot = boot
        self.next_seq = 0
        self.resent = 0
        self._members: dict[NodeId, _Member] = {}
        self._given_up: list[GivenUp] = []

    @property
    def members(self) -> frozenset[NodeId]:
        """Who is expected to answer."""
        return frozenset(self._members)

    def join(self, node: NodeId) -> int:
        """A member is brought up to now; the number of the first command that is news to it.

        What it has not answered by then comes again all the same: it may be on its way, and that
        is quicker.
        """
        self._members.setdefault(node, _Member({})).lost = False
        return self.next_seq

    def lose(self, node: NodeId) -> None:
        """A member is lost: it is brought up to now when it is back. Stops go on being tried."""
        member = self._members.get(node)
        if member is None or member.lost:
            return
        member.lost = True
        for seq, pending in list(member.pending.items()):
            if not isinstance(pending.command.command, Urgent):
                del member.pending[seq]
                self._give_up(node, pending, "it is lost")

    def post(
        self, command: Numbered, now_ns: int, *, deadline_ns: int | None, stop_generation: int
    ) -> Stamp:
        """Number a command for every member; the stamp with which all of them are told."""
        posted = _Command(command, now_ns, deadline_ns, stop_generation)
        seq, self.next_seq = self.next_seq, self.next_seq + 1
        for node, member in self._members.items():
            if member.lost and not isinstance(command, Urgent):
                self._given_up.append(GivenUp(node, command, "it is lost"))
                continue
            if len(member.pending) >= MOST_PENDING:
                self._give_up(node, member.pending.pop(next(iter(member.pending))), "too many")
            member.pending[seq] = _Pending(posted, now_ns + RESEND_NS[0])
        floors = (self._floor(member) for member in self._members.values())
        return self._stamp(seq, min((seq, *floors)), stop_generation)

    def answered(self, node: NodeId, seq: int, now_ns: int) -> int | None:
        """A member answered a command; how long that took, None where it is no news."""
        member = self._members.get(node)
        pending = None if member is None else member.pending.pop(seq, None)
        return None if pending is None else now_ns - pending.command.given_ns

    def wake(self, now_ns: int) -> Iterator[Resend]:
        """What is to be sent again by now."""
        for node, member in self._members.items():
            for seq, pending in list(member.pending.items()):
                deadline_ns = pending.command.deadline_ns
                if deadline_ns is not None and now_ns >= deadline_ns:
                    del member.pending[seq]
                    self._give_up(node, pending, "no answer in time")
                elif now_ns >= pending.due_ns:
                    pending.times += 1
                    pending.due_ns = now_ns + _pause_ns(pending.times, lost=member.lost)
                    self.resent += 1
                    stamp = self._stamp(seq, self._floor(member), pending.command.stop_generation)
                    yield Resend(node, stamp, pending.command.command)

    def next_wake_ns(self) -> int | None:
        """When to look again."""
        moments = [
            moment
            for member in self._members.values()
            for pending in member.pending.values()
            for moment in (pending.due_ns, pending.command.deadline_ns)
            if moment is not None
        ]
        return min(moments, default=None)

    def take_given_up(self) -> list[GivenUp]:
        """What was given up since this was last asked."""
        given_up, self._given_up = self._given_up, []
        return given_up

    def stamp_for(self, node: NodeId, stamp: Stamp) -> Stamp:
        """The stamp of a command that was just posted, as one member is told it."""
        member = self._members.get(node)
        floor = self.next_seq if member is None else self._floor(member)
        return self._stamp(stamp.seq, min(floor, stamp.seq), stamp.stop_generation)

    def _floor(self, member: _Member) -> int:
        return next(iter(member.pending), self.next_seq)

    def _stamp(self, seq: int, floor: int, stop_generation: int) -> Stamp:
        return Stamp(
            epoch=self.epoch,
            boot=self.boot,
            seq=seq,
            floor=floor,
            stop_generation=stop_generation,
        )

    def _give_up(self, node: NodeId, pending: _Pending, reason: str) -> None:
        self._given_up.append(GivenUp(node, pending.command.command, reason))


def _pause_ns(times: int, *, lost: bool) -> int:
    return RESEND_LOST_NS if lost else RESEND_NS[min(times, len(RESEND_NS) - 1)]
