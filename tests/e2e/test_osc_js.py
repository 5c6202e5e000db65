"""osc-js, which the ecosystem's web UI speaks through, before a running engine (interop.md 2.7)."""

import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from subprocess import PIPE

import anyio
import anyio.abc
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from cuems.core.cuelist import RunningOrder
from cuems.core.cues import NodeId
from cuems.demo.show import demo_show, write_demo
from tests.e2e.rig import PATIENCE_S, Home, open_program

HERE = Path(__file__).parent / "osc_js"
NODE = NodeId("6c7b0e0a-1111-4222-8333-abcdefabcdef")
CUES = list(RunningOrder(demo_show(NODE)))
STATUS = "/engine/status/"
CONTROLLER = ("run", "--role", "controller", "--players", "none", "--mtc", "internal")
MISSING = "needs Node.js and osc-js: npm install --prefix tests/e2e/osc_js"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("node") is None or not (HERE / "node_modules" / "osc-js").is_dir(),
        reason=MISSING,
    ),
]

Message = tuple[str, object]


class WebUi:
    """A browser's side of the wire; `heard` is every status, without its prefix."""

    def __init__(self, process: anyio.abc.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin = process.stdin
        self._lines = BufferedByteReceiveStream(process.stdout)
        self.heard: list[Message] = []
        self.replies: dict[str, object] = {}

    async def send(self, address: str, *args: object) -> None:
        await self._stdin.send(json.dumps([address, *args]).encode() + b"\n")

    async def until(self, condition: Callable[[], bool]) -> None:
        """Listen until something holds."""
        while not condition():
            address, *args = json.loads(await self._lines.receive_until(b"\n", 65_536))
            assert address != "error", args
            value = args[0] if args else None
            if address.startswith(STATUS):
                self.heard.append((address.removeprefix(STATUS), value))
            else:
                self.replies[address] = value

    async def sees(self, *wanted: Message) -> list[Message]:
        """Everything heard until the last of these has come; they came in this order."""
        found = 0
        self.heard.clear()

        def complete() -> bool:
            nonlocal found
            rest = iter(self.heard)
            found = 0
            for message in wanted:
                if message not in rest:
                    return False
                found += 1
            return True

        try:
            with anyio.fail_after(PATIENCE_S):
                await self.until(complete)
        except TimeoutError:
            raise AssertionError(f"{wanted[found]} did not come: {self.heard}") from None
        return list(self.heard)


@asynccontextmanager
async def open_web_ui(home: Home) -> AsyncIterator[WebUi]:
    host, _, port = home.control.rpartition(":")
    command = ["node", str(HERE / "client.js"), host, port]
    process = await anyio.open_process(command, stdin=PIPE, stdout=PIPE, stderr=None)
    try:
        yield WebUi(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        with anyio.CancelScope(shield=True):
            await process.aclose()


def prepared(folder: Path) -> Home:
    """Two projects, so that none is loaded by itself."""
    home = Home(folder)
    state = home.folder / "state" / "cuems"
    state.mkdir(parents=True)
    (state / "identity").write_text(NODE)
    write_demo(home.library, NODE)
    shutil.copytree(home.library / "projects" / "demo", home.library / "projects" / "other")
    return home


def each(name: str, value: object) -> list[Message]:
    return [(f"{name}/{cue}", value) for cue in CUES]


async def test_the_web_uis_library_hears_every_sequence_in_the_order_it_expects(
    tmp_path: Path,
) -> None:
    home = await anyio.to_thread.run_sync(prepared, tmp_path)
    async with open_program(home, *CONTROLLER) as program:
        await program.says("ready: control surface")
        async with open_web_ui(home) as ui:
            start = [("running", ""), ("armed", ""), ("load", ""), ("nextcue", "")]
            heard = await ui.sees(*start)
            assert heard[:4] == start

            await ui.send("/engine/command/load", "demo")
            loaded = [("timecode", 0), ("armed", "no"), ("nextcue", "")]
            loaded += [*each("cue", 0), *each("cue_enabled", 1), ("load", "demo")]
            heard = await ui.sees(*loaded, ("armed", "yes"), ("nextcue", CUES[0]))
            assert ("load", "other") not in heard
            await ui.sees(("timecode", 1000))

            await ui.send("engine/command/setnextcue", CUES[1])  # a slash is put before it
            await ui.sees(("nextcue", CUES[1]))  # of two moves at once only the last may be told
            await ui.send("/engine/command/setnextcue", CUES[0])
            await ui.sees(("nextcue", CUES[0]))

            await ui.send("/engine/command/go")
            heard = await ui.sees(("running", "yes"))
            await ui.until(lambda: any(name.startswith("nextcue") for name, _ in ui.heard))

            await ui.send("/engine/command/pause")
            await ui.sees(("paused", "yes"))

            await ui.send("/engine/command/stop")
            stopped = [("running", "no"), ("timecode", 0), ("armed", "no"), ("nextcue", "")]
            heard = await ui.sees(*stopped, ("armed", "yes"), ("nextcue", CUES[0]))
            # One by one, but for a cue that a node tells of meanwhile; and none before the stop.
            began = heard.index(("running", "no"))
            assert not set(each("cue", 0)) & set(heard[:began])
            assert set(each("cue", 0)) <= set(heard[heard.index(("nextcue", ""), began) :])

            await ui.send("/engine/command/cue_enabled", f"{CUES[2]} 0")
            await ui.sees((f"cue_enabled/{CUES[2]}", 0))

            volume = f"audio/mixer/{NODE}/0/master/volume"
            for value in (1, 0.5, 0):  # osc-js sends whole numbers as integers
                await ui.send(f"/{NODE}/audio/mixer/0/master/volume", value)
                await ui.sees((volume, value))

            await ui.send("/engine/command/unload")
            await ui.sees(("timecode", 0), ("armed", "no"), ("nextcue", ""), ("load", ""))
            await ui.until(lambda: "/engine/reply/unload" in ui.replies)
            assert ui.replies["/engine/reply/unload"] == "ok"


async def test_a_newcomer_is_told_everything_and_a_refused_load_changes_nothing(
    tmp_path: Path,
) -> None:
    home = await anyio.to_thread.run_sync(prepared, tmp_path)
    async with open_program(home, *CONTROLLER, "--load", "demo") as program:
        await program.says("ready: control surface")
        async with open_web_ui(home) as first:
            await first.sees(("load", "demo"))
            await first.until(lambda: ("armed", "yes") in first.heard)
            async with open_web_ui(home) as second:
                dump = [("load", "demo"), *each("cue_enabled", 1)]
                heard = await second.sees(*dump)
                names = [name for name, _ in heard]
                assert names[:4] == ["running", "armed", "load", "nextcue"]
                await second.send("/engine/command/load", "nowhere")
                await second.until(lambda: "/engine/reply/load" in second.replies)
                assert "nowhere" in str(second.replies["/engine/reply/load"])
                await second.send("/engine/command/pause")
                heard = await second.sees(("paused", "yes"))
                assert ("armed", "no") not in heard
                assert not any(name == "load" for name, _ in heard)
