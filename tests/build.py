"""Small shows for tests: cues with short names, times in ms."""

from typing import Any

from cuems.core.cuelist import RunningOrder
from cuems.core.cues import (
    Action,
    ActionCue,
    AnyCue,
    AudioCue,
    AudioOutput,
    CueId,
    CueList,
    FadeCue,
    Media,
    PostGo,
    Show,
    VideoCue,
)
from cuems.core.timecode import from_ms

NODE = "11111111-1111-4111-8111-111111111111"
POST_GO = {"p": PostGo.PAUSE, "g": PostGo.GO, "e": PostGo.GO_AT_END}


def common(name: str, post: str, pre: int, wait: int, more: dict[str, Any]) -> dict[str, Any]:
    if "target" in more:
        more["target"] = CueId(more["target"])
    return {
        "id": CueId(name),
        "name": name,
        "post_go": POST_GO[post],
        "pre_wait_flicks": from_ms(pre),
        "post_wait_flicks": from_ms(wait),
        **more,
    }


def audio(
    name: str, ms: int = 1000, post: str = "p", *, pre: int = 0, wait: int = 0, **more: Any
) -> AudioCue:
    media = Media(file_name=f"{name}.wav", duration_flicks=from_ms(ms))
    more.setdefault("outputs", (AudioOutput(output_name=f"{NODE}_0"),))
    return AudioCue(media=media, **common(name, post, pre, wait, more))


def video(
    name: str, ms: int = 1000, post: str = "p", *, pre: int = 0, wait: int = 0, **more: Any
) -> VideoCue:
    media = Media(file_name=f"{name}.y4m", duration_flicks=from_ms(ms))
    return VideoCue(media=media, **common(name, post, pre, wait, more))


def action(
    name: str,
    what: Action,
    target: str | None = None,
    post: str = "p",
    *,
    pre: int = 0,
    wait: int = 0,
    **more: Any,
) -> ActionCue:
    on = None if target is None else CueId(target)
    return ActionCue(action=what, action_target=on, **common(name, post, pre, wait, more))


def fade(
    name: str,
    target: str,
    percent: int,
    ms: int,
    post: str = "p",
    *,
    pre: int = 0,
    wait: int = 0,
    **more: Any,
) -> FadeCue:
    return FadeCue(
        action_target=CueId(target),
        target_percent=percent,
        duration_flicks=from_ms(ms),
        **common(name, post, pre, wait, more),
    )


def cues(
    name: str, *contents: AnyCue, post: str = "p", pre: int = 0, wait: int = 0, **more: Any
) -> CueList:
    return CueList(contents=contents, **common(name, post, pre, wait, more))


def show(*contents: AnyCue) -> Show:
    return Show(id="show", name="show", cue_list=cues("root", *contents))


def order(*contents: AnyCue) -> RunningOrder:
    return RunningOrder(show(*contents))
