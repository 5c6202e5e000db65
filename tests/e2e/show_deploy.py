"""Deploy and a show as people see them, for a look: `python -m tests.e2e.show_deploy FOLDER`.

Two nodes fetch a film while a browser and terminals look on; one of them dies meanwhile. Pictures
of the page at three sizes, of `cuems deploy` and of `cuems watch` are in the folder afterwards.
"""

import argparse
import os
import pty
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fcntl import ioctl
from io import StringIO
from pathlib import Path
from struct import pack
from subprocess import DEVNULL
from termios import TIOCSWINSZ

import anyio
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.e2e.browser import SIZES, Page, open_page
from tests.e2e.rig import Home
from tests.e2e.test_deploy import Cluster, open_cluster

COLUMNS, LINES = 100, 30
FILM_BYTES = 3_000_000_000  # sparse
FRAME = re.compile(r"\x1b\[1A|\x1b\[H")  # what is drawn anew begins by going up
OTHER = re.compile(r"\x1b\[\?\d+[hl]|\x1b\[[0-9]*[JK]|\r")
RUN = "document.getElementById('deploying').dataset.state === '{}'"
COMES = "document.getElementById('deploy-all').value > 20"


class Terminal:
    """What a program draws on a terminal of its own."""

    def __init__(self, leader: int) -> None:
        self._leader = leader
        self._drawn = b""

    async def read(self) -> None:
        """Until it has ended."""
        while True:
            await anyio.wait_readable(self._leader)
            try:
                chunk = os.read(self._leader, 65536)
            except OSError:  # the terminal has gone with the program
                return
            self._drawn += chunk

    def frame(self) -> str:
        """What is to be seen: the newest thing drawn as a whole."""
        frames = FRAME.split(self._drawn.decode(errors="replace"))
        whole = [OTHER.sub("", frame).strip("\n") for frame in frames]
        longest = max(frame.count("\n") for frame in whole[-20:])
        return next(frame for frame in reversed(whole) if frame.count("\n") >= longest)


@asynccontextmanager
async def open_terminal(home: Home, *arguments: str) -> AsyncIterator[Terminal]:
    leader, follower = pty.openpty()
    ioctl(follower, TIOCSWINSZ, pack("HHHH", LINES, COLUMNS, 0, 0))
    url = {"CUEMS_URL": f"ws://{home.control}", "TERM": "xterm-256color"}
    process = await anyio.open_process(
        [sys.executable, "-m", "cuems", *arguments],
        env=home.variables() | url, stdin=DEVNULL, stdout=follower, stderr=follower,
    )  # fmt: skip
    os.close(follower)
    terminal = Terminal(leader)
    async with process, anyio.create_task_group() as tasks:
        tasks.start_soon(terminal.read)
        yield terminal
        if process.returncode is None:
            process.terminate()
        tasks.cancel_scope.cancel()
    os.close(leader)


async def draw(terminal: Terminal, page: Page, path: Path) -> None:
    """A picture of a terminal."""
    console = Console(record=True, width=COLUMNS, file=StringIO())
    console.print(Text.from_ansi(terminal.frame()))
    svg = console.export_svg(title=path.stem, theme=MONOKAI)
    await page.value(f"document.documentElement.innerHTML = {svg!r}")
    await page.screenshot(path)


async def shot(page: Page, folder: Path, name: str) -> None:
    for size in SIZES:
        await page.resize(size)
        await page.screenshot(folder / f"{name}-{size}.png")
        if size != "desktop":
            await page.value(
                "document.getElementById('deploying').scrollIntoView({block: 'center'})"
            )
            await page.screenshot(folder / f"{name}-{size}-nodes.png")
            await page.value("scrollTo(0, 0)")
    await page.resize("desktop")


async def perform(cluster: Cluster, page: Page, paper: Page, folder: Path) -> None:
    home, operator = cluster.home, cluster.operator
    left, right = cluster.uuid("left"), cluster.uuid("right")
    media: dict[str, bytes | int] = {"film.wav": FILM_BYTES, "thunder.wav": 40_000_000}
    cluster.write("storm", media, left, right)
    await page.until("document.documentElement.dataset.link === 'alive'")
    await page.until("document.querySelectorAll('.node').length === 2")
    await page.value("document.getElementById('load-name').value = 'storm'")
    await page.click("#deploy")
    await page.until(RUN.format("preparing"))
    await shot(page, folder, "preparing")
    await page.until(COMES)
    await shot(page, folder, "deploying")
    await page.until(RUN.format("done"))
    await shot(page, folder, "deployed")
    for name in ("left", "right"):
        (cluster.library(name) / "media/film.wav").unlink()
    async with open_terminal(home, "deploy", "storm") as terminal:
        await operator.sees("deploy_run", "working")
        await operator.until(lambda: _percent(cluster) > 30)
        await draw(terminal, paper, folder / "terminal-deploying.png")
        await operator.sees("deploy_run", "done")
        await anyio.sleep(1)
        await draw(terminal, paper, folder / "terminal-deployed.png")
    (cluster.library("left") / "media/film.wav").unlink()
    (cluster.library("right") / "media/film.wav").unlink()
    await page.click("#deploy")
    await page.until(COMES)
    cluster.nodes["right"][1].process.send_signal(signal.SIGKILL)
    await page.until("document.querySelector('.node[data-state=lost]')")
    await shot(page, folder, "lost")
    await page.until(RUN.format("unreachable"))
    await shot(page, folder, "unreachable")
    async with open_terminal(home, "watch") as terminal:
        await anyio.sleep(3)
        await draw(terminal, paper, folder / "terminal-watch.png")


def _percent(cluster: Cluster) -> int:
    value = cluster.operator.state.get("/engine/status/deploy_all_percent")
    return value if isinstance(value, int) else 0


async def main(folder: Path) -> None:
    await anyio.Path(folder).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        there = Path(made)
        async with open_cluster(there, "left", "right") as cluster:
            where = f"http://{cluster.home.control}/"
            async with (
                open_page(where, there / "one") as page,
                open_page("about:blank", there / "two") as paper,
            ):
                await perform(cluster, page, paper, folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    anyio.run(main, parser.parse_args().folder)
