"""Shipping the record of a run by HTTP: addresses, who may, and what is answered (cluster.md 7).

    PUT  /v1/runs/<id>               the archive, with Content-Length and X-Content-SHA256
    GET  /v1/runs?after=<id>&limit=  what is there, in the order of ids
    POST /v1/ping                    the same authentication, and nothing is written

A node shows a bearer token that is made of the cluster key and its own id, and may write only runs
whose id begins with that; a key that is only to read its own is none.
"""

import hashlib
import hmac
import re
from urllib.parse import parse_qs, urlsplit

import msgspec

from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError
from cuems.wire.lane_r import BUS_PORT

SHIP_PORT = 9098
LABEL = b"cuems ship 1 "
RUNS, PING = "/v1/runs", "/v1/ping"
RUN_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}")
SHA256 = re.compile(r"[0-9a-f]{64}")
BEARER = re.compile(r"[Bb]earer ([A-Za-z0-9_-]{1,64})\.([0-9a-f]{64})")
MOST_LISTED = 1000


class ShipError(CuemsError):
    """A request that cannot be obeyed: its status, and why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


# ---- who


def ship_token(key: bytes, node: NodeId) -> str:
    """What a node of the rig shows."""
    proof = hmac.new(key, LABEL + node.encode(), hashlib.sha256).hexdigest()
    return f"{node}.{proof}"


def shipper(authorization: str, key: bytes) -> NodeId:
    """Which node this is; raises ShipError."""
    found = BEARER.fullmatch(authorization)
    if found is None:
        raise ShipError(401, "expected Authorization: Bearer <token of a node>")
    node = NodeId(found[1])
    if not hmac.compare_digest(ship_token(key, node), f"{found[1]}.{found[2]}"):
        raise ShipError(401, "that token was not made with our cluster key")
    return node


# ---- what


class Ping(msgspec.Struct, frozen=True):
    """Is somebody there, and may I?"""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What is there after a run, so many at most."""

    after: str = ""
    limit: int = MOST_LISTED


class Put(msgspec.Struct, frozen=True, kw_only=True):
    """A run is brought."""

    run: str
    sha256: str
    size_bytes: int


Wanted = Ping | Listing | Put


class Listed(msgspec.Struct, frozen=True):
    """A run that is there."""

    run: str
    sha256: str
    size_bytes: int


class RunList(msgspec.Struct, frozen=True):
    """Some runs; `next` is the `after` to go on with, "" where these were the last."""

    runs: list[Listed]
    next: str = ""


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is answered else; `sha256` of what is stored."""

    ok: bool
    reason: str = ""
    sha256: str = ""


def run_id(node: NodeId, run: str) -> str:
    """What a run of a node is called by all the rig."""
    return f"{node}-{run}"


def is_run_id(text: str) -> bool:
    """Whether a run can be called so."""
    return RUN_ID.fullmatch(text) is not None


def wanted(method: str, target: str, headers: dict[str, str]) -> Wanted:
    """What a request asks for; raises ShipError."""
    parts = urlsplit(target)
    if parts.path == PING:
        _only("POST", method)
        return Ping()
    if parts.path == RUNS:
        _only("GET", method)
        return _listing(parts.query)
    if not parts.path.startswith(RUNS + "/"):
        raise ShipError(404, f"expected {RUNS} or {PING}")
    _only("PUT", method)
    run = parts.path.removeprefix(RUNS + "/")
    if not is_run_id(run):
        raise ShipError(422, "a run's id is of 1 to 120 letters, digits, dots, dashes")
    return Put(run=run, sha256=_sha256(headers), size_bytes=_size(headers))


def _only(right: str, method: str) -> None:
    if method != right:
        raise ShipError(405, f"expected {right}")


def _listing(query: str) -> Listing:
    try:
        given = parse_qs(query, strict_parsing=bool(query), max_num_fields=8)
        after, limit = given.get("after", [""])[0], int(given.get("limit", [str(MOST_LISTED)])[0])
    except ValueError:
        raise ShipError(422, "expected ?after=<id>&limit=<number>") from None
    if (after and not is_run_id(after)) or not 1 <= limit <= MOST_LISTED:
        raise ShipError(422, f"expected the id of a run and a limit from 1 to {MOST_LISTED}")
    return Listing(after=after, limit=limit)


def _sha256(headers: dict[str, str]) -> str:
    text = headers.get("x-content-sha256", "")
    if SHA256.fullmatch(text) is None:
        raise ShipError(422, "expected X-Content-SHA256: 64 hex digits")
    return text


def _size(headers: dict[str, str]) -> int:
    text = headers.get("content-length", "")
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise ShipError(411, "expected Content-Length")
    return int(text)


def ship_address(bus_url: str) -> tuple[str, int]:
    """Where the controller of a bus takes the record of its nodes."""
    parts = urlsplit(bus_url)
    return parts.hostname or "127.0.0.1", (parts.port or 0) + SHIP_PORT - BUS_PORT


def ship_url(bus_url: str, *, tls: bool) -> str:
    """The same for whoever ships."""
    host, port = ship_address(bus_url)
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{shown}:{port}"
