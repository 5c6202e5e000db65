"""The ecosystem's editor, nodeconf and hwdiscovery on the wire: requests and replies as JSON.

Source: interop.md 4. The editor asks `{"action", "action_uuid", "value"?}` and takes
`{"type": <action>, "value": "OK" | object, "action_uuid"}` for done, `{"type": "error", "value":
<reason>, "action_uuid", "action"}` for not. We ask nodeconf and hwdiscovery alike.

Where upstream answers nothing, twice or with another request's uuid, this answers once, with the
reason. A key `type` in a request makes no difference.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError

OK = "OK"
EXCERPT_CHARACTERS = 120
NO_UUID = "No action uuid submitted"  # upstream's words


class Modify(StrEnum):
    """What becomes of a node in the list of the rig."""

    ADD = "ADD"
    REMOVE = "REMOVE"


# ---- what the editor asks


@dataclass(frozen=True, slots=True)
class ProjectReady:
    """Load a project; done once it is read, found sound and told to the nodes."""

    project: str


@dataclass(frozen=True, slots=True)
class ProjectDeploy:
    """Let the nodes fetch a project."""

    project: str


@dataclass(frozen=True, slots=True)
class ProjectStatus:
    """Which project runs?"""


@dataclass(frozen=True, slots=True)
class ProjectUnload:
    """Let go of the project."""


@dataclass(frozen=True, slots=True)
class GoScript:
    """Fire the standby cue."""


@dataclass(frozen=True, slots=True)
class HwDiscovery:
    """Have the hardware looked at; `value` is hwdiscovery's business."""

    value: object


@dataclass(frozen=True, slots=True)
class Nodeconf:
    """A word to nodeconf; `value` is its business."""

    value: object


@dataclass(frozen=True, slots=True)
class NodelistModify:
    """Take a node into the rig, or let go of it."""

    node: NodeId
    modify: Modify


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """Which nodes are there, and which belong to the rig?"""


EditorWish: TypeAlias = (
    ProjectReady
    | ProjectDeploy
    | ProjectStatus
    | ProjectUnload
    | GoScript
    | HwDiscovery
    | Nodeconf
    | NodelistModify
    | ClusterStatus
)


@dataclass(frozen=True, slots=True)
class EditorRequest:
    """What the editor wants; `uuid` goes back with the answer."""

    action: str
    uuid: str
    wish: EditorWish


class EditorRequestError(CuemsError):
    """What came is no request we know; `action` and `uuid` as far as they could be read."""

    def __init__(self, reason: str, action: str = "", uuid: str = "") -> None:
        super().__init__(reason)
        self.action = action
        self.uuid = uuid


def read_editor_request(data: bytes) -> EditorRequest:
    """Raises only EditorRequestError, whatever arrives."""
    message = _object(data)
    if message is None:
        raise EditorRequestError(f"expected a JSON object, found {_excerpt(data)}")
    action, uuid = message.get("action"), message.get("action_uuid")
    action = action if isinstance(action, str) else ""
    if not isinstance(uuid, str) or not uuid:
        raise EditorRequestError(NO_UUID, action)
    read = _READERS.get(action)
    if read is None:
        names = ", ".join(_READERS)
        raise EditorRequestError(f"Command {action or 'without action'} not recognized"
                                 f" (expected one of {names})", action, uuid)  # fmt: skip
    try:
        return EditorRequest(action, uuid, read(message))
    except _FieldError as error:
        raise EditorRequestError(f"{action}: {error}", action, uuid) from error


class _FieldError(CuemsError):
    pass


def _project(message: Mapping[str, object]) -> str:
    value = message.get("value")
    if not isinstance(value, str) or not value:
        raise _FieldError(f"value {value!r:.100}: expected a project's name")
    return value


def _nodelist_modify(message: Mapping[str, object]) -> NodelistModify:
    node, modify = message.get("value"), message.get("modify_action")
    if not isinstance(node, str) or not node:
        raise _FieldError(f"value {node!r:.100}: expected a node's uuid")
    if not isinstance(modify, str) or modify not in set(Modify):
        raise _FieldError(f"modify_action {modify!r:.100}: expected ADD or REMOVE")
    return NodelistModify(NodeId(node), Modify(modify))


_READERS: Mapping[str, Callable[[Mapping[str, object]], EditorWish]] = {
    "project_ready": lambda message: ProjectReady(_project(message)),
    "project_deploy": lambda message: ProjectDeploy(_project(message)),
    "project_status": lambda _: ProjectStatus(),
    "project_unload": lambda _: ProjectUnload(),
    "go_script": lambda _: GoScript(),
    "hw_discovery": lambda message: HwDiscovery(message.get("value", "")),
    "nodeconf": lambda message: Nodeconf(message.get("value", "")),
    "nodelist_modify": _nodelist_modify,
    "cluster_status": lambda _: ClusterStatus(),
}


# ---- what it is answered


def done(request: EditorRequest, value: str | Mapping[str, object] = OK) -> bytes:
    """It is done, or this is what was asked for."""
    reply = {"type": request.action, "value": value, "action_uuid": request.uuid}
    return json.dumps(reply).encode()


def not_done(action: str, uuid: str, reason: str) -> bytes:
    """It is not done, and why."""
    reply = {"type": "error", "value": reason, "action_uuid": uuid, "action": action}
    return json.dumps(reply).encode()


def project_status(*, running: bool, script: str) -> dict[str, object]:
    """What `project_status` is answered: a project that is loaded and does not run is none."""
    return {"status": "running" if running else "none", "project_uuid": script if running else ""}


def cluster_status(
    *, alive: frozenset[NodeId], adopted: frozenset[NodeId], controller: NodeId
) -> dict[str, object]:
    """What `cluster_status` is answered."""
    return {"alive": sorted(alive), "adopted": sorted(adopted), "controller": controller}


# ---- nodeconf and hwdiscovery


def nodelist_modify(node: NodeId, modify: Modify) -> bytes:
    """What nodeconf is asked for an adoption, or its end."""
    return to_request({"action": "nodelist_modify", "value": node, "modify_action": modify.value})


def nodeconf(wish: Nodeconf) -> bytes:
    """What nodeconf is asked where the editor spells it out; a bare value is put into a request."""
    if isinstance(wish.value, Mapping):
        return to_request(wish.value)
    return to_request({"action": "nodeconf", "value": wish.value})


def to_request(value: object) -> bytes:
    """A request of JSON."""
    return json.dumps(value).encode()


def why_not_done(data: bytes) -> str:
    """What a reply of nodeconf or hwdiscovery gives as the reason; "" when it is done.

    Both `{"OK": true}` and any value "OK" say so.
    """
    reply = _object(data)
    if reply is None:
        return f"it answered {_excerpt(data)}, expected a JSON object"
    if reply.get(OK) is True or OK in reply.values():
        return ""
    error = reply.get("error")
    return error if isinstance(error, str) and error else f"it answered {_excerpt(data)}"


def _object(data: bytes) -> Mapping[str, object] | None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _excerpt(data: bytes) -> str:
    text = data[:EXCERPT_CHARACTERS].decode(errors="replace")
    return repr(text) + ("…" if len(data) > EXCERPT_CHARACTERS else "")
