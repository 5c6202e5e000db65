"""Writing the journal while a show runs: `append` never waits, and nothing it does fails a show.

Lines gather for LINGER_S and go to the kernel together, in a worker thread; from then on a crash of
the program loses nothing. SYNC_S later they are forced to the disk together, and a power cut loses
nothing. What a thread has in hand is waited for by nobody but the tasks here.

Where the disk takes nothing, lines are kept in memory, the newest MEMORY_BYTES of them, and offered
again every RETRY_S; `on_state` is told of it, and when it is over.
"""

import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread
from anyio import CapacityLimiter

from cuems.adapters.journal_files import Limits, RunFiles, RunNames

LINGER_S = 0.005
SYNC_S = 0.05
RETRY_S = 2.0
CLOSE_S = 3.0
MEMORY_BYTES = 8 << 20  # some hours of a quiet show, a minute of a very busy one

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JournalState:
    """What is wrong ("": nothing), and how many lines have been lost by it so far."""

    fault: str
    lost_lines: int


@dataclass(frozen=True, slots=True)
class _NewRun:
    name: str


@dataclass(frozen=True, slots=True)
class _Keep:
    source: Path
    name: str


_Item = bytes | _NewRun | _Keep


class Journal:
    """Takes lines in order; `synced` of the `appended` ones are safe on the disk."""

    def __init__(
        self,
        folder: Path,
        limits: Limits,
        names: RunNames,
        on_state: Callable[[JournalState], None],
    ) -> None:
        self.state = JournalState("", 0)
        self.appended = self.synced = 0
        self._files = RunFiles(folder, limits)
        self._names = names
        self._on_state = on_state
        self._items: deque[_Item] = deque()
        self._hand: list[_Item] = []
        self._unsynced: list[bytes] = []
        self._bytes = 0
        self._filled, self._dirty = anyio.Event(), anyio.Event()
        self._synced, self._untidy = anyio.Event(), anyio.Event()
        self._threads = CapacityLimiter(3)  # a disk that hangs takes no thread of anybody else

    def begin_run(self) -> str:
        """Begin a run, and end the one before; its name. Never waits."""
        name = self._names.next()
        self._put(_NewRun(name))
        return name

    def append(self, line: bytes) -> None:
        """Write a line. Never waits."""
        self.appended += 1
        self._bytes += len(line)
        self._put(line)
        if self._bytes > MEMORY_BYTES:
            self._forget_oldest()

    def keep(self, source: Path, name: str) -> None:
        """Put a copy of a file into the run. Never waits."""
        self._put(_Keep(source, name))

    async def safe(self) -> None:
        """Wait until what has been appended so far is on the disk, or was given up."""
        appended = self.appended - self.state.lost_lines
        while self.synced < appended:
            await self._synced.wait()

    def _put(self, item: _Item) -> None:
        self._items.append(item)
        self._filled.set()

    def _forget_oldest(self) -> None:
        for number, item in enumerate(self._items):
            if isinstance(item, bytes):
                del self._items[number]
                self._bytes -= len(item)
                self.state = JournalState(self.state.fault, self.state.lost_lines + 1)
                return

    # ---- the tasks

    async def write_on(self) -> None:
        """Write what is appended, until cancelled."""
        while True:
            await self._filled.wait()
            await anyio.sleep(LINGER_S)
            if not await self._write_all():
                self._filled.set()
                await anyio.sleep(RETRY_S)

    async def sync_on(self) -> None:
        """Force to the disk what is written, until cancelled."""
        while True:
            await self._dirty.wait()
            await anyio.sleep(SYNC_S)
            if not await self._sync():
                await anyio.sleep(RETRY_S)

    async def tidy_on(self) -> None:
        """Compress, and keep within the limits, until cancelled. None of it is urgent."""
        await anyio.to_thread.run_sync(self._tidy, self._files.tidy_runs_before)
        while True:
            await self._untidy.wait()
            self._untidy = anyio.Event()
            await anyio.to_thread.run_sync(self._tidy, self._files.tidy)

    @staticmethod
    def _tidy(work: Callable[[], None]) -> None:
        try:
            work()
        except OSError as error:
            log.warning("the journal cannot be tidied: %s: %s", error.filename, error.strerror)

    async def close(self) -> None:
        """Write the rest, and mark the run as ended in good order."""
        if await self._write_all() and await self._sync():
            await self._try(self._files.end)

    async def _write_all(self) -> bool:
        """Write everything there is; whether that worked."""
        self._filled = anyio.Event()
        while self._hand or self._items:
            if not self._hand:
                self._take_in_hand()
            if not await self._try(self._write_hand):
                return False
            self._unsynced += [item for item in self._hand if isinstance(item, bytes)]
            self._hand.clear()
            self._dirty.set()
        return True

    def _take_in_hand(self) -> None:
        """What goes to the disk together: a run's beginning, or lines."""
        while self._items and (not self._hand or isinstance(self._items[0], bytes)):
            item = self._items.popleft()
            self._hand.append(item)
            if not isinstance(item, bytes):
                return
            self._bytes -= len(item)

    def _write_hand(self) -> None:
        """In a thread. What was written when it fails is written again: readers know by number."""
        match self._hand:
            case [_NewRun(name)]:
                self._files.begin(name)
            case [_Keep(source, name)]:
                self._keep(source, name)
            case _:
                lines = [item for item in self._hand if isinstance(item, bytes)]
                self._files.write(lines)

    def _keep(self, source: Path, name: str) -> None:
        try:
            self._files.keep(source, name)
        except OSError as error:  # where it is the disk's fault, the next line will tell
            log.warning("%s cannot be kept in the journal: %s", source, error.strerror)

    async def _sync(self) -> bool:
        """Force what is written to the disk; what that fails for is written again elsewhere."""
        self._dirty = anyio.Event()
        lines = len(self._unsynced)
        if not await self._try(self._files.sync):
            self._items.extendleft(reversed(self._unsynced))
            self._bytes += sum(len(line) for line in self._unsynced)
            self._unsynced.clear()
            self._filled.set()
            return False
        self.synced += lines
        del self._unsynced[:lines]
        self._synced.set()
        self._synced = anyio.Event()
        self._untidy.set()
        self._say("")
        return True

    async def _try(self, work: Callable[[], None]) -> bool:
        """Have a thread do it; whether the disk let it."""
        try:
            await anyio.to_thread.run_sync(work, limiter=self._threads)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            self._say(f"the journal is not being written: {where}{error.strerror}")
            return False
        return True

    def _say(self, fault: str) -> None:
        if fault != self.state.fault:
            self.state = JournalState(fault, self.state.lost_lines)
            self._on_state(self.state)


@asynccontextmanager
async def open_journal(
    folder: Path, on_state: Callable[[JournalState], None], limits: Limits | None = None
) -> AsyncIterator[Journal]:
    """A journal in a folder. The run ends in good order when this is left, unless by an error."""
    names = await anyio.to_thread.run_sync(RunNames, folder)
    journal = Journal(folder, limits or Limits(), names, on_state)
    try:
        async with anyio.create_task_group() as tasks:
            for work in (journal.write_on, journal.sync_on, journal.tidy_on):
                tasks.start_soon(work)
            yield journal
            tasks.cancel_scope.cancel()
    except anyio.get_cancelled_exc_class():
        await _close(journal)
        raise
    await _close(journal)


async def _close(journal: Journal) -> None:
    with anyio.CancelScope(shield=True), anyio.move_on_after(CLOSE_S):
        await journal.close()
