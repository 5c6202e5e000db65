"""A player process at work for one cue: what the stage asks, in a player's own language."""

import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

import anyio
import anyio.to_thread

from cuems.adapters.jack import Patchbay, Wire
from cuems.adapters.media_probe import look_at_media
from cuems.adapters.mpv import MpvLostError, open_mpv
from cuems.adapters.osc_udp import Ports, open_osc_sender
from cuems.adapters.player_records import Adopted
from cuems.adapters.process import Process, ProgramMissingError, open_process
from cuems.app.audio_performer import open_audio
from cuems.app.composer_performer import open_layers, read_conf
from cuems.app.machine import look_at_machine
from cuems.app.mpv_performer import MpvPerformer, Wiring
from cuems.app.performer import OnLine, Performer
from cuems.app.residents import Residents
from cuems.app.survivors import Survivors
from cuems.core.cues import AudioCue, MediaCue, VideoCue
from cuems.core.media_facts import MeasuredMedia
from cuems.core.timecode import FrameRate
from cuems.players import (
    AudioProgram,
    ByAudioPlayer,
    ByComposer,
    ByMedia,
    ByMpv,
    PlayerConfig,
    audio,
    mixer,
    mpv,
    video,
)
from cuems.players.equipment import Composer, Equipment
from cuems.players.errors import CannotPlayError
from cuems.players.outputs import Outputs, choose_outputs
from cuems.players.routing import Route, routes

STOP_GRACE_S = 0.05  # silence within 100 ms of STOP, whatever the player thinks of it
NUMBER_BYTES = 3  # of a name that no other JACK client has


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What performers are made of on this node.

    `patchbay` connects those that play by JACK, `residents` serve them all; whoever runs the node
    serves both. With `survivors` players are to outlive us, and some may have outlived the engine
    before.
    """

    config: PlayerConfig
    outputs: Outputs
    ports: Ports
    rate: FrameRate
    patchbay: Patchbay | None = None
    survivors: Survivors | None = None
    residents: Residents | None = None

    @property
    def missing(self) -> str:
        """What nobody sees or hears of what is played ("": all is)."""
        return self.outputs.missing if self.config.enabled else "nothing is played, as asked"


def workshop(
    config: PlayerConfig,
    rate: FrameRate,
    environment: Mapping[str, str],
    survivors: Survivors | None = None,
) -> Workshop:
    """What this machine's performers are made of; looks at its devices."""
    outputs = choose_outputs(config, look_at_machine(environment))
    ports = Ports(config.first_port, config.last_port, config.excluded_ports)
    patchbay = Patchbay() if outputs.by_jack else None
    residents = None
    if config.enabled and config.node is not None and config.equipment != Equipment():
        speakers = config.audio_outputs or ()
        residents = Residents(config.equipment, config.node, speakers, ports, rate, patchbay)
    return Workshop(
        config=config,
        outputs=outputs,
        ports=ports,
        rate=rate,
        patchbay=patchbay,
        survivors=survivors,
        residents=residents,
    )


def open_performer(
    role: ByMedia, path: Path, tools: Workshop, on_line: OnLine
) -> AbstractAsyncContextManager[Performer]:
    """Start a cue's player; the block is cancelled by the error that ends it."""
    match role:
        case ByMpv(cue):
            return _open_mpv(cue, path, tools, on_line)
        case ByAudioPlayer(cue, program):
            return _open_audio(cue, program, path, tools, on_line)
        case ByComposer(cue, composer):
            return _open_layers(cue, composer, path, tools)
        case _:
            assert_never(role)


@asynccontextmanager
async def _open_mpv(
    cue: MediaCue, path: Path, tools: Workshop, on_line: OnLine
) -> AsyncIterator[Performer]:
    try:
        ours, theirs = socket.socketpair()
    except OSError as error:
        raise CannotPlayError(str(path), f"no connection to a player: {error.strerror}") from error
    with ours, theirs:
        options, found, wiring = _sound(cue, tools)
        handles = [theirs.fileno()]
        endpoint = "" if tools.survivors is None else await tools.survivors.endpoint()
        if endpoint:
            options = (*options, mpv.listening_option(endpoint))
            handles.append(ours.fileno())  # held by mpv itself our end does not close when we die
        argv = mpv.argv(tools.config.mpv, cue, options, theirs.fileno())
        performer: MpvPerformer | None = None

        def goes_on() -> bool:
            is_left = tools.survivors is not None and tools.survivors.are_left
            return is_left and performer is not None and performer.plays

        async with _open(
            argv, mpv.REMEDY, path, on_line, handles, survives=bool(endpoint), goes_on=goes_on
        ) as process:
            theirs.close()
            async with anyio.create_task_group() as tg:
                tg.start_soon(process.watch)
                async with (
                    open_mpv(ours, name=path.name, on_line=_told(on_line)) as connection,
                    anyio.create_task_group() as listeners,
                    _noted(cue, path, tools, process, endpoint, goes_on),
                ):
                    performer = MpvPerformer(
                        cue,
                        str(path),
                        connection,
                        routes=found,
                        wiring=wiring,
                        curtain=tools.outputs.curtain,
                    )
                    listeners.start_soon(performer.watch)
                    yield performer
                    tg.cancel_scope.cancel()


@asynccontextmanager
async def _noted(
    cue: MediaCue,
    path: Path,
    tools: Workshop,
    process: Process,
    endpoint: str,
    goes_on: Callable[[], bool],
) -> AsyncIterator[None]:
    """Note a player that may outlive us."""
    if tools.survivors is None:
        yield
        return
    async with tools.survivors.noted(cue, path, process.pid, endpoint, goes_on):
        yield


@asynccontextmanager
async def open_survivor(
    cue: MediaCue, adopted: Adopted, tools: Workshop, on_line: OnLine
) -> AsyncIterator[Performer]:
    """Take over a player that plays already; the block is cancelled by the error that ends it."""
    name = adopted.record.name
    try:
        link = await adopted.connect()
        async with anyio.create_task_group() as tg:
            tg.start_soon(adopted.watch)
            async with (
                open_mpv(link, name=name, on_line=_told(on_line)) as connection,
                anyio.create_task_group() as listeners,
            ):
                performer = MpvPerformer(cue, adopted.record.path, connection, is_playing=True)
                listeners.start_soon(performer.watch)
                yield performer
                tg.cancel_scope.cancel()
    except OSError as error:
        raise MpvLostError(name, "a player that was to be taken over is gone") from error
    finally:
        if tools.survivors is None or not tools.survivors.are_left:
            await adopted.stop()


def _sound(
    cue: MediaCue, tools: Workshop
) -> tuple[tuple[str, ...], tuple[Route, ...], Wiring | None]:
    """mpv's output options for a cue, where it is to sound, and how to connect it."""
    options, patchbay = tools.outputs.options, tools.patchbay
    if not isinstance(cue, AudioCue):
        return (*options, *tools.outputs.curtain.options), (), None
    if patchbay is None:
        return options, (), None
    config = tools.config
    found = routes(cue, config.node, config.audio_outputs)
    client = mpv.client_name(cue, secrets.token_hex(NUMBER_BYTES))

    async def wire(wanted: list[Wire]) -> None:
        await patchbay.wire(client, wanted)

    return (*options, *mpv.jack_options(client)), found, wire


def _told(on_line: OnLine) -> OnLine:
    """What is worth telling of what mpv says."""

    def tell(line: str) -> None:
        if not mpv.is_expected(line):
            on_line(line)

    return tell


@asynccontextmanager
async def _open_audio(
    cue: AudioCue, program: AudioProgram, path: Path, tools: Workshop, on_line: OnLine
) -> AsyncIterator[Performer]:
    moving = None if tools.residents is None else tools.residents.moving
    with tools.ports.reserve() as reserved, open_osc_sender(reserved.port) as sender:
        argv = audio.argv(program, cue, str(path), reserved.hand_over())
        async with (
            _open(argv, audio.REMEDY, path, on_line) as process,
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
        facts = await anyio.to_thread.run_sync(look_at_media, path, {})
        mono = (
            isinstance(facts, MeasuredMedia)
            and facts.sound is not None
            and facts.sound.channels == 1
        )
        wires = mixer.cue_wires(cue, node, outputs, file, mono=mono)
        names = [(one.source.partition(":")[2], one.destination) for one in wires]
        await patchbay.wire(mixer.client_of(cue), names)

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
        outputs=config.equipment.video_outputs,
        mappings_file=config.equipment.mappings_file,
        conf=await read_conf(Path(composer.display_conf)),
        conf_file=str(composer.display_conf),
    )
    size = await residents.sizes.of(path)
    async with open_layers(
        cue, path, screens, size, residents.composer, residents.moving, tools.rate
    ) as performer:
        yield performer


@asynccontextmanager
async def _open(
    argv: list[str],
    remedy: str,
    path: Path,
    on_line: OnLine,
    handles: Sequence[int] = (),
    *,
    survives: bool = False,
    goes_on: Callable[[], bool] = lambda: False,
) -> AsyncIterator[Process]:
    program = Path(argv[0]).name
    try:
        async with open_process(
            argv,
            name=program,
            on_line=on_line,
            pass_fds=handles,
            grace_s=STOP_GRACE_S,
            die_with_parent=not survives,
            goes_on=goes_on,
        ) as process:
            yield process
    except ProgramMissingError as error:
        raise CannotPlayError(path.name, str(error), remedy) from error
