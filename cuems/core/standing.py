"""What stands: which cues are enabled, which one stands by, and which are kept loaded."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cuems.core.cuelist import RunningOrder
from cuems.core.cues import CueId


class Pointer(NamedTuple):
    """Where the standby pointer was put (`at`), and the GO that put it there, if one did."""

    at: CueId | None
    after_go_of: CueId | None = None


class Standing:
    """The operator's and the actions' say over a running order. Survives STOP, not a load.

    `version` counts all changes, `enablings` those of which cues take part.
    """

    def __init__(self, order: RunningOrder) -> None:
        self.order = order
        self.kept_loaded: set[CueId] = {cue for cue in order if order[cue].autoload}
        self.version = self.enablings = 0
        self._overrides: dict[CueId, bool] = {}
        self._pointer = Pointer(None)
        self._standby: CueId | None = None
        self.move_to_top()

    @property
    def standby(self) -> CueId | None:
        """The cue the next GO fires."""
        return self._standby

    @property
    def pointer(self) -> Pointer:
        """Where the standby pointer was put, for `put`."""
        return self._pointer

    def put(self, pointer: Pointer) -> None:
        """Put the standby pointer somewhere; it stands on the first cue from there that can."""
        self._pointer = pointer
        self._standby = self.order.first_taking_part(pointer.at, self.enabled)
        self.version += 1

    def enabled(self, cue: CueId) -> bool:
        """Whether a cue takes part now."""
        return self._overrides.get(cue, self.order[cue].enabled)

    def set_enabled(self, cue: CueId, enabled: bool) -> bool:
        """Enable or disable a cue; whether that changed anything.

        A cue that is disabled while it stands by passes the standby on, until it is enabled again.
        """
        if self.enabled(cue) == enabled:
            return False
        self._overrides[cue] = enabled
        self.enablings += 1
        self.put(self._pointer)
        return True

    @property
    def overrides(self) -> tuple[tuple[CueId, bool], ...]:
        """The flags that differ from the authored ones."""
        return tuple(self._overrides.items())

    def restore(self, overrides: Mapping[CueId, bool], kept_loaded: Iterable[CueId]) -> None:
        """Have another machine's say over the running order."""
        self._overrides = {cue: on for cue, on in overrides.items() if cue in self.order}
        self.kept_loaded = {cue for cue in kept_loaded if cue in self.order}
        self.enablings += 1
        self.put(self._pointer)

    def keep_loaded(self, cue: CueId) -> bool:
        """Keep a cue armed wherever the show stands; whether that is new."""
        new = cue not in self.kept_loaded
        self.kept_loaded.add(cue)
        return new

    def let_go(self, cue: CueId) -> bool:
        """Keep a cue armed no longer than it is near; whether it was kept."""
        kept = cue in self.kept_loaded
        self.kept_loaded.discard(cue)
        return kept

    def move_to(self, cue: CueId) -> None:
        """Put the standby pointer on a cue, or on what follows if it takes no part."""
        self.put(Pointer(cue))

    def move_past(self, cue: CueId) -> None:
        """Put the standby pointer where it belongs after a GO of `cue`."""
        self.put(Pointer(self.order.standby_after(cue, self.enabled), cue))

    def move_to_top(self) -> None:
        """Put the standby pointer on the first cue."""
        self.put(Pointer(self.order.first(self.enabled)))

    def begin_again(self, holder: CueId) -> None:
        """A list begins its next iteration: what waits in it for a GO stands by again.

        Not so where the operator has gone on to something outside the list.
        """
        gone = self._pointer.after_go_of
        inside = self.order.standby_after(holder, self.enabled)
        if gone is None or inside is None or not self.order.within(gone, holder):
            return
        if self.order.within(inside, holder):
            self.put(Pointer(inside, holder))
