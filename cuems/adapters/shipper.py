"""Bringing runs to the controller: HTTP by httpx, one connection that is kept."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx
import msgspec

from cuems.core.errors import CuemsError
from cuems.core.outbox import Answered
from cuems.wire.ship import PING, RUNS, Reply, RunList

CONNECT_S = 5.0
STALL_S = 30.0
CHUNK_BYTES = 262_144
REASON_CHARACTERS = 200


class UnreachableError(CuemsError):
    """Nobody answers there, or not in time."""


class Shipper:
    """A connection to the controller's receiver; `bytes_per_s` bounds how fast runs go."""

    def __init__(self, client: httpx.AsyncClient, bytes_per_s: int) -> None:
        self._client = client
        self._bytes_per_s = bytes_per_s

    async def ping(self) -> Answered:
        """Is somebody there, and may we? Raises UnreachableError."""
        return _answered(await self._request("POST", PING), "")

    async def put(self, run: str, archive: Path, sha256: str, size: int) -> Answered:
        """Offer a run; raises UnreachableError, or OSError where it cannot be read."""
        headers = {"Content-Length": str(size), "X-Content-SHA256": sha256}
        body = self._content(archive)
        return _answered(
            await self._request("PUT", f"{RUNS}/{run}", content=body, headers=headers), sha256
        )

    async def runs(self, after: str, limit: int) -> RunList:
        """What is there; raises UnreachableError."""
        response = await self._request("GET", f"{RUNS}?after={after}&limit={limit}")
        try:
            return msgspec.json.decode(response.content, type=RunList)
        except msgspec.DecodeError:
            answered = _answered(response, "")
            said = f"it answers {answered.status} {answered.reason}".rstrip()
            raise UnreachableError(said) from None

    async def _request(
        self,
        method: str,
        target: str,
        *,
        content: AsyncIterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        try:
            return await self._client.request(method, target, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise UnreachableError(f"{self._client.base_url}: {_said(error)}") from error

    async def _content(self, archive: Path) -> AsyncIterator[bytes]:
        async with await anyio.open_file(archive, "rb") as file:
            while chunk := await file.read(CHUNK_BYTES):
                yield chunk
                if len(chunk) == CHUNK_BYTES:
                    await anyio.sleep(len(chunk) / self._bytes_per_s)


def _said(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__


def _answered(response: httpx.Response, sha256: str) -> Answered:
    try:
        reply = msgspec.json.decode(response.content, type=Reply)
    except msgspec.DecodeError:  # a proxy, or another server altogether
        reply = Reply(ok=False, reason=response.text[:REASON_CHARACTERS])
    after = response.headers.get("retry-after", "")
    return Answered(
        status=response.status_code,
        same=reply.ok and reply.sha256 == sha256,
        reason=reply.reason[:REASON_CHARACTERS],
        retry_after_s=int(after) if after.isascii() and after.isdigit() and len(after) < 6 else 0,
    )


@asynccontextmanager
async def open_shipper(
    url: str, token: str, tls: ssl.SSLContext | None, bytes_per_s: int
) -> AsyncIterator[Shipper]:
    """A shipper to a receiver's URL; `tls` where that is https."""
    timeout = httpx.Timeout(STALL_S, connect=CONNECT_S)
    async with httpx.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {token}"},
        verify=tls or False,
        timeout=timeout,
        trust_env=False,
    ) as client:
        yield Shipper(client, bytes_per_s)
