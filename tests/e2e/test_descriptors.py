"""A controller that is out of file descriptors."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from tests.e2e.rig import PATIENCE_S, Home, open_operator, open_program

pytestmark = pytest.mark.slow
RUN = ("run", "--role", "controller", "--players", "none", "--mtc", "internal")
DESCRIPTORS = 64
GREEDY = 100


@contextmanager
def greedy(address: str) -> Iterator[None]:
    """So many connections that say nothing that no descriptor is left."""
    host, _, port = address.rpartition(":")
    taken = []
    try:
        for _ in range(GREEDY):
            taken.append(socket.socket())
            taken[-1].setblocking(False)
            taken[-1].connect_ex((host, int(port)))
        yield
    finally:
        for each in taken:
            each.close()


async def test_f62_without_descriptors_nobody_new_is_let_in_and_the_show_goes_on(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    limited = ("prlimit", f"--nofile={DESCRIPTORS}")
    async with open_program(home, *RUN, inside=limited) as program:
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            await operator.sees("armed", "yes")
            with greedy(home.control):
                await program.says("out of system resource")
                assert await operator.ask("setting", "panic_ms", "1234") == "ok"
                assert await operator.ask("go") == "ok"
        with anyio.fail_after(PATIENCE_S):
            async with open_operator(home) as newcomer:
                await newcomer.sees("setting/panic_ms", "1234")
        assert await program.stop() == 0
    assert "1234" in await anyio.Path(tmp_path / "state" / "cuems" / "settings.toml").read_text()
