"""A player process at work for one cue: what the stage asks, in a player's own language."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import assert_never

from cuems.adapters.osc_udp import open_osc_sender
from cuems.app.audio_performer import open_audio
from cuems.app.composer_performer import open_layers, read_conf
from cuems.app.mpv_players import open_mpv_players
from cuems.app.performer import OnLine, Performer
from cuems.app.workshop import Workshop, open_player
from cuems.core.cues import AudioCue, VideoCue
from cuems.players import (
    AudioProgram,
    ByAudioPlayer,
    ByComposer,
    ByMedia,
    ByMpv,
    audio,
    mixer,
    video,
)
from cuems.players.equipment import Composer
from cuems.players.errors import CannotPlayError


def open_performer(
    role: ByMedia, path: Path, tools: Workshop, on_line: OnLine
) -> AbstractAsyncContextManager[Performer]:
    """Start a cue's player; the block is cancelled by the error that ends it."""
    match role:
        case ByMpv(cue):
            return open_mpv_players(cue, path, tools, on_line)
        case ByAudioPlayer(cue, program):
            return _open_audio(cue, program, path, tools, on_line)
        case ByComposer(cue, composer):
            return _open_layers(cue, composer, path, tools)
        case _:
            assert_never(role)


@asynccontextmanager
async def _open_audio(
    cue: AudioCue, program: AudioProgram, path: Path, tools: Workshop, on_line: OnLine
) -> AsyncIterator[Performer]:
    moving = None if tools.residents is None else tools.residents.moving
    with tools.ports.reserve() as reserved, open_osc_sender(reserved.port) as sender:
        argv = audio.argv(program, cue, str(path), reserved.hand_over())
        async with (
            open_player(argv, audio.REMEDY, path, on_line) as process,
            open_audio(
                cue,
                sender,
                process,
                tools.rate,
                subject=str(path),
                wire=_through_mixer(cue, path, tools),
                moving=moving,
            ) as performer,
        ):
            yield performer


def _through_mixer(
    cue: AudioCue, path: Path, tools: Workshop
) -> Callable[[], Awaitable[None]] | None:
    """How to connect a cue's player to the mixer, where there are a mixer and JACK."""
    patchbay, config = tools.patchbay, tools.config
    if patchbay is None or config.node is None or config.equipment.mixer is None:
        return None
    node, file = config.node, config.equipment.mappings_file
    outputs = config.audio_outputs or ()

    async def wire() -> None:
        wires = mixer.cue_wires(cue, node, outputs, file)
        names = [(one.source.partition(":")[2], one.destination) for one in wires]
        await patchbay.wire(mixer.client_of(cue), names, mixer.STANDS_IN)

    return wire


@asynccontextmanager
async def _open_layers(
    cue: VideoCue, composer: Composer, path: Path, tools: Workshop
) -> AsyncIterator[Performer]:
    residents, config = tools.residents, tools.config
    if residents is None or residents.composer is None or config.node is None:
        raise CannotPlayError(cue.name, "no video composer is configured", video.REMEDY)
    screens = video.Screens(
        node=config.node,
        outputs=config.video_outputs or (),
        mappings_file=config.equipment.mappings_file,
        conf=await read_conf(Path(composer.display_conf)),
        conf_file=str(composer.display_conf),
    )
    size = await residents.sizes.of(path)
    async with open_layers(
        cue, path, screens, size, residents.composer, residents.moving, tools.rate
    ) as performer:
        yield performer
