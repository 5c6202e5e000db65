"""Which cues to have ready, and which are: armed means that the player has proved it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import Enum

from cuems.core.cuelist import Enabled, RunningOrder
from cuems.core.cues import Action, ActionCue, CueId, PostGo
from cuems.core.effects import Arm, Disarm

LOOK_AHEAD_STOPS = 2  # beyond the standby cue: a crew presses GO faster than a player loads
LOOK_AHEAD_CUES = 64  # players are processes; a longer automatic chain is armed as it comes near


class Ready(Enum):
    """How far a cue's player has come."""

    ARMING = "arming"
    ARMED = "armed"
    BROKEN = "broken"


def look_ahead(
    order: RunningOrder, start: CueId | None, enabled: Enabled
) -> Iterator[tuple[CueId, bool]]:
    """The cues to have ready from `start` on, each with: does the GO of `start` bring it about?

    A stop is where the chain waits: for a GO, or for a cue to end.
    """
    stops = 0
    automatic = True
    seen: set[CueId] = set()
    at = order.first_taking_part(start, enabled)
    while at is not None and at not in seen and len(seen) < LOOK_AHEAD_CUES:
        seen.add(at)
        yield at, automatic
        yield from ((target, automatic) for target in _played_by_action(order, at, enabled))
        inner = order.first_child(at, enabled)
        if inner is not None:
            at = inner
            continue
        by_itself = order.goes_on_by_itself(at)
        automatic = automatic and by_itself
        if not by_itself or order[at].post_go is not PostGo.GO:
            stops += 1
        if stops > LOOK_AHEAD_STOPS:
            return
        at = order.next(at, enabled)


def _played_by_action(order: RunningOrder, cue_id: CueId, enabled: Enabled) -> Iterator[CueId]:
    cue = order[cue_id]
    if isinstance(cue, ActionCue) and cue.action in (Action.PLAY, Action.FADE_IN):
        target = cue.action_target
        if target is not None and target in order and enabled(target):
            yield target


class Arming:
    """The readiness of this machine's players."""

    def __init__(self) -> None:
        self._ready: dict[CueId, Ready] = {}
        self._elapsed: dict[CueId, int] = {}

    def want(self, wanted: Mapping[CueId, int], busy: Collection[CueId]) -> Iterator[Arm | Disarm]:
        """Arm what is wanted (cue → elapsed) and let go what is not; `busy` cues are playing."""
        for cue in [cue for cue in self._ready if cue not in wanted and cue not in busy]:
            del self._ready[cue]
            yield Disarm(cue)
        for cue, elapsed in wanted.items():
            moved = cue in self._ready and self._elapsed[cue] != elapsed
            if cue not in busy and (moved or cue not in self._ready):
                self._ready[cue] = Ready.ARMING
                self._elapsed[cue] = elapsed
                yield Arm(cue=cue, elapsed=elapsed)

    def proved(self, cue: CueId) -> None:
        """A player said that a cue is ready. Ignored for a cue that was let go meanwhile."""
        if cue in self._ready:
            self._ready[cue] = Ready.ARMED

    def broke(self, cue: CueId) -> None:
        """A player said that a cue cannot be made ready."""
        if cue in self._ready:
            self._ready[cue] = Ready.BROKEN

    def used(self, cue: CueId) -> None:
        """A cue's player was stopped: it has to be armed again to be ready."""
        self._ready.pop(cue, None)

    def forget_broken(self) -> None:
        """Try again what could not be made ready."""
        self._ready = {c: ready for c, ready in self._ready.items() if ready is not Ready.BROKEN}

    def waiting_for(self, cues: Iterable[CueId]) -> tuple[CueId, ...]:
        """Which of these cues have neither proved ready nor failed."""
        done = (Ready.ARMED, Ready.BROKEN)
        return tuple(cue for cue in cues if self._ready.get(cue) not in done)
