"""Scripted timecode: the controller's line as the MIDI messages a node hears, but for drop-outs."""

from dataclasses import dataclass

from cuems.core.line import Line
from cuems.core.pace import Pacer, to_bytes

RELOCK_NS = 1_000_000_000  # after a drop-out the chase is locked again well within this


@dataclass(frozen=True, slots=True)
class DropOut:
    """No timecode from `begin_ns` on, for `length_ns`."""

    begin_ns: int
    length_ns: int

    @property
    def end_ns(self) -> int:
        """When timecode is back."""
        return self.begin_ns + self.length_ns


class MidiSource:
    """Rolls, stops and jumps with the line it follows; goes over midnight as MTC does."""

    def __init__(self, drop_outs: tuple[DropOut, ...]) -> None:
        self.silent = False  # whether the last messages were lost in a drop-out
        self._drop_outs = drop_outs
        self._pacer = Pacer()

    def follow(self, line: Line, now_ns: int) -> None:
        """The line was redrawn."""
        self._pacer.follow(line, now_ns)

    def next_ns(self) -> int | None:
        """When the next message is due."""
        return self._pacer.due_ns()

    def take(self, now_ns: int, *, into_ns: int) -> list[bytes]:
        """The messages due by now that arrive, `into_ns` into the script."""
        messages = [to_bytes(due) for due in self._pacer.take(now_ns)]
        self.silent = any(drop.begin_ns <= into_ns < drop.end_ns for drop in self._drop_outs)
        return [] if self.silent else messages

    def settled_ns(self) -> int:
        """From when in the script on no drop-out can matter any more."""
        return max((drop.end_ns + RELOCK_NS for drop in self._drop_outs), default=0)
