"""What the editor asks, what it is answered, and what nodeconf and hwdiscovery mean."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.core.cues import NodeId
from cuems.wire import ipc

NODE = NodeId("8d1c5f3e-1111-4222-8333-944455556666")
UUID = "5c2e5f0a-1111-4222-8333-944455556666"


def asked(action: object, **more: object) -> bytes:
    return json.dumps({"action": action, "action_uuid": UUID, **more}).encode()


@pytest.mark.parametrize(
    ("data", "wish"),
    [
        (asked("project_ready", value="demo"), ipc.ProjectReady("demo")),
        (asked("project_deploy", value="demo"), ipc.ProjectDeploy("demo")),
        (asked("project_status"), ipc.ProjectStatus()),
        (asked("project_unload", value=""), ipc.ProjectUnload()),
        (asked("go_script", value=7), ipc.GoScript()),
        (asked("hw_discovery", value={"a": 1}), ipc.HwDiscovery({"a": 1})),
        (asked("nodeconf"), ipc.Nodeconf("")),
        (
            asked("nodelist_modify", value=NODE, modify_action="REMOVE"),
            ipc.NodelistModify(NODE, ipc.Modify.REMOVE),
        ),
        (asked("cluster_status"), ipc.ClusterStatus()),
        (asked("cluster_status", type="go"), ipc.ClusterStatus()),
    ],
)
def test_every_request_of_the_editor_is_understood(data: bytes, wish: object) -> None:
    request = ipc.read_editor_request(data)
    assert request.wish == wish
    assert request.uuid == UUID


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "expected a JSON object, found ''"),
        (b"\xff\xfe", "expected a JSON object"),
        (b"[" * 100_000, "expected a JSON object"),
        (b"[1]", "expected a JSON object, found '[1]'"),
        (b'{"action": "go_script"}', "No action uuid submitted"),
        (b'{"action": "go_script", "action_uuid": 7}', "No action uuid submitted"),
        (asked("fly"), "Command fly not recognized (expected one of project_ready,"),
        (asked(["go_script"]), "Command without action not recognized"),
        (asked("project_ready"), "project_ready: value None: expected a project's name"),
        (asked("project_ready", value=""), "project_ready: value '': expected a project's name"),
        (asked("nodelist_modify", modify_action="ADD"), "value None: expected a node's uuid"),
        (asked("nodelist_modify", value=NODE), "modify_action None: expected ADD or REMOVE"),
        (asked("nodelist_modify", value=NODE, modify_action=[]), "expected ADD or REMOVE"),
    ],
)
def test_what_is_no_request_is_named(data: bytes, reason: str) -> None:
    with pytest.raises(ipc.EditorRequestError) as raised:
        ipc.read_editor_request(data)
    assert reason in str(raised.value)


def test_a_request_that_is_refused_can_still_be_answered() -> None:
    with pytest.raises(ipc.EditorRequestError) as raised:
        ipc.read_editor_request(asked("fly"))
    assert (raised.value.action, raised.value.uuid) == ("fly", UUID)


@given(st.binary() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(
    lambda value: json.dumps({"action": value, "action_uuid": value, "value": value}).encode()
))  # fmt: skip
def test_whatever_arrives_is_a_request_or_named(data: bytes) -> None:
    try:
        ipc.read_editor_request(data)
    except ipc.EditorRequestError as error:
        json.loads(ipc.not_done(error.action, error.uuid, str(error)))


def test_the_editor_is_answered_in_the_form_it_waits_for() -> None:
    request = ipc.read_editor_request(asked("project_ready", value="demo"))
    assert json.loads(ipc.done(request)) == {
        "type": "project_ready",
        "value": "OK",
        "action_uuid": UUID,
    }
    assert json.loads(ipc.not_done(request.action, request.uuid, "no such project")) == {
        "type": "error",
        "action": "project_ready",
        "value": "no such project",
        "action_uuid": UUID,
    }


def test_a_project_that_is_loaded_and_idle_has_no_status() -> None:
    assert ipc.project_status(running=False, script="x") == {"status": "none", "project_uuid": ""}
    assert ipc.project_status(running=True, script="x") == {
        "status": "running",
        "project_uuid": "x",
    }


def test_the_nodes_of_a_cluster_are_told_in_order() -> None:
    one, two = NodeId("1"), NodeId("2")
    both = frozenset((two, one))
    told = ipc.cluster_status(alive=both, adopted=frozenset((one,)), controller=one)
    assert told == {"alive": ["1", "2"], "adopted": ["1"], "controller": "1"}


def test_nodeconf_is_asked_in_its_own_form() -> None:
    expected = {"action": "nodelist_modify", "value": NODE, "modify_action": "ADD"}
    assert json.loads(ipc.nodelist_modify(NODE, ipc.Modify.ADD)) == expected
    assert json.loads(ipc.nodeconf(ipc.Nodeconf(expected))) == expected
    assert json.loads(ipc.nodeconf(ipc.Nodeconf(""))) == {"action": "nodeconf", "value": ""}


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b'{"OK": true}', ""),
        (b'{"result": "OK"}', ""),
        (b'{"OK": false, "error": "Cannot unadopt master node"}', "Cannot unadopt master node"),
        (b'{"OK": false}', """it answered '{"OK": false}'"""),
        (b'{"OK": 1}', """it answered '{"OK": 1}'"""),
        (b'"OK"', """it answered '"OK"', expected a JSON object"""),
        (b"\xff", "it answered '\N{REPLACEMENT CHARACTER}', expected a JSON object"),
    ],
)
def test_a_reply_says_done_or_why_not(reply: bytes, reason: str) -> None:
    assert ipc.why_not_done(reply) == reason
