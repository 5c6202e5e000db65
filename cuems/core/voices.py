"""The players in use on this machine: started, hushed, frozen, set to a level."""

from collections.abc import Callable, Container, Iterable

from cuems.core.cuelist import has_player
from cuems.core.cues import AnyCue, CueId, DmxCue
from cuems.core.effects import (
    Blackout,
    Effect,
    Freeze,
    Relocate,
    SetLevel,
    Start,
    Stop,
    Unfreeze,
)
from cuems.core.fades import Fade
from cuems.core.levels import authored_level, parameter_of
from cuems.core.looks import Looks, difference
from cuems.core.runs import Phase, Run

HEARD_KEPT = 64  # runs of one cue; after a jump of the line it is told of one of the last


class Voices:
    """The players of the cues in `plays`, each with the run that uses it."""

    def __init__(self, plays: Container[CueId], emit: Callable[[Effect], None]) -> None:
        self.playing: dict[CueId, Run] = {}
        self._plays = plays
        self._emit = emit
        self._frozen: set[CueId] = set()
        self._shown: dict[CueId, float] = {}
        self._lit: list[CueId] = []  # the looks that our players show, oldest first
        self._heard: dict[CueId, dict[int, int]] = {}  # the runs that were, and their starts

    def sound(self, run: Run, elapsed: int, level: float) -> bool:
        """Start a run's player `elapsed` into the body, unless it is not ours; whether in time.

        Lights come on all the same: a look stays when the body is over.
        """
        cue = run.cue.id
        over = run.body is not None and elapsed >= run.body and not isinstance(run.cue, DmxCue)
        if cue not in self._plays or over:
            return not (over and cue in self._plays and run.body)
        self.playing[cue] = run
        self._note_heard(run)
        if isinstance(run.cue, DmxCue):
            if run.joined and cue in self._lit:  # the line has come back to where it was coming on
                self.settle_look(cue, run.start, run.start + elapsed)
                return True
            self._come(cue)
        self.bring_to(run.cue, level)
        if cue in self._frozen:
            self.unfreeze(run, elapsed)
            return True
        late = 0 if run.joined else elapsed
        self._emit(Start(cue=cue, run_seq=run.run_seq, start=run.start, elapsed=elapsed, late=late))
        return True

    def is_unheard(self, run: Run) -> bool:
        """Whether a run had something to be heard or seen here, and no player was asked for it."""
        cue = run.cue.id
        mine = has_player(run.cue) and cue in self._plays and run.body != 0
        return mine and run.run_seq not in self._heard.get(cue, ())

    def _note_heard(self, run: Run) -> None:
        heard = self._heard.setdefault(run.cue.id, {})
        heard.setdefault(run.run_seq, run.start)
        if len(heard) > HEARD_KEPT:
            del heard[next(iter(heard))]

    def forget_heard(self, since: int | None = None) -> None:
        """Nothing that began from a position on has been heard (None: nothing at all)."""
        for cue, heard in self._heard.items():
            kept = {
                seq: start for seq, start in heard.items() if since is not None and start < since
            }
            self._heard[cue] = kept

    def hush(self, run: Run) -> None:
        """Stop a run's player."""
        if self.playing.get(run.cue.id) is run:
            del self.playing[run.cue.id]
            over = run.phase is Phase.TAIL
            if not over and run.cue.id in self._lit:
                self._lit.remove(run.cue.id)
            self._emit(Stop(run.cue.id, over=over))

    def left(self, cue: CueId) -> None:
        """A player that was hushed is gone: the next one is fresh."""
        self._frozen.discard(cue)
        self._shown.pop(cue, None)

    def broke(self, cue: CueId) -> None:
        """A player is gone by itself: there is nothing to stop."""
        self.playing.pop(cue, None)
        self.left(cue)

    def relocate(self, run: Run, elapsed: int) -> None:
        """Move a run's player to another place of its body."""
        self._emit(Relocate(cue=run.cue.id, start=run.start, elapsed=elapsed))

    def freeze(self, run: Run) -> None:
        """Hold a run's player."""
        cue = run.cue.id
        if self.playing.get(cue) is run and cue not in self._frozen:
            self._frozen.add(cue)
            self._emit(Freeze(cue))

    def unfreeze(self, run: Run, elapsed: int) -> None:
        """Let a run's player go on."""
        cue = run.cue.id
        if self.playing.get(cue) is run and cue in self._frozen:
            self._frozen.remove(cue)
            self._emit(Unfreeze(cue=cue, start=run.start, elapsed=elapsed))

    def show(self, cue: AnyCue, level: float, fade: Fade | None = None) -> None:
        """Set the level of a cue's player, as a step of a fade or for good."""
        parameter = parameter_of(cue)
        if cue.id in self.playing and parameter is not None:
            self._shown[cue.id] = level
            self._emit(SetLevel(cue.id, parameter, level, fade))

    def bring_to(self, cue: AnyCue, level: float) -> None:
        """Set the level of a cue's player if it differs."""
        if self._shown.get(cue.id, authored_level(cue)) != level:
            self.show(cue, level)

    # ---- lights, which stay on when their bodies are over

    def _come(self, cue: CueId) -> None:
        if cue in self._lit:
            self._lit.remove(cue)
        self._lit.append(cue)

    def take_away_looks(self, wanted: Looks) -> list[CueId]:
        """Take away the looks that are not wanted; returns those to bring on, in their order."""
        mine = [cue for cue in wanted if cue in self._plays]
        leaving, self._lit, coming = difference(self._lit, mine)
        for cue in leaving:
            self._emit(Stop(cue))
        return coming

    def light(self, cue: CueId, start: int, position: int) -> None:
        """Bring on the look of a cue that is over."""
        self._come(cue)
        self._emit(Start(cue=cue, run_seq=0, start=start, elapsed=max(0, position - start)))

    def settle_look(self, cue: CueId, start: int, position: int) -> None:
        """A look that is on is at another place of its body, or past it."""
        if cue in self._lit:
            settle = Unfreeze if cue in self._frozen else Relocate
            self._frozen.discard(cue)
            self._emit(settle(cue=cue, start=start, elapsed=max(0, position - start)))

    def black_out(self, duration: int) -> None:
        """Let all lights fade to dark."""
        if self._lit:
            self._emit(Blackout(duration))

    def go_dark(self) -> None:
        """No look is on any more."""
        self._lit.clear()

    # ---- while the line is caught up with, players go on as they are

    def set_aside(self) -> dict[CueId, int]:
        """Let go of every player without a word; returns their cues and starts."""
        starts = {cue: run.start for cue, run in self.playing.items()}
        self.playing = {}
        return starts

    def take_up(self, runs: Iterable[Run]) -> None:
        """These runs use players that were set aside."""
        for run in runs:
            self.playing[run.cue.id] = run
            self._note_heard(run)

    def dismiss(self, cue: CueId) -> None:
        """A player that was set aside is not needed any more."""
        self._emit(Stop(cue))
