"""A cue's mpv: started, connected, noted, and taken over from an engine before."""

import secrets
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

import anyio

from cuems.adapters.jack import Wire
from cuems.adapters.mpv import MpvLostError, open_mpv
from cuems.adapters.player_records import Adopted
from cuems.adapters.process import Process
from cuems.app.mpv_performer import MpvPerformer, Wiring
from cuems.app.performer import OnLine, Performer
from cuems.app.screens import screen_options
from cuems.app.together import together
from cuems.app.workshop import Workshop, open_player
from cuems.core.cues import AudioCue, MediaCue, VideoCue
from cuems.players import mpv
from cuems.players.errors import CannotPlayError
from cuems.players.routing import Route, routes
from cuems.players.screens import screens

NUMBER_BYTES = 3  # of a name that no other JACK client has


@asynccontextmanager
async def open_mpv_players(
    cue: MediaCue, path: Path, tools: Workshop, on_line: OnLine
) -> AsyncIterator[Performer]:
    """A process for each screen of a picture, or one for a sound, as one performer."""
    async with AsyncExitStack() as stack:
        performers = [
            await stack.enter_async_context(_open_mpv(cue, path, tools, ways, on_line))
            for ways in await _ways(cue, tools)
        ]
        yield together(performers)


@dataclass(frozen=True, slots=True)
class Ways:
    """Where one mpv plays: its options, where it is to sound, and how to connect it."""

    options: tuple[str, ...]
    routes: tuple[Route, ...] = ()
    wiring: Wiring | None = None
    screen: int = 0


@asynccontextmanager
async def _open_mpv(
    cue: MediaCue, path: Path, tools: Workshop, ways: Ways, on_line: OnLine
) -> AsyncIterator[MpvPerformer]:
    try:
        ours, theirs = socket.socketpair()
    except OSError as error:
        raise CannotPlayError(str(path), f"no connection to a player: {error.strerror}") from error
    with ours, theirs:
        options = ways.options
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

        async with open_player(
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
                        routes=ways.routes,
                        wiring=ways.wiring,
                        curtain=tools.outputs.curtain,
                        screen=ways.screen,
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
async def open_survivors(
    cue: MediaCue, adopted: Sequence[Adopted], tools: Workshop, on_line: OnLine
) -> AsyncIterator[Performer]:
    """Take over players that play already; the block is cancelled by the error that ends one."""
    try:
        wanted = _players_of(cue, tools)
        for double in adopted[:-wanted]:
            await double.stop()
        if len(adopted) < wanted:
            raise MpvLostError(cue.name, f"{len(adopted)} of its {wanted} players have gone on")
        async with AsyncExitStack() as stack:
            performers = [
                await stack.enter_async_context(_open_survivor(cue, each, on_line))
                for each in adopted[-wanted:]
            ]
            yield together(performers)
    finally:
        if tools.survivors is None or not tools.survivors.are_left:
            for each in adopted:
                await each.stop()


@asynccontextmanager
async def _open_survivor(
    cue: MediaCue, adopted: Adopted, on_line: OnLine
) -> AsyncIterator[MpvPerformer]:
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


def _players_of(cue: MediaCue, tools: Workshop) -> int:
    """How many processes play a cue here."""
    if not isinstance(cue, VideoCue):
        return 1
    return max(1, len(screens(cue, tools.config.node, tools.config.video_outputs)))


async def _ways(cue: MediaCue, tools: Workshop) -> list[Ways]:
    """Where a cue plays on this node, by one mpv each."""
    config, outputs = tools.config, tools.outputs
    match cue:
        case AudioCue():
            return [_sound(cue, tools)]
        case VideoCue():
            wanted = screens(cue, config.node, config.video_outputs)
            base = (*outputs.options, *outputs.curtain.options)
            placed = await screen_options(cue, wanted, outputs.display)
            return [Ways((*base, *options), screen=number) for number, options in enumerate(placed)]
        case _:
            assert_never(cue)


def _sound(cue: AudioCue, tools: Workshop) -> Ways:
    options, patchbay, config = tools.outputs.options, tools.patchbay, tools.config
    found = routes(cue, config.node, config.audio_outputs)
    if patchbay is None:
        return Ways(options)
    client = mpv.client_name(cue, secrets.token_hex(NUMBER_BYTES))

    async def wire(wanted: list[Wire]) -> None:
        await patchbay.wire(client, wanted)

    return Ways((*options, *mpv.jack_options(client)), found, wire)


def _told(on_line: OnLine) -> OnLine:
    """What is worth telling of what mpv says."""

    def tell(line: str) -> None:
        if not mpv.is_expected(line):
            on_line(line)

    return tell
