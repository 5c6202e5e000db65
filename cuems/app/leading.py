"""A controller's way to its nodes: lane B for everybody, lane X for what must be on time, lane R.

Every numbered command goes once to the bus, and by lane X to each member until it has answered
(core/delivery.py). Who is no member of the rig is not listened to, and counted.
"""

import logging
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from cuems.adapters.lane import Address, Lane
from cuems.app.links import ControllerItem, Greets, Visit
from cuems.core import bus
from cuems.core.cues import NodeId
from cuems.core.delivery import Numbered, Sender
from cuems.core.desk import AnswerTook, ControllerEvent, Fenced, Undelivered
from cuems.core.receipt import FENCED, TWO_LEADERS
from cuems.core.reports import Hello, Receipt
from cuems.wire.auth import Anyone, KeyHolders, Trust, session_key
from cuems.wire.bus import BusDecodeError, Pen, StrangerError, decode
from cuems.wire.lane import SESSION_BYTES, Direction, Session, session_of
from cuems.wire.lane_r import (
    NONCE_BYTES,
    Answer,
    LaneRError,
    Request,
    from_said,
    read_request,
    to_said,
    write,
)

BEAT_NS = 250_000_000
VISIT_DEADLINE_S = 2.0
MOST_CHALLENGES = 256  # the oldest go: whoever was given one that late asks for another

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Peer:
    node: NodeId
    session: Session
    address: Address | None = None


@dataclass(slots=True)
class Wire:
    """One link of the bus, and how we write on it. `near`: within this process."""

    outgoing: MemoryObjectSendStream[bytes]
    pen: Pen
    near: bool


@dataclass(slots=True, kw_only=True)
class Leading:
    """What a controller leads with. `boot` differs at each start, `epoch` grows."""

    me: NodeId
    epoch: int
    boot: str
    trust: Trust = field(default_factory=Anyone)
    lane: Lane | None = None
    wires: list[Wire] = field(default_factory=list)
    strangers: int = 0
    sender: Sender = field(init=False)
    _pen: Pen = field(init=False)
    _peers: dict[NodeId, _Peer] = field(default_factory=dict)
    _sessions: dict[bytes, _Peer] = field(default_factory=dict)
    _challenges: dict[str, None] = field(default_factory=dict)
    _visits: dict[NodeId, Visit] = field(default_factory=dict)
    _numbers: dict[NodeId, tuple[str, int]] = field(default_factory=dict)
    _beat_ns: int = 0
    _named: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.sender = Sender(self.epoch, self.boot)
        self._pen = Pen(self.me, self.boot)

    def lead(self, epoch: int) -> None:
        """Lead from now on, with an epoch of our own."""
        self.epoch = epoch
        self.sender = Sender(epoch, self.boot)

    def add_wire(self, outgoing: MemoryObjectSendStream[bytes], *, near: bool) -> None:
        """Have a link of the bus."""
        key = self.trust.key if isinstance(self.trust, KeyHolders) and not near else None
        self.wires.append(Wire(outgoing, Pen(self.me, self.boot, key), near))

    # ---- saying

    async def tell(
        self,
        message: bus.NodeCommand,
        now_ns: int,
        *,
        deadline_ns: int | None = None,
        stop_generation: int = 0,
    ) -> None:
        """Say something to all nodes; what is numbered, until they have answered."""
        stamp = None
        if isinstance(message, Numbered):
            stamp = self.sender.post(
                message, now_ns, deadline_ns=deadline_ns, stop_generation=stop_generation
            )
            for peer in tuple(self._peers.values()):
                await self._cast(peer, message, self.sender.stamp_for(peer.node, stamp))
        for wire in self.wires:
            await wire.outgoing.send(wire.pen.write(message, stamp))

    async def tell_line(self, report: bus.LineReport, line_links: int) -> None:
        """Say where the line is; the newest is what counts, whichever way it comes."""
        for wire in self.wires[:line_links]:
            await wire.outgoing.send(wire.pen.write(report))
        if line_links >= len(self.wires):
            for peer in tuple(self._peers.values()):
                await self._cast(peer, report)

    async def reply(self, node: NodeId, message: bus.NodeCommand, *, by_bus: bool) -> None:
        """Answer a node on the way it asked: one that asks by the bus may hear no lane X."""
        peer = self._peers.get(node)
        if not by_bus and peer is not None:
            await self._cast(peer, message)
            return
        for wire in self.wires:
            await wire.outgoing.send(wire.pen.write(message))

    async def beat(self, now_ns: int, wanted: tuple[NodeId, ...]) -> None:
        """Four times a second: we are there; by the bus for those who follow somebody else."""
        if now_ns < self._beat_ns:
            return
        self._beat_ns = now_ns + BEAT_NS
        beat = bus.Beat(epoch=self.epoch, boot=self.boot, wanted=wanted)
        for peer in tuple(self._peers.values()):
            await self._cast(peer, beat)
        for wire in self.wires:
            if not wire.near or wanted:
                await wire.outgoing.send(wire.pen.write(beat))

    async def ask_sign(self, node: NodeId) -> None:
        """Ask a silent node for a sign of life."""
        peer = self._peers.get(node)
        if peer is not None:
            await self._cast(peer, bus.Beat(epoch=self.epoch, boot=self.boot, asks=True))

    async def welcome(self, snapshot: bus.Snapshot) -> None:
        """Answer a hello, on the way it came."""
        next_seq = self.sender.join(snapshot.node)
        answer = replace(snapshot, epoch=self.epoch, boot=self.boot, next_seq=next_seq)
        visit = self._visits.pop(snapshot.node, None)
        if visit is not None:
            visit.answer(answer)
            return
        for wire in self.wires:
            if wire.near:
                await wire.outgoing.send(wire.pen.write(answer))

    async def wake(self, now_ns: int) -> list[ControllerEvent]:
        """Send again what is due; what was given up."""
        for resend in self.sender.wake(now_ns):
            peer = self._peers.get(resend.node)
            if peer is not None:
                await self._cast(peer, resend.command, resend.stamp)
        return [
            Undelivered(given_up.node, given_up.command, given_up.reason)
            for given_up in self.sender.take_given_up()
        ]

    def next_wake_ns(self) -> int | None:
        """When to look again."""
        moments = [self.sender.next_wake_ns(), self._beat_ns]
        return min((moment for moment in moments if moment is not None), default=None)

    async def _cast(
        self, peer: _Peer, message: bus.BusMessage, stamp: bus.Stamp | None = None
    ) -> None:
        if self.lane is None or peer.address is None:
            return
        datagram = peer.session.seal(self._pen.write(message, stamp))
        if datagram is not None:  # else the bus has it, and TCP does not lose it
            await self.lane.send(datagram, peer.address)

    # ---- hearing

    def from_bus(self, data: bytes, *, near: bool) -> bus.Envelope | None:
        """A message from the bus; None where it is not listened to."""
        try:
            said = decode(data, None if near else self.trust)
        except StrangerError as error:
            self.refuse(error.sender, str(error))
            return None
        except BusDecodeError as error:
            log.warning("%s", error)
            return None
        if isinstance(said.message, Hello) and not near:
            return None  # its place is lane R
        return said if near or _says_no(said.message) or self._is_new(said) else None

    def _is_new(self, said: bus.Envelope) -> bool:
        """Whether a proved message of the bus was not heard before."""
        if not isinstance(self.trust, KeyHolders) or not said.boot:
            return True
        boot, number = self._numbers.get(said.sender, ("", 0))
        if said.boot != boot:
            return False  # it has not said hello yet, or has started again since
        if said.number <= number:
            self.refuse(said.sender, f"{said.sender} said that before")
            return False
        self._numbers[said.sender] = boot, said.number
        return True

    def from_lane(self, data: bytes, address: Address) -> bus.Envelope | None:
        """A message from lane X; None where it is not listened to."""
        peer = self._sessions.get(session_of(data) or b"")
        message = None if peer is None else peer.session.open(data)
        if peer is not None and message is None and self._is_double(peer, data, address):
            return None
        if peer is None or message is None:
            self.refuse(address[0], f"a datagram from {address[0]} is of no session, or not new")
            return None
        try:
            said = decode(message)
        except BusDecodeError as error:
            log.warning("%s", error)
            return None
        if said.sender != peer.node:
            self.refuse(address[0], f"{peer.node} gives itself out as {said.sender[:40]!r}")
            return None
        peer.address = address
        if self._peers.get(peer.node) is not peer:
            self._take_over(peer)
        return said

    def _is_double(self, peer: _Peer, data: bytes, address: Address) -> bool:
        """Whether the network has said something twice: nobody else can, from where the node is."""
        return address == peer.address and peer.session.is_double(data)

    def nodes_at(self, address: str) -> list[NodeId]:
        """The nodes that speak lane X from an address, each with proof of the rig's key."""
        peers = self._peers.values()
        return [peer.node for peer in peers if peer.address and peer.address[0] == address]

    def _take_over(self, peer: _Peer) -> None:
        """A new session is in use: the ones before are over."""
        self._peers[peer.node] = peer
        for session, other in list(self._sessions.items()):
            if other.node == peer.node and other is not peer:
                del self._sessions[session]

    def receipt(self, node: NodeId, receipt: Receipt, now_ns: int) -> Iterator[ControllerEvent]:
        """A node answered a command."""
        if receipt.boot != self.boot:
            return  # it is for another controller
        if receipt.nak in (FENCED, TWO_LEADERS):
            yield Fenced(node, receipt.epoch)
        elif not receipt.nak:
            took_ns = self.sender.answered(node, receipt.seq, now_ns)
            if took_ns is not None:
                yield AnswerTook(took_ns, now_ns)

    def refuse(self, name: str, text: str) -> None:
        """Count what is not listened to, and say so once of each name."""
        self.strangers += 1
        if name not in self._named and len(self._named) < MOST_CHALLENGES:
            self._named.add(name)
            log.warning("refused, and so is all of its kind: %s", text)

    # ---- lane R

    async def answer(
        self, data: bytes, send: MemoryObjectSendStream[ControllerItem], now_ns: int
    ) -> bytes:
        """Answer a node that asks for itself alone."""
        try:
            request = read_request(data, self.trust)
            if request.k == "challenge":
                answer = self._challenge(request)
            else:
                answer = await self._greet(request, send, now_ns)
        except (LaneRError, BusDecodeError) as error:
            self.refuse("lane R", str(error))
            answer = Answer("refused", self.me, reason=str(error))
        return write(answer, self.trust)

    def _challenge(self, request: Request) -> Answer:
        nonce = secrets.token_hex(NONCE_BYTES)
        self._challenges[nonce] = None
        if len(self._challenges) > MOST_CHALLENGES:
            del self._challenges[next(iter(self._challenges))]
        return Answer("challenge", self.me, nonce=nonce, answers=request.nonce)

    async def _greet(
        self, request: Request, send: MemoryObjectSendStream[ControllerItem], now_ns: int
    ) -> Answer:
        if request.answers not in self._challenges:
            raise LaneRError("a hello that answers no challenge of ours: it was said before")
        del self._challenges[request.answers]
        said = from_said(request.said)
        if not isinstance(said.message, Hello) or said.sender != request.sender:
            raise LaneRError("expected a hello of whoever asks")
        visit = Visit()
        self._visits[said.sender] = visit
        boot, number = self._numbers.get(said.sender, ("", 0))
        self._numbers[said.sender] = said.message.boot, number if said.message.boot == boot else 0
        await send.send(Greets(said.sender, said.message, now_ns))
        with anyio.move_on_after(VISIT_DEADLINE_S):
            snapshot = await visit.answered()
            return self._welcomed(request, snapshot)
        return Answer("refused", self.me, answers=request.nonce, reason="the controller is busy")

    def _welcomed(self, request: Request, snapshot: bus.Snapshot) -> Answer:
        session = secrets.token_bytes(SESSION_BYTES)
        key = b""
        if isinstance(self.trust, KeyHolders):
            key = session_key(
                self.trust.key,
                epoch=self.epoch,
                node=snapshot.node,
                controller_nonce=bytes.fromhex(request.answers),
                node_nonce=bytes.fromhex(request.nonce),
            )
        peer = _Peer(snapshot.node, Session(session, key, Direction.DOWN))
        self._drop_unused(snapshot.node)
        self._sessions[session] = peer
        return Answer(
            "snap",
            self.me,
            answers=request.nonce,
            session=session.hex(),
            port=0 if self.lane is None else self.lane.port,
            said=to_said(self.me, snapshot),
        )

    def _drop_unused(self, node: NodeId) -> None:
        used = self._peers.get(node)
        stale = [s for s, peer in self._sessions.items() if peer.node == node and peer is not used]
        for session in stale:
            del self._sessions[session]


def _says_no(message: bus.BusMessage) -> bool:
    """Whether a node says that it follows another: it need not have said hello to us for that."""
    return isinstance(message, Receipt) and message.nak in (FENCED, TWO_LEADERS)
