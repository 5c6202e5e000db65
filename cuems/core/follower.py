"""A node that follows a leader: what it is told, each thing once and in order, and its answers.

It joins the receiver's half of delivery (core/receipt.py) to the node (core/node.py). Until a
leader has brought it up to now it says hello, and obeys nothing but a stop. A controller of the
ecosystem numbers nothing: it is obeyed as it comes, as long as nobody has led us.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cuems.core import bus
from cuems.core.cues import NodeId
from cuems.core.delivery import Numbered
from cuems.core.node import Node
from cuems.core.node_desk import NodeEffect, Say, Told
from cuems.core.receipt import SAY_HELLO, Receiver, Reply, Term
from cuems.core.reports import GoRefusedReport, Heartbeat, Receipt

NO_COMMAND = -1  # what a beat is answered as, of a leader that is fenced off


@dataclass(frozen=True, slots=True)
class KeepTerm:
    """Write down whom we follow before anything else is done: a restart must not forget it."""

    term: Term


class SayHello:
    """Ask the leader to be brought up to now."""


FollowerEffect = NodeEffect | KeepTerm | SayHello


class Follower:
    """One node and its leader."""

    def __init__(self, name: NodeId, node: Node, term: Term | None = None) -> None:
        self.receiver = Receiver(term)
        self._name = name
        self._node = node
        self._boot = ""
        self._line_ns, self._line_boot = 0, ""

    @property
    def boot(self) -> str:
        """The start of the leader who last brought us up to now."""
        return self._boot

    @property
    def led(self) -> bool:
        """Whether a leader has brought us up to now."""
        return self.receiver.adopted

    def hear(self, said: bus.Envelope, position: int | None) -> Iterator[FollowerEffect]:
        """The controller said something; the line was at `position` (None: not known)."""
        kept = self.receiver.term
        for effect in self._hear(said, position):
            if self.receiver.term != kept:
                kept = self.receiver.term
                yield KeepTerm(kept)
            yield effect
        if self.receiver.term != kept:
            yield KeepTerm(self.receiver.term)

    def fences_off(self, said: bus.Envelope) -> bool:
        """Whether a later leader than the one who speaks is known."""
        return said.stamp is not None and said.stamp.epoch < self.receiver.term.epoch

    def _hear(self, said: bus.Envelope, position: int | None) -> Iterator[FollowerEffect]:
        message = said.message
        if isinstance(message, bus.Snapshot):
            yield from self._join(said.sender, message, position)
        elif isinstance(message, bus.Beat):
            yield from self._beat(said.sender, message)
        elif said.stamp is not None and isinstance(message, Numbered):
            yield from self._take(said, position)
        elif isinstance(message, bus.NodeCommand) and not self._is_foreign(said):
            yield from self._node.handle(Told(message, position))

    def _is_foreign(self, said: bus.Envelope) -> bool:
        """Whether it is not the leader who speaks who last brought us up to now."""
        return self._boot != "" and said.boot != self._boot

    def follows(self, said: bus.Envelope) -> bool:
        """Whether the line or the clock is to be taken: our leader's, and not overtaken."""
        if self._is_foreign(said):
            return False
        if isinstance(said.message, bus.LineReport):
            if said.message.sent_ns < self._line_ns and said.boot == self._line_boot:
                return False
            self._line_ns, self._line_boot = said.message.sent_ns, said.boot
        return True

    def hear_line(self, report: bus.LineReport) -> Iterator[FollowerEffect]:
        """Before a line from after a stop is followed that stop is obeyed, should it come later."""
        generation = report.stop_generation
        if self.led and self.receiver.stopped(generation):
            yield from self._node.handle(Told(bus.StopCommand(generation), None))

    def _join(
        self, sender: NodeId, snapshot: bus.Snapshot, position: int | None
    ) -> Iterator[FollowerEffect]:
        if snapshot.node != self._name or self.receiver.meet(sender, snapshot.epoch):
            return
        if self.receiver.adopt(
            sender,
            epoch=snapshot.epoch,
            boot=snapshot.boot,
            next_seq=snapshot.next_seq,
            stop_generation=snapshot.stop_generation,
        ):
            self._boot = snapshot.boot
            yield from self._node.handle(Told(snapshot, position))
        else:
            yield SayHello()

    def _beat(self, sender: NodeId, beat: bus.Beat) -> Iterator[FollowerEffect]:
        nak = self.receiver.meet(sender, beat.epoch)
        if nak:
            yield Say(Receipt(beat.boot, NO_COMMAND, nak=nak, epoch=self.receiver.term.epoch))
            return
        if beat.asks:
            yield Say(Heartbeat(armed=self._node.armed))
        if not self.led or beat.boot != self._boot or self._name in beat.wanted:
            yield SayHello()

    def _take(self, said: bus.Envelope, position: int | None) -> Iterator[FollowerEffect]:
        stamp, message = said.stamp, said.message
        assert stamp is not None
        assert isinstance(message, Numbered)
        for taken in self.receiver.take(said.sender, stamp, message):
            if isinstance(taken, Reply):
                yield self._answer(stamp.boot, taken)
                if taken.nak == SAY_HELLO:
                    yield SayHello()
                continue
            effects = self._node.handle(Told(taken.command, position))
            yield from effects
            if not taken.ahead:
                done = self.receiver.done(taken.seq, _refusal(effects))
                yield self._answer(stamp.boot, done)

    @staticmethod
    def _answer(boot: str, reply: Reply) -> Say:
        return Say(Receipt(boot, reply.seq, reply.refusal, reply.nak, reply.epoch))


def _refusal(effects: tuple[NodeEffect, ...]) -> str:
    """Why the node would not do it, where it said so."""
    for effect in effects:
        match effect:
            case Say(GoRefusedReport(_, reason)):
                return reason
            case _:
                pass
    return ""
