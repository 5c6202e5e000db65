"""What the player that would play a cue cannot do of what its author asked.

To be kept in step with players/*.py and app/performers.py: mpv's sound goes where a cue says by
JACK only, and its picture fills the screens that a cue names.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from cuems.core.check_outputs import Rig, output_ids
from cuems.core.cuelist import has_player, nodes_of
from cuems.core.cues import AnyCue, AudioCue, DmxCue, Geometry, MediaCue, VideoCue
from cuems.core.findings import Finding, Script, Severity, worst_for
from cuems.core.timecode import to_ms
from cuems.players import (
    ByAudioPlayer,
    ByComposer,
    ByDmx,
    ByDmxPlayer,
    ByMpv,
    Casting,
    PlayerConfig,
    casting,
)
from cuems.players.errors import CannotPlayError
from cuems.players.mpv import source
from cuems.players.outputs import JACK

FULL = 100
SPEAKERS = 2  # outputs that sound reaches without routing
BY_JACK = "; where its node runs a JACK server it is as authored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A field that is not honoured, what happens instead, and what helps."""

    field: str
    value: str
    text: str
    remedy: str


def check_players(script: Script, config: PlayerConfig, rig: Rig | None) -> Iterator[Finding]:
    """What will not be as authored with the players of this machine, cue by cue."""
    videos = sum(isinstance(cue, VideoCue) for cue in script.cues())
    for cue in script.cues():
        if not has_player(cue):
            continue
        try:
            role = casting(cue, config)
            if isinstance(role, ByMpv):
                source(role.cue, role.cue.name)
        except CannotPlayError as error:
            yield _unplayable(script, cue, error)
            continue
        for limit in _limits(role, config, rig, alone=videos == 1):
            yield script.finding(
                cue,
                Severity.WARNING,
                "not-honoured",
                field=limit.field,
                value=limit.value,
                text=limit.text,
                remedy=limit.remedy,
            )


def _unplayable(script: Script, cue: AnyCue, error: CannotPlayError) -> Finding:
    lights = isinstance(cue, DmxCue)
    return script.finding(
        cue,
        Severity.WARNING if lights else worst_for([cue]),
        "no-player",
        text=f"it cannot be played: {error.problem}",
        remedy=error.remedy or "disable it here, or run its lights from the desk",
    )


def _limits(
    role: Casting, config: PlayerConfig, rig: Rig | None, *, alone: bool
) -> Iterator[Limit]:
    match role:
        case ByMpv(cue):
            yield from _by_mpv(cue, config, rig, alone=alone)
        case ByAudioPlayer(cue):
            yield from _levels(cue)
            yield from _routing(cue, rig, SPEAKERS, "cuems-audioplayer")
        case ByComposer():
            pass  # outputs, regions, scale, corners and opacity are its business
        case ByDmx(cue) | ByDmxPlayer(cue):
            yield from _fade_out(cue)
        case _:
            assert_never(role)


def _fade_out(cue: DmxCue) -> Iterator[Limit]:
    if cue.fade_out_flicks:
        yield Limit(
            field="fadeout_time",
            value=f"{to_ms(cue.fade_out_flicks)} ms",
            text=f"fade out {to_ms(cue.fade_out_flicks)} ms: it counts in the length of the cue,"
            " but its look holds until another cue changes it",
            remedy="follow it with a DMX cue that fades these channels to 0",
        )


def _by_mpv(
    cue: MediaCue, config: PlayerConfig, rig: Rig | None, *, alone: bool
) -> Iterator[Limit]:
    match cue:
        case AudioCue() if config.audio_output == JACK:
            pass  # wired and mixed as it says
        case AudioCue():
            for limit in (*_levels(cue), *_routing(cue, rig, SPEAKERS, "mpv")):
                yield replace(limit, text=limit.text + BY_JACK)
        case VideoCue():
            yield from _picture(cue)
            yield from _opacity(cue, alone=alone)
        case _:
            assert_never(cue)


def _levels(cue: AudioCue) -> Iterator[Limit]:
    for output in cue.outputs:
        if output.volume_percent != FULL:
            yield Limit(
                field="output_vol",
                value=str(output.volume_percent),
                text=f"output {_short(output.output_name)} is to be at {output.volume_percent} %,"
                " but outputs have no level of their own here: it plays at its master volume",
                remedy="set its master volume instead, or the level in the file",
            )
        off = [level for level in output.channels if level.percent != FULL]
        if off:
            told = ", ".join(f"channel {level.channel} at {level.percent} %" for level in off)
            yield Limit(
                field="channel_vol",
                value=told,
                text=f"{told} on output {_short(output.output_name)}: channels have no level of"
                " their own here",
                remedy="set the balance in the file",
            )


def _routing(cue: AudioCue, rig: Rig | None, reached: int, player: str) -> Iterator[Limit]:
    """Outputs other than those that are reached without any routing."""
    for node in sorted(nodes_of(cue)):
        outputs = rig.nodes[node].of(cue) if rig is not None and node in rig.nodes else ()
        first = [output.id for output in outputs[:reached]]
        wanted = [
            next((output.id for output in outputs if name in (output.id, output.physical)), None)
            for name in output_ids(cue, node)
        ]
        if not first or not wanted or None in wanted or wanted == first:
            continue
        names = ", ".join(map(str, wanted))
        yield Limit(
            field="outputs",
            value=names,
            text=f"it names output {names}, but {player} is not routed yet: sound is on output"
            f" {', '.join(first)} of that node",
            remedy="patch it behind the machine, or choose that output",
        )


def _picture(cue: VideoCue) -> Iterator[Limit]:
    for output in cue.outputs:
        if output.geometry is not None and _is_bent(output.geometry):
            yield Limit(
                field="output_geometry",
                value="moved corners",
                text=f"moved corners on output {_short(output.output_name)}: mpv shows a rectangle",
                remedy="render the file as it is to appear, or set the corners in the projector",
            )
        region = output.canvas_region
        if region is not None:
            place = f"{region.x:g},{region.y:g} {region.width:g}x{region.height:g}"
            yield Limit(
                field="canvas_region",
                value=place,
                text=f"it is to cover {place} of the canvas: mpv fills the first screen instead",
                remedy="render the file with black around the picture",
            )


def _is_bent(geometry: Geometry) -> bool:
    return geometry != Geometry(x_scale=geometry.x_scale, y_scale=geometry.y_scale)


def _opacity(cue: VideoCue, *, alone: bool) -> Iterator[Limit]:
    if cue.opacity_percent != FULL and not alone:
        yield Limit(
            field="opacity",
            value=str(cue.opacity_percent),
            text=f"opacity {cue.opacity_percent} %: mpv dims the picture to black, and no other"
            " picture shows through",
            remedy="right on a black ground; else mix the pictures into one file",
        )


def _short(output_name: str) -> str:
    return output_name[37:] or output_name
