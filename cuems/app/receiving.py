"""Taking what nodes ship: who may, what is stored, what is answered."""

import logging
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar, TypeVarTuple

import anyio
import anyio.to_thread
import msgspec
from anyio.abc import TaskStatus

from cuems.adapters.files import read_deploy_key
from cuems.adapters.received_files import BusyError, FullError, Outcome, Received, Upload
from cuems.adapters.receiver import (
    HttpAnswer,
    HttpRequest,
    ReceiverError,
    TruncatedError,
    serve_receiver,
)
from cuems.core.cues import NodeId
from cuems.wire.ship import Listing, Ping, Put, Reply, ShipError, run_id, shipper, wanted

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

FOLDER = "received"
TLS_FOLDER = "ship-tls"
GATHER_BYTES = 1 << 20  # so much is written at a time, off the loop
BUSY_S = 2
FULL_S = 60

log = logging.getLogger(__name__)


async def serve_receiving(
    state: Path,
    address: tuple[str, int],
    report: Callable[[str], None] = lambda _: None,
    *,
    task_status: TaskStatus[int | None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Take runs until cancelled; without a port or a disk for it the show goes on.

    `report` hears what a crew has to see to.
    """
    key = await anyio.to_thread.run_sync(lambda: read_deploy_key(state, make=True))
    assert key is not None
    try:
        tls = await anyio.to_thread.run_sync(server_tls, state / TLS_FOLDER)
        received = await anyio.to_thread.run_sync(Received, state / FOLDER)
    except OSError as error:  # of TLS, too
        log.warning("nothing is taken from nodes: %s", error)
        task_status.started(None)
        return
    receiving = Receiving(key, received, report)
    try:
        await serve_receiver(address, tls, receiving.answer, task_status=task_status)
    except ReceiverError as error:
        log.warning("nothing is taken from nodes: %s", error)
        task_status.started(None)


def server_tls(folder: Path) -> ssl.SSLContext | None:
    """TLS where the folder has cert.pem and key.pem; clients show a certificate of its ca.pem."""
    if not (folder / "cert.pem").is_file():
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    if (folder / "ca.pem").is_file():
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class Receiving:
    """Answers requests of nodes."""

    def __init__(
        self, key: bytes, received: Received, report: Callable[[str], None] = lambda _: None
    ) -> None:
        self._key = key
        self._report = report
        self._received = received
        self._one = anyio.CapacityLimiter(1)  # of the folder's calls at a time

    async def answer(self, request: HttpRequest) -> HttpAnswer:
        """What a request is answered; it never raises for what came."""
        try:
            node = shipper(request.headers.get("authorization", ""), self._key)
            match wanted(request.method, request.target, request.headers):
                case Ping():
                    return _json(200, Reply(ok=True))
                case Listing(after=after, limit=limit):
                    return _json(200, await self._call(self._received.list_runs, after, limit))
                case Put() as put:
                    return await self._put(node, put, request.body)
        except ShipError as error:
            return _json(error.status, Reply(ok=False, reason=error.reason))
        except BusyError as error:
            return _later(503, str(error), BUSY_S)
        except FullError as error:
            self._warn(f"a run of a node is not taken: {error}")
            return _later(507, str(error), FULL_S)
        except TruncatedError as error:
            return _json(400, Reply(ok=False, reason=str(error)))

    async def _call(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        return await anyio.to_thread.run_sync(work, *args, limiter=self._one)

    async def _put(self, node: NodeId, put: Put, body: AsyncIterator[bytes]) -> HttpAnswer:
        if not put.run.startswith(run_id(node, "")):
            raise ShipError(403, "a node ships its own runs")
        if put.size_bytes > self._received.room.run_bytes:
            raise ShipError(413, f"expected at most {self._received.room.run_bytes} bytes")
        upload = await self._call(self._received.begin, put.run, put.size_bytes)
        try:
            outcome = await self._store(upload, put, body)
        finally:
            with anyio.CancelScope(shield=True):  # bounded: a close and an unlink
                await self._call(upload.discard)
        if outcome is Outcome.CONFLICT:
            self._warn(f"run {put.run} came again with other content: both are kept")
        return _outcome(put, outcome)

    def _warn(self, text: str) -> None:
        log.warning("%s", text)
        self._report(text)

    async def _store(self, upload: Upload, put: Put, body: AsyncIterator[bytes]) -> Outcome:
        gathered = bytearray()
        async for data in body:
            gathered += data
            if len(gathered) >= GATHER_BYTES:
                await anyio.to_thread.run_sync(upload.write, bytes(gathered))
                gathered.clear()
        return await self._call(upload.end, bytes(gathered), put.sha256)


def _outcome(put: Put, outcome: Outcome) -> HttpAnswer:
    match outcome:
        case Outcome.STORED:
            log.info("run %s has come, %d bytes", put.run, put.size_bytes)
            return _json(201, Reply(ok=True, sha256=put.sha256))
        case Outcome.SAME:
            return _json(200, Reply(ok=True, sha256=put.sha256))
        case Outcome.CONFLICT:
            return _json(409, Reply(ok=False, reason="another run of that id is there"))
        case Outcome.MISMATCH:
            return _json(422, Reply(ok=False, reason="what came has another SHA-256"))


def _json(status: int, value: msgspec.Struct) -> HttpAnswer:
    return HttpAnswer(status=status, body=msgspec.json.encode(value))


def _later(status: int, reason: str, after_s: int) -> HttpAnswer:
    body = msgspec.json.encode(Reply(ok=False, reason=reason))
    return HttpAnswer(status=status, body=body, headers={"retry-after": str(after_s)})
