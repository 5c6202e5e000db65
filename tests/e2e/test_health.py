"""A running controller under a service manager, which a socket of ours stands in for."""

import signal
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from tests.e2e.rig import PATIENCE_S, Home, open_operator, open_program

pytestmark = pytest.mark.slow
RUN = ("run", "--role", "controller", "--mtc", "internal", "--players", "none")


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(PATIENCE_S)
        listening.bind(str(tmp_path / "notify"))
        yield listening


async def hears(manager: socket.socket, word: bytes) -> None:
    """Until the manager is told that."""

    def listen() -> None:
        while not manager.recv(1000).startswith(word):
            pass

    await anyio.to_thread.run_sync(listen)


async def test_f64_the_loops_feed_the_watchdog_and_what_hung_is_told_by_the_next_process(
    tmp_path: Path, manager: socket.socket
) -> None:
    watched = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "1000000"}
    home = Home(tmp_path, environment=watched)
    async with open_program(home, *RUN) as program:
        await hears(manager, b"READY=1")
        await hears(manager, b"WATCHDOG=1")
        await hears(manager, b"WATCHDOG=1")
        async with open_operator(home) as operator:
            await operator.until(lambda: "/engine/status/health" in operator.state)
            assert "ms late at p99" in str(operator.state["/engine/status/health"])
        await hears(manager, b"STATUS=")
        text = await anyio.to_thread.run_sync(metrics, home)
        families = {family.name: family for family in parse(text)}
        loops = {sample.labels["loop"] for sample in families["cuems_loop_lag_seconds"].samples}
        assert loops == {"controller", "node"}
        assert families["cuems_nodes"].samples[0].labels == {"is": "ok"}
        program.process.send_signal(signal.SIGABRT)  # as systemd does when it was not fed
        assert await program.ends() == -signal.SIGABRT
    async with open_program(home, *RUN) as program:
        await hears(manager, b"READY=1")
        async with open_operator(home) as operator:
            died = "the program has died and was started again: Fatal Python error: Aborted"
            await operator.until(lambda: died in operator.history("notice"))
        assert await program.stop() == 0
        await hears(manager, b"STOPPING=1")
    records = (home.folder / "state" / "cuems" / "journal").glob("*/*.jsonl")
    assert any("desk.DiedBefore" in path.read_text() for path in records)


def metrics(home: Home) -> str:
    """What Prometheus would read."""
    with urllib.request.urlopen(f"http://{home.control}/metrics", timeout=PATIENCE_S) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text: str = answer.read().decode()
        return text
