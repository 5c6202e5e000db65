"""QLab's OSC dialect as an alias: what its remotes ask, in our commands and from our statuses.

Source: field.md 3.4 and what Companion's module calls. A workspace is the loaded project, its one
cue list the show; ids are made from names, since remotes cut them out of addresses at fixed places
and expect 36 characters. A cue's number is its place in the running order, for ours have none;
asked for by number, an id or a name does too.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from uuid import NAMESPACE_OID, uuid5

from cuems.core.access import Scope
from cuems.core.errors import CuemsError
from cuems.wire.control_view import CueView, ShowView
from cuems.wire.osc import Osc, OscArgument

VERSION = "5.0"
NO_CUE = "none"
COMMANDS = {
    "go": "go", "stop": "stop", "hardStop": "stop", "reset": "stop", "panic": "panic",
    "panicInTime": "panic", "pause": "pause", "hardPause": "pause", "resume": "resume",
}  # fmt: skip
OF_A_CUE = {
    "start": "gocue", "go": "gocue", "load": "setnextcue", "stop": "stopcue",
    "hardStop": "stopcue", "panic": "stopcue", "panicInTime": "stopcue", "reset": "stopcue",
    "pause": "pausecue", "hardPause": "pausecue", "resume": "resumecue",
}  # fmt: skip
SETTINGS: dict[str, object] = {
    "version": VERSION, "liveFadePreview": False, "auditionWindow": False,
    "alwaysAudition": False, "auditionMonitors": False, "overrideWindow": False,
    "settings/general/minGoTime": 0.2, "doubleGoWindowRemaining": 0,
}  # fmt: skip
SECONDS_PER_MS = 0.001
SOME = 100  # of what plays at once


class QlabError(CuemsError):
    """What a remote asked for and cannot have."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer that is known: always sent."""

    data: object


@dataclass(frozen=True, slots=True)
class Wanted:
    """Commands of ours; their answer is sent where the remote asked for that."""

    messages: tuple[Osc, ...]


@dataclass(frozen=True, slots=True)
class Connect:
    """Let me in; "" shows no passcode."""

    passcode: str


@dataclass(frozen=True, slots=True)
class Switch:
    """`updates`, `alwaysReply` or `udpReplyPort`, and its value."""

    name: str
    value: int


Meaning = Told | Wanted | Connect | Switch


@dataclass(frozen=True, slots=True)
class Asked:
    """What a message means; it is answered at /reply and `address`."""

    address: str
    workspace: bool
    meaning: Meaning


def project_id(project: str) -> str:
    """The id of a workspace."""
    return str(uuid5(NAMESPACE_OID, f"cuems workspace {project}")).upper()


def list_id(project: str) -> str:
    """The id of its cue list."""
    return str(uuid5(NAMESPACE_OID, f"cuems list {project}")).upper()


def scope_of(meaning: Meaning) -> Scope | None:
    """What a remote must be allowed; commands have their own scopes."""
    return Scope.VIEW if isinstance(meaning, Told) else None


def read(osc: Osc, view: ShowView) -> Asked:
    """What a message means; raises QlabError."""
    parts = osc.address.strip("/").split("/")
    in_workspace = parts[0] == "workspace" and len(parts) > 1
    if in_workspace:
        parts = parts[2:] or [""]
    parts, about = _about(parts, view)
    meaning = _meaning(parts, about, osc.args, view)
    return Asked(_resolved(osc.address, about), in_workspace, meaning)


def _about(parts: list[str], view: ShowView) -> tuple[list[str], list[CueView] | None]:
    """What is asked, and about which cues; None: about the workspace."""
    if len(parts) < 3 or parts[0] not in ("cue", "cue_id"):
        return parts, None
    if parts[1] == list_id(view.fact("load")):
        return parts[2:], None
    return parts[2:], _cues(parts[1], view)


def _cues(which: str, view: ShowView) -> list[CueView]:
    """The cues of a number, an id, or one of QLab's words; raises QlabError."""
    if which in ("selected", "playhead", "playbackPosition"):
        return [] if view.standby is None else [view.standby]
    if which == "active":
        return [cue for cue in view.cues.values() if _is_on(cue)]
    in_order = list(view.cues.values())
    if which in view.cues:
        return [view.cues[which]]
    named = [cue for cue in in_order if cue.name == which]
    if len(named) == 1:
        return named
    if which.isascii() and which.isdigit() and 0 < int(which[:9]) <= len(in_order):
        return [in_order[int(which) - 1]]
    raise QlabError(f"no cue {which[:80]!r}")


def _resolved(address: str, about: list[CueView] | None) -> str:
    """Remotes find the cue of an answer about the playhead in its address."""
    for word in ("playhead", "selected", "playbackPosition"):
        if about and f"/cue/{word}/" in address:
            return address.replace(f"/cue/{word}/", f"/cue_id/{about[0].id}/", 1)
    return address


def _meaning(
    parts: list[str], about: list[CueView] | None, args: tuple[OscArgument, ...], view: ShowView
) -> Meaning:
    if about is not None:
        return _of_cues(parts, about, args, view)
    name = "/".join(parts)
    first = parts[0]
    if name in COMMANDS or name == "togglePause":
        paused = "resume" if view.fact("paused") == "yes" else "pause"
        return Wanted((_ours(COMMANDS.get(name, paused)),))
    match parts:
        case ["connect"]:
            return Connect(str(args[0]) if args else "")
        case ["showMode"] if args:
            return Wanted((_ours("mode", "show" if _number(args, default=1) else "edit"),))
        case ["thump"]:
            return Told("thump")
        case ["updates" | "alwaysReply" | "udpReplyPort" | "forgetMeNot"]:
            return Switch(first, _number(args, default=1))
        case ["go" | "playhead" | "playheadID" | "playheadId" | "select" | "select_id", which]:
            return _moved(first, which, view)
        case _:
            return Told(_getter(name, view))


def _moved(verb: str, which: str, view: ShowView) -> Wanted:
    """Put the playhead, or fire what is there."""
    if which in ("next", "previous"):
        order = list(view.cues.values())
        at = -1 if view.standby is None else order.index(view.standby)
        at += 1 if which == "next" else -1
        if not 0 <= at < len(order):
            raise QlabError(f"there is no {which} cue")
        cue = order[at]
    else:
        found = _cues(which, view)
        if len(found) != 1:
            raise QlabError(f"{which[:80]!r}: expected one cue")
        cue = found[0]
    return Wanted((_ours("gocue" if verb == "go" else "setnextcue", cue.id),))


def _of_cues(
    parts: list[str], about: list[CueView], args: tuple[OscArgument, ...], view: ShowView
) -> Meaning:
    name = parts[0]
    if name == "valuesForKeys":
        keys = _keys(args)
        values = [{key: _field(key, cue, view) for key in keys} for cue in about[:SOME]]
        return Told(values[0] if len(values) == 1 else values)
    if name in OF_A_CUE or name == "togglePause" or (name in ("armed", "loadAt") and args):
        if not about:
            raise QlabError("there is no such cue now")
        return Wanted(tuple(message for cue in about for message in _to_cue(name, cue, args)))
    if name in ("preview", "audition"):
        raise QlabError(f"one cue alone cannot be told {name!r}; without /cue it is for the show")
    if args:
        raise QlabError(f"{name!r} cannot be set from here")
    if not about:
        return Told(NO_CUE if name == "uniqueID" else None)
    return Told(_field(name, about[0], view))


def _to_cue(name: str, cue: CueView, args: tuple[OscArgument, ...]) -> tuple[Osc, ...]:
    match name:
        case "armed":
            return (_ours("cue_enabled", cue.id, 1 if _number(args, default=1) else 0),)
        case "loadAt":
            into_ms = round(float(_number(args, default=0)) / SECONDS_PER_MS)
            return _ours("setnextcue", cue.id), _ours("load_to_time", into_ms)
        case "togglePause":
            return (_ours("resumecue" if cue.state == "paused" else "pausecue", cue.id),)
        case _:
            return (_ours(OF_A_CUE[name], cue.id),)


def _ours(name: str, *args: OscArgument) -> Osc:
    return Osc(f"/engine/command/{name}", args)


def _number(args: tuple[OscArgument, ...], *, default: int) -> int:
    """The first argument as a number; QLab takes words for booleans, too."""
    match args[:1]:
        case ():
            return default
        case (int() | float() as number,) if number == number and abs(number) < 1 << 31:
            return int(number)
        case (str() as word,) if word.lower() in ("true", "yes", "on", "1"):
            return 1
        case (str() as word,) if word.lower() in ("false", "no", "off", "0"):
            return 0
        case _:
            raise QlabError(f"{args[0]!r:.80}: expected a number")


def _keys(args: tuple[OscArgument, ...]) -> list[str]:
    try:
        keys = json.loads(str(args[0])) if args else None
    except (ValueError, RecursionError):
        keys = None
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise QlabError("valuesForKeys: expected a JSON list of keys")
    return keys[:100]


# ---- what is told


def _getter(name: str, view: ShowView) -> object:
    if name in SETTINGS:
        return SETTINGS[name]
    getter = GETTERS.get(name.removesuffix("/shallow"))
    if getter is None:
        raise QlabError(f"/{name[:80]}: not known here")
    return getter(view)


def _field(name: str, cue: CueView, view: ShowView) -> object:
    """One of QLab's fields of a cue."""
    getter = FIELDS.get(name)
    return None if getter is None else getter(cue, view)


def _is_on(cue: CueView) -> bool:
    return cue.state in ("playing", "paused")


def _is_paused(cue: CueView, view: ShowView) -> bool:
    return cue.state == "paused" or (cue.state == "playing" and view.fact("paused") == "yes")


def _share(cue: CueView) -> float:
    """How far it is."""
    return max(cue.percent, 0) / 100


def _number_of(cue: CueView, view: ShowView) -> str:
    return str(list(view.cues).index(cue.id) + 1)


TYPES = {
    "audio": "Audio", "video": "Video", "dmx": "Light", "fade": "Fade", "action": "Start",
    "list": "Group", "message": "Network",
}  # fmt: skip
FIELDS: dict[str, Callable[[CueView, ShowView], object]] = {
    "uniqueID": lambda cue, _: cue.id,
    "number": _number_of,
    "name": lambda cue, _: cue.name,
    "listName": lambda cue, _: cue.name,
    "displayName": lambda cue, _: cue.name,
    "type": lambda cue, _: TYPES.get(cue.kind, "Memo"),
    "mode": lambda *_: 0,
    "parent": lambda _, view: list_id(view.fact("load")),
    "colorName": lambda *_: "none",
    "notes": lambda cue, _: cue.reason,
    "isRunning": lambda cue, view: _is_on(cue) and not _is_paused(cue, view),
    "isPaused": _is_paused,
    "isLoaded": lambda cue, view: cue is view.standby and view.fact("armed") == "yes",
    "isBroken": lambda cue, _: cue.state == "failed",
    "armed": lambda cue, _: cue.enabled,
    "flagged": lambda *_: False,
    "autoLoad": lambda *_: False,
    "continueMode": lambda *_: 0,
    "infiniteLoop": lambda *_: False,
    "holdLastFrame": lambda *_: False,
    "isAuditioning": lambda *_: False,
    "duration": lambda cue, _: cue.duration_ms * SECONDS_PER_MS,
    "preWait": lambda *_: 0,
    "postWait": lambda *_: 0,
    "actionElapsed": lambda cue, _: _share(cue) * cue.duration_ms * SECONDS_PER_MS,
    "percentActionElapsed": lambda cue, _: _share(cue),
    "cartPosition": lambda *_: [0, 0],
}
IN_A_LIST = ("uniqueID", "name", "listName", "type", "colorName", "flagged", "armed")


def _listed(cue: CueView, number: str, view: ShowView) -> dict[str, object]:
    """What a list tells of a cue; of thousands, so it must not look for each one's number."""
    return {"number": number, **{name: FIELDS[name](cue, view) for name in IN_A_LIST}}


def _some(which: str, view: ShowView) -> list[dict[str, object]]:
    return [_listed(cue, _number_of(cue, view), view) for cue in _cues(which, view)[:SOME]]


def _cue_lists(view: ShowView) -> object:
    project = view.fact("load")
    if not project:
        return []
    numbered = enumerate(view.cues.values(), start=1)
    cues = [_listed(cue, str(number), view) for number, cue in numbered]
    return [
        {
            "uniqueID": list_id(project),
            "number": "",
            "name": project,
            "listName": project,
            "type": "Cue List",
            "colorName": "none",
            "flagged": False,
            "armed": True,
            "cues": cues,
        }
    ]


def _workspaces(view: ShowView) -> object:
    project = view.fact("load")
    named = {"uniqueID": project_id(project), "displayName": project, "version": VERSION}
    return [named | {"hasPasscode": False}] if project else []


GETTERS: dict[str, Callable[[ShowView], object]] = {
    "workspaces": _workspaces,
    "cueLists": _cue_lists,
    "selectedCues": lambda view: _some("selected", view),
    "runningCues": lambda view: _some("active", view),
    "runningOrPausedCues": lambda view: _some("active", view),
    "playheadID": lambda view: NO_CUE if view.standby is None else view.standby.id,
    "playhead": lambda view: NO_CUE if view.standby is None else _number_of(view.standby, view),
    "showMode": lambda view: view.fact("mode") == "show",
    "basePath": lambda _: "",
}


def reply(asked_address: str, status: str, data: object, workspace: str = "") -> Osc:
    """The answer to a message; `workspace` where it was addressed to one."""
    told: dict[str, object] = {"workspace_id": workspace} if workspace else {}
    told |= {"address": asked_address, "status": status, "data": data}
    return Osc(f"/reply{asked_address}", (json.dumps(told),))


def update(message: Osc, view: ShowView) -> Osc | None:
    """What a remote that asked for updates is told of a status; `view` has taken it already."""
    project = view.fact("load")
    prefix = f"/update/workspace/{project_id(project)}"
    match message.address.removeprefix("/engine/status/").split("/"):
        case ["nextcue"] if project:
            args = message.args if message.args[:1] != ("",) else ()
            return Osc(f"{prefix}/cueList/{list_id(project)}/playbackPosition", args)
        case ["cue" | "cue_name" | "cue_enabled" | "cue_paused", cue] if project:
            return Osc(f"{prefix}/cue_id/{cue}")
        case ["mode"] if project:
            return Osc(prefix)
        case ["load"]:
            return Osc(prefix if project else "/update/workspace/none/disconnect")
        case _:
            return None
