"""What action and fade cues do to the show, and what became of it.

Where the line has jumped over an action, what it does to other cues is made up for, since it
decides what sounds there. What it does to the operator's say, and to the line, is not: that an
action past disabled a cue or paused the show once is no reason to do so again.
"""

from cuems.core.cues import Action, ActionCue, AnyCue, CueId, FadeCue
from cuems.core.effects import ActionDone, Outcome
from cuems.core.levels import parameter_of
from cuems.core.performance import Performance
from cuems.core.runs import Run
from cuems.core.standing import Standing
from cuems.core.timecode import from_ms

ON_CUES = frozenset(
    (
        Action.PLAY,
        Action.PAUSE,
        Action.RESUME,
        Action.STOP,
        Action.FADE_IN,
        Action.FADE_OUT,
        Action.DEVAMP,
    )
)
NOT_OURS_TO_HOLD = "timecode comes from outside: stop it there"
FADE_FLICKS = from_ms(2000)  # fade_in and fade_out carry no duration of their own

Result = tuple[Outcome, str]
APPLIED: Result = (Outcome.APPLIED, "")


def no_change(reason: str) -> Result:
    """The show is as the action wants it already."""
    return Outcome.APPLIED_NO_CHANGE, reason


def rejected(reason: str) -> Result:
    """The action makes no sense here."""
    return Outcome.REJECTED, reason


def failed(reason: str) -> Result:
    """The action makes sense and cannot be done."""
    return Outcome.FAILED, reason


class Actions:
    """Carries actions out on a performance."""

    def __init__(self, standing: Standing, performance: Performance) -> None:
        self._standing = standing
        self._performance = performance

    def do(self, cue: ActionCue | FadeCue, run: Run, at: int, *, own_line: bool) -> ActionDone:
        """Do what a cue says at position `at`, as part of its run.

        Without an `own_line` nothing can hold the show: it would roll on under the pause.
        """
        holds = isinstance(cue, ActionCue) and cue.action is Action.PAUSE_PROJECT
        refused = holds and not own_line
        outcome, reason = rejected(NOT_OURS_TO_HOLD) if refused else self._result(cue, run, at)
        return ActionDone(cue=cue.id, outcome=outcome, reason=reason)

    def make_up_for(self, cue: ActionCue | FadeCue, run: Run, at: int) -> None:
        """Do what a cue, jumped over, would have done to other cues at position `at`."""
        if isinstance(cue, FadeCue) or cue.action in ON_CUES:
            self._result(cue, run, at)

    def _result(self, cue: ActionCue | FadeCue, run: Run, at: int) -> Result:
        if isinstance(cue, ActionCue):
            match cue.action:
                case Action.WAIT:
                    return APPLIED
                case Action.PAUSE_PROJECT:
                    self._performance.pause()
                    return APPLIED
                case Action.RESUME_PROJECT:
                    return no_change("the show is not paused: a paused line fires no cue")
                case _:
                    pass
        target_id = cue.action_target
        if target_id is None and isinstance(cue, ActionCue) and cue.message is not None:
            return APPLIED
        if target_id is None or target_id not in self._standing.order:
            return rejected(f"no cue {target_id or ''!r} in the show")
        target = self._standing.order[target_id]
        if isinstance(cue, FadeCue):
            return self._fade(cue, target, run, at)
        return self._on_target(cue.action, target, run, at)

    def _on_target(self, action: Action, target: AnyCue, run: Run, at: int) -> Result:
        performance = self._performance
        match action:
            case Action.PLAY:
                return self._play(target, run, at)
            case Action.FADE_IN:
                return self._play(target, run, at, fade_in=FADE_FLICKS)
            case Action.STOP:
                return self._changed(performance.stop(target.id, at), "not running")
            case Action.PAUSE:
                return self._changed(performance.freeze(target.id, at), "not running")
            case Action.RESUME:
                return self._changed(performance.unfreeze(target.id, at), "not paused")
            case Action.DEVAMP:
                return self._changed(performance.devamp(target.id, at), "not looping")
            case Action.FADE_OUT:
                return self._fade_out(target, run, at)
            case _:
                return self._on_standing(action, target.id)

    def _on_standing(self, action: Action, target: CueId) -> Result:
        standing = self._standing
        match action:
            case Action.ENABLE | Action.DISABLE:
                enable = action is Action.ENABLE
                word = "enabled" if enable else "disabled"
                return self._changed(standing.set_enabled(target, enable), f"already {word}")
            case Action.LOAD:
                return self._changed(standing.keep_loaded(target), "already kept loaded")
            case Action.UNLOAD:
                return self._changed(standing.let_go(target), "not kept loaded")
            case Action.GO_TO:
                standing.move_to(target)
                return APPLIED
            case _:
                return rejected(f"{action} needs no target, or is a fade cue's")

    @staticmethod
    def _changed(changed: bool, otherwise: str) -> Result:
        return APPLIED if changed else no_change(otherwise)

    def _play(self, target: AnyCue, run: Run, at: int, *, fade_in: int = 0) -> Result:
        if not self._standing.enabled(target.id):
            return failed("the target is disabled")
        if self._performance.run_of(target.id) is not None:
            return no_change("already running")
        self._performance.play(target, run, at, fade_in=fade_in)
        return APPLIED

    def _fade_out(self, target: AnyCue, run: Run, at: int) -> Result:
        """Fade the target to nothing, with all it holds, and stop it then."""
        faded = self._performance.runs_within(target.id)
        for inside in faded:
            if inside.cue is not target:
                self._performance.fade(inside.cue, 0.0, run, at, FADE_FLICKS)
        if faded:
            self._performance.fade(target, 0.0, run, at, FADE_FLICKS, then_stop=True)
        return self._changed(bool(faded), "not running")

    def _fade(self, cue: FadeCue, target: AnyCue, run: Run, at: int) -> Result:
        running = self._performance.runs_within(target.id)
        fading = [inside.cue for inside in running if parameter_of(inside.cue) is not None]
        for faded in fading:
            percent, duration = cue.target_percent, cue.duration_flicks
            self._performance.fade(faded, percent / 100, run, at, duration, cue.curve)
        if fading:
            return APPLIED
        return rejected("the target has no level" if running else "the target is not running")
