"""A cue played by a cuems-audioplayer of its own, which follows MTC by itself."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import NoReturn

import anyio

from cuems.adapters.jack import CannotWireError
from cuems.adapters.osc_udp import OscSender, PortTakenError
from cuems.adapters.process import Process, ProcessDiedError
from cuems.app.moving import Moving
from cuems.app.performer import Moment
from cuems.core.body import next_jump
from cuems.core.cues import AudioCue
from cuems.core.effects import Parameter
from cuems.core.timecode import FrameRate
from cuems.players import audio
from cuems.players.errors import CannotPlayError
from cuems.players.picture import Level
from cuems.wire.osc import Osc, encode

SETTLE_S = 0.2  # cuems-audioplayer has its OSC port before it has opened its file
CHANNELS = {Parameter.CHANNEL_0: 0, Parameter.CHANNEL_1: 1}

Wire = Callable[[], Awaitable[None]]


class AudioPerformer:
    """A cue's player at work.

    What it has proved when armed: the process lives, its OSC port is its own, it reads that, it did
    not give up on its file within SETTLE_S, and where there is JACK its ports are connected. It has
    no reply to ask for more; from then on it is seen that it goes on reading.
    """

    def __init__(
        self, cue: AudioCue, sender: OscSender, rate: FrameRate, wire: Wire | None
    ) -> None:
        """`wire` connects it to where it is to sound."""
        self._cue = cue
        self._sender = sender
        self._rate = rate
        self._wire = wire
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
            with suppress(OSError):  # a kernel that does not tell
                await self._sender.prove()
        await self._connect()

    async def _connect(self) -> None:
        if self._wire is not None:
            try:
                await self._wire()
            except CannotWireError as error:
                raise CannotPlayError(self._cue.name, error.problem) from error

    def release(self, levels: Mapping[Level, float], moment: Moment) -> None:
        pass  # it follows MTC by itself

    async def play(self, moment: Moment) -> None:
        await self.turn(moment)
        await self._send(audio.follow(True))
        await self._connect()  # what was pulled out since is put back

    async def hold(self, elapsed: int) -> None:
        await self._send(audio.follow(False))

    async def prove(self) -> None:
        with suppress(OSError):  # a kernel that does not tell
            await self._sender.prove(encode(audio.CHECK))

    async def set_level(self, parameter: Level, value: float) -> None:
        if parameter is Parameter.VOLUME:
            await self._send(audio.volume(value))
        elif isinstance(parameter, Parameter) and parameter in CHANNELS:
            await self._send(audio.channel_volume(CHANNELS[parameter], value))

    def next_turn(self, elapsed: int) -> int | None:
        return next_jump(self._cue, elapsed)

    async def turn(self, moment: Moment) -> None:
        elapsed = moment.elapsed_at(time.monotonic_ns())
        await self._send(audio.place(self._cue, moment.start, elapsed, self._rate))


@asynccontextmanager
async def open_audio(
    cue: AudioCue,
    sender: OscSender,
    process: Process,
    rate: FrameRate,
    *,
    subject: str,
    wire: Wire | None,
    moving: Moving | None,
) -> AsyncIterator[AudioPerformer]:
    """A started player at work, until the block is left."""
    with ExitStack() as resources:
        if moving is not None:
            resources.enter_context(moving.enter(cue.id, [(sender.port, audio.VOLUME)]))
        async with anyio.create_task_group() as tg:
            tg.start_soon(_watch, process, subject, sender.port)
            yield AudioPerformer(cue, sender, rate, wire)
            tg.cancel_scope.cancel()


async def _watch(process: Process, subject: str, port: int) -> NoReturn:
    try:
        await process.watch()
    except ProcessDiedError as error:
        code = audio.exit_code(error.status)
        if code == audio.PORT_TAKEN:
            raise PortTakenError(port) from error
        if code in audio.EXIT_REASONS:
            problem = f"{process.name}: {audio.EXIT_REASONS[code]}"
            raise CannotPlayError(subject, problem) from error
        raise
