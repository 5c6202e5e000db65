"""Datagrams of lane X: a message, the session it belongs to, and proof that it is new and genuine.

Source: cluster.md 1 and 2, with one change: the mac stands before the message and covers its
bytes and a counter, so that a command is written once for all nodes, and so that a recorded
datagram is refused whatever is in it. Layout, big endian: `cx1`, one byte of direction, session
(8), counter (8), HMAC-SHA256 of all that and the message, first 128 bits (16), the message.
"""

import hashlib
import hmac
import struct
from dataclasses import dataclass
from enum import IntEnum

DATAGRAM_MAX_BYTES = 1200  # it is never split on its way, not even through a tunnel
WINDOW = 1024
MAGIC = b"cx1"
SESSION_BYTES = 8
_HEAD = struct.Struct(f">3sB{SESSION_BYTES}sQ")
_MAC_BYTES = 16
HEADER_BYTES = _HEAD.size + _MAC_BYTES


class Direction(IntEnum):
    """Who sends: what was sent one way is not believed the other way."""

    DOWN = 0  # the controller
    UP = 1  # the node


def session_of(datagram: bytes) -> bytes | None:
    """Which session a datagram says it is of; None where it is none of ours."""
    if len(datagram) < HEADER_BYTES or datagram[:3] != MAGIC:
        return None
    _, _, session, _ = _HEAD.unpack_from(datagram)
    return bytes(session)


@dataclass(slots=True)
class Refused:
    """How many datagrams were not listened to."""

    forged: int = 0
    replayed: int = 0


class Session:
    """One end of the datagrams between a controller and one node, until one of them starts again.

    `key` is wire/auth.session_key's, or "" where nobody is asked for a proof.
    """

    def __init__(self, session: bytes, key: bytes, sends: Direction) -> None:
        self.id = session
        self.refused = Refused()
        self._key = key
        self._sends = sends
        self._hears = Direction.UP if sends is Direction.DOWN else Direction.DOWN
        self._sent = 0
        self._highest = 0
        self._seen = 0  # bit n: counter `highest - n`

    def seal(self, message: bytes) -> bytes | None:
        """A message as a datagram; None where it is too long for one."""
        if HEADER_BYTES + len(message) > DATAGRAM_MAX_BYTES:
            return None
        self._sent += 1
        head = _HEAD.pack(MAGIC, self._sends, self.id, self._sent)
        return head + self._mac(head, message) + message

    def is_double(self, datagram: bytes) -> bool:
        """Whether a datagram is genuine, and was opened before: networks say things twice."""
        if session_of(datagram) != self.id:
            return False
        _, _, _, counter = _HEAD.unpack_from(datagram)
        back = self._highest - counter
        seen = 0 <= back < WINDOW and bool(self._seen & (1 << back))
        return seen and self._is_genuine(datagram)

    def open(self, datagram: bytes) -> bytes | None:
        """The message of a datagram; None, and counted, where it is not genuine or not new."""
        if session_of(datagram) != self.id:
            self.refused.forged += 1
            return None
        if not self._is_genuine(datagram):
            self.refused.forged += 1
            return None
        _, _, _, counter = _HEAD.unpack_from(datagram)
        if not self._is_new(counter):
            self.refused.replayed += 1
            return None
        return datagram[HEADER_BYTES:]

    def _is_genuine(self, datagram: bytes) -> bool:
        head, mac = datagram[: _HEAD.size], datagram[_HEAD.size : HEADER_BYTES]
        _, direction, _, _ = _HEAD.unpack(head)
        message = datagram[HEADER_BYTES:]
        return direction == self._hears and hmac.compare_digest(mac, self._mac(head, message))

    def _mac(self, head: bytes, message: bytes) -> bytes:
        return hmac.digest(self._key, head + message, hashlib.sha256)[:_MAC_BYTES]

    def _is_new(self, counter: int) -> bool:
        if counter > self._highest:
            shift = counter - self._highest
            self._seen = ((self._seen << shift) | 1) & ((1 << WINDOW) - 1) if shift < WINDOW else 1
            self._highest = counter
            return True
        bit = 1 << (self._highest - counter)
        if self._highest - counter >= WINDOW or self._seen & bit:
            return False
        self._seen |= bit
        return True
