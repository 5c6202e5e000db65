"""What another machine's clock shows now, from timestamps exchanged with it.

A probe has four: sent here, received there, answered there, received here. The two differences
of clocks carry the two delays, so half their sum is wrong by at most half the round trip. Of the
last probes the most certain one counts: the shortest round trip, aged by how far two quartzes may
have drifted since. Delays only ever make a probe uncertain; a probe that contradicts an older one
proves that a clock was stepped, and the older ones are dropped.
"""

from collections import deque
from dataclasses import dataclass

from cuems.core.timecode import divide_nearest

PROBES = 16
DRIFT_PPM = 100  # two quartzes of ±50 ppm


@dataclass(frozen=True, slots=True)
class Probe:
    """One exchange's result; the true offset lies within half the round trip of `offset_ns`."""

    offset_ns: int
    round_trip_ns: int
    received_ns: int

    def error_ns(self, now_ns: int) -> int:
        """The most by which `offset_ns` can be wrong at local moment `now_ns`."""
        age_ns = max(0, now_ns - self.received_ns)
        return (self.round_trip_ns + 1) // 2 + age_ns * DRIFT_PPM // 1_000_000


class ClockOffset:
    """The offset of a remote clock, remote minus local, nanoseconds. None before a first probe."""

    def __init__(self) -> None:
        self._probes: deque[Probe] = deque(maxlen=PROBES)
        self._best: Probe | None = None

    def probe(
        self, sent_ns: int, remote_received_ns: int, remote_sent_ns: int, received_ns: int
    ) -> None:
        """Take one exchange into account. One whose times run backwards is none, and is ignored."""
        round_trip_ns = (received_ns - sent_ns) - (remote_sent_ns - remote_received_ns)
        if remote_sent_ns < remote_received_ns or round_trip_ns < 0:
            return
        offset_ns = divide_nearest(
            (remote_received_ns - sent_ns) + (remote_sent_ns - received_ns), 2
        )
        self._add(Probe(offset_ns, round_trip_ns, received_ns))

    def _add(self, newest: Probe) -> None:
        now_ns = newest.received_ns
        agreeing = [probe for probe in self._probes if _agree(probe, newest, now_ns)]
        if len(agreeing) < len(self._probes):
            self._probes = deque(agreeing, maxlen=PROBES)
        self._probes.append(newest)
        self._best = min(self._probes, key=lambda probe: probe.error_ns(now_ns))

    @property
    def offset_ns(self) -> int | None:
        """Remote minus local."""
        return None if self._best is None else self._best.offset_ns

    @property
    def round_trip_ns(self) -> int | None:
        """The time on the wire, both ways, of the probe that counts."""
        return None if self._best is None else self._best.round_trip_ns

    def error_ns(self, now_ns: int) -> int | None:
        """The most by which the offset can be wrong at local moment `now_ns`."""
        return None if self._best is None else self._best.error_ns(now_ns)

    def to_local_ns(self, remote_ns: int) -> int | None:
        """What our clock showed, or will show, when the remote one shows `remote_ns`."""
        return None if self._best is None else remote_ns - self._best.offset_ns


def _agree(one: Probe, other: Probe, now_ns: int) -> bool:
    """Whether some true offset is within the error of both."""
    return abs(one.offset_ns - other.offset_ns) <= one.error_ns(now_ns) + other.error_ns(now_ns)
