"""Performances written down as people read them, and the scenes they are of.

`python -m tests.core.golden` writes every log anew; read the difference before you keep it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from cuems.core.chains import Scope
from cuems.core.cues import AnyCue, CueList
from cuems.core.effects import (
    ActionDone,
    Arm,
    ArmedChanged,
    CueEnded,
    CueFailed,
    CueProgress,
    CueReset,
    CueStarted,
    Disarm,
    Effect,
    EnabledChanged,
    Freeze,
    FreezeLine,
    GoRefused,
    HeldChanged,
    ReleaseLine,
    Relocate,
    SetLevel,
    ShowStopped,
    StandbyChanged,
    Start,
    Stop,
    Unfreeze,
)
from cuems.core.events import (
    CueBroken,
    Event,
    Go,
    Intervene,
    LineFound,
    LineLost,
    LoadToTime,
    Locate,
    Panic,
    Pause,
    Resume,
    SetEnabled,
    SetNextCue,
    StopAll,
)
from cuems.core.sequencer import Options, Sequencer
from cuems.core.timecode import from_ms, to_ms
from cuems.sim.show import Performer
from tests.build import order

LOGS = Path(__file__).parent.parent / "shows" / "core"
STANDARD = Options()


@dataclass(frozen=True, slots=True)
class Scene:
    """A show and what is done to it, moments in ms of simulated time; all arming left out."""

    cues: list[AnyCue]
    script: list[tuple[int, Event]]
    until_ms: int = 20_000
    options: Options = STANDARD
    arming: bool = False


def log_of(title: str, scene: Scene) -> str:
    """The whole performance."""
    lines = [title.replace("_", " "), "", *_cast(scene.cues), "", *_performed(scene)]
    return "\n".join(lines) + "\n"


def _cast(cues: list[AnyCue], indent: str = "  ") -> Iterator[str]:
    for cue in cues:
        told = [type(cue).__name__, cue.post_go.value]
        told += [f"pre-wait {to_ms(cue.pre_wait_flicks)}"] if cue.pre_wait_flicks else []
        told += [f"post-wait {to_ms(cue.post_wait_flicks)}"] if cue.post_wait_flicks else []
        told += [f"loop {cue.loop}"] if cue.loop != 1 else []
        told += ["at that timecode"] if cue.timecode else []
        told += ["disabled"] if not cue.enabled else []
        yield f"{indent}{cue.id}: {', '.join(told)}"
        if isinstance(cue, CueList):
            yield from _cast(list(cue.contents), indent + "  ")


def _performed(scene: Scene) -> Iterator[str]:
    running_order = order(*scene.cues)
    everything = frozenset(running_order)
    performer = Performer(Sequencer(running_order, Scope(everything, everything), scene.options))
    performer.tell(LineFound(0))
    done: list[tuple[int, Event | Effect]] = _taken(performer, scene)
    for at_ms, event in scene.script:
        performer.roll(from_ms(at_ms))
        done += _taken(performer, scene)
        done.append((performer.now, event))
        performer.tell(event)
        done += _taken(performer, scene)
    performer.roll(from_ms(scene.until_ms))
    done += _taken(performer, scene)
    for at, what in _gathered(done):
        yield f"{to_ms(at) / 1000:8.3f}  {what}"


def _taken(performer: Performer, scene: Scene) -> list[tuple[int, Event | Effect]]:
    left_out: tuple[type[Effect], ...] = (CueProgress, ArmedChanged)
    if not scene.arming:
        left_out = (*left_out, Arm, Disarm)
    log = [(h.at, h.effect) for h in performer.log if not isinstance(h.effect, left_out)]
    performer.log.clear()
    return list(log)


def _gathered(done: list[tuple[int, Event | Effect]]) -> Iterator[tuple[int, str]]:
    """What happened, the steps of a fade on one line where nothing but fades comes between."""
    for stepping, group in groupby(done, key=lambda entry: isinstance(entry[1], SetLevel)):
        if not stepping:
            yield from ((at, said(what)) for at, what in group)
            continue
        fades: dict[str, list[tuple[int, float]]] = {}
        for at, what in group:
            if isinstance(what, SetLevel):
                fades.setdefault(what.cue, []).append((at, what.value))
        for cue, steps in fades.items():
            yield steps[0][0], f"    level {cue} {_course(steps)}"


def _course(steps: list[tuple[int, float]]) -> str:
    (_, first), (until, last) = steps[0], steps[-1]
    if len(steps) == 1:
        return f"{first:.3f}"
    return f"{first:.3f} to {last:.3f} at {to_ms(until) / 1000:.3f}, {len(steps)} steps"


def said(what: Event | Effect) -> str:
    """A command in capitals, what players are asked indented, what is told indented further."""
    command = _commanded(what)
    if command:
        return command
    asked = _asked(what)
    return f"    {asked}" if asked else f"        {_told(what)}"


def _commanded(what: Event | Effect) -> str:
    match what:
        case Go(cue=cue, into=into, run_seq=run_seq):
            return f"GO {run_seq}: {cue}{f' from +{to_ms(into)}' if into else ''}"
        case Locate(position) | LineFound(position):
            word = "LOCATE" if isinstance(what, Locate) else "TIMECODE FOUND"
            return f"{word} {to_ms(position) / 1000:.3f}"
        case SetEnabled(cue, enabled):
            return f"{'ENABLE' if enabled else 'DISABLE'} {cue}"
        case Intervene(word=word, cue=cue, at=at):
            return f"{word.name} {cue} at {to_ms(at)} ms"
        case SetNextCue(cue):
            return f"NEXT {cue}"
        case LoadToTime(into):
            return f"LOAD TO +{to_ms(into)}"
        case CueBroken(cue, reason):
            return f"BROKEN {cue}: {reason}"
        case StopAll() | Panic() | Pause() | Resume() | LineLost():
            words = {StopAll: "STOP", Panic: "PANIC", Pause: "PAUSE", Resume: "RESUME"}
            return words.get(type(what), "TIMECODE LOST")
        case _:
            return ""


def _asked(what: Event | Effect) -> str:
    match what:
        case Arm(cue=cue, elapsed=elapsed):
            return f"arm {cue}{_plus(elapsed)}"
        case Start(cue=cue, elapsed=elapsed, late=late):
            return f"start {cue}{_plus(elapsed)}{f', {to_ms(late)} late' if late else ''}"
        case Relocate(cue=cue, elapsed=elapsed) | Unfreeze(cue=cue, elapsed=elapsed):
            return f"{type(what).__name__.lower()} {cue} +{to_ms(elapsed)}"
        case Stop(cue) | Freeze(cue) | Disarm(cue):
            return f"{type(what).__name__.lower()} {cue}"
        case _:
            return ""


def _plus(elapsed: int) -> str:
    return f" +{to_ms(elapsed)}" if elapsed else ""


CHANGED = {EnabledChanged: ("disabled", "enabled"), HeldChanged: ("held no longer", "held")}


def _told(what: Event | Effect) -> str:
    match what:
        case CueStarted(cue, start):
            return f"{cue} has its turn, starts at {to_ms(start) / 1000:.3f}"
        case CueEnded(cue):
            return f"{cue} is over"
        case CueFailed(cue, reason):
            return f"{cue} failed: {reason}"
        case CueReset(cue):
            return f"{cue} is unplayed"
        case ActionDone(cue=cue, outcome=outcome, reason=reason):
            return f"{cue} {outcome.replace('_', ' ')}{f': {reason}' if reason else ''}"
        case EnabledChanged(cue, so) | HeldChanged(cue, so):
            return f"{cue} is {CHANGED[type(what)][so]}"
        case StandbyChanged(cue):
            return f"standby: {cue or 'nothing'}"
        case GoRefused(run_seq, reason):
            return f"GO {run_seq} refused: {reason}"
        case ShowStopped() | FreezeLine() | ReleaseLine():
            words = {ShowStopped: "the show has stopped", FreezeLine: "the line stands"}
            return words.get(type(what), "the line rolls")
        case _:
            return repr(what)


def write() -> None:
    """Write every log anew."""
    from tests.core.scenes import SCENES

    for title, scene in SCENES.items():
        (LOGS / f"{title}.log").write_text(log_of(title, scene), encoding="utf-8")


if __name__ == "__main__":
    write()
