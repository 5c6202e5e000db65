"""A node's way to its controller: hello by lane R, lane X for what must be on time, and the bus.

Until a controller answers on lane R it may be one of the ecosystem's: what the bus says counts.
"""

import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from cuems.adapters.ipc import IpcError, request
from cuems.adapters.lane import Address, Lane, resolve
from cuems.app.links import Bus
from cuems.core import bus
from cuems.core.cues import NodeId
from cuems.core.follower import Follower
from cuems.core.link_watch import LinkWatch
from cuems.core.receipt import FENCED, TWO_LEADERS
from cuems.core.reports import (
    ArmedReport,
    ClockProbe,
    CueTimingReport,
    GoRefusedReport,
    Heartbeat,
    Hello,
    NodeReport,
    Receipt,
)
from cuems.wire.auth import Anyone, KeyHolders, Trust, session_key
from cuems.wire.bus import BusDecodeError, Pen, StrangerError, decode
from cuems.wire.lane import Direction, Session
from cuems.wire.lane_r import (
    NONCE_BYTES,
    Answer,
    LaneRError,
    Request,
    from_said,
    lane_r_url,
    read_answer,
    to_said,
    write,
)

REQUEST_DEADLINE_S = 2.0
RETRY_S = (0.05, 0.1, 0.2, 0.5, 1.0)
LANE_ALIVE_NS = 1_500_000_000
LANE_X = Receipt | Heartbeat | ClockProbe  # by the bus only where there is no lane X
BOTH = ArmedReport | GoRefusedReport | CueTimingReport  # the sooner the better

log = logging.getLogger(__name__)

Hear = Callable[[bus.Envelope, int], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Following:
    """What a node follows with. `bus_urls` are where its controllers may be.

    It is None where the controller is in this process. `follower` decides whom we follow: every
    controller is asked in, and one of them leads. `redial` makes the link to that one anew.
    """

    me: NodeId
    boot: str
    outgoing: MemoryObjectSendStream[bytes]
    follower: Follower
    hello: Callable[[], Hello]
    bus_urls: Callable[[], tuple[str, ...]] | None = None
    led_from: Callable[[str], None] = lambda _: None
    redial: Callable[[], None] = lambda: None
    lane: Lane | None = None
    trust: Trust = field(default_factory=Anyone)
    strangers: int = 0
    _pen: Pen = field(init=False)
    _lane_pen: Pen = field(init=False)
    _session: Session | None = None
    _address: Address | None = None
    _heard_ns: int = 0
    _numbers: tuple[str, int] = ("", 0)
    _watch: LinkWatch = field(default_factory=LinkWatch)
    _wanted: anyio.Event = field(default_factory=anyio.Event)

    def __post_init__(self) -> None:
        key = self.trust.key if isinstance(self.trust, KeyHolders) and self.bus_urls else None
        self._pen = Pen(self.me, self.boot, key)
        self._lane_pen = Pen(self.me, self.boot)

    # ---- saying

    async def say(self, report: NodeReport) -> None:
        """Report to the controller."""
        by_lane = isinstance(report, LANE_X | BOTH) and await self._cast(report)
        if not by_lane or isinstance(report, BOTH) or _is_for_another(report):
            await self.outgoing.send(self._pen.write(report))

    def say_if_free(self, report: NodeReport) -> None:
        """Report what is worth nothing if it has to wait; raises anyio.WouldBlock."""
        self.outgoing.send_nowait(self._pen.write(report))

    async def _cast(self, report: NodeReport) -> bool:
        """By lane X; whether there is one that works."""
        if self.lane is None or self._session is None or self._address is None:
            return False
        datagram = self._session.seal(self._lane_pen.write(report))
        if datagram is None:
            return False
        await self.lane.send(datagram, self._address)
        return time.monotonic_ns() - self._heard_ns < LANE_ALIVE_NS

    # ---- hearing

    async def hear_bus(self, link: Bus, hear: Hear) -> None:
        """Take what comes by the bus, until cancelled."""
        while True:
            data = await link.receive()
            received_ns = time.monotonic_ns()
            said = self.from_bus(data)
            if said is not None:
                await hear(said, received_ns)

    async def hear_lane(self, lane: Lane, hear: Hear) -> None:
        """Take what comes by lane X, until cancelled."""
        while True:
            data, _ = await lane.receive()
            received_ns = time.monotonic_ns()
            said = self.from_lane(data)
            if said is not None:
                await hear(said, received_ns)

    def from_bus(self, data: bytes) -> bus.Envelope | None:
        """A message from the bus; None where it is not listened to."""
        try:
            said = decode(data, self.trust if self.bus_urls else None)
        except StrangerError as error:
            self.refuse(str(error))
            return None
        except BusDecodeError as error:
            log.warning("%s", error)
            return None
        if not self._is_new(said):
            return None
        if isinstance(said.message, bus.Beat) and said.boot == self.follower.boot:
            self._watch.heard()
        return said

    def linked(self) -> None:
        """There is a new link."""
        self._watch.linked()

    def look_after_link(self, now_ns: int) -> None:
        """Make the link anew if it carries nothing any more."""
        if self._watch.is_dead(now_ns):
            log.debug("nothing is heard on the link to the controller: it is made anew")
            self.redial()

    def _is_new(self, said: bus.Envelope) -> bool:
        """Whether a proved message was not heard before; what is stamped is looked at later."""
        if not isinstance(self.trust, KeyHolders) or not said.boot or said.stamp is not None:
            return True
        boot, number = self._numbers
        if said.boot != boot or said.number > number:
            self._numbers = said.boot, said.number
            return True
        self.refuse(f"{said.sender} said that before")
        return False

    def from_lane(self, data: bytes) -> bus.Envelope | None:
        """A message from lane X; None where it is not listened to."""
        session = self._session
        message = None if session is None else session.open(data)
        if session is not None and message is None and session.is_double(data):
            return None
        if message is None:
            self.refuse("a datagram is of no session of ours, or not new")
            return None
        try:
            said = decode(message)
        except BusDecodeError as error:
            log.warning("%s", error)
            return None
        self._heard_ns = time.monotonic_ns()
        return said

    def refuse(self, text: str) -> None:
        """Count what is not listened to, and say so once."""
        if not self.strangers:
            log.warning("refused, and so is all of its kind: %s", text)
        self.strangers += 1

    # ---- hello

    async def say_hello(self) -> None:
        """Ask to be brought up to now."""
        if self.bus_urls is None:
            await self.outgoing.send(self._pen.write(self.hello()))
        else:
            self._wanted.set()

    async def serve(self, hear: Hear) -> None:
        """Say hello whenever that is wanted, until it is answered."""
        if self.bus_urls is None:
            return
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            async with anyio.create_task_group() as tg:
                for url in self.bus_urls():
                    tg.start_soon(self._greet, url, hear, tg.cancel_scope)

    async def _greet(self, bus_url: str, hear: Hear, all_of_them: anyio.CancelScope) -> None:
        """Ask one controller in, until one of them has done it."""
        tries = 0
        while True:
            try:
                said = await self._ask_in(bus_url)
            except (IpcError, LaneRError, BusDecodeError, OSError) as error:
                if tries == len(RETRY_S):
                    log.warning("the controller does not answer a hello: %s", error)
                await anyio.sleep(RETRY_S[min(tries, len(RETRY_S) - 1)])
                tries += 1
                if self.bus_urls is None or bus_url not in self.bus_urls():
                    return  # the controller is looked for elsewhere by now
            else:
                await hear(said, time.monotonic_ns())
                all_of_them.cancel()
                return

    async def _ask_in(self, bus_url: str) -> bus.Envelope:
        host = await resolve(urlsplit(bus_url).hostname or "127.0.0.1")
        url = lane_r_url(bus_url)
        nonce = secrets.token_hex(NONCE_BYTES)
        challenge = await self._ask(url, Request("challenge", self.me, nonce=nonce), "challenge")
        hello = Request(
            "hello",
            self.me,
            nonce=nonce,
            answers=challenge.nonce,
            said=to_said(self.me, self.hello()),
        )
        answer = await self._ask(url, hello, "snap")
        said = from_said(answer.said)
        if not isinstance(said.message, bus.Snapshot):
            raise LaneRError("expected a snapshot")
        if not self.follower.receiver.would_follow(said.sender, said.message.epoch):
            raise LaneRError(f"{said.sender} leads no more (epoch {said.message.epoch})")
        key = b""
        if isinstance(self.trust, KeyHolders):
            key = session_key(
                self.trust.key,
                epoch=said.message.epoch,
                node=self.me,
                controller_nonce=bytes.fromhex(challenge.nonce),
                node_nonce=bytes.fromhex(nonce),
            )
        self.led_from(bus_url)
        self._session = Session(bytes.fromhex(answer.session), key, Direction.UP)
        self._address = host, answer.port
        await self._cast(Heartbeat())  # from here on the controller knows where we are
        return said

    async def _ask(self, url: str, asked: Request, expected: str) -> Answer:
        answer = read_answer(
            await request(url, write(asked, self.trust), REQUEST_DEADLINE_S), self.trust
        )
        if answer.answers != asked.nonce and answer.k != "refused":
            raise LaneRError("the answer is to something else")
        if answer.k != expected:
            raise LaneRError(answer.reason or f"expected {expected}, got {answer.k}")
        return answer


def _is_for_another(report: NodeReport) -> bool:
    """Whether it tells somebody that he leads no more: lane X is for the one who does."""
    return isinstance(report, Receipt) and report.nak in (FENCED, TWO_LEADERS)
