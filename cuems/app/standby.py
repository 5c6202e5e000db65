"""A standby controller, until it takes over: it follows the active one and shows what that shows.

Its own control surface tells every status of the active controller, and obeys nothing but
`takecontrol`. Nodes are linked to it already: one that misses its leader asks it in, which is its
vote, and the question that a take-over answers.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from cuems.app.client import Client, CommandRefusedError, NotReachableError, open_client
from cuems.app.desk import ControlDesk
from cuems.app.followed_journal import FollowedJournal
from cuems.app.links import Asker, Asks, AsksTogether, Caller, ControllerItem, Greets, Rang
from cuems.core.cues import CueId, NodeId
from cuems.core.health import Pulse
from cuems.core.operator import Ping, TakeControl
from cuems.core.played import PlayedBefore
from cuems.core.standby import NS_PER_MS, STANDBY, Lease, Takeover, takeover_epoch
from cuems.core.status import Leadership
from cuems.core.tally import PLAYED
from cuems.wire.control import JOURNAL_LINES
from cuems.wire.control_view import STATUS

BEAT_S = 0.25
PATIENCE_S = 2.0
RETRY_S = 0.25
READ_EVERY_NS = 50_000_000  # the journal, while statuses come
NS_PER_S = 1_000_000_000
OUR_OWN = frozenset(f"{STATUS}{name}" for name in ("role", "role_detail", "epoch", "lag"))

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyParts:
    """Whom to follow, and when to take over. What comes by the `unheard` is not for a standby.

    `journal` is the active one's, as far as it has come.
    """

    url: str
    token: str
    takeover: Takeover
    desk: ControlDesk
    journal: FollowedJournal
    send: MemoryObjectSendStream[ControllerItem]
    unheard: tuple[Callable[[], Awaitable[object]], ...] = ()
    pulse: Pulse = field(default_factory=Pulse)


@dataclass(slots=True)
class Standby:
    """Follows; `epoch` is the active controller's, as far as it was heard."""

    parts: StandbyParts
    epoch: int = 0
    waiting: list[Greets] = field(default_factory=list)
    _project: str = ""
    _played: dict[CueId, None] = field(default_factory=dict)
    _lease: Lease = field(default_factory=Lease)
    _nodes: dict[NodeId, str] = field(default_factory=dict)
    _told: str = ""
    _reading: bool = False  # its journal: an answer is on its way
    _more: bool = False  # the last one brought us on
    _lines: list[object] = field(default_factory=list)  # of an answer
    _read_ns: int = 0

    @property
    def played(self) -> PlayedBefore:
        """What the active one shows as played."""
        return PlayedBefore(self._project, tuple(self._played))

    async def serve(self, inbox: MemoryObjectReceiveStream[ControllerItem]) -> int:
        """Follow until it is time to lead; the epoch to lead with."""
        self._tell("not heard yet")
        async with anyio.create_task_group() as tg:
            tg.start_soon(self._follow)
            tg.start_soon(self._watch_lease)
            for receive in self.parts.unheard:
                tg.start_soon(_throw_away, receive)
            async for item in inbox:
                if self._decides(item):
                    break
                self.parts.pulse.turned(time.monotonic_ns())
            tg.cancel_scope.cancel()
        self.parts.desk.end_mirror()
        return takeover_epoch(self.epoch)

    # ---- deciding

    def _decides(self, item: ControllerItem) -> bool:
        """Whether it is time to take over."""
        match item:
            case Asks(client, address, TakeControl()):
                log.warning("taking over, as asked")
                _answer(client, address, "")
                return True
            case Asks():
                self._refuse(item)
            case AsksTogether(asks):
                for one in asks:
                    self._refuse(one)
            case Greets(node):
                self._lease_missed(item, node)
            case _:
                pass
        return self._may_by_itself()

    def _refuse(self, asks: Asks) -> None:
        reason = f"this is a standby: {self.parts.url} leads (takecontrol changes that)"
        _answer(asks.client, asks.address, "" if isinstance(asks.command, Ping) else reason)

    def _lease_missed(self, greets: Greets, node: NodeId) -> None:
        self.waiting = [other for other in self.waiting if other.node != node]
        self.waiting.append(greets)
        self._lease.missed_by(node)

    def _may_by_itself(self) -> bool:
        if self.parts.takeover is not Takeover.AUTO:
            return False
        there = frozenset(node for node, state in self._nodes.items() if state in ("ok", "late"))
        if self._lease.may_take_over(time.monotonic_ns(), there):
            log.warning("taking over: %s is silent, for its nodes as well", self.parts.url)
            return True
        return False

    async def _watch_lease(self) -> None:
        """Look at it whenever it may be over."""
        while True:
            await self.parts.send.send(Rang())  # it turns, also while all is well
            ends_ns = self._lease.ends_ns
            now_ns = time.monotonic_ns()
            if ends_ns is None:
                await anyio.sleep(BEAT_S)
            elif now_ns < ends_ns:
                await anyio.sleep(min(BEAT_S, (ends_ns - now_ns) / NS_PER_S))
            else:
                self._tell("LOST: it does not answer any more. takecontrol takes its place")
                await self.parts.send.send(Rang())
                await anyio.sleep(BEAT_S)

    # ---- following

    async def _follow(self) -> None:
        while True:
            try:
                url, token = self.parts.url, self.parts.token
                async with open_client(url, PATIENCE_S, token) as client:
                    await self._listen(client)
            except* (NotReachableError, CommandRefusedError) as group:
                self._interrupted(str(_first(group)))
            await anyio.sleep(RETRY_S)

    async def _listen(self, client: Client) -> None:
        self._reading = False
        self._lines.clear()
        async with anyio.create_task_group() as tg:
            tg.start_soon(self._ask, client)
            while True:
                message = await client.hear()
                if message.address == "/engine/reply/ping":
                    self._lease.answered(time.monotonic_ns())
                    self.waiting.clear()
                    self._tell("")
                elif message.address == JOURNAL_LINES:
                    self._lines += message.args[1:] if self._lines else message.args
                elif message.address == "/engine/reply/journal":
                    await self._has_read(client, message.args)
                elif message.address == f"{STATUS}epoch":
                    self.epoch = max(self.epoch, _whole(message.args))
                elif message.address.startswith(STATUS) and message.address not in OUR_OWN:
                    self._note(message.address, message.args)
                    self.parts.desk.mirror(message)
                    self.parts.desk.settle()
                    await self._read_on(client)

    async def _ask(self, client: Client) -> None:
        while True:
            self._lease.asked(time.monotonic_ns())
            await client.send("ping")
            await self._read_on(client)
            await anyio.sleep(BEAT_S)

    async def _read_on(self, client: Client) -> None:
        """Ask for what was written since, unless that is under way, or was just done."""
        now_ns = time.monotonic_ns()
        if not self._reading and (self._more or now_ns - self._read_ns >= READ_EVERY_NS):
            self._reading, self._more, self._read_ns = True, False, now_ns
            await client.send("journal", self.parts.journal.number, self.parts.journal.run)

    async def _has_read(self, client: Client, answer: tuple[object, ...]) -> None:
        if answer != ("ok",):  # an older program, or a token that may only look
            log.warning("the journal of %s is not followed: %s", self.parts.url, answer)
            return
        self._reading = False
        self._more = self.parts.journal.take(self._lines)
        self._lines.clear()
        if self._more:
            await self._read_on(client)

    def _note(self, address: str, args: tuple[object, ...]) -> None:
        """Take note of what we would have to know."""
        kind, _, name = address.removeprefix(STATUS).partition("/")
        value = args[0] if args else None
        match kind:
            case "node":
                self._nodes[NodeId(name)] = str(value)
            case "load":
                self._project = str(value)
                self._played.clear()
            case "cue" if value == PLAYED:
                self._played[CueId(name)] = None
            case "cue":
                self._played.pop(CueId(name), None)
            case _:
                pass

    def _interrupted(self, reason: str) -> None:
        self._lease.interrupted()
        if not self._told.startswith("LOST"):
            self._tell(reason)

    def _tell(self, detail: str) -> None:
        """What is shown of us: every change, and how far we are behind."""
        if detail != self._told or not detail:
            if detail and detail != self._told:
                log.warning("the active controller %s: %s", self.parts.url, detail)
            self._told = detail
            self.parts.desk.publish(
                Leadership(
                    role=STANDBY,
                    detail=f"of {self.parts.url}" + (f": {detail}" if detail else ""),
                    epoch=self.epoch,
                    lag_ms=(self._lease.lag_ns or 0) // NS_PER_MS,
                )
            )


async def _throw_away(receive: Callable[[], Awaitable[object]]) -> None:
    while True:
        await receive()


def _answer(client: Caller | Asker | None, address: str, reason: str) -> None:
    match client:
        case Caller(_, tell):
            tell(address, reason)
        case Asker():
            client.answer(reason)
        case _:
            pass


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _whole(args: tuple[object, ...]) -> int:
    return args[0] if args and isinstance(args[0], int) else 0
