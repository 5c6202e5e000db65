"""cuems-dmxplayer: lights through OLA, one process for the node. Source: interop.md 7.4, 6.6.

A scene is one bundle: the levels it fades to, where on the timecode line it begins, and how long
it takes. The player follows MTC by itself, and knows nothing of cues: what is to show when a look
is taken away, it has to be told.
"""

from collections.abc import Mapping

from cuems.core.cues import DmxCue, NodeId
from cuems.core.dmx import Look
from cuems.core.timecode import FLICKS_PER_S, FrameRate
from cuems.players.audio import MTC_ADDRESS_LAG_FRAMES
from cuems.players.equipment import DmxProgram
from cuems.players.errors import CannotPlayError
from cuems.wire.osc import IMMEDIATELY, Osc, OscBundle

REMEDY = "install cuems-dmxplayer, or take dmxplayer out of settings.xml and start with --dmx sacn"
NOW = "now"
DARK = Osc("/blackout")
QUIT = Osc("/quit")

Levels = Mapping[int, Mapping[int, int]]
"""Universe → channel (0 to 511) → level (0 to 255)."""


def look(cue: DmxCue) -> Look:
    """What a cue lights; raises CannotPlayError where that is nothing."""
    universes = {
        universe.number: {channel.channel: channel.value for channel in universe.channels}
        for universe in cue.scene.universes
        if universe.channels
    }
    if not universes:
        raise CannotPlayError(cue.name, "its scene sets no channel", "give it one in the editor")
    return Look(cue=cue.id, universes=universes, fade_flicks=cue.fade_in_flicks)


def argv(program: DmxProgram, node: NodeId, port: int) -> list[str]:
    """The command line of the node's player."""
    latency = (
        ()
        if program.output_latency_ms is None
        else ("--output-latency-ms", str(program.output_latency_ms))
    )
    return [program.path, *program.args, *latency, "--port", str(port), "--uuid", node]


def follow(following: bool) -> Osc:
    """Take scenes along the timecode, or stand."""
    return Osc("/mtcfollow", (int(following),))


def scene_at(levels: Levels, start: int, fade_flicks: int, rate: FrameRate) -> OscBundle:
    """Fade to levels from a position of the line on; the player is that of an address, which lags.

    One that lies behind begins at once.
    """
    lag = MTC_ADDRESS_LAG_FRAMES * rate.flicks_per_frame
    seconds = max(0, start - lag) / FLICKS_PER_S
    return _scene(levels, f"0:0:{seconds}", fade_flicks)


def scene_now(levels: Levels, fade_flicks: int = 0) -> OscBundle:
    """Fade to levels from now on."""
    return _scene(levels, NOW, fade_flicks)


def _scene(levels: Levels, mtc_time: str, fade_flicks: int) -> OscBundle:
    frames = (
        Osc("/frame", (universe, *(part for slot in sorted(slots.items()) for part in slot)))
        for universe, slots in sorted(levels.items())
    )
    times = (Osc("/mtc_time", (mtc_time,)), Osc("/fade_time", (fade_flicks / FLICKS_PER_S,)))
    return OscBundle(IMMEDIATELY, (*frames, *times))
