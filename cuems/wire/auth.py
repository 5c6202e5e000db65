"""Who is this peer, and what may it say: the proof that members of a rig put into their messages.

Source: cluster.md 2 (`mac`) and 3 (identity). The mac is HMAC-SHA256, its first 128 bits in hex,
over the message as canonical JSON without it: keys sorted, no spaces, ASCII. It stands in `x`, or
at the top of a message that has no `x`. Both sides compute it from the parsed message, so that
how the bytes are laid out does not matter. RFC 5869 derives the key of a session.

A mac says that a member of the rig wrote this, not that it is new: epoch, boot and sequence are
under it, and core/delivery.py refuses what was seen before.

`psk` (one key on every machine of the rig) is the first way to prove oneself. The second, `mtls`,
is to become another class of `Trust` and another case of `identify`: nobody else asks.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import assert_never

from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError

MAC_BYTES = 16
SESSION_LABEL = b"cuems session 1"
RIG_LABEL = b"cuems rig 1"
_HASH_BYTES = hashlib.sha256().digest_size


class UnsignableError(CuemsError):
    """A message that JSON cannot carry cannot be proved either."""


# ---- who is trusted


@dataclass(frozen=True, slots=True)
class Anyone:
    """Nobody is asked for a proof: on loopback, or where the rig was opened on purpose."""


@dataclass(frozen=True, slots=True)
class KeyHolders:
    """Whoever has the key. With `legacy` also those that prove nothing, for what they may say."""

    key: bytes = field(repr=False)
    legacy: bool = False


Trust = Anyone | KeyHolders


class Rights(Enum):
    """What a peer may say."""

    MEMBER = auto()  # all there is
    LEGACY = auto()  # what the ecosystem's own members say: `x` is not believed


class Refusal(StrEnum):
    """Why a message is not listened to."""

    NO_SENDER = "it names no sender"
    NO_MAC = "it proves nothing: no mac"
    WRONG_MAC = "it was not written with our key"


@dataclass(frozen=True, slots=True)
class Peer:
    """A sender that is who it says it is, as far as the trust goes."""

    name: NodeId
    rights: Rights


@dataclass(frozen=True, slots=True)
class Stranger:
    """A sender that is not listened to; `name` is only what it calls itself."""

    name: str
    reason: Refusal


def identify(message: Mapping[str, object], trust: Trust) -> Peer | Stranger:
    """Who wrote this message, and what it may say. Never raises, whatever arrived."""
    sender = message.get("sender")
    if not isinstance(sender, str) or not sender:
        return Stranger("", Refusal.NO_SENDER)
    match trust:
        case Anyone():
            return Peer(NodeId(sender), Rights.MEMBER)
        case KeyHolders(key, legacy):
            mac = _mac_in(message)
            if mac is None and legacy:
                return Peer(NodeId(sender), Rights.LEGACY)
            if mac is None:
                return Stranger(sender, Refusal.NO_MAC)
            if not _is_mac(mac, message, key):
                return Stranger(sender, Refusal.WRONG_MAC)
            return Peer(NodeId(sender), Rights.MEMBER)
        case _:
            assert_never(trust)


# ---- the proof


def signed(message: Mapping[str, object], key: bytes) -> dict[str, object]:
    """The message with its mac. Raises UnsignableError for what JSON cannot carry."""
    try:
        mac = _mac(message, key)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnsignableError(f"a message cannot be signed: {error}") from error
    extra = message.get("x")
    if isinstance(extra, Mapping):
        return {**message, "x": {**extra, "mac": mac}}
    return {**message, "mac": mac}


def canonical(message: Mapping[str, object]) -> bytes:
    """What the mac is over. Raises TypeError, ValueError or RecursionError for what is no JSON."""
    extra = message.get("x")
    if isinstance(extra, Mapping):
        bare = {**message, "x": _without_mac(extra)}
    else:
        bare = _without_mac(message)
    return _CANONICAL.encode(bare).encode("ascii")


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def _without_mac(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name != "mac"}


def _mac_in(message: Mapping[str, object]) -> object | None:
    extra = message.get("x")
    return extra.get("mac") if isinstance(extra, Mapping) else message.get("mac")


def _mac(message: Mapping[str, object], key: bytes) -> str:
    return hmac.new(key, canonical(message), hashlib.sha256).digest()[:MAC_BYTES].hex()


def _is_mac(mac: object, message: Mapping[str, object], key: bytes) -> bool:
    if not isinstance(mac, str) or not mac.isascii():
        return False
    try:
        return hmac.compare_digest(mac, _mac(message, key))
    except (TypeError, ValueError, RecursionError):  # it is no JSON: nobody can have signed it
        return False


# ---- the key of a session


def session_key(
    cluster_key: bytes, *, epoch: int, node: NodeId, controller_nonce: bytes, node_nonce: bytes
) -> bytes:
    """The key between a controller and one node, until one of them starts again: 32 bytes."""
    context = [epoch, node, controller_nonce.hex(), node_nonce.hex()]
    return hkdf(cluster_key, salt=SESSION_LABEL, info=_CANONICAL.encode(context).encode("ascii"))


def rig_name(cluster_key: bytes) -> str:
    """What a rig is called among machines: it tells rigs apart, and nothing about the key."""
    return hkdf(cluster_key, salt=RIG_LABEL, info=b"", length_bytes=8).hex()


def hkdf(key: bytes, *, salt: bytes, info: bytes, length_bytes: int = _HASH_BYTES) -> bytes:
    """RFC 5869 with SHA-256: a key for one purpose, from which the first cannot be found."""
    extracted = hmac.new(salt or bytes(_HASH_BYTES), key, hashlib.sha256).digest()
    block = expanded = b""
    for counter in range(1, -(-length_bytes // _HASH_BYTES) + 1):
        block = hmac.new(extracted, block + info + bytes([counter]), hashlib.sha256).digest()
        expanded += block
    return expanded[:length_bytes]
