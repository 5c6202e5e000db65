"""Whether the leader is still heard on the bus, so that a link that carries nothing is made anew.

When a cable is swapped or an address changes nobody ends the connection: TCP would find out after
minutes, and what is said on it meanwhile is lost. A leader says four times a second that it is
there; where that does not come, the link is dead. It is looked rather than timed: a machine that
stood still itself has not been listening.
"""

LOOK_NS = 500_000_000
QUIET_LOOKS = 4  # a bad network stalls TCP for a second or so


class LinkWatch:
    """Counts the looks since the leader was last heard. A controller that never beats is let be."""

    def __init__(self) -> None:
        self._beats = False
        self._quiet = 0
        self._looked_ns = 0

    def linked(self) -> None:
        """The link is new: whoever is at its other end may be another."""
        self._beats, self._quiet = False, 0

    def heard(self) -> None:
        """The leader said on the bus that it is there."""
        self._beats, self._quiet = True, 0

    def is_dead(self, now_ns: int) -> bool:
        """Whether the link is to be made anew, and made anew again as long as nothing comes of it.

        Asked at least every LOOK_NS.
        """
        if not self._beats or now_ns - self._looked_ns < LOOK_NS:
            return False
        self._looked_ns = now_ns
        self._quiet += 1
        if self._quiet < QUIET_LOOKS:
            return False
        self._quiet = 0
        return True
