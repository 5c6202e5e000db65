"""`cuems deploy` to nodes that are processes of their own, while an operator looks on."""

import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cuems.core.cues import AudioCue, AudioOutput, CueId, CueList, Media, NodeId, Show
from cuems.wire.show_xml import write_show
from tests.e2e.rig import Home, Operator, Program, open_operator, open_program
from tests.e2e.test_client import CONTROLLER, cuems

pytestmark = pytest.mark.slow

FILM_BYTES = 1_500_000_000  # sparse; some seconds of a fast machine
TRICKLE_KIB_PER_S = 1024
ABSENT = NodeId("0b1f6ae0-5d2b-4a5e-9d33-0d6d3f2b9a11")


@dataclass
class Cluster:
    """A controller without a node of its own, and nodes beside it."""

    home: Home
    controller: Program
    operator: Operator
    nodes: dict[str, tuple[Home, Program]]

    def library(self, name: str) -> Path:
        return self.nodes[name][0].library

    def uuid(self, name: str) -> NodeId:
        return NodeId(self.nodes[name][0].node)

    async def deployed_again(self, name: str) -> None:
        """Wait until a node has something besides the demo."""
        state = f"deploy_state/{self.uuid(name)}"
        await self.operator.until(lambda: self.operator.history(state).count("done") > 1)

    def write(self, project: str, media: dict[str, bytes | int], *nodes: NodeId) -> None:
        """A project at the controller, every media file a cue on the nodes; a size is sparse."""
        for name, data in media.items():
            with (self.home.library / "media" / name).open("wb") as file:
                file.write(data) if isinstance(data, bytes) else file.truncate(data)
        cues = tuple(
            AudioCue(
                id=CueId(f"d3a1c0e0-0000-4000-8000-{number:012d}"),
                name=name,
                media=Media(file_name=name, duration_flicks=705_600_000),
                outputs=tuple(AudioOutput(output_name=f"{node}_0") for node in nodes),
            )
            for number, name in enumerate(media)
        )
        show = Show(
            id="d3a10000-0000-4000-8000-000000000001",
            name=project,
            created="2026-01-01T00:00:00",
            modified="2026-01-01T00:00:00",
            cue_list=CueList(id=CueId("d3a1c0e0-0000-4000-8000-0000000000ff"), contents=cues),
        )
        folder = self.home.library / "projects" / project
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "script.xml").write_bytes(write_show(show))


@asynccontextmanager
async def open_cluster(folder: Path, *names: str) -> AsyncIterator[Cluster]:
    home = Home(folder / "controller")
    async with AsyncExitStack() as stack:
        controller = await stack.enter_async_context(
            open_program(home, *CONTROLLER, "--no-local-node")
        )
        await controller.says("ready: control surface")
        nodes = {}
        for name in names:
            own = Home(folder / name, control=home.control, bus=home.bus)
            state = folder / name / "state" / "cuems"
            state.mkdir(parents=True)
            shutil.copy(home.folder / "state" / "cuems" / "loopback.key", state)
            opening = open_program(own, "run", "--role", "node", "--players", "none")
            nodes[name] = (own, await stack.enter_async_context(opening))
        for _, node in nodes.values():
            await node.says("ready: node")
        operator = await stack.enter_async_context(open_operator(home))
        cluster = Cluster(home, controller, operator, nodes)
        for name in names:
            await operator.sees(f"deploy_state/{cluster.uuid(name)}", "done")  # of the demo
        yield cluster


async def test_a_project_is_checked_deployed_and_taken_back_on_two_nodes(tmp_path: Path) -> None:
    async with open_cluster(tmp_path, "left", "right") as cluster:
        home, left, right = cluster.home, cluster.uuid("left"), cluster.uuid("right")
        old, new = os.urandom(300_000), os.urandom(300_000)
        cluster.write("show", {"both.wav": old, "more.wav": old[:1000]}, left, right)

        status, told, _ = await cuems(home, "deploy", "show", "--check", "--json")
        checked = json.loads(told)
        assert (status, checked["state"], len(checked["nodes"])) == (0, "done", 2)
        assert [node["fetch"] for node in checked["nodes"]] == [3, 3]
        assert not (cluster.library("left") / "media").exists()

        status, told, _ = await cuems(home, "deploy", "show", "--timeout", "20")
        assert status == 0, told
        assert told.splitlines()[-1] == "show: done"
        for name in ("left", "right"):
            assert (cluster.library(name) / "media/both.wav").read_bytes() == old
        assert cluster.operator.state["/engine/status/deploy_all_percent"] == 100

        cluster.write("show", {"third.wav": new}, left, right)
        assert (await cuems(home, "deploy", "show"))[0] == 0
        script = cluster.library("right") / "projects/show/script.xml"
        assert b"third.wav" in script.read_bytes()
        status, told, _ = await cuems(home, "deploy", "show", "--rollback")
        assert status == 0, told
        assert b"both.wav" in script.read_bytes()

        (cluster.home.library / "projects/show").joinpath("script.xml").touch()
        status, told, _ = await cuems(home, "deploy", "--gc", "--dry-run")
        assert (status, told.count("1 files of 1 MiB that no project uses could be")) == (0, 2)
        assert (cluster.library("left") / "media/third.wav").exists()
        assert (await cuems(home, "deploy", "--gc"))[0] == 0
        assert not (cluster.library("left") / "media/third.wav").exists()
        assert (cluster.library("left") / "media/both.wav").exists()


async def test_failed_and_unreachable_are_told_apart(tmp_path: Path) -> None:
    async with open_cluster(tmp_path, "left") as cluster:
        home = cluster.home
        cluster.write("show", {"a.wav": b"a"}, cluster.uuid("left"), ABSENT)
        status, told, _ = await cuems(home, "deploy", "show")
        assert (status, told.splitlines()[-1]) == (4, "show: unreachable")
        assert "it is not there: switch it on, or adopt it" in told
        assert (cluster.library("left") / "media/a.wav").read_bytes() == b"a"
        (home.library / "media/a.wav").unlink()
        status, told, _ = await cuems(home, "deploy", "show")
        assert (status, told.splitlines()[-1]) == (1, "show: failed")
        assert "media/a.wav not in the controller's library" in told
        status, told, _ = await cuems(home, "deploy", "nope")
        assert status == 1
        assert "no such file" in told


async def test_show_mode_locks_files_and_loads_until_it_is_left(tmp_path: Path) -> None:
    async with open_cluster(tmp_path, "left") as cluster:
        operator = cluster.operator
        cluster.write("show", {"a.wav": b"a"}, cluster.uuid("left"))
        assert await operator.ask("mode", "show") == "ok"
        await operator.sees("mode", "show")
        for command in (("load", "show"), ("unload",), ("deploy", "show"), ("deploy_gc",)):
            assert "locked in show mode: set mode edit first" in await operator.ask(*command)
        assert "expected 'edit' or 'show'" in await operator.ask("mode", "party")
        assert await operator.ask("mode", "edit") == "ok"
        assert await operator.ask("load", "show") == "ok"
        await cluster.deployed_again("left")
        assert (cluster.library("left") / "media/a.wav").read_bytes() == b"a"


async def test_a_show_slows_a_transfer_stop_is_obeyed_and_a_newer_load_ends_it(
    tmp_path: Path,
) -> None:
    async with open_cluster(tmp_path, "left") as cluster:
        operator, left = cluster.operator, cluster.uuid("left")
        cluster.write("large", {"film.wav": FILM_BYTES}, left)
        cluster.write("small", {"a.wav": b"a"}, left)
        assert await operator.ask("load", "large") == "ok"
        await operator.sees(f"deploy_file/{left}", "media/film.wav")
        assert await operator.ask("mode", "show") == "ok"
        assert await operator.ask("stop") == "ok"
        await operator.until(
            lambda: 0 < figure(operator, f"deploy_rate/{left}") < 20 * TRICKLE_KIB_PER_S
        )
        assert await operator.ask("mode", "edit") == "ok"
        assert await operator.ask("load", "small") == "ok"
        await cluster.deployed_again("left")
        assert not (cluster.library("left") / "media/film.wav").exists()
        assert (cluster.library("left") / "media/a.wav").read_bytes() == b"a"


def figure(operator: Operator, name: str) -> int:
    value = operator.state.get(f"/engine/status/{name}")
    return value if isinstance(value, int) else 0


async def test_a_node_that_dies_during_a_deploy_is_unreachable(tmp_path: Path) -> None:
    async with open_cluster(tmp_path, "left") as cluster:
        operator, left = cluster.operator, cluster.uuid("left")
        cluster.write("large", {"film.wav": FILM_BYTES}, left)
        assert await operator.ask("deploy", "large") == "ok"
        await operator.sees(f"deploy_file/{left}", "media/film.wav")
        assert await operator.ask("mode", "show") == "ok"
        cluster.nodes["left"][1].process.send_signal(signal.SIGKILL)
        await operator.sees("deploy_run", "unreachable")
