"""A cue's body: how long it lasts, and which moment of its media sounds when.

One *iteration* plays the whole media, or its regions in file order, each `loop` times (below 1:
until stopped). `offset` is cut from the head of every iteration, so on a cue without regions it
is the start position into the media. The cue's own `loop` repeats the iteration. A body that
goes on until it is stopped has no length: None. A cue list has no body of its own: it lasts until
its last child has ended. All figures are flicks.
"""

from dataclasses import dataclass
from typing import assert_never

from cuems.core.cues import (
    ActionCue,
    AnyCue,
    AudioCue,
    CueList,
    DmxCue,
    FadeCue,
    MediaCue,
    VideoCue,
)

BodyCue = AudioCue | VideoCue | DmxCue | ActionCue | FadeCue


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of media from `start` to `end`, played `plays` times (None: until stopped)."""

    start: int
    end: int
    plays: int | None

    @property
    def flicks(self) -> int:
        """How long one play lasts."""
        return max(0, self.end - self.start)


def plays(loop: int) -> int | None:
    """How often an authored `loop` plays; None until stopped."""
    return loop if loop >= 1 else None


def segments(cue: MediaCue) -> tuple[Segment, ...]:
    """What one iteration plays, before `offset` is cut from its head."""
    if cue.media is None:
        return ()
    if not cue.media.regions:
        return (Segment(0, cue.media.duration_flicks, 1),)
    whole = cue.media.duration_flicks
    return tuple(
        Segment(region.in_flicks, region.out_flicks or whole, plays(region.loop))
        for region in cue.media.regions
    )


def iteration_flicks(cue: BodyCue) -> int | None:
    """The length of one iteration, or of the body of a cue that has none."""
    match cue:
        case AudioCue() | VideoCue():
            return _media_iteration(cue)
        case DmxCue():
            return cue.fade_in_flicks + cue.fade_out_flicks
        case FadeCue():
            return cue.duration_flicks
        case ActionCue():
            return 0
        case _:
            assert_never(cue)


def body_flicks(cue: BodyCue) -> int | None:
    """The length of all iterations. A fade or an action happens once, whatever its `loop`."""
    once = iteration_flicks(cue)
    if isinstance(cue, FadeCue | ActionCue):
        return once
    times = plays(cue.loop)
    return None if once is None or times is None else once * times


def length_flicks(cue: AnyCue) -> int:
    """For people: how long a cue takes by itself, 0 where it has no end, or is a list."""
    return 0 if isinstance(cue, CueList) else body_flicks(cue) or 0


def media_position(cue: MediaCue, elapsed: int) -> int:
    """Where in the media a cue is, `elapsed` into its body.

    A moment belongs to the stretch that begins there. Before the body this is its first moment,
    after it the end of its last stretch.
    """
    once = _media_iteration(cue)
    into, whole = max(0, elapsed), body_flicks(cue)
    if whole is not None and into >= whole:
        return _playout_position(segments(cue), (once or 0) + cue.offset_flicks)
    return _playout_position(segments(cue), (into % once if once else into) + cue.offset_flicks)


def _media_iteration(cue: MediaCue) -> int | None:
    total = 0
    for segment in segments(cue):
        if segment.plays is None and segment.flicks:
            return None
        total += segment.flicks * (segment.plays or 0)
    return max(0, total - cue.offset_flicks)


def _playout_position(playout: tuple[Segment, ...], into: int) -> int:
    at_end = 0
    for segment in playout:
        if not segment.flicks:
            continue
        if segment.plays is None or into < segment.flicks * segment.plays:
            return segment.start + into % segment.flicks
        into -= segment.flicks * segment.plays
        at_end = segment.end
    return at_end


def next_jump(cue: MediaCue, elapsed: int) -> int | None:
    """The first moment after `elapsed` at which the media does not simply run on.

    None where it runs to the end of the body.
    """
    once, whole = _media_iteration(cue), body_flicks(cue)
    begun = elapsed // once * once if once else 0
    into = elapsed - begun + cue.offset_flicks
    for segment in segments(cue):
        if not segment.flicks:
            continue
        if segment.plays is None or into < segment.flicks * segment.plays:
            jump = elapsed + segment.flicks - into % segment.flicks
            return None if whole is not None and jump >= whole else jump
        into -= segment.flicks * segment.plays
    return None
