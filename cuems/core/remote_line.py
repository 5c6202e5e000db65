"""The controller's line on another machine: what it said of it, and what its clock shows.

A line that is reported before the clock is known is kept until that is, and the one last reported
is placed anew whenever more is known. A machine that has just started, or is starting, answers its
first probes late, by tens of milliseconds: one that may be so wrong does not place a line while
better ones are under way.
"""

from dataclasses import replace

from cuems.core.clock_offset import ClockOffset
from cuems.core.line import Line

CLEAR_NS = 5_000_000  # an error that nobody hears
SETTLED_NS = 100_000_000  # after so long the probes that follow the first have been answered


class RemoteLine:
    """The line last reported, in the controller's clock, and the way to ours."""

    def __init__(self) -> None:
        self.forget()

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
        self._reported: Line | None = None
        self._first_ns: int | None = None  # when the first probe was answered
        self._known = False

    def report(self, line: Line) -> Line | None:
        """Take a line in the controller's clock; the same in ours, once that is known."""
        self._reported = line
        return self._placed()

    def probe(
        self, sent_ns: int, remote_received_ns: int, remote_sent_ns: int, received_ns: int
    ) -> Line | None:
        """Take an exchange of timestamps; the line, where it is to be placed anew."""
        before = self._known, self._offset.offset_ns
        self._offset.probe(sent_ns, remote_received_ns, remote_sent_ns, received_ns)
        self._judge(received_ns)
        return None if (self._known, self._offset.offset_ns) == before else self._placed()

    def _judge(self, now_ns: int) -> None:
        error_ns = self._offset.error_ns(now_ns)
        if self._first_ns is None:
            self._first_ns = now_ns
        if error_ns is not None and not self._known:
            self._known = error_ns <= CLEAR_NS or now_ns - self._first_ns >= SETTLED_NS

    def _placed(self) -> Line | None:
        line = self._reported
        at_ns = self._offset.to_local_ns(line.at_ns) if line is not None and self._known else None
        return None if line is None or at_ns is None else replace(line, at_ns=at_ns)
