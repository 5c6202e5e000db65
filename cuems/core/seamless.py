"""Players that would be stopped and started in one breath go on instead, without a gap."""

from collections.abc import Iterable

from cuems.core.cues import CueId
from cuems.core.effects import Effect, Relocate, ShowStopped, Start, Stop, Unfreeze


def seamless(effects: Iterable[Effect]) -> list[Effect]:
    """What is asked for at one moment, a Stop before a Start of the same cue left out.

    Not so across a stop of the show, whatever timecode starts again at once: it is silent by then.
    """
    asked: list[Effect | None] = []
    stops: dict[CueId, int] = {}
    for effect in effects:
        match effect:
            case Stop(cue):
                stops[cue] = len(asked)
                asked.append(effect)
            case Start(cue=cue, start=start, elapsed=elapsed) if cue in stops:
                asked[stops.pop(cue)] = None
                asked.append(Relocate(cue=cue, start=start, elapsed=elapsed))
            case Unfreeze(cue=cue) if cue in stops:
                asked[stops.pop(cue)] = None
                asked.append(effect)
            case ShowStopped():
                stops.clear()
                asked.append(effect)
            case _:
                asked.append(effect)
    return [effect for effect in asked if effect is not None]
