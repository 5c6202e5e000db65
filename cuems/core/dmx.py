"""Lights: the looks of the DMX cues that are on, merged into what each universe has to show.

A cue's look fades in over its `fade_in`, ends exactly on its levels, and *holds* after the cue's
body is over, until another cue sets the same channels, the cue is stopped, or everything is: what
QLab's light cues and cuems-dmxplayer do. Its `fade_out` only counts in the length of the body
(interop.md 5.2). A cue that is stopped gives its channels back to the look beneath, or to dark.

Looks are merged channel by channel, and only the channels that a scene names count:

- LTP, the default: the look that came last has the channel, and fades from what the channel
  showed when it came. The project file does not say which channels are intensities, and the
  highest of two colour wheels is neither; nor could a cue ever darken what another one lit.
- HTP, where it is asked for: each look rises from nothing, or from where it was itself; the
  highest has the channel.

Positions are flicks on one axis that runs with the show. 512 slots are worked on at once as one
integer with a lane of LANE_BYTES for each: a level, and a fade's two fraction bytes below it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cuems.core.cues import CueId

SLOTS = 512
DARK = bytes(SLOTS)
LANE_BYTES = 3
FRACTION_BITS = 16
WHOLE = 1 << FRACTION_BITS  # of a fade


class Merge(StrEnum):
    """Who has a channel that several looks set."""

    LTP = "ltp"
    HTP = "htp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a cue lights: universe → slot (0 to 511) → level (0 to 255), faded to."""

    cue: CueId
    universes: Mapping[int, Mapping[int, int]]
    fade_flicks: int = 0


def _lanes(levels: bytes | bytearray) -> int:
    spread = bytearray(SLOTS * LANE_BYTES)
    spread[::LANE_BYTES] = levels
    return int.from_bytes(spread, "little")


def _levels(lanes: int) -> bytes:
    return lanes.to_bytes(SLOTS * LANE_BYTES, "little")[::LANE_BYTES]


EVERY_LANE = _lanes(b"\xff" * SLOTS)


class _Fade:
    """One universe of a look on its way from `origin` to its levels; all lanes outside are 0."""

    def __init__(self, slots: Mapping[int, int], origin: int) -> None:
        target, named = bytearray(SLOTS), bytearray(SLOTS)
        for slot, level in slots.items():
            target[slot], named[slot] = level, 255
        self.mask = _lanes(named)
        self.target = _lanes(target)
        self.origin = origin & self.mask
        self._half = self.mask // 255 << FRACTION_BITS - 1

    def at(self, progress: int) -> int:
        """The lanes at a progress of 0 to WHOLE, each to the nearest level."""
        if progress >= WHOLE:
            return self.target
        mixed = self.origin * (WHOLE - progress) + self.target * progress + self._half
        return (mixed >> FRACTION_BITS) & self.mask


class _Layer:
    """A look that is on."""

    def __init__(self, look: Look, start: int, origins: Mapping[int, int]) -> None:
        self.look = look
        self.start = start
        self.held: int | None = None  # how far in, while it is frozen
        self.fades = {
            universe: _Fade(slots, origins.get(universe, 0))
            for universe, slots in look.universes.items()
        }

    def elapsed(self, position: int) -> int:
        return position - self.start if self.held is None else self.held

    def lanes(self, universe: int, position: int) -> int:
        return self.fades[universe].at(self._progress(position))

    def _progress(self, position: int) -> int:
        elapsed, fade = self.elapsed(position), self.look.fade_flicks
        if elapsed < 0:
            return 0
        return WHOLE if elapsed >= fade else elapsed * WHOLE // fade

    def next_change(self, position: int) -> int | None:
        if self.held is not None or self.elapsed(position) >= max(0, self.look.fade_flicks):
            return None
        return max(position, self.start)


class Desk:
    """The looks that are on, oldest first."""

    def __init__(self, merge: Merge = Merge.LTP) -> None:
        self._merge = merge
        self._layers: dict[CueId, _Layer] = {}
        self._settled: dict[int, bytes] = {}  # universes in which nothing moves, until it does
        self._dark: tuple[int, int] | None = None  # from and until where everything fades to dark

    @property
    def cues(self) -> tuple[CueId, ...]:
        """The cues whose looks are on, oldest first."""
        return tuple(self._layers)

    def start(self, look: Look, position: int, elapsed: int = 0) -> None:
        """Bring a look on, `elapsed` into its fade at `position`, over what is there."""
        former = self._layers.get(look.cue)
        origins = {}
        for universe in look.universes:
            if self._merge is Merge.LTP:
                origins[universe] = self._stacked(universe, position)
            elif former is not None and universe in former.fades:
                origins[universe] = former.lanes(universe, position)
        self._layers.pop(look.cue, None)
        self._layers[look.cue] = _Layer(look, position - elapsed, origins)
        self._settled.clear()

    def relocate(self, cue: CueId, position: int, elapsed: int) -> None:
        """A look is `elapsed` into its fade at `position`; it stays frozen if it is."""
        if cue in self._layers:
            layer = self._layers[cue]
            layer.start = position - elapsed
            layer.held = None if layer.held is None else elapsed
            self._settled.clear()

    def freeze(self, cue: CueId, position: int) -> None:
        """Hold a look where its fade is."""
        if cue in self._layers and self._layers[cue].held is None:
            self._layers[cue].held = self._layers[cue].elapsed(position)
            self._settled.clear()

    def unfreeze(self, cue: CueId, position: int, elapsed: int) -> None:
        """Let a look's fade go on from `elapsed`."""
        if cue in self._layers:
            self._layers[cue].held = None
            self.relocate(cue, position, elapsed)

    def release(self, cue: CueId) -> None:
        """Take a look away."""
        if self._layers.pop(cue, None) is not None:
            self._settled.clear()

    def clear(self) -> None:
        """Take everything away."""
        self._layers.clear()
        self._settled.clear()
        self._dark = None

    def fade_out(self, position: int, duration: int) -> None:
        """Fade everything to dark from a position on, whatever else it does; then it stays so."""
        if self._dark is None:
            self._dark = position, position + duration

    def slots_of(self, cue: CueId) -> dict[int, dict[int, int]]:
        """The channels that a look has, none that came later setting them, and what it fades to."""
        found: dict[int, dict[int, int]] = {}
        for layer in self._layers.values():
            for universe, slots in layer.look.universes.items():
                if layer.look.cue == cue:
                    found[universe] = dict(slots)
                elif universe in found:
                    for slot in slots:
                        found[universe].pop(slot, None)
        return {universe: slots for universe, slots in found.items() if slots}

    def lit_slots(self) -> dict[int, dict[int, int]]:
        """The channels that any look sets, and what they fade to."""
        found: dict[int, dict[int, int]] = {}
        for layer in self._layers.values():
            for universe, slots in layer.look.universes.items():
                found.setdefault(universe, {}).update(slots)
        return found

    def left_of(self, cue: CueId, position: int) -> int:
        """How long a look goes on fading; 0 where it is on, or frozen."""
        layer = self._layers.get(cue)
        if layer is None or layer.held is not None:
            return 0
        return max(0, layer.look.fade_flicks - max(0, layer.elapsed(position)))

    def next_change(self, position: int) -> int | None:
        """From where on levels move by themselves, `position` or later; None: they do not."""
        if self._dark is not None:
            return position if position < self._dark[1] else None
        changes = (layer.next_change(position) for layer in self._layers.values())
        return min((change for change in changes if change is not None), default=None)

    def levels_at(self, position: int) -> dict[int, bytes]:
        """What every universe with a look shows: 512 levels each. Positions never go back."""
        universes: dict[int, bool] = {}
        for layer in self._layers.values():
            moves = layer.next_change(position) is not None
            for universe in layer.fades:
                universes[universe] = universes.get(universe, False) or moves
        levels = {
            universe: self._moving(universe, position) if moves else self._still(universe, position)
            for universe, moves in universes.items()
        }
        return levels if self._dark is None else self._dimmed(levels, position, *self._dark)

    @staticmethod
    def _dimmed(
        levels: Mapping[int, bytes], position: int, start: int, end: int
    ) -> dict[int, bytes]:
        if position >= end:
            return dict.fromkeys(levels, DARK)
        left = WHOLE - max(0, position - start) * WHOLE // (end - start)
        dimmed = {universe: _lanes(row) * left for universe, row in levels.items()}
        return {
            universe: _levels(lanes >> FRACTION_BITS & EVERY_LANE)
            for universe, lanes in dimmed.items()
        }

    def _moving(self, universe: int, position: int) -> bytes:
        self._settled.pop(universe, None)
        return self._merged(universe, position)

    def _still(self, universe: int, position: int) -> bytes:
        if universe not in self._settled:
            self._settled[universe] = self._merged(universe, position)
        return self._settled[universe]

    def _merged(self, universe: int, position: int) -> bytes:
        if self._merge is Merge.LTP:
            return _levels(self._stacked(universe, position))
        rows = [_levels(layer.lanes(universe, position)) for layer in self._layers_of(universe)]
        return rows[0] if len(rows) == 1 else bytes(map(max, *rows))

    def _stacked(self, universe: int, position: int) -> int:
        lanes = 0
        for layer in self._layers_of(universe):
            mask = layer.fades[universe].mask
            lanes = lanes & ~mask | layer.lanes(universe, position)
        return lanes

    def _layers_of(self, universe: int) -> list[_Layer]:
        return [layer for layer in self._layers.values() if universe in layer.fades]
