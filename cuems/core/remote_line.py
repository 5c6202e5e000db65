"""The controller's line on another machine: what it said of it, and what its clock shows.

A line that is reported before anything is known of the clock is kept until that is; and the one
last reported is placed anew whenever more is known.
"""

from dataclasses import replace

from cuems.core.clock_offset import ClockOffset
from cuems.core.line import Line


class RemoteLine:
    """The line last reported, in the controller's clock, and the way to ours."""

    def __init__(self) -> None:
        self._offset = ClockOffset()
        self._reported: Line | None = None

    @property
    def waits(self) -> bool:
        """Whether a line was reported that cannot be placed yet."""
        return self._reported is not None and self._offset.offset_ns is None

    @property
    def round_trip_ns(self) -> int | None:
        """The time on the wire, both ways, of the probe that counts."""
        return self._offset.round_trip_ns

    def error_ns(self, now_ns: int) -> int | None:
        """The most by which the line may be misplaced."""
        return self._offset.error_ns(now_ns)

    def forget(self) -> None:
        """Another machine may be the controller now."""
        self._offset = ClockOffset()
        self._reported = None

    def report(self, line: Line) -> Line | None:
        """Take a line in the controller's clock; the same in ours, once that is known."""
        self._reported = line
        return self._placed()

    def probe(
        self, sent_ns: int, remote_received_ns: int, remote_sent_ns: int, received_ns: int
    ) -> Line | None:
        """Take an exchange of timestamps; the line, where it is to be placed anew."""
        before = self._offset.offset_ns
        self._offset.probe(sent_ns, remote_received_ns, remote_sent_ns, received_ns)
        return None if self._offset.offset_ns == before else self._placed()

    def _placed(self) -> Line | None:
        line = self._reported
        at_ns = None if line is None else self._offset.to_local_ns(line.at_ns)
        return None if line is None or at_ns is None else replace(line, at_ns=at_ns)
