"""The node bus over NNG: the controller listens, nodes dial, everyone hears who it is linked to.

Facts: interop.md 3.1, limits.md A9 and B a. What is sent while nobody is linked is lost without
an error, and so is what a stopped peer cannot take once its 8192 places are full: what must
arrive needs an answer (core/delivery.py). pynng calls back from its own threads; they only post
to the loop, which is why this file imports asyncio.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel
import pynng

from cuems.adapters.nng import cancellable
from cuems.core.bus import BusStalledError, Peers
from cuems.core.errors import CuemsError
from cuems.core.flood import FloodGuard, Verdict
from cuems.wire.bus import hub_message, hub_pong

BUFFER_MESSAGES = 8192  # a burst of 10 000 loses 12.7 % with NNG's own 16, nothing with these
IN_A_ROW_MESSAGES = 16  # of those that have waited: a millisecond, before others have their turn
MESSAGE_MAX_BYTES = 1 << 20  # NNG has no limit of its own; a bigger message closes its link
RECONNECT_MIN_MS = 20
RECONNECT_MAX_MS = 200  # NNG backs off up to this: a controller is found again within it
SEND_DEADLINE_S = 1.0

log = logging.getLogger(__name__)

BusT = TypeVar("BusT", bound="NngBus")


class BusAddressError(CuemsError):
    """The bus cannot be opened at this URL."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"node bus {url!r}: {reason} (expected tcp://HOST:PORT)")
        self.url = url
        self.reason = reason


class NngBus:
    """One end of the bus. `url` is where it listens or dials, with the real port.

    Of what waits several are read at a time: whoever hears them then sees to what is urgent first.
    """

    _at_once = IN_A_ROW_MESSAGES

    def __init__(self, socket: pynng.Bus0, url: str) -> None:
        self.url = url
        self._read: deque[bytes] = deque()
        self._socket = socket
        self._peers = Peers()
        self._told = Peers()
        self._links: set[int] = set()
        self._changed = anyio.Event()

    async def send(self, data: bytes) -> None:
        """To everyone linked; BusStalledError after SEND_DEADLINE_S."""
        if not self._peers.now:
            return  # NNG would throw it away as well, but with two of its threads
        try:
            with anyio.fail_after(SEND_DEADLINE_S):
                await cancellable(self._socket.asend(data))
        except TimeoutError:
            raise BusStalledError(self.url, SEND_DEADLINE_S) from None

    async def receive(self) -> bytes:
        """The next message. One task receives, in an anyio scope.

        pynng may return a message although the task was cancelled: hand it on without an await
        in between, or that message is lost (limits.md B a). Hub-level keep-alives of
        interop.md 3.2 are answered and never returned.
        """
        while True:
            data = await self._take()
            hub = hub_message(data)
            if hub is None:
                return data
            if hub.kind == "ping":
                await self.send(hub_pong(hub, datetime.now(UTC).isoformat()))

    async def _take(self) -> bytes:
        while not self._read:
            self._keep(await cancellable(self._socket.arecv_msg()))
            with suppress(pynng.TryAgain):
                for _ in range(self._at_once):
                    self._keep(self._socket.recv_msg(block=False))
        if len(self._read) % IN_A_ROW_MESSAGES == 0:
            await anyio.lowlevel.checkpoint()  # whoever receives may have nothing to wait for
        return self._read.popleft()

    def _keep(self, message: pynng.Message) -> None:
        self._read.append(message.bytes)

    async def peers_changed(self) -> Peers:
        """Wait until links differ from what the last call told. For one task."""
        while self._peers == self._told:
            await self._changed.wait()
        self._told = self._peers
        return self._told

    async def until_linked(self, *, linked: bool) -> None:
        """Wait until there is a link to somebody, or to nobody."""
        while (self._peers.now > 0) != linked:
            await self._changed.wait()

    def link_came(self, pipe: int) -> None:
        """There is a link. Loop thread only."""
        self._links.add(pipe)
        self._count_links(ever=self._peers.ever + 1)

    def link_went(self, pipe: int) -> None:
        """A link is gone, maybe one that never came: NNG tells that of every one that was begun."""
        self._links.discard(pipe)
        self._count_links(ever=self._peers.ever)

    def _count_links(self, *, ever: int) -> None:
        self._peers = Peers(len(self._links), ever)
        self._changed.set()
        self._changed = anyio.Event()


class NngListener(NngBus):
    """The controller's end, to which anybody may connect: who floods it is put out.

    What waits is read all at once, quicker than anybody can fill the buffer. What has come before
    anybody read is no flood: a standby may have stood by for hours.
    """

    _at_once = BUFFER_MESSAGES

    def __init__(self, socket: pynng.Bus0, url: str, guard: FloodGuard) -> None:
        super().__init__(socket, url)
        self._guard = guard
        self._guards = False

    async def _take(self) -> bytes:
        data = await super()._take()
        self._guards = True
        return data

    def _keep(self, message: pynng.Message) -> None:
        pipe, now_ns = message.pipe, time.monotonic_ns()
        if not self._guards:
            self._read.append(message.bytes)
            return
        number = None if pipe is None else pipe.id
        match self._guard.judge(number, lambda: _host(pipe), now_ns):
            case Verdict.TAKE:
                self._read.append(message.bytes)
            case Verdict.PUT_OUT if pipe is not None:
                log.warning("a peer at %s floods the bus: its link is closed", _host(pipe))
                with suppress(pynng.NNGException):  # it is gone by itself
                    pipe.close()
            case _:
                pass

    def let_in(self, pipe: pynng.Pipe) -> None:
        """Somebody has connected, or is put out at once. In a thread of NNG's."""
        if self._guard.shuns(_host(pipe), time.monotonic_ns()):
            pipe.close()


def _host(pipe: pynng.Pipe | None) -> str:
    """Where a link comes from; "" where it is gone."""
    if pipe is None:
        return ""
    try:
        return str(pipe.remote_address).rpartition(":")[0]
    except pynng.NNGException:
        return ""


@asynccontextmanager
async def open_bus_listener(url: str, guard: FloodGuard | None = None) -> AsyncIterator[NngBus]:
    """The controller's end; port 0 takes a free one. BusAddressError if it cannot listen."""
    _check(url)
    with _open_socket() as socket:
        bus = _counting(socket, NngListener(socket, url, guard or FloodGuard()))
        socket.add_pre_pipe_connect_cb(bus.let_in)
        try:
            listener = socket.listen(url)
        except pynng.NNGException as error:
            raise BusAddressError(url, str(error).lower()) from error
        if url.startswith("tcp://"):
            bus.url = f"tcp://{listener.local_address}"
        yield bus


class NngDialler(NngBus):
    """A node's end, which looks for its controllers at the `urls`; `url` is that of its leader."""

    def __init__(self, socket: pynng.Bus0) -> None:
        super().__init__(socket, "")
        self._dialers: dict[str, pynng.Dialer] = {}

    @property
    def urls(self) -> tuple[str, ...]:
        """Where it looks for controllers."""
        return tuple(self._dialers)

    def dial(self, *urls: str) -> None:
        """Look there, and nowhere else; BusAddressError if nobody can ever be at one of them."""
        for url in urls:
            _check(url)
        for url in [url for url in self._dialers if url not in urls]:
            self._dialers.pop(url).close()
        for url in urls:
            if url not in self._dialers:
                try:
                    self._dialers[url] = self._socket.dial(url, block=False)
                except pynng.NNGException as error:
                    raise BusAddressError(url, str(error).lower()) from error
        self.url = urls[0] if urls else ""

    def redial(self) -> None:
        """Give up the link to the leader, which carries nothing, and look for it again."""
        dialer = self._dialers.get(self.url)
        if dialer is not None:
            dialer.close()
            self._dialers[self.url] = self._socket.dial(self.url, block=False)

    def led_from(self, url: str) -> None:
        """The controller at one of the urls leads."""
        self.url = url


@asynccontextmanager
async def open_bus_dialer(*urls: str) -> AsyncIterator[NngDialler]:
    """A node's end. Links whenever a controller is there; BusAddressError if it never can."""
    with _open_socket() as socket:
        bus = _counting(socket, NngDialler(socket))
        bus.dial(*urls)
        yield bus


async def answers(url: str, deadline_s: float) -> bool:
    """Whether somebody listens there."""
    parts = urlsplit(url)
    try:
        with anyio.fail_after(deadline_s):
            stream = await anyio.connect_tcp(parts.hostname or "", parts.port or 0)
    except (OSError, TimeoutError):
        return False
    await stream.aclose()
    return True


def _open_socket() -> pynng.Bus0:
    socket = pynng.Bus0(
        recv_buffer_size=BUFFER_MESSAGES,
        send_buffer_size=BUFFER_MESSAGES,
        recv_max_size=MESSAGE_MAX_BYTES,
        reconnect_time_min=RECONNECT_MIN_MS,
        reconnect_time_max=RECONNECT_MAX_MS,
    )
    socket.tcp_keepalive = True
    return socket


def _counting(socket: pynng.Bus0, bus: BusT) -> BusT:
    """A bus that counts its links from the first one on."""
    loop = asyncio.get_running_loop()
    socket.add_post_pipe_connect_cb(lambda pipe: loop.call_soon_threadsafe(bus.link_came, pipe.id))
    socket.add_post_pipe_remove_cb(lambda pipe: loop.call_soon_threadsafe(bus.link_went, pipe.id))
    return bus


def _check(url: str) -> None:
    """NNG dials a port that cannot be, for ever and silently."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BusAddressError(url, str(error).lower()) from error
    if parts.scheme == "tcp" and port is None:
        raise BusAddressError(url, "no port")
