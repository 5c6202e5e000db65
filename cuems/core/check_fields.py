"""Fields of cues that mislead a crew, or that do nothing: names, timecode addresses, fades."""

from collections import defaultdict
from collections.abc import Iterator

from cuems.core.cues import ActionCue, AnyCue, AudioCue, FadeCue, VideoCue
from cuems.core.findings import Finding, Script, Severity, kind, named
from cuems.core.levels import FADE_DURATION
from cuems.core.timecode import to_duration_text

UNNAMED = "empty"  # what the editor calls a cue until somebody names it
LINEAR = "linear"


def check_fields(script: Script) -> Iterator[Finding]:
    """What cues say that is misleading or in vain."""
    yield from _names(script)
    yield from _timecode_cues(script)
    for cue in script.cues():
        yield from _ignored_fields(script, cue)
        yield from _fade_profiles(script, cue)


def _names(script: Script) -> Iterator[Finding]:
    by_name: dict[str, list[AnyCue]] = defaultdict(list)
    for cue in script.cues():
        by_name[cue.name.strip()].append(cue)
    for name, cues in by_name.items():
        if name in {"", UNNAMED}:
            text = "it has no name" if len(cues) == 1 else f"{len(cues)} cues have no name"
        elif len(cues) > 1:
            lines = ", ".join(str(script.lines.get(cue.id)) for cue in cues[1:])
            text = f"{len(cues)} cues are called {name!r}; the others are on line {lines}"
        else:
            continue
        yield script.finding(
            cues[0],
            Severity.ADVICE,
            "name",
            field="name",
            value=name,
            text=text,
            remedy="name each so that whoever calls the show can tell them apart",
        )


def _timecode_cues(script: Script) -> Iterator[Finding]:
    by_timecode = [cue for cue in script.cues() if cue.timecode and cue.enabled]
    placed = [cue for cue in by_timecode if cue.pre_wait_flicks]
    for cue in by_timecode:
        if cue not in placed:
            yield script.finding(
                cue,
                Severity.WARNING,
                "timecode-address",
                field="prewait",
                value=to_duration_text(0),
                text="a timecode cue starts at the address its pre-wait says, which is"
                " 00:00:00.000: it would start with the line itself",
                remedy="set its pre-wait to the timecode at which it is to start",
            )
    if placed:
        address = to_duration_text(placed[0].pre_wait_flicks)
        yield script.finding(
            placed[0],
            Severity.ADVICE,
            "timecode-cue",
            field="prewait",
            value=address,
            text=f"{named(placed)} {'start' if len(placed) > 1 else 'starts'} by timecode, and GO"
            f" passes by: the pre-wait is the address, {address} for {placed[0].name!r}",
            remedy="nothing to do if that is meant",
        )


def _ignored_fields(script: Script, cue: AnyCue) -> Iterator[Finding]:
    if cue.offset_flicks and not isinstance(cue, AudioCue | VideoCue):
        yield script.finding(
            cue,
            Severity.WARNING,
            "ignored-field",
            field="offset",
            value=to_duration_text(cue.offset_flicks),
            text=f"{kind(cue)} has no media to start into: its offset does nothing",
            remedy="use a pre-wait, if it is to start later",
        )
    if cue.loop != 1 and isinstance(cue, ActionCue | FadeCue):
        yield script.finding(
            cue,
            Severity.WARNING,
            "ignored-field",
            field="loop",
            value=cue.loop,
            text=f"{kind(cue)} happens once, whatever its loop says",
            remedy="put it into a list that loops",
        )


def _fade_profiles(script: Script, cue: AnyCue) -> Iterator[Finding]:
    if not isinstance(cue, AudioCue | VideoCue):
        return
    for profile in cue.fade_profiles:
        field = f"fade_profile {profile.direction}"
        if dict(profile.parameters).get(FADE_DURATION, 0) <= 0:
            text = f"its fade {profile.direction} has no {FADE_DURATION!r} in ms: it does not fade"
            remedy = "set the length of the fade, or use a fade cue"
        elif profile.function_id != LINEAR:
            text = f"its fade {profile.direction} is linear here, not {profile.function_id!r}"
            remedy = "use a fade cue, which has curves"
        else:
            continue
        yield script.finding(
            cue,
            Severity.WARNING,
            "fade-profile",
            field=field,
            value=profile.function_id,
            text=text,
            remedy=remedy,
        )
