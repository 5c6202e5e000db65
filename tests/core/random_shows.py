"""Random small shows for the sequencer: cues c0, c1, …, times in multiples of 50 ms."""

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from cuems.core.cues import (
    Action,
    AnyCue,
    CueId,
    CueList,
    FadeDirection,
    FadeProfile,
    PostGo,
)
from tests.build import action, audio, cues, fade, video

SHORT_MS = st.sampled_from((0, 0, 0, 50, 100, 250, 400))
BODY_MS = st.sampled_from((0, 50, 100, 400, 1000, 2500))
FADE_MS = st.sampled_from((0, 10, 50, 333, 700))
ON_CUES = (
    Action.PLAY,
    Action.STOP,
    Action.PAUSE,
    Action.RESUME,
    Action.DEVAMP,
    Action.FADE_IN,
    Action.FADE_OUT,
)
ON_THE_SHOW = (
    Action.ENABLE,
    Action.DISABLE,
    Action.LOAD,
    Action.UNLOAD,
    Action.GO_TO,
    Action.WAIT,
    Action.PAUSE_PROJECT,
    Action.RESUME_PROJECT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """What a random show may be made of."""

    actions: tuple[Action, ...] = ()
    fades: bool = False
    lists: bool = False
    stops_in_lists: bool = True
    loops: bool = False
    targets: bool = False
    timecode: bool = False
    disabled: bool = True
    posts: str = "ppge"


EVERYTHING = Ingredients(
    actions=ON_CUES + ON_THE_SHOW, fades=True, lists=True, loops=True, targets=True, timecode=True
)


@dataclass(slots=True)
class _Cook:
    draw: Any
    made_of: Ingredients
    names: list[str] = field(default_factory=list)

    def any_name(self) -> str:
        return f"c{self.draw(st.integers(0, 7))}"

    def new_name(self) -> str:
        self.names.append(f"c{len(self.names)}")
        return self.names[-1]

    def common(self) -> dict[str, Any]:
        draw, made_of = self.draw, self.made_of
        values: dict[str, Any] = {
            "post": draw(st.sampled_from(made_of.posts)),
            "pre": draw(SHORT_MS),
            "wait": draw(SHORT_MS),
        }
        if made_of.disabled:
            values["enabled"] = draw(st.integers(0, 5)) > 0
        if made_of.loops:
            values["loop"] = draw(st.sampled_from((1, 1, 1, 2, 3, 0)))
        return values

    def cue(self, depth: int) -> AnyCue:
        made = self.some_cue(depth)
        if self.made_of.targets and self.draw(st.integers(0, 5)) == 0:
            return replace(made, target=CueId(self.any_name()))
        return made

    def some_cue(self, depth: int) -> AnyCue:
        draw, made_of = self.draw, self.made_of
        kinds = ["sound"] * 3
        kinds += ["list"] if made_of.lists and depth < 2 else []
        kinds += ["action"] if made_of.actions else []
        kinds += ["fade"] if made_of.fades else []
        kind = draw(st.sampled_from(kinds))
        name, values = self.new_name(), self.common()
        match kind:
            case "list":
                return self.list_of(name, values, depth)
            case "action":
                return action(
                    name, draw(st.sampled_from(made_of.actions)), self.any_name(), **values
                )
            case "fade":
                values.pop("loop", None)
                percent = draw(st.sampled_from((0, 30, 100)))
                return fade(name, self.any_name(), percent, draw(FADE_MS), **values)
            case _:
                return self.sound(name, values)

    def sound(self, name: str, values: dict[str, Any]) -> AnyCue:
        draw, made_of = self.draw, self.made_of
        if made_of.timecode and draw(st.integers(0, 5)) == 0:
            values |= {"timecode": True, "pre": draw(st.integers(0, 100)) * 50}
        if made_of.fades and draw(st.integers(0, 3)) == 0:
            direction = draw(st.sampled_from(FadeDirection))
            values["fade_profiles"] = (profile(direction, draw(FADE_MS)),)
        body_ms = draw(BODY_MS)
        if draw(st.booleans()):
            return video(name, body_ms, **values)
        return audio(name, body_ms, **values)

    def list_of(self, name: str, values: dict[str, Any], depth: int) -> AnyCue:
        contents = [self.cue(depth + 1) for _ in range(self.draw(st.integers(0, 3)))]
        if not self.made_of.stops_in_lists:
            contents = [without_stop(cue, last=cue is contents[-1]) for cue in contents]
        return cues(name, *contents, **values)


def profile(direction: FadeDirection, ms: int) -> FadeProfile:
    return FadeProfile(
        direction=direction, mode="linear", function_id="f", parameters=(("duration", ms),)
    )


def without_stop(cue: AnyCue, *, last: bool) -> AnyCue:
    if cue.post_go is PostGo.PAUSE and not last:
        return replace(cue, post_go=PostGo.GO_AT_END)
    return replace(cue, post_go=PostGo.PAUSE) if last else cue


def without_ghosts(cue: AnyCue, known: set[CueId]) -> AnyCue:
    """Every target is in the show, as validation sees to."""
    if isinstance(cue, CueList):
        cue = replace(cue, contents=tuple(without_ghosts(child, known) for child in cue.contents))
    return cue if cue.target in known else replace(cue, target=None)


@st.composite
def contents(draw: Any, made_of: Ingredients = EVERYTHING) -> list[AnyCue]:
    cook = _Cook(draw, made_of)
    made = [cook.cue(0) for _ in range(draw(st.integers(1, 5)))]
    return [without_ghosts(cue, set(map(CueId, cook.names))) for cue in made]
