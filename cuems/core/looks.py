"""Which lights are on: a DMX cue's look stays when its body is over (core/dmx.py).

Every replica of a show keeps the looks of all cues, so that after a jump of the line those are on
that would be had it rolled there, in the order in which they came: the last one has the channels.
"""

from collections.abc import Iterator, Sequence

from cuems.core.cues import CueId


class Looks:
    """The cues whose looks are on, oldest first, each with where its body began."""

    def __init__(self) -> None:
        self._starts: dict[CueId, int] = {}

    def __contains__(self, cue: object) -> bool:
        return cue in self._starts

    def __iter__(self) -> Iterator[CueId]:
        return iter(self._starts)

    def __len__(self) -> int:
        return len(self._starts)

    def start(self, cue: CueId) -> int:
        """Where on the line a look came."""
        return self._starts[cue]

    def come(self, cue: CueId, start: int) -> None:
        """A look comes on, over all others."""
        self._starts.pop(cue, None)
        self._starts[cue] = start

    def go(self, cue: CueId) -> None:
        """A look is taken away, if it is on."""
        self._starts.pop(cue, None)

    def shift(self, by: int) -> None:
        """The looks came that much later on the line."""
        self._starts = {cue: start + by for cue, start in self._starts.items()}

    def clear(self) -> None:
        """All looks are taken away."""
        self._starts.clear()


def difference(
    shown: Sequence[CueId], wanted: Sequence[CueId]
) -> tuple[list[CueId], list[CueId], list[CueId]]:
    """How to come from the looks that are shown to those wanted, both oldest first.

    Which to take away, which to leave on, and which to bring on, in their order, over those.
    """
    leaving = [cue for cue in shown if cue not in wanted]
    staying = [cue for cue in shown if cue in wanted]
    same = 0
    while same < len(staying) and staying[same] == wanted[same]:
        same += 1
    return leaving, staying[:same], list(wanted[same:])
