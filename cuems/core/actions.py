"""What action and fade cues do to the show, and what became of it."""

from cuems.core.cues import Action, ActionCue, AnyCue, CueId, FadeCue
from cuems.core.effects import ActionDone, Outcome
from cuems.core.performance import Performance
from cuems.core.runs import Trigger
from cuems.core.standing import Standing
from cuems.core.timecode import from_ms
from cuems.core.voices import parameter_of

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

    def do(self, cue: ActionCue | FadeCue, run_seq: int, at: int) -> ActionDone:
        """Do what a cue says at position `at`, as part of run `run_seq`."""
        outcome, reason = self._result(cue, run_seq, at)
        return ActionDone(cue=cue.id, outcome=outcome, reason=reason)

    def _result(self, cue: ActionCue | FadeCue, run_seq: int, at: int) -> Result:
        if isinstance(cue, ActionCue):
            match cue.action:
                case Action.WAIT:
                    return APPLIED
                case Action.PAUSE_PROJECT:
                    return self._pause_project()
                case Action.RESUME_PROJECT:
                    return no_change("the show is not paused: a paused line fires no cue")
                case _:
                    pass
        target_id = cue.action_target
        if target_id is None or target_id not in self._standing.order:
            return rejected(f"no cue {target_id or ''!r} in the show")
        target = self._standing.order[target_id]
        if isinstance(cue, FadeCue):
            return self._fade(cue, target, at)
        return self._on_target(cue.action, target, run_seq, at)

    def _on_target(self, action: Action, target: AnyCue, run_seq: int, at: int) -> Result:
        match action:
            case Action.PLAY | Action.FADE_IN:
                return self._play(target, run_seq, at, faded=action is Action.FADE_IN)
            case Action.STOP:
                return self._changed(self._performance.stop(target.id), "not running")
            case Action.PAUSE:
                return self._changed(self._performance.freeze(target.id), "not running")
            case Action.RESUME:
                return self._changed(self._performance.unfreeze(target.id), "not paused")
            case Action.DEVAMP:
                return self._changed(self._performance.devamp(target.id), "not looping")
            case Action.FADE_OUT:
                return self._fade_out(target, at)
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
                standing.kept_loaded.add(target)
                return APPLIED
            case Action.UNLOAD:
                standing.kept_loaded.discard(target)
                return APPLIED
            case Action.GO_TO:
                standing.move_to(target)
                return APPLIED
            case _:
                return rejected(f"{action} needs no target, or is a fade cue's")

    @staticmethod
    def _changed(changed: bool, otherwise: str) -> Result:
        return APPLIED if changed else no_change(otherwise)

    def _pause_project(self) -> Result:
        if self._performance.paused:
            return no_change("already paused")
        self._performance.pause()
        return APPLIED

    def _play(self, target: AnyCue, run_seq: int, at: int, *, faded: bool) -> Result:
        if not self._standing.enabled(target.id):
            return failed("the target is disabled")
        if self._performance.run_of(target.id) is not None:
            return no_change("already running")
        if faded:
            self._performance.fade_in(target, at + target.pre_wait_flicks, FADE_FLICKS)
        self._performance.trigger(Trigger(cue=target.id, run_seq=run_seq, due=at, arrival=at))
        return APPLIED

    def _fade_out(self, target: AnyCue, at: int) -> Result:
        runs = self._performance.runs_within(target.id)
        for run in runs:
            if parameter_of(run.cue) is not None:
                self._performance.fade(run.cue, 0.0, at, FADE_FLICKS, then_stop=True)
        return self._changed(bool(runs), "not running")

    def _fade(self, cue: FadeCue, target: AnyCue, at: int) -> Result:
        runs = self._performance.runs_within(target.id)
        fading = [run.cue for run in runs if parameter_of(run.cue) is not None]
        for faded in fading:
            self._performance.fade(
                faded, cue.target_percent / 100, at, cue.duration_flicks, cue.curve
            )
        if fading:
            return APPLIED
        return rejected("the target is not running" if not runs else "the target has no level")
