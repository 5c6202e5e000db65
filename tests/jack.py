"""A JACK server of a test's own."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from subprocess import DEVNULL

import anyio
from anyio.abc import Process

START_S = 10
LOOK_S = 0.02


class Jack:
    """A `jackd` with the dummy driver, which can be killed and started again."""

    def __init__(self) -> None:
        self.name = f"test{secrets.token_hex(4)}"
        self.process: Process | None = None

    async def start(self) -> None:
        """Start the server and wait until it listens."""
        self.process = await anyio.open_process(
            ["jackd", "-n", self.name, "-r", "-d", "dummy", "-r", "48000", "-p", "128"],
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
            with anyio.move_on_after(2):
                await self.process.wait()
            await self.kill()


@asynccontextmanager
async def open_jack() -> AsyncIterator[Jack]:
    """A running server that clients of this process and its children use by default."""
    before = os.environ.get("JACK_DEFAULT_SERVER")
    jack = Jack()
    os.environ["JACK_DEFAULT_SERVER"] = jack.name
    os.environ["JACK_NO_START_SERVER"] = "1"
    try:
        await jack.start()
        yield jack
    finally:
        with anyio.CancelScope(shield=True):
            await jack.stop()
        if before is None:
            del os.environ["JACK_DEFAULT_SERVER"]
        else:
            os.environ["JACK_DEFAULT_SERVER"] = before
