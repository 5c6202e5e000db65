"""Players that went on when their engine was killed: found, told, ended, or taken over.

What sounds is not touched until somebody asks: a STOP ends it, and a cue that is to play where its
player already does takes it over as it is. A player that stood armed is of no use to anyone.
"""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from cuems.adapters.mpv import MpvLostError, MpvRefusedError, MpvSilentError, open_mpv
from cuems.adapters.player_records import (
    Adopted,
    forget_record,
    new_endpoint,
    open_adopted,
    read_records,
    write_record,
)
from cuems.core.cues import CueId, MediaCue
from cuems.players import mpv

log = logging.getLogger(__name__)


class Survivors:
    """The players of the engine before this one, by cue; and where ours are noted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[CueId, list[Adopted]] = {}
        self.are_left = False

    @property
    def names(self) -> list[str]:
        """The cues that go on."""
        return sorted(each.record.name for several in self._found.values() for each in several)

    def leave(self) -> None:
        """We end now, and what sounds goes on: another engine may take it up."""
        self.are_left = True

    async def endpoint(self) -> str:
        """Where one more player of ours is to listen."""
        return await anyio.to_thread.run_sync(new_endpoint, self._folder)

    @asynccontextmanager
    async def noted(
        self, cue: MediaCue, path: Path, pid: int, endpoint: str, goes_on: Callable[[], bool]
    ) -> AsyncIterator[None]:
        """Keep a record of a player of ours for as long as we look after it, or it goes on."""
        await anyio.to_thread.run_sync(write_record, cue.id, cue.name, path, pid, endpoint)
        try:
            yield
        finally:
            if not goes_on():
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(forget_record, endpoint)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Look for them; those that are there at the end are ended with us, or left."""
        async with AsyncExitStack() as stack:
            for record in await anyio.to_thread.run_sync(read_records, self._folder):
                adopted = await stack.enter_async_context(open_adopted(record))
                if adopted is None:
                    continue
                if await _plays(adopted):
                    log.warning("%s goes on since the engine before", record.name)
                    self._found.setdefault(CueId(record.cue), []).append(adopted)
                else:
                    await adopted.stop()
            try:
                yield
            finally:
                if not self.are_left:
                    with anyio.CancelScope(shield=True):
                        await self.end()

    def take(self, cue: CueId) -> tuple[Adopted, ...]:
        """The players of a cue, from now on the caller's to look after."""
        return tuple(self._found.pop(cue, ()))

    async def end(self) -> None:
        """Silence all of them."""
        found, self._found = self._found, {}
        async with anyio.create_task_group() as tasks:
            for several in found.values():
                for adopted in several:
                    tasks.start_soon(adopted.stop)


async def _plays(adopted: Adopted) -> bool:
    """Whether a player is neither paused nor at its end; one that does not answer is of no use."""
    try:
        link = await adopted.connect()
        async with open_mpv(link, name=adopted.record.name, on_line=log.info) as connection:
            state = str(await connection.command(*mpv.pace_query()))
    except* (OSError, MpvLostError, MpvSilentError, MpvRefusedError):
        state = ""
    return mpv.is_playing(state)
