"""A JACK server of a test's own.

libjack counts 8 servers per machine at most, and one that was killed counts until another takes
its name; so tests share a few names, one process at a time each.
"""

import fcntl
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL

import anyio
from anyio.abc import Process

START_S = 10
LOOK_S = 0.02
NAMES = 4
STOP_GRACE_S = 0.5  # a jackd whose clients were killed may take for ever


class Jack:
    """A `jackd` with the dummy driver, which can be killed and started again."""

    def __init__(self, name: str, period: int = 128) -> None:
        self.name = name
        self._period = str(period)
        self.process: Process | None = None

    async def start(self) -> None:
        """Start the server and wait until it listens."""
        self.process = await anyio.open_process(
            ["jackd", "-n", self.name, "-r", "-d", "dummy", "-r", "48000", "-p", self._period],
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        with anyio.fail_after(START_S):
            # Nothing tells that a jackd is ready; the kernel's list of sockets does.
            while not await self._listens():  # noqa: ASYNC110
                await anyio.sleep(LOOK_S)

    async def _listens(self) -> bool:
        return f"jack_{self.name}_" in await anyio.Path("/proc/net/unix").read_text()

    async def kill(self) -> None:
        """SIGKILL, as a crash would."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()
            self.process = None

    async def stop(self) -> None:
        """SIGTERM, then what SIGTERM left behind."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.terminate()
            with anyio.move_on_after(STOP_GRACE_S):
                await self.process.wait()
            await self.kill()


@contextmanager
def server_name() -> Iterator[str]:
    """A name that no other test process uses now."""
    for number in range(NAMES):
        path = Path(tempfile.gettempdir()) / f"cuems-test-jack-{number}.lock"
        with path.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield f"cuems-test-{number}"
            return
    raise RuntimeError(f"{NAMES} test processes already run a JACK server")


@asynccontextmanager
async def open_jack(period: int = 128) -> AsyncIterator[Jack]:
    """A running server that clients of this process and its children use by default.

    `period` is the frames of a cycle: an unhurried client misses fewer of the longer ones.
    """
    before = os.environ.get("JACK_DEFAULT_SERVER")
    with server_name() as name:
        jack = Jack(name, period)
        os.environ["JACK_DEFAULT_SERVER"] = name
        os.environ["JACK_NO_START_SERVER"] = "1"
        try:
            await jack.start()
            yield jack
        finally:
            with anyio.CancelScope(shield=True):
                await jack.stop()
            os.environ.pop("JACK_DEFAULT_SERVER")
            if before is not None:
                os.environ["JACK_DEFAULT_SERVER"] = before
