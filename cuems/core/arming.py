"""Which cues to have ready, and which are: armed means that the player has proved it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import Enum

from cuems.core.cuelist import Enabled, RunningOrder
from cuems.core.cues import Action, ActionCue, CueId, PostGo
from cuems.core.effects import Arm, Disarm
from cuems.core.standing import Standing

LOOK_AHEAD_STOPS = 2  # beyond the standby cue: a crew presses GO faster than a player loads
LOOK_AHEAD_CUES = 64  # players are processes; a longer automatic chain is armed as it comes near


class Ready(Enum):
    """How far a cue's player has come."""

    ARMING = "arming"
    ARMED = "armed"
    BROKEN = "broken"


def look_ahead(
    order: RunningOrder, start: CueId | None, enabled: Enabled, stops: int = LOOK_AHEAD_STOPS
) -> Iterator[tuple[CueId, bool]]:
    """The cues to have ready from `start` on, each with: does the GO of `start` bring it about?

    A stop is where the chain waits: for a GO, or for a cue to end.
    """
    ahead: dict[CueId, bool] = {}
    for cue, automatic in _chain(order, start, enabled, stops, set()):
        ahead.setdefault(cue, automatic)
    yield from ahead.items()


def _chain(
    order: RunningOrder, start: CueId | None, enabled: Enabled, stops: int, played: set[CueId]
) -> Iterator[tuple[CueId, bool]]:
    """`played` are the cues that actions on the way have brought about so far."""
    automatic = True
    seen: set[CueId] = set()
    at = start
    if start is None or not enabled(start):  # not asked of a timecode cue, which may start a chain
        at = order.first_taking_part(start, enabled)
    while at is not None and at not in seen and len(seen) < LOOK_AHEAD_CUES:
        seen.add(at)
        yield at, automatic
        for target in _played_by_action(order, at, enabled):
            if target not in played:
                played.add(target)
                chain = _chain(order, target, enabled, 0, played)
                yield from ((cue, automatic and by_itself) for cue, by_itself in chain)
        inner = order.first_child(at, enabled)
        if inner is not None:
            at = inner
            continue
        by_itself = order.goes_on_by_itself(at)
        automatic = automatic and by_itself
        if not by_itself or order[at].post_go is not PostGo.GO:
            stops -= 1
        if stops < 0:
            return
        at = order.next(at, enabled)


def _played_by_action(order: RunningOrder, cue_id: CueId, enabled: Enabled) -> Iterator[CueId]:
    cue = order[cue_id]
    if isinstance(cue, ActionCue) and cue.action in (Action.PLAY, Action.FADE_IN):
        target = cue.action_target
        if target is not None and target in order and enabled(target):
            yield target


class LookAhead:
    """`look_ahead` over a show as it stands, worked out once for each cue asked for."""

    def __init__(self, standing: Standing, stops: int) -> None:
        self._standing = standing
        self._stops = stops
        self._enablings = 0
        self._known: dict[CueId, tuple[tuple[CueId, bool], ...]] = {}

    def of(self, start: CueId | None) -> tuple[tuple[CueId, bool], ...]:
        """The cues to have ready from `start` on, each with whether its GO brings it about."""
        if start is None:
            return ()
        if self._enablings != self._standing.enablings:
            self._enablings = self._standing.enablings
            self._known.clear()
        if start not in self._known:
            ahead = look_ahead(self._standing.order, start, self._standing.enabled, self._stops)
            self._known[start] = tuple(ahead)
        return self._known[start]


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

    def surprised(self, cue: CueId, elapsed: int) -> Iterator[Arm]:
        """A cue starts: arm it if nobody foresaw that."""
        if cue not in self._ready:
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
