"""What clients are told of the show as a whole: every change once, in the order they expect.

The order of what is told at a load and at a stop is the ecosystem's (interop.md 2.7); the standby
is told once the show is armed, and whenever it moves from then on.
"""

from collections.abc import Callable

from cuems.core.cues import CueId
from cuems.core.status import (
    Armed,
    ClusterWarning,
    Loaded,
    NextCue,
    Paused,
    Running,
    ShowTimecode,
    Status,
    WaitingFor,
)
from cuems.core.timecode import FLICKS_PER_S


class Announcer:
    """The newest of each, and `publish` for what changes."""

    def __init__(self, publish: Callable[[Status], None]) -> None:
        self.running: bool | None = None
        self.paused = False
        self._publish = publish
        self._armed: bool | None = None
        self._waiting_for = ""
        self._standby_told = False
        self._second: int | None = None
        self._warning = ClusterWarning(load_seq=0, project="")

    def begin(self) -> None:
        """Before anything has happened."""
        for status in (Running(None), Armed(None), Loaded(""), NextCue(None), Paused(False)):
            self._publish(status)

    def run(self) -> None:
        """GO was pressed; told at every GO."""
        self.running = True
        self._publish(Running(True))

    def stop(self) -> None:
        """Everything was stopped; a show that never ran is not said to have stopped."""
        if self.running is not None:
            self.running = False
            self._publish(Running(False))

    def pause(self, paused: bool) -> None:
        """The line stands, or rolls on."""
        self.paused = paused
        self._publish(Paused(paused))

    def start_over(self) -> None:
        """The line is at zero, nothing is armed, nothing stands by."""
        self._publish(ShowTimecode(0))
        self._second = None
        self.pause(False)
        self._armed = False
        self._publish(Armed(False))
        self._standby_told = False
        self._publish(NextCue(None))

    def roll(self, position: int) -> None:
        """The line is at a position; news once a second."""
        second = position // FLICKS_PER_S
        if second != self._second:
            self._second = second
            self._publish(ShowTimecode(second * FLICKS_PER_S))

    def move_standby(self, standby: CueId | None) -> None:
        """Another cue stands by."""
        if self._standby_told:
            self._publish(NextCue(standby))

    def warn(self, warning: ClusterWarning) -> None:
        """Which nodes of the show are away; told of a load only where some are."""
        before, is_news = self._warning, warning != self._warning
        self._warning = warning
        if is_news and (warning.missing or warning.lost or before.missing or before.lost):
            self._publish(warning)

    def arm(self, waiting_for: str, standby: CueId | None) -> None:
        """What a GO would have to wait for ("": nothing), and which cue it would fire."""
        armed = not waiting_for
        if armed != self._armed:
            self._armed = armed
            self._publish(Armed(armed))
        if waiting_for != self._waiting_for:
            self._waiting_for = waiting_for
            self._publish(WaitingFor(waiting_for))
        if armed and not self._standby_told:
            self._standby_told = True
            self._publish(NextCue(standby))
