"""DMX out of this very process: what a cue's scene is to the lighting desk (core/dmx.py)."""

from cuems.core.cues import DmxCue
from cuems.core.dmx import Look
from cuems.players.errors import CannotPlayError
from cuems.wire.dmx_option import UNIVERSES, DmxOut

OFF = "no DMX output"
REMEDY = "start cuems with --dmx sacn or --dmx artnet"


def look(cue: DmxCue, out: DmxOut) -> Look:
    """What a cue lights, by the universe numbers of the wire.

    Raises:
        CannotPlayError: it lights nothing, or a universe that the protocol does not have.
    """
    universes: dict[int, dict[int, int]] = {}
    for universe in cue.scene.universes:
        if universe.channels:
            slots = universes.setdefault(_number(cue, universe.number, out), {})
            slots |= {channel.channel: channel.value for channel in universe.channels}
    if not universes:
        raise CannotPlayError(cue.name, "its scene sets no channel", "give it one in the editor")
    return Look(cue=cue.id, universes=universes, fade_flicks=cue.fade_in_flicks)


def _number(cue: DmxCue, number: int, out: DmxOut) -> int:
    known = UNIVERSES[out.protocol]
    if number + out.offset not in known:
        offset = f" + offset {out.offset}" if out.offset else ""
        raise CannotPlayError(
            cue.name,
            f"universe {number}{offset}: {out.protocol} has universes {known[0]} to {known[-1]}",
            f"change it in the editor, or start with --dmx {out.protocol},offset=1",
        )
    return number + out.offset
