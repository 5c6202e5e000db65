"""A chain played where nobody hears it, to know what it starts with when begun in the middle."""

from collections.abc import Container

from cuems.core.actions import Actions
from cuems.core.chains import ChainTiming, Scope
from cuems.core.cues import ActionCue, CueId, FadeCue
from cuems.core.effects import Effect, Start
from cuems.core.performance import Performance
from cuems.core.runs import Run
from cuems.core.standing import Standing


class Everything(Container[CueId]):
    """Every cue of any show."""

    def __contains__(self, cue: object) -> bool:
        return True


def rehearsed(standing: Standing, timing: ChainTiming, cue: CueId, into: int) -> dict[CueId, int]:
    """What sounds `into` flicks after the turn of `cue`, each with how far into its body."""
    heard: list[Effect] = []

    def act(cue: ActionCue | FadeCue, run: Run, at: int, *, silent: bool) -> None:
        actions.make_up_for(cue, run, at)

    scope = Scope(Everything(), frozenset())
    performance = Performance(standing, scope, timing, heard.append, act)
    actions = Actions(standing, performance)
    performance.advance(0)
    performance.go(cue, run_seq=0, at=0, into=into)
    return {effect.cue: effect.elapsed for effect in heard if isinstance(effect, Start)}
