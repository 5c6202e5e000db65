"""A child process: its own session, its words passed on, gone in bounded time.

The child leads its own session, so a Ctrl-C in our terminal does not reach it and a kill of its
group reaches what it started itself. It dies with us by PR_SET_PDEATHSIG, which util-linux's
`setpriv` sets before it becomes the program: `preexec_fn` would run Python between fork and exec,
which may deadlock beside other threads and rules out vfork; the wrapper costs about 1 ms. Known
race: if we die before setpriv has called prctl, the child stays. Linux sends the signal when the
*thread* that started the child ends, so processes are started from the loop's thread only.
"""

import asyncio
import math
import os
import shutil
import signal
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NoReturn

import anyio
import anyio.abc

from cuems.core.errors import CuemsError

STOP_GRACE_S = 2.0
KILL_DEADLINE_S = 2.0  # only a process stuck in the kernel outlives a KILL
LAST_WORDS_S = 0.2  # a dead child's pipe may be held open by what it started
DYING = ("setpriv", "--pdeathsig", "KILL", "--")
SURVIVING = ("env", "--ignore-signal=PIPE", "--")  # who reads its output dies before it
READ_BYTES = 65_536
LINE_BYTES = 1000  # of a longer line the rest is dropped
LINES_PER_S = 50  # of a faster talker the rest is counted
LAST_LINES = 3
QUIET_S = 1.0  # after this long a flood is over, and its count is told

OnLine = Callable[[str], None]


class ProgramMissingError(CuemsError):
    """A program that is not there or may not be executed."""

    def __init__(self, program: str) -> None:
        super().__init__(f"{program}: no such program, or not executable")
        self.program = program


class ProcessDiedError(CuemsError):
    """A process that ended by itself; `status` is negative for a signal."""

    def __init__(self, name: str, status: int, last_line: str = "") -> None:
        said = f"; it last said: {last_line}" if last_line else ""
        super().__init__(f"{name} {ending(status)}{said}")
        self.name = name
        self.status = status
        self.last_line = last_line


if sys.version_info < (3, 12):

    class Watcher(asyncio.PidfdChildWatcher):
        """Forgets no child: anyio 4.16 ends its process pool by having those forgotten that it
        then waits for."""

        def remove_child_handler(self, pid: int) -> bool:
            return True


def watch_without_threads() -> None:
    """Let the kernel tell this loop which child has ended, as Python 3.12 does by itself.

    Before, each child is given a thread, for whose first moment the loop waits: up to 20 ms on a
    busy machine.
    """
    with suppress(OSError):  # a kernel, or a sandbox, that does not: threads it is
        os.close(os.pidfd_open(os.getpid()))
        if sys.version_info < (3, 12):
            watcher = Watcher()
            watcher.attach_loop(asyncio.get_running_loop())
            asyncio.set_child_watcher(watcher)


def ending(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"ended with exit status {status}"
    with suppress(ValueError):
        return f"was killed by {signal.Signals(-status).name}"
    return f"was killed by signal {-status}"


class Lines:
    """Text from chunks of output: whole lines, bounded in length and in number per second."""

    def __init__(self, on_line: OnLine) -> None:
        self._on_line = on_line
        self._rest = b""
        self._second = -1
        self._passed = 0
        self.dropped = 0
        self.last: deque[str] = deque(maxlen=LAST_LINES)

    def feed(self, chunk: bytes, second: int) -> None:
        """Take a chunk that arrived in `second` of some steady clock."""
        if second != self._second:
            self.report_dropped()
            self._second, self._passed = second, 0
        allowed = LINES_PER_S - self._passed
        head, newline, tail = chunk.rpartition(b"\n")
        if not newline:
            self._rest = (self._rest + tail)[:LINE_BYTES]
            return
        lines = (self._rest + head).split(b"\n", allowed)
        self._rest = tail[:LINE_BYTES]
        for line in lines[:allowed]:
            self._say(line)
        self._passed += min(allowed, len(lines))
        if len(lines) > allowed:
            self.dropped += lines[allowed].count(b"\n") + 1
            self.last.append(_text(lines[allowed].rpartition(b"\n")[2]))

    def end(self) -> None:
        """The output is over: pass on what is left."""
        if self._rest:
            self._say(self._rest)
            self._rest = b""
        self.report_dropped()

    def _say(self, line: bytes) -> None:
        text = _text(line)
        if text:
            self.last.append(text)
            self._on_line(text)

    def report_dropped(self) -> None:
        """Say how many lines were not passed on, if any."""
        if self.dropped:
            self._on_line(f"({self.dropped} more lines)")
            self.dropped = 0


def _text(line: bytes) -> str:
    return line[:LINE_BYTES].decode(errors="replace").strip()


class Process:
    """A running child. Its output is read all the time, so it never waits for us."""

    def __init__(self, process: anyio.abc.Process, name: str, on_line: OnLine) -> None:
        self._process = process
        self._lines = Lines(on_line)
        self._drained = anyio.Event()
        self.name = name

    @property
    def pid(self) -> int:
        """The process id, which is its group's and session's as well."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.returncode

    @property
    def last_line(self) -> str:
        """The last thing it printed."""
        return self._lines.last[-1] if self._lines.last else ""

    async def watch(self) -> NoReturn:
        """Wait for the end, which is always an error here.

        Raises:
            ProcessDiedError: with exit status and last words.
        """
        status = await self._process.wait()
        with anyio.move_on_after(LAST_WORDS_S):
            await self._drained.wait()
        raise ProcessDiedError(self.name, status, self.last_line)

    async def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """TERM, wait `grace_s`, KILL the whole group, reap. Safe to call again."""
        with anyio.CancelScope(shield=True):
            if self.status is None:
                self._signal(signal.SIGTERM)
                with anyio.move_on_after(grace_s):
                    await self._process.wait()
            self._signal(signal.SIGKILL)  # also for what an obedient leader leaves behind
            with anyio.move_on_after(KILL_DEADLINE_S):
                await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    async def drain(self) -> None:
        """Read the output until it ends."""
        assert self._process.stdout is not None
        try:
            while True:
                with anyio.move_on_after(QUIET_S if self._lines.dropped else math.inf):
                    chunk = await self._process.stdout.receive(READ_BYTES)
                    self._lines.feed(chunk, int(anyio.current_time()))
                    continue
                self._lines.report_dropped()
        except anyio.EndOfStream:
            pass
        finally:
            self._lines.end()
            self._drained.set()


@asynccontextmanager
async def open_process(
    argv: Sequence[str],
    *,
    name: str,
    on_line: OnLine,
    env: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    grace_s: float = STOP_GRACE_S,
    die_with_parent: bool = True,
    goes_on: Callable[[], bool] = lambda: False,
) -> AsyncIterator[Process]:
    """Run a program until the block is left; where it then `goes_on` it is not touched.

    What goes on is killed by the interpreter's own clean-up: our process must end by `os._exit`.

    Raises:
        ProgramMissingError: `argv[0]` cannot be found or executed.
    """
    command = await _command(argv, die_with_parent)
    with anyio.CancelScope(shield=True):  # a cancelled spawn would lose its child
        try:
            child = await anyio.open_process(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=env,
                start_new_session=True,
                pass_fds=pass_fds,
            )
        except OSError as error:
            raise ProgramMissingError(argv[0]) from error
    process = Process(child, name, on_line)
    try:
        async with anyio.create_task_group() as tg:
            tg.start_soon(process.drain)
            try:
                yield process
            finally:
                if not goes_on():
                    await process.stop(grace_s)
                tg.cancel_scope.cancel()
    finally:
        if not goes_on():
            await child.aclose()


async def _command(argv: Sequence[str], die_with_parent: bool) -> list[str]:
    wrapping = DYING if die_with_parent else SURVIVING
    program, wrapper = await anyio.to_thread.run_sync(
        lambda: (shutil.which(argv[0]), shutil.which(wrapping[0]))
    )
    if program is None:
        raise ProgramMissingError(argv[0])
    if wrapper is None:
        return [program, *argv[1:]]
    return [wrapper, *wrapping[1:], program, *argv[1:]]
