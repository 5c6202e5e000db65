"""The ecosystem's editor at a whole controller, over the sockets it knows."""

import signal
from pathlib import Path

import pytest

from tests.e2e.rig import Home, open_operator, open_program
from tests.fakes.ipc import Editor, open_nodeconf

pytestmark = pytest.mark.slow

CONTROLLER = ("run", "--role", "controller", "--mtc", "internal")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, environment={"CUEMS_IPC": str(tmp_path)})


async def test_an_editor_loads_a_show_and_fires_it(home: Home) -> None:
    editor = Editor(home.folder)
    async with open_program(home, *CONTROLLER) as program, open_nodeconf(home.folder, {}):
        await program.says("the editor is served at ipc://")
        await program.says("ready: control surface")
        assert (await editor.ask("project_unload"))["value"] == "OK"
        assert (await editor.ask("go_script"))["value"] == "no project is loaded"
        refused = (await editor.ask("project_ready", "ghost"))["value"]
        assert refused.startswith("Project script error: ")
        assert (await editor.ask("project_ready", "demo"))["value"] == "OK"
        async with open_operator(home) as operator:
            await operator.sees("armed", "yes")
            assert (await editor.ask("go_script"))["value"] == "OK"
            await operator.sees("running", "yes")
            status = (await editor.ask("project_status"))["value"]
            assert status["status"] == "running"
            assert status["project_uuid"]
            busy = await editor.ask("project_ready", "demo")
            assert busy["value"] == "Project script error: a show is running: stop it first"
            busy = await editor.ask("project_unload")
            assert busy["value"] == "a show is running: stop it first"
        uuid = home.node
        cluster = {"alive": [uuid], "adopted": [uuid], "controller": uuid}
        assert (await editor.ask("cluster_status"))["value"] == cluster
        unknown = await editor.ask("nodelist_modify", "nobody", modify_action="ADD")
        assert unknown["value"] == "nodeconf: Node nobody not found"


async def test_f66_a_controller_that_was_killed_serves_the_editor_again(home: Home) -> None:
    without_players = (*CONTROLLER, "--players", "none")
    async with open_program(home, *without_players) as program:
        await program.says("the editor is served at ipc://")
        await program.stop(signal.SIGKILL)
    assert (home.folder / "editor.ipc").is_socket()
    async with open_program(home, *without_players) as program:
        await program.says("the editor is served at ipc://")
        status = await Editor(home.folder).ask("project_status")
        assert status["value"] == {"status": "none", "project_uuid": ""}
