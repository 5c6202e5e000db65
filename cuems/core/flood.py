"""How much each peer of the bus may say: who says more than any node has to is put out.

A bucket of messages for each link, that fills evenly. What floods it fills what waits to be read
within moments, and others find no room there: for a while nobody new is let in from where a flood
has come. Who is linked from there already may stay.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
T = TypeVar("T")

NS_PER_S = 1_000_000_000
BURST_MESSAGES = 16_384  # more than a STOP of 10 000 cues says, also if all of it has waited
MESSAGES_PER_S = 1000  # a node at work says some ten
SHUNNED_NS = 10 * NS_PER_S
MOST_KNOWN = 1024  # peers, and hosts: who has said nothing for longest is forgotten


class Verdict(Enum):
    """What is to become of a message, and of who said it."""

    TAKE = "take"
    PUT_OUT = "put out"
    DROP = "drop"  # its peer was put out, and this was still waiting


@dataclass(slots=True)
class _Bucket:
    host: str
    left: float
    filled_ns: int
    out: bool = False


class FloodGuard:
    """Counts what each peer says."""

    def __init__(self, burst: int = BURST_MESSAGES, per_s: int = MESSAGES_PER_S) -> None:
        self._burst = burst
        self._per_s = per_s
        self._buckets: dict[Hashable, _Bucket] = {}
        self._shunned: dict[str, int] = {}

    def judge(self, peer: Hashable, host: Callable[[], str], now_ns: int) -> Verdict:
        """A peer said something; `host` tells where it is."""
        bucket = self._buckets.pop(peer, None) or _Bucket(host(), self._burst, now_ns)
        _keep(self._buckets, peer, bucket)
        if bucket.out:
            return Verdict.DROP
        since_ns, bucket.filled_ns = now_ns - bucket.filled_ns, now_ns
        bucket.left = min(self._burst, bucket.left + since_ns * self._per_s / NS_PER_S) - 1
        if bucket.left >= 0:
            return Verdict.TAKE
        bucket.out = True
        self._shunned.pop(bucket.host, None)
        _keep(self._shunned, bucket.host, now_ns + SHUNNED_NS)
        return Verdict.PUT_OUT

    def shuns(self, host: str, now_ns: int) -> bool:
        """Whether nobody new is to be let in from there."""
        return now_ns < self._shunned.get(host, now_ns)


def _keep(known: dict[KeyT, T], key: KeyT, value: T) -> None:
    known[key] = value
    if len(known) > MOST_KNOWN:
        del known[next(iter(known))]
