"""A player process at work for one cue: what the stage asks, in a player's own language."""

import secrets
import socket
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, assert_never

import anyio

from cuems.adapters.jack import Patchbay, Wire
from cuems.adapters.mpv import MpvLostError, open_mpv
from cuems.adapters.osc_udp import OscSender, Ports, open_osc_sender
from cuems.adapters.player_records import Adopted
from cuems.adapters.process import Process, ProcessDiedError, ProgramMissingError, open_process
from cuems.app.machine import look_at_machine
from cuems.app.mpv_performer import MpvPerformer, Wiring
from cuems.app.performer import Moment, OnLine, Performer
from cuems.app.survivors import Survivors
from cuems.core.body import next_jump
from cuems.core.cues import AudioCue, MediaCue
from cuems.core.effects import Parameter
from cuems.core.errors import CuemsError
from cuems.core.timecode import FrameRate
from cuems.players import AudioProgram, ByAudioPlayer, ByMpv, ByProcess, PlayerConfig, audio, mpv
from cuems.players.errors import CannotPlayError
from cuems.players.outputs import Outputs, choose_outputs
from cuems.players.routing import Route, routes
from cuems.wire.osc import Osc, encode

STOP_GRACE_S = 0.05  # silence within 100 ms of STOP, whatever the player thinks of it
NUMBER_BYTES = 3  # of a name that no other JACK client has
SETTLE_S = 0.2  # cuems-audioplayer has its OSC port before it has opened its file


class PortTakenError(CuemsError):
    """Somebody else took a player's port before the player could."""

    def __init__(self, port: int) -> None:
        super().__init__(f"UDP port {port} was taken by another program")
        self.port = port


class AudioPerformer:
    """A cue played by a cuems-audioplayer of its own, which follows MTC by itself.

    What it has proved when armed: the process lives, its OSC port is its own, and it did not give
    up on its file within SETTLE_S. It has no reply to ask for more.
    """

    def __init__(self, cue: AudioCue, sender: OscSender, rate: FrameRate) -> None:
        self._cue = cue
        self._sender = sender
        self._rate = rate
        self._present = False

    async def _send(self, *messages: Osc) -> None:
        for message in messages:
            await self._sender.send(encode(message))

    async def arm(self, elapsed: int) -> None:
        await self._sender.wait_for_listener(encode(audio.follow(False)))
        await self._send(*audio.ready(self._cue))
        if not self._present:
            await anyio.sleep(SETTLE_S)
            self._present = True

    def release(self, levels: Mapping[Parameter, float], moment: Moment) -> None:
        pass  # it follows MTC by itself

    async def play(self, moment: Moment) -> None:
        await self.turn(moment)
        await self._send(audio.follow(True))

    async def hold(self, elapsed: int) -> None:
        await self._send(audio.follow(False))

    async def set_level(self, parameter: Parameter, value: float) -> None:
        if parameter is Parameter.VOLUME:
            await self._send(audio.volume(value))

    def next_turn(self, elapsed: int) -> int | None:
        return next_jump(self._cue, elapsed)

    async def turn(self, moment: Moment) -> None:
        elapsed = moment.elapsed_at(time.monotonic_ns())
        await self._send(audio.place(self._cue, moment.start, elapsed, self._rate))


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What performers are made of on this node.

    `patchbay` connects those that play by JACK; whoever runs the node serves it. With `survivors`
    players are to outlive us, and some may have outlived the engine before.
    """

    config: PlayerConfig
    outputs: Outputs
    ports: Ports
    rate: FrameRate
    patchbay: Patchbay | None = None
    survivors: Survivors | None = None

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
    return Workshop(
        config=config,
        outputs=outputs,
        ports=Ports(config.first_port, config.last_port, config.excluded_ports),
        rate=rate,
        patchbay=Patchbay() if outputs.by_jack else None,
        survivors=survivors,
    )


def open_performer(
    role: ByProcess, path: Path, tools: Workshop, on_line: OnLine
) -> AbstractAsyncContextManager[Performer]:
    """Start a cue's player; the block is cancelled by the error that ends it."""
    match role:
        case ByMpv(cue):
            return _open_mpv(cue, path, tools, on_line)
        case ByAudioPlayer(cue, program):
            return _open_audio(cue, program, path, tools, on_line)
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
        async with _open(
            argv, mpv.REMEDY, path, on_line, handles, survives=bool(endpoint)
        ) as process:
            theirs.close()
            async with anyio.create_task_group() as tg:
                tg.start_soon(process.watch)
                async with (
                    open_mpv(ours, name=path.name, on_line=_told(on_line)) as connection,
                    anyio.create_task_group() as listeners,
                    _noted(cue, path, tools, process, endpoint),
                ):
                    performer = MpvPerformer(
                        cue, str(path), connection, routes=found, wiring=wiring
                    )
                    listeners.start_soon(performer.watch)
                    yield performer
                    tg.cancel_scope.cancel()


@asynccontextmanager
async def _noted(
    cue: MediaCue, path: Path, tools: Workshop, process: Process, endpoint: str
) -> AsyncIterator[None]:
    """Note a player that may outlive us."""
    if tools.survivors is None:
        yield
        return
    async with tools.survivors.noted(cue, path, process.pid, endpoint):
        yield


@asynccontextmanager
async def open_survivor(
    cue: MediaCue, adopted: Adopted, on_line: OnLine
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
        await adopted.stop()


def _sound(
    cue: MediaCue, tools: Workshop
) -> tuple[tuple[str, ...], tuple[Route, ...], Wiring | None]:
    """mpv's output options for a cue, where it is to sound, and how to connect it."""
    options, patchbay = tools.outputs.options, tools.patchbay
    if patchbay is None or not isinstance(cue, AudioCue):
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
    with tools.ports.reserve() as port, open_osc_sender(port) as sender:
        argv = audio.argv(program, cue, str(path), port)
        async with (
            _open(argv, audio.REMEDY, path, on_line) as process,
            anyio.create_task_group() as tg,
        ):
            tg.start_soon(_watch_audio, process, path, port)
            yield AudioPerformer(cue, sender, tools.rate)
            tg.cancel_scope.cancel()


@asynccontextmanager
async def _open(
    argv: list[str],
    remedy: str,
    path: Path,
    on_line: OnLine,
    handles: Sequence[int] = (),
    *,
    survives: bool = False,
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
        ) as process:
            yield process
    except ProgramMissingError as error:
        raise CannotPlayError(path.name, str(error), remedy) from error


async def _watch_audio(process: Process, path: Path, port: int) -> NoReturn:
    try:
        await process.watch()
    except ProcessDiedError as error:
        code = audio.exit_code(error.status)
        if code == audio.PORT_TAKEN:
            raise PortTakenError(port) from error
        if code in audio.EXIT_REASONS:
            problem = f"{process.name}: {audio.EXIT_REASONS[code]}"
            raise CannotPlayError(str(path), problem) from error
        raise
