"""Bringing this machine's finished runs to the controller, whenever no show runs.

What is half done when it is broken off or killed is found again and finished: the order of things
on the disk is in adapters/outbox_files.py, what follows from an answer in core/outbox.py.
"""

import logging
import random
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from cuems.adapters.files import only_one, read_deploy_key
from cuems.adapters.outbox_files import BrokenOffError, Found, OutboxFiles, digest
from cuems.adapters.shipper import Shipper, UnreachableError, open_shipper
from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError
from cuems.core.outbox import (
    Answered,
    Done,
    Failed,
    Job,
    Outbox,
    Pack,
    Result,
    Retire,
    Send,
    SetAside,
)
from cuems.wire.ship import run_id, ship_token, ship_url

SPOOL, OUTBOX, TLS_FOLDER = "spool", "outbox", "ship-tls"
LOCK = "ship"
SHIPPED_BYTES = 512 << 20
BYTES_PER_S = 20_000_000 // 8  # beside an idle rig's own traffic
SCAN_S = 60.0
SETTLE_S = 1.0  # the first moment after a show is for its players, and to seal its record
NS_PER_S = 1_000_000_000

log = logging.getLogger(__name__)


class NoKeyError(CuemsError):
    """This machine cannot prove that it is of the rig."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingPlaces:
    """Which machine ships, from where, and to which receiver."""

    node: NodeId
    state: Path
    url: str
    bytes_per_s: int = BYTES_PER_S


def places(node: NodeId, state: Path, bus_url: str) -> ShippingPlaces:
    """Where a node of a bus ships to."""
    tls = (state / TLS_FOLDER / "ca.pem").is_file()
    return ShippingPlaces(node=node, state=state, url=ship_url(bus_url, tls=tls))


def client_tls(folder: Path) -> ssl.SSLContext | None:
    """TLS where the folder has ca.pem; with our own cert.pem and key.pem shown, if there."""
    if not (folder / "ca.pem").is_file():
        return None
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    if (folder / "cert.pem").is_file():
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


class Rest:
    """Whether a show runs; shipping waits until none does, and breaks off when one begins."""

    def __init__(self) -> None:
        self.is_resting = True
        self._changed = anyio.Event()

    def rest(self, is_resting: bool) -> None:
        """A show runs, or none does any more. Never waits."""
        if is_resting != self.is_resting:
            self.is_resting = is_resting
            self._changed.set()
            self._changed = anyio.Event()

    async def until(self, is_resting: bool) -> None:
        """Wait until it is so."""
        while self.is_resting is not is_resting:
            await self._changed.wait()


class Shipping:
    """Does the jobs of an outbox, one at a time."""

    def __init__(self, files: OutboxFiles, outbox: Outbox, shipper: Shipper, rest: Rest) -> None:
        self._files = files
        self._outbox = outbox
        self._shipper = shipper
        self._rest = rest

    async def turn(self) -> None:
        """Ship what there is, unless a show begins."""
        await self._scan()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._break_off, tasks.cancel_scope)
            await self.ship_all()
            tasks.cancel_scope.cancel()

    async def _break_off(self, shipping: anyio.CancelScope) -> None:
        await self._rest.until(False)
        shipping.cancel()

    async def once(self) -> Outbox:
        """Try everything there is once; what is left is in the outbox."""
        await self._scan()
        await self.ship_all()
        return self._outbox

    async def _scan(self) -> None:
        try:
            found: Found = await anyio.to_thread.run_sync(self._files.scan)
        except OSError as error:
            log.warning("runs cannot be shipped: %s: %s", error.filename, error.strerror)
            return
        self._outbox.find(found.ready, found.packed)

    async def ship_all(self) -> None:
        """Do jobs as long as there are any to be done now."""
        while (job := self._outbox.job(time.monotonic_ns())) is not None:
            try:
                result = await self._do(job)
            except BrokenOffError:
                self._outbox.drop(job)
                return
            except anyio.get_cancelled_exc_class():
                self._outbox.drop(job)
                raise
            news = self._outbox.done(job, result, time.monotonic_ns())
            if news:
                log.warning("%s", news)
            elif isinstance(job, Retire):
                log.info("run %s is with the controller", job.run)

    async def _do(self, job: Job) -> Result:
        try:
            match job:
                case Pack(run):
                    await anyio.to_thread.run_sync(self._files.pack, run, self._is_broken_off)
                case Send(run):
                    return await self._send(run)
                case Retire(run):
                    await anyio.to_thread.run_sync(self._files.retire, run)
                case SetAside(run, aside):
                    await anyio.to_thread.run_sync(self._files.set_aside, run, aside)
        except OSError as error:
            return Failed(f"{error.filename or job.run}: {error.strerror}")
        return Done()

    def _is_broken_off(self) -> bool:
        return not self._rest.is_resting

    async def _send(self, run: str) -> Answered | Failed:
        archive = self._files.archive(run)
        sha256, size = await anyio.to_thread.run_sync(digest, archive)
        try:
            return await self._shipper.put(run, archive, sha256, size)
        except UnreachableError as error:
            return Failed(str(error))


@asynccontextmanager
async def open_shipping(
    where: ShippingPlaces, rest: Rest | None = None, outbox: Outbox | None = None
) -> AsyncIterator[tuple[Shipping, Shipper]]:
    """Shipping for this machine, and the connection it does it by; raises NoKeyError."""
    key = await anyio.to_thread.run_sync(lambda: read_deploy_key(where.state, make=False))
    if key is None:
        raise NoKeyError("no cluster key here: `cuems key new`, or copy the controller's")
    tls = await anyio.to_thread.run_sync(client_tls, where.state / TLS_FOLDER)
    files = OutboxFiles(
        where.state / SPOOL, where.state / OUTBOX, run_id(where.node, ""), SHIPPED_BYTES
    )
    token = ship_token(key, where.node)
    box = Outbox(random.random) if outbox is None else outbox
    async with open_shipper(where.url, token, tls, where.bytes_per_s) as shipper:
        yield Shipping(files, box, shipper, rest or Rest()), shipper


async def watch(where: Callable[[], ShippingPlaces], rest: Rest) -> None:
    """Ship what is there and what comes while no show runs, to wherever it is then to go.

    Until cancelled; raises NoKeyError.
    """
    outbox = Outbox(random.random)
    while True:
        await rest.until(True)
        await anyio.sleep(SETTLE_S)
        place = await anyio.to_thread.run_sync(where)
        async with open_shipping(place, rest, outbox) as (shipping, _):
            await shipping.turn()
        due_ns = outbox.next_due_ns()
        wait_s = SCAN_S if due_ns is None else (due_ns - time.monotonic_ns()) / NS_PER_S
        with anyio.move_on_after(min(wait_s, SCAN_S)):
            await rest.until(False)  # what that show leaves is to be shipped after it


async def ship_in_rest(node: NodeId, state: Path, bus_url: Callable[[], str], rest: Rest) -> None:
    """A node's own shipping, until cancelled; where it cannot be done that is said."""
    try:
        with only_one(state, LOCK):
            await watch(lambda: places(node, state, bus_url()), rest)
    except CuemsError as error:
        log.warning("runs are not shipped: %s", error)
