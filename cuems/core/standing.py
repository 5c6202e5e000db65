"""What stands: which cues are enabled, which one stands by, and which are kept loaded."""

from cuems.core.cuelist import RunningOrder
from cuems.core.cues import CueId


class Standing:
    """The operator's and the actions' say over a running order. Survives STOP, not a load."""

    def __init__(self, order: RunningOrder) -> None:
        self.order = order
        self.kept_loaded: set[CueId] = {cue for cue in order if order[cue].autoload}
        self._overrides: dict[CueId, bool] = {}
        self.standby = order.first(self.enabled)

    def enabled(self, cue: CueId) -> bool:
        """Whether a cue takes part now."""
        return self._overrides.get(cue, self.order[cue].enabled)

    def set_enabled(self, cue: CueId, enabled: bool) -> bool:
        """Enable or disable a cue; whether that changed anything.

        A cue that is disabled while it stands by passes the standby on.
        """
        if self.enabled(cue) == enabled:
            return False
        self._overrides[cue] = enabled
        self.standby = self.order.first_taking_part(self.standby, self.enabled)
        return True

    def move_to(self, cue: CueId) -> None:
        """Put the standby pointer on a cue, or on what follows if it takes no part."""
        self.standby = self.order.first_taking_part(cue, self.enabled)

    def move_past(self, cue: CueId) -> None:
        """Put the standby pointer where it belongs after a GO of `cue`."""
        self.standby = self.order.standby_after(cue, self.enabled)

    def move_to_top(self) -> None:
        """Put the standby pointer on the first cue."""
        self.standby = self.order.first(self.enabled)
