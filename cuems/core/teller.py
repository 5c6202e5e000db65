"""What a node tells its controller of its show, and what that may not have heard."""

from collections.abc import Callable

from cuems.core import bus
from cuems.core.cues import CueId
from cuems.core.effects import (
    ArmedChanged,
    CueEnded,
    CueFailed,
    CueProgress,
    CueReset,
    CueStarted,
    GoRefused,
    Report,
    StandbyChanged,
)
from cuems.core.endings import Endings
from cuems.core.reports import (
    ArmedReport,
    CueEndedReport,
    CueFailedReport,
    CueProgressReport,
    CueResetReport,
    CueStartedReport,
    GoRefusedReport,
    NodeReport,
)


class Teller:
    """Puts a show into reports; they go `out` in order. `armed` is what was last reported of that.

    `unheard`: the controller may have missed what was said.
    """

    def __init__(self, out: Callable[[NodeReport], None]) -> None:
        self._out = out
        self.armed: ArmedReport | None = None
        self.unheard = False
        self._armed: ArmedChanged | None = None
        self._armed_anew = False  # said again, changed or not: a stop has been obeyed
        self._standby: CueId | None = None
        self._welcome: tuple[str, int | None] = "", None  # by whom, and that one's number
        self._endings = Endings()

    def begin_show(self) -> None:
        """Nothing of it has ended, and nothing was missed."""
        self._endings, self.unheard = Endings(), False

    def end_show(self) -> None:
        """Nothing is loaded that could be armed."""
        self.armed = self._armed = None

    def welcomed(self, snapshot: bus.Snapshot) -> None:
        """From here on what we say is news to the controller."""
        welcome = snapshot.boot, snapshot.welcome
        if welcome != self._welcome:
            self._welcome = welcome
            self._armed_anew = self.unheard = True

    def say(self, report: NodeReport) -> None:
        """Report something."""
        self._endings.note(report)
        self._out(report)

    def say_endings(self) -> None:
        """What has ended is told again."""
        for ending in self._endings:
            self.say(ending)

    def report(self, effect: Report) -> None:
        """Report what a sequencer has come to."""
        match effect:
            case CueStarted(cue, start):
                self.say(CueStartedReport(cue, start))
            case CueProgress(cue, percent):
                self.say(CueProgressReport(cue, percent))
            case CueEnded(cue):
                self.say(CueEndedReport(cue))
            case CueFailed(cue, reason):
                self.say(CueFailedReport(cue, reason))
            case CueReset(cue):
                self.say(CueResetReport(cue))
            case GoRefused(run_seq, reason):
                self.say(GoRefusedReport(run_seq, reason))
            case ArmedChanged():
                self._armed, self._armed_anew = effect, True
            case StandbyChanged(cue):
                self._standby = cue
            case _:
                pass  # the controller's own sequencer comes to the same

    def say_armed(self, load_seq: int) -> None:
        """Report, where that is news, whether we are ready for the next GO, and for which."""
        if self._armed is None:
            return
        report = ArmedReport(
            armed=self._armed.armed,
            waiting_for=self._armed.waiting_for,
            load_seq=load_seq,
            standby=self._standby or "",
            welcome=self._welcome[1],
        )
        if report != self.armed or self._armed_anew:
            self.armed = report
            self.say(report)
        self._armed_anew = False
