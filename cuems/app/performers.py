"""A player process at work for one cue: what the stage asks, in a player's own language."""

import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol, assert_never

import anyio

from cuems.adapters.mpv import Ended, Mpv, Positioned, open_mpv
from cuems.adapters.osc_udp import OscSender, Ports, open_osc_sender
from cuems.adapters.process import Process, ProcessDiedError, ProgramMissingError, open_process
from cuems.app.machine import look_at_machine
from cuems.core.body import next_jump
from cuems.core.cues import AudioCue, MediaCue
from cuems.core.effects import Parameter
from cuems.core.errors import CuemsError
from cuems.core.timecode import NS_PER_S, FrameRate, from_ns
from cuems.players import AudioProgram, ByAudioPlayer, ByMpv, ByProcess, PlayerConfig, audio, mpv
from cuems.players.errors import CannotPlayError
from cuems.players.outputs import Outputs, choose_outputs
from cuems.wire.osc import Osc, encode

STOP_GRACE_S = 0.05  # silence within 100 ms of STOP, whatever the player thinks of it
SEEK_DEADLINE_S = 5.0  # an exact seek in a long GOP of a large picture takes under a second
JOIN_LEAD_AUDIO_NS = 40_000_000  # an exact seek in sound takes a few ms
JOIN_LEAD_VIDEO_NS = 250_000_000  # one in a picture decodes from the last key frame: field.md 5
SETTLE_S = 0.2  # cuems-audioplayer has its OSC port before it has opened its file

OnLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Moment:
    """A cue whose body began at `start` on the line was `elapsed` into it at `at_ns`."""

    start: int
    elapsed: int
    at_ns: int

    def elapsed_at(self, now_ns: int) -> int:
        """How far into its body it is at another time of the monotonic clock."""
        return self.elapsed + from_ns(now_ns - self.at_ns)


class PortTakenError(CuemsError):
    """Somebody else took a player's port before the player could."""

    def __init__(self, port: int) -> None:
        super().__init__(f"UDP port {port} was taken by another program")
        self.port = port


class Performer(Protocol):
    """One cue's player. Every call returns when the player has confirmed."""

    async def arm(self, elapsed: int) -> None:
        """Be ready, silent, `elapsed` into the body; raises where that cannot be proved."""

    async def play(self, moment: Moment) -> None:
        """Sound or show from where `moment` says now is."""

    async def hold(self, elapsed: int) -> None:
        """Hold the frame of `elapsed` and be silent."""

    async def set_level(self, parameter: Parameter, value: float) -> None:
        """Set volume or opacity, 0.0 to 1.0."""

    def next_turn(self, elapsed: int) -> int | None:
        """How far into the body `turn` is due next, if it is."""

    async def turn(self, moment: Moment) -> None:
        """Go on at a place where the media does not run on."""


class MpvPerformer:
    """A cue played by an mpv of its own."""

    def __init__(self, cue: MediaCue, path: str, connection: Mpv) -> None:
        self._cue = cue
        self._path = path
        self._mpv = connection
        self._source = mpv.source(cue, path)
        self._positioned = anyio.Event()
        self._stands_at: int | None = None  # elapsed, while paused
        self._loaded = False
        lead = JOIN_LEAD_AUDIO_NS if isinstance(cue, AudioCue) else JOIN_LEAD_VIDEO_NS
        self._join_lead_ns = lead

    async def watch(self) -> None:
        """Follow mpv's events; raises when it lets go of the file."""
        async for event in self._mpv.events:
            match event:
                case Positioned():
                    self._positioned.set()
                case Ended(error):
                    logged = self._mpv.take_errors()
                    raise mpv.why_not(self._cue, self._path, error, logged)
                case _:
                    assert_never(event)

    async def arm(self, elapsed: int) -> None:
        if self._loaded:
            await self._position(mpv.pause(True), mpv.seek(self._source, elapsed))
        else:
            await self._position(*self._authored_levels(), mpv.load(self._source, elapsed))
            self._loaded = True
        state = await self._mpv.command(*mpv.state_query())
        mpv.check_armed(self._cue, self._path, self._source, elapsed, str(state))
        self._stands_at = elapsed

    def _authored_levels(self) -> list[mpv.Command]:
        if isinstance(self._cue, AudioCue):
            return [mpv.level(Parameter.VOLUME, self._cue.master_volume_percent / 100)]
        return [mpv.level(Parameter.OPACITY, self._cue.opacity_percent / 100)]

    async def _position(self, *commands: mpv.Command) -> None:
        self._positioned = anyio.Event()
        await self._mpv.commands(commands)
        with anyio.move_on_after(SEEK_DEADLINE_S) as scope:
            await self._positioned.wait()
        if scope.cancelled_caught:
            problem = f"mpv did not reach its position within {SEEK_DEADLINE_S:g} s"
            raise CannotPlayError(self._path, problem)

    async def play(self, moment: Moment) -> None:
        off = None
        if self._stands_at is not None:
            off = abs(moment.elapsed_at(time.monotonic_ns()) - self._stands_at)
        if off is None or off > mpv.TOLERANCE_FLICKS:
            await self._wait_ahead(moment)
        await self._mpv.command(*mpv.pause(False))
        self._stands_at = None

    async def _wait_ahead(self, moment: Moment) -> None:
        due_ns = time.monotonic_ns() + self._join_lead_ns
        seek = mpv.seek(self._source, moment.elapsed_at(due_ns))
        await self._position(mpv.pause(True), seek)
        await anyio.sleep(max(0, due_ns - time.monotonic_ns()) / NS_PER_S)

    async def hold(self, elapsed: int) -> None:
        await self._position(mpv.pause(True), mpv.seek(self._source, elapsed))
        self._stands_at = elapsed

    async def set_level(self, parameter: Parameter, value: float) -> None:
        await self._mpv.command(*mpv.level(parameter, value))

    def next_turn(self, elapsed: int) -> int | None:
        return None  # loops and regions are written out in the source

    async def turn(self, moment: Moment) -> None:
        pass


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
    """What performers are made of on this node."""

    config: PlayerConfig
    outputs: Outputs
    ports: Ports
    rate: FrameRate


def workshop(config: PlayerConfig, rate: FrameRate, environment: Mapping[str, str]) -> Workshop:
    """What this machine's performers are made of; looks at its devices."""
    return Workshop(
        config=config,
        outputs=choose_outputs(config, look_at_machine(environment)),
        ports=Ports(config.first_port, config.last_port, config.excluded_ports),
        rate=rate,
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
        argv = mpv.argv(tools.config.mpv, cue, tools.outputs.options, theirs.fileno())
        handles = (theirs.fileno(),)
        async with _open(argv, mpv.REMEDY, path, on_line, handles) as process:
            theirs.close()
            async with anyio.create_task_group() as tg:
                tg.start_soon(process.watch)
                async with (
                    open_mpv(ours, name=path.name, on_line=on_line) as connection,
                    anyio.create_task_group() as listeners,
                ):
                    performer = MpvPerformer(cue, str(path), connection)
                    listeners.start_soon(performer.watch)
                    yield performer
                    tg.cancel_scope.cancel()


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
    argv: list[str], remedy: str, path: Path, on_line: OnLine, handles: tuple[int, ...] = ()
) -> AsyncIterator[Process]:
    program = Path(argv[0]).name
    try:
        async with open_process(
            argv, name=program, on_line=on_line, pass_fds=handles, grace_s=STOP_GRACE_S
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
