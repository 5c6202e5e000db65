"""When there is something to tell of how a node follows timecode: every change, and the quality."""

from cuems.core.reports import ChaseReport
from cuems.core.timekeeper import Timekeeper

QUALITY_NS = 5_000_000_000  # how well it goes is told so often
NS_PER_US = 1000


class ChaseNews:
    """What was told of a timekeeper's chase, and what is to be told next."""

    def __init__(self, timekeeper: Timekeeper) -> None:
        self._time = timekeeper
        self._told: tuple[str, str, str] | None = None
        self._quality_due_ns = 0

    def forget(self) -> None:
        """Somebody new listens, who was told nothing."""
        self._told = None

    def take(self, now_ns: int) -> ChaseReport | None:
        """What is to be told now; None where that is nothing."""
        state = (self._time.state, self._time.source, self._time.fault)
        if state == self._told and now_ns < self._quality_due_ns:
            return None
        quality = self._time.quality(now_ns)
        self._told = state
        self._quality_due_ns = now_ns + QUALITY_NS
        return ChaseReport(
            self._time.state,
            source=quality.source,
            fault=self._time.fault,
            missed_pieces=quality.missed_pieces,
            jitter_us=quality.jitter_ns // NS_PER_US,
            rate_error_ppm=quality.rate_error_ppm,
            clock_error_us=_to_us(quality.clock_error_ns),
            round_trip_us=_to_us(quality.round_trip_ns),
        )


def _to_us(ns: int | None) -> int | None:
    return None if ns is None else ns // NS_PER_US
