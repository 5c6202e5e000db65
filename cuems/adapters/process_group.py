"""A child with all that it starts: nicer than the show, dead when we are, gone in bounded time."""

import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from subprocess import DEVNULL, PIPE

import anyio
from anyio.abc import Process

STOP_GRACE_S = 1.0  # from TERM to KILL: rsync uses it to put a partial file aside
REAP_S = 1.0  # from KILL to giving up on a process the kernel cannot end
NICENESS = "19"  # a show that runs comes first (limits.md A7)


@asynccontextmanager
async def open_group(command: Sequence[str], stdin: int | None = None) -> AsyncIterator[Process]:
    """A child that leads its own process group and dies with us; leaving ends the whole group.

    With `stdin`, that descriptor is all it has; without, three pipes.
    """
    output = PIPE if stdin is None else DEVNULL
    process = await anyio.open_process(
        ["setpriv", "--pdeathsig", "TERM", "--", "nice", "-n", NICENESS, *command],
        stdin=PIPE if stdin is None else stdin,
        stdout=output,
        stderr=output,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with anyio.CancelScope(shield=True):
            await _end_group(process)


async def _end_group(process: Process) -> None:
    for number, patience_s in ((signal.SIGTERM, STOP_GRACE_S), (signal.SIGKILL, REAP_S)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with anyio.move_on_after(patience_s):
            await _all_gone(process)
            break
    with anyio.move_on_after(REAP_S):
        await process.aclose()


async def _all_gone(process: Process) -> None:
    """Returns when the child is reaped and no process of its group holds its pipes any more."""
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            with suppress(anyio.ClosedResourceError):
                async for _ in stream:
                    pass
    await process.wait()
