"""A running controller under a service manager, which a socket of ours stands in for."""

import signal
import socket
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from tests.e2e.rig import PATIENCE_S, Home, open_operator, open_program

pytestmark = pytest.mark.slow
RUN = ("run", "--role", "controller", "--mtc", "internal", "--players", "none")


class Manager:
    """Hears all that is notified, as it comes: the kernel keeps ten words for a slow listener."""

    def __init__(self, channel: socket.socket) -> None:
        self.words: list[str] = []
        self._channel = channel
        self._news = anyio.Event()

    async def listen(self) -> None:
        while True:
            await anyio.wait_readable(self._channel)
            self.words.append(self._channel.recv(4096).decode())
            self._news.set()
            self._news = anyio.Event()

    async def hears(self, word: str, *, times: int = 1, since: int = 0) -> None:
        """Until it was told that so often."""
        with anyio.fail_after(PATIENCE_S):
            while sum(told.startswith(word) for told in self.words[since:]) < times:
                await self._news.wait()


@asynccontextmanager
async def open_manager(path: Path) -> AsyncIterator[Manager]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as channel:
        channel.bind(str(path))
        manager = Manager(channel)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(manager.listen)
            yield manager
            tasks.cancel_scope.cancel()


async def test_f64_the_loops_feed_the_watchdog_and_what_hung_is_told_by_the_next_process(
    tmp_path: Path,
) -> None:
    path = tmp_path / "notify"
    home = Home(tmp_path, environment={"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "1000000"})
    async with open_manager(path) as manager:
        async with open_program(home, *RUN) as program:
            await manager.hears("READY=1")
            await manager.hears("WATCHDOG=1", times=3)
            async with open_operator(home) as operator:
                await operator.until(lambda: "/engine/status/health" in operator.state)
                assert "ms late at p99" in str(operator.state["/engine/status/health"])
            await manager.hears("STATUS=")
            text = await anyio.to_thread.run_sync(metrics, home)
            families = {family.name: family for family in parse(text)}
            lags = families["cuems_loop_lag_seconds"].samples
            assert {sample.labels["loop"] for sample in lags} == {"controller", "node"}
            assert families["cuems_nodes"].samples[0].labels == {"is": "ok"}
            program.process.send_signal(signal.SIGABRT)  # as systemd does when it was not fed
            assert await program.ends() == -signal.SIGABRT
        before = len(manager.words)
        async with open_program(home, *RUN) as program:
            await manager.hears("READY=1", since=before)
            async with open_operator(home) as operator:
                died = "the program has died and was started again: Fatal Python error: Aborted"
                await operator.until(lambda: died in operator.history("notice"))
            assert await program.stop() == 0
            await manager.hears("STOPPING=1", since=before)
    records = (home.folder / "state" / "cuems" / "journal").glob("*/*.jsonl")
    assert any("desk.DiedBefore" in path.read_text() for path in records)


def metrics(home: Home) -> str:
    """What Prometheus would read."""
    with urllib.request.urlopen(f"http://{home.control}/metrics", timeout=PATIENCE_S) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text: str = answer.read().decode()
        return text
