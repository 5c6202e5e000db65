"""Lane R on the wire: what a node asks its controller for itself alone, and the answers.

A node asks for a challenge, and puts it into its hello, so that a recorded hello is worth nothing;
the answer repeats the node's own nonce, so that neither is a recorded answer. Both are one JSON
object, proved under the rig's key (wire/auth.py); from the two nonces both sides derive the key of
their datagrams (wire/lane.py). Source: cluster.md 1 and 3.
"""

import json
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw, Struct

from cuems.core.bus import BusMessage, Envelope
from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError
from cuems.wire.auth import KeyHolders, Peer, Trust, canonical, identify, signed
from cuems.wire.bus import decode, encode

NONCE_BYTES = 16
BUS_PORT, LANE_X_PORT, LANE_R_PORT = 9093, 9096, 9097  # other rigs: as far apart as these
T = TypeVar("T", "Request", "Answer")


def lane_r_url(bus_url: str) -> str:
    """Where the controller of a bus answers its nodes."""
    parts = urlsplit(bus_url)
    host = parts.hostname or "127.0.0.1"
    shown = f"[{host}]" if ":" in host else host
    return f"tcp://{shown}:{(parts.port or 0) + LANE_R_PORT - BUS_PORT}"


class LaneRError(CuemsError):
    """What came on lane R is not to be listened to."""


class Request(Struct, frozen=True, omit_defaults=True):
    """A node asks. `answers` is the controller's challenge, `said` a Hello as the bus has it."""

    k: Literal["challenge", "hello"]
    sender: str
    nonce: str = ""
    answers: str = ""
    said: Raw = Raw(b"null")


class Answer(Struct, frozen=True, omit_defaults=True):
    """The controller answers. `said` is a Snapshot; its datagrams go to `port` (0: none)."""

    k: Literal["challenge", "snap", "refused"]
    sender: str
    nonce: str = ""
    answers: str = ""
    session: str = ""
    port: int = 0
    reason: str = ""
    said: Raw = Raw(b"null")


def write(message: Request | Answer, trust: Trust) -> bytes:
    """The bytes, proved where a key is held."""
    data = msgspec.json.encode(message)
    if isinstance(trust, KeyHolders):
        return msgspec.json.encode(signed(json.loads(data), trust.key))
    return data


def read_request(data: bytes, trust: Trust) -> Request:
    """What a node asks; raises LaneRError."""
    return _read(data, trust, Request)


def read_answer(data: bytes, trust: Trust) -> Answer:
    """What the controller answers; raises LaneRError."""
    return _read(data, trust, Answer)


def _read(data: bytes, trust: Trust, form: type[T]) -> T:
    try:
        message = msgspec.json.decode(data)
        if not isinstance(message, dict):
            raise LaneRError("expected an object")
        peer = identify(message, trust)
        if not isinstance(peer, Peer):
            raise LaneRError(f"from {peer.name[:40]!r}: {peer.reason}")
        return msgspec.json.decode(canonical(message), type=form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LaneRError(f"not understood: {error}") from error


def to_said(sender: NodeId, message: BusMessage) -> Raw:
    """A message to be put into a request or an answer."""
    return Raw(encode(sender, message))


def from_said(said: Raw) -> Envelope:
    """The message in a request or an answer, which was proved as a whole; raises BusDecodeError."""
    return decode(bytes(said))
