"""What a cue's life means to each player, and which player plays which cue.

Everything here is pure: spawning players and talking to them is app/performers.py's business.
"""

from dataclasses import dataclass
from typing import assert_never

from cuems.core.check_outputs import Output
from cuems.core.cues import (
    ActionCue,
    AnyCue,
    AudioCue,
    CueList,
    DmxCue,
    FadeCue,
    NodeId,
    VideoCue,
)
from cuems.players.dmx import OFF, REMEDY
from cuems.players.equipment import Composer, Equipment
from cuems.players.errors import CannotPlayError
from cuems.wire.dmx_option import DmxOut


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioProgram:
    """cuems-audioplayer as settings.xml configures it; latency None: the player's own idea."""

    path: str
    args: tuple[str, ...] = ()
    output_latency_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerConfig:
    """How this node plays.

    `video_output` and `audio_output` are names of mpv outputs (--vo, --ao), or "auto": what the
    machine has, "null" where it has nothing. Ports are those a player may take for OSC. `dmx` is
    where lights go, None: nowhere. `audio_outputs` and `video_outputs` are those of `node` in the
    mappings, None where there are no mappings.
    """

    enabled: bool = True
    mpv: str = "mpv"
    video_output: str = "auto"
    audio_output: str = "auto"
    audio_program: AudioProgram | None = None
    dmx: DmxOut | None = None
    first_port: int = 9190
    last_port: int = 9998
    excluded_ports: frozenset[int] = frozenset()
    node: NodeId | None = None
    audio_outputs: tuple[Output, ...] | None = None
    video_outputs: tuple[Output, ...] | None = None
    equipment: Equipment = Equipment()  # noqa: RUF009 - frozen


@dataclass(frozen=True, slots=True)
class ByMpv:
    """Played by an mpv of its own."""

    cue: AudioCue | VideoCue


@dataclass(frozen=True, slots=True)
class ByAudioPlayer:
    """Played by a cuems-audioplayer of its own."""

    cue: AudioCue
    program: AudioProgram


@dataclass(frozen=True, slots=True)
class ByDmx:
    """Lit by ourselves over the network."""

    cue: DmxCue
    out: DmxOut


@dataclass(frozen=True, slots=True)
class ByComposer:
    """Shown by the machine's video composer."""

    cue: VideoCue
    composer: Composer


@dataclass(frozen=True, slots=True)
class ByDmxPlayer:
    """Lit by the node's DMX player."""

    cue: DmxCue


ByMedia = ByMpv | ByAudioPlayer | ByComposer
ByLights = ByDmx | ByDmxPlayer
Casting = ByMedia | ByLights


def follow_mtc(config: PlayerConfig) -> bool:
    """Whether any player takes its time from MIDI timecode by itself, as the ecosystem's do."""
    equipment = config.equipment
    own = (config.audio_program, equipment.composer, equipment.dmx)
    return config.enabled and any(player is not None for player in own)


def casting(cue: AnyCue, config: PlayerConfig) -> Casting:
    """Who plays a cue.

    Raises:
        CannotPlayError: nobody does.
    """
    if not config.enabled:
        raise CannotPlayError(cue.name, "players are switched off", "run with --players auto")
    match cue:
        case AudioCue() if config.audio_program is not None:
            return ByAudioPlayer(cue, config.audio_program)
        case VideoCue() if config.equipment.composer is not None:
            return ByComposer(cue, config.equipment.composer)
        case AudioCue() | VideoCue():
            return ByMpv(cue)
        case DmxCue() if config.dmx is not None:
            return ByDmx(cue, config.dmx)
        case DmxCue() if config.equipment.dmx is not None:
            return ByDmxPlayer(cue)
        case DmxCue():
            raise CannotPlayError(cue.name, OFF, REMEDY)
        case ActionCue() | FadeCue() | CueList():
            raise CannotPlayError(cue.name, f"a {type(cue).__name__} has no player of its own")
        case _:
            assert_never(cue)
