"""What the editor is answered: always, once, in time; over real sockets, with a scripted engine."""

import json
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest

from cuems.app.editor import ANSWER_S, EditorParts, serve_editor
from cuems.app.links import Asker, Asks, ControllerItem
from cuems.app.nodelist import Nodelist
from cuems.core.cues import NodeId
from cuems.core.operator import AdoptNode, LoadProject, OperatorCommand, PressGo, UnloadProject
from cuems.core.status import Loaded, NodeHealth, Running
from cuems.core.status_board import StatusBoard
from cuems.wire.network_map_xml import MapNode, NetworkMap, NodeRole, write_network_map
from tests.fakes.ipc import Editor, open_hwdiscovery, open_nodeconf

PATIENCE_S = 30
CONTROLLER, LEFT, RIGHT = NodeId("c"), NodeId("l"), NodeId("r")


@dataclass
class Engine:
    """A controller that answers commands by a script, and holds back what it has no answer for."""

    answers: dict[OperatorCommand, str] = field(default_factory=dict)
    board: StatusBoard = field(default_factory=StatusBoard)
    asked: list[OperatorCommand] = field(default_factory=list)
    held: list[Asker] = field(default_factory=list)
    holds: anyio.Event = field(default_factory=anyio.Event)
    users: frozenset[int] | None = None
    strangers: list[tuple[str, str]] = field(default_factory=list)


@asynccontextmanager
async def open_engine(
    folder: Path, engine: Engine, network_map: Path | None = None
) -> AsyncIterator[Editor]:
    send, inbox = anyio.create_memory_object_stream[ControllerItem](8)

    async def decide() -> None:
        async for item in inbox:
            assert isinstance(item, Asks)
            assert isinstance(item.client, Asker)
            engine.asked.append(item.command)
            if item.command in engine.answers:
                item.client.answer(engine.answers[item.command])
            else:
                engine.held.append(item.client)
                engine.holds.set()

    parts = EditorParts(
        folder=folder,
        nodelist=Nodelist(
            own=CONTROLLER, network_map=network_map, folder=folder, users=engine.users
        ),
        board=engine.board,
        send=send,
        stranger=lambda name, text: engine.strangers.append((name, text)),
    )
    with anyio.fail_after(PATIENCE_S):
        async with send, inbox, anyio.create_task_group() as tg:
            tg.start_soon(decide)
            tg.start_soon(serve_editor, parts)
            yield Editor(folder)
            tg.cancel_scope.cancel()


async def test_a_load_is_answered_with_its_outcome(tmp_path: Path) -> None:
    engine = Engine({LoadProject("good"): "", LoadProject("bad"): "script.xml: line 3"})
    async with open_engine(tmp_path, engine) as editor:
        for action in ("project_ready", "project_deploy"):
            good = await editor.ask(action, "good")
            assert (good["type"], good["value"]) == (action, "OK")
            bad = await editor.ask(action, "bad")
            assert (bad["type"], bad["action"]) == ("error", action)
            assert bad["value"] == "Project script error: script.xml: line 3"


async def test_what_the_controller_refuses_is_an_error_with_its_reason(tmp_path: Path) -> None:
    engine = Engine({PressGo(): "not armed", UnloadProject(): "a show is running"})
    async with open_engine(tmp_path, engine) as editor:
        assert (await editor.ask("go_script"))["value"] == "not armed"
        refused = await editor.ask("project_unload")
        assert (refused["type"], refused["value"]) == ("error", "a show is running")
        engine.answers |= {PressGo(): "", UnloadProject(): ""}
        assert (await editor.ask("go_script"))["value"] == "OK"
        assert (await editor.ask("project_unload"))["value"] == "OK"


async def test_a_load_that_takes_its_time_holds_up_nothing_else(tmp_path: Path) -> None:
    engine = Engine({PressGo(): ""})
    async with open_engine(tmp_path, engine) as editor, anyio.create_task_group() as tg:
        tg.start_soon(editor.ask, "project_ready", "slow")
        assert (await editor.ask("go_script"))["value"] == "OK"
        assert (await editor.ask("project_status"))["value"]["status"] == "none"
        await engine.holds.wait()
        engine.held[0].answer("")


async def test_a_controller_that_does_not_answer_is_an_answer_too(tmp_path: Path) -> None:
    async with open_engine(tmp_path, Engine()) as editor:
        late = await editor.ask("go_script")
        assert late["type"] == "error"
        assert late["value"] == f"no outcome within {ANSWER_S:g} s: it may be done or not"


async def test_the_status_of_a_project_is_told_as_the_editor_knows_it(tmp_path: Path) -> None:
    engine = Engine()
    async with open_engine(tmp_path, engine) as editor:
        none = {"status": "none", "project_uuid": ""}
        assert (await editor.ask("project_status"))["value"] == none
        engine.board.put(Loaded("demo", "the-script"))
        assert (await editor.ask("project_status"))["value"] == none
        engine.board.put(Running(True))
        running = {"status": "running", "project_uuid": "the-script"}
        assert (await editor.ask("project_status"))["value"] == running


async def test_the_cluster_is_who_is_there_and_who_belongs_to_it(tmp_path: Path) -> None:
    def node(uuid: NodeId, *, adopted: bool) -> MapNode:
        return MapNode(
            uuid=uuid, mac="m", name="n", role=NodeRole.NODE, ip="10.0.0.2", adopted=adopted
        )

    network_map = tmp_path / "network_map.xml"
    known = NetworkMap((node(LEFT, adopted=True), node(RIGHT, adopted=False)))
    network_map.write_bytes(write_network_map(known))
    engine = Engine()
    for uuid, state in ((CONTROLLER, "ok"), (RIGHT, "late"), (LEFT, "lost")):
        engine.board.put(NodeHealth(uuid, state))
    async with open_engine(tmp_path, engine, network_map) as editor:
        assert (await editor.ask("cluster_status"))["value"] == {
            "alive": ["c", "r"],
            "adopted": ["c", "l"],
            "controller": "c",
        }
        network_map.write_text("<torn")
        torn = await editor.ask("cluster_status")
        assert torn["type"] == "error"
        assert "network_map.xml" in torn["value"]


async def test_an_adoption_is_asked_of_the_controller(tmp_path: Path) -> None:
    adopt, let_go = AdoptNode(LEFT, adopt=True), AdoptNode(RIGHT, adopt=False)
    engine = Engine({adopt: "", let_go: "nodeconf: Cannot unadopt master node"})
    async with open_engine(tmp_path, engine) as editor:
        adopted = await editor.ask("nodelist_modify", LEFT, modify_action="ADD")
        assert (adopted["type"], adopted["value"]) == ("nodelist_modify", "OK")
        refused = await editor.ask("nodelist_modify", RIGHT, modify_action="REMOVE")
        assert refused["value"] == "nodeconf: Cannot unadopt master node"


async def test_a_word_to_nodeconf_is_handed_on(tmp_path: Path) -> None:
    async with open_engine(tmp_path, Engine()) as editor, open_nodeconf(tmp_path, {}) as nodeconf:
        unknown = await editor.ask("nodeconf")
        assert unknown["value"] == "nodeconf: unknown action: nodeconf"
        assert nodeconf.received == [{"action": "nodeconf", "value": ""}]


async def test_the_hardware_is_hwdiscoverys_to_look_at(tmp_path: Path) -> None:
    async with open_engine(tmp_path, Engine()) as editor:
        async with open_hwdiscovery(tmp_path) as hwdiscovery:
            assert (await editor.ask("hw_discovery", {"a": 1}))["value"] == "OK"
            assert hwdiscovery.received == [{"a": 1}]
        async with open_hwdiscovery(tmp_path, works=False):
            failed = await editor.ask("hw_discovery")
            assert failed["type"] == "error"
            assert "no such card" in failed["value"]


async def test_f66_a_daemon_that_does_not_run_is_named_at_once(tmp_path: Path) -> None:
    async with open_engine(tmp_path, Engine()) as editor:
        for action, name in (("hw_discovery", "hwdiscovery"), ("nodeconf", "nodeconf")):
            absent = await editor.ask(action)
            assert absent["type"] == "error"
            assert f"{name}.ipc: it does not run" in absent["value"]


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b'{"action": "go_script"}'])
async def test_f66_garbage_is_answered_as_well(tmp_path: Path, data: bytes) -> None:
    async with open_engine(tmp_path, Engine()) as editor:
        assert json.loads(await editor.say(data))["type"] == "error"
        assert (await editor.ask("fly"))["value"].startswith("Command fly not recognized")


async def test_two_requests_of_one_uuid_are_both_answered(tmp_path: Path) -> None:
    engine = Engine({PressGo(): ""})
    same = json.dumps({"action": "go_script", "action_uuid": "same", "type": "x"}).encode()
    async with open_engine(tmp_path, engine) as editor:
        replies = [json.loads(await editor.say(same)) for _ in range(2)]
    expected = {"type": "go_script", "value": "OK", "action_uuid": "same"}
    assert replies == [expected, expected]
    assert engine.asked == [PressGo(), PressGo()]


class Said(logging.Handler):
    """Waits for a line of the log."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.event = anyio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.text = record.getMessage()
        self.event.set()


async def test_where_the_editor_cannot_be_served_it_is_said_and_the_show_goes_on(
    tmp_path: Path,
) -> None:
    (tmp_path / "editor.ipc").write_text("not a socket")
    said = Said()
    logging.getLogger("cuems.app.editor").addHandler(said)
    try:
        async with open_engine(tmp_path, Engine()):
            await said.event.wait()
    finally:
        logging.getLogger("cuems.app.editor").removeHandler(said)
    assert said.text.startswith("the editor cannot be served: ")
    assert "editor.ipc: expected a socket or nothing" in said.text


async def test_f66_whose_program_is_nobodys_editor_is_told_so_and_counted(tmp_path: Path) -> None:
    engine = Engine({PressGo(): ""}, users=frozenset({os.geteuid() + 1}))
    async with open_engine(tmp_path, engine) as editor:
        reply = await editor.ask("go_script")
        assert (reply["type"], reply["action"]) == ("error", "go_script")
        assert f"a program of user {os.geteuid()} asks in the editor's place" in reply["value"]
        assert "--ipc-user" in reply["value"]
        assert b"in the editor's place" in await editor.say(b"no JSON")
        assert [name for name, _ in engine.strangers] == [f"user {os.geteuid()}"] * 2
    assert engine.asked == []
