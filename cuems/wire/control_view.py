"""The control surface from the other end: what a client has been told, as a show.

Nothing says that a cue is gone: its project's cues are told before its name, so what was not told
again since the show was disarmed belonged to the project before (interop.md 2.7).
"""

from dataclasses import asdict, dataclass, field

from cuems.core.errors import CuemsError
from cuems.wire.control_table import TABLE
from cuems.wire.osc import Osc, OscArgument

STATUS = "/engine/status/"
FILES = "deploy_"
MS_PER_S = 1000
LABEL_ID = 8  # of a node's id, where its name is not its own: a machine that was copied
NODE_KINDS = frozenset(
    row.address.split("/")[3] for row in TABLE if row.address.endswith("/{node}")
)


class NoSuchCueError(CuemsError):
    """A cue that is not in the show, or more than one of that name."""

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(f"{text!r:.100}: {problem}")
        self.text = text


class NoSuchNodeError(CuemsError):
    """A node nobody has told of, or more than one of that name."""

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(f"{text!r:.100}: {problem}")
        self.text = text


@dataclass(slots=True)
class CueView:
    """A cue as clients know it; `percent` is its play status (-1 failed, 100 played)."""

    id: str
    name: str = ""
    kind: str = ""
    duration_ms: int = 0
    percent: int = 0
    reason: str = ""
    enabled: bool = True
    paused: bool = False

    @property
    def state(self) -> str:
        """One word for a person."""
        if self.percent < 0:
            return "failed"
        if self.percent == 0:
            return "ready" if self.enabled else "disabled"
        if self.percent >= 100:
            return "played"
        return "paused" if self.paused else "playing"


@dataclass(slots=True)
class NodeView:
    """A node as clients know it; `deploy` is the share of the project it has fetched, percent.

    `files` is the rest of what was told of its files: state, file, done, total, rate, …
    """

    id: str
    name: str = ""
    state: str = ""
    detail: str = ""
    outputs: str = ""
    chase: str = ""
    chase_detail: str = ""
    deploy: int | None = None
    deploy_detail: str = ""
    files: dict[str, OscArgument] = field(default_factory=dict)


class ShowView:
    """The newest of everything that was told."""

    def __init__(self) -> None:
        self.facts: dict[str, OscArgument] = {}  # running, armed, load, nextcue, timecode, …
        self.cues: dict[str, CueView] = {}  # in running order
        self.nodes: dict[str, NodeView] = {}
        self._told: set[str] = set()  # cues spoken of since the show was last disarmed

    def take(self, message: Osc) -> bool:
        """Note a status; False where the message is none."""
        if not message.address.startswith(STATUS) or not message.args:
            return False
        kind, *about = message.address.removeprefix(STATUS).split("/")
        value = message.args[0]
        if not about:
            self._take_fact(kind, value)
        elif len(about) == 1 and kind.startswith("cue"):
            self._take_cue(kind, about[0], value)
        elif len(about) == 1 and kind in NODE_KINDS:
            self._take_node(kind, about[0], value)
        return True

    def _take_fact(self, kind: str, value: OscArgument) -> None:
        self.facts[kind] = value
        if kind == "armed" and value == "no":
            self._told.clear()
        if kind == "load":
            self.cues = {cue: view for cue, view in self.cues.items() if cue in self._told}

    def _take_cue(self, kind: str, cue: str, value: OscArgument) -> None:
        view = self.cues.setdefault(cue, CueView(cue))
        self._told.add(cue)
        match kind:
            case "cue":
                view.percent = _whole(value)
            case "cue_name":
                view.name = str(value)
            case "cue_kind":
                view.kind = str(value)
            case "cue_duration":
                view.duration_ms = _whole(value)
            case "cue_reason":
                view.reason = str(value)
            case "cue_enabled":
                view.enabled = bool(_whole(value))
            case "cue_paused":
                view.paused = bool(_whole(value))
            case _:
                pass

    def _take_node(self, kind: str, node: str, value: OscArgument) -> None:
        view = self.nodes.setdefault(node, NodeView(node))
        match kind:
            case "node_name":
                view.name = str(value)
            case "node":
                view.state = str(value)
            case "node_detail":
                view.detail = str(value)
            case "node_outputs":
                view.outputs = str(value)
            case "chase":
                view.chase = str(value)
            case "chase_detail":
                view.chase_detail = str(value)
            case "deploy":
                view.deploy = _whole(value)
            case "deploy_detail":
                view.deploy_detail = str(value)
            case _:
                if kind.startswith(FILES):
                    view.files[kind.removeprefix(FILES)] = value

    def fact(self, kind: str) -> str:
        """A text that was told of the show as a whole; "" where none was."""
        return str(self.facts.get(kind, ""))

    @property
    def standby(self) -> CueView | None:
        """The cue that stands by."""
        return self.cues.get(self.fact("nextcue"))

    def label(self, node: NodeView) -> str:
        """What a person knows a node by; the beginning of its id where that is not one alone."""
        if not node.name:
            return node.id
        alone = [each.name for each in self.nodes.values()].count(node.name) == 1
        return node.name if alone else f"{node.name} {node.id[:LABEL_ID]}"

    def find(self, text: str) -> str:
        """A cue's id by its id or name; raises NoSuchCueError where there is not just one."""
        if text in self.cues:
            return text
        found = [cue.id for cue in self.cues.values() if cue.name == text]
        if len(found) == 1:
            return found[0]
        if found:
            raise NoSuchCueError(text, f"{len(found)} cues have that name: say which by its id")
        if not self.fact("load"):
            raise NoSuchCueError(text, "no project is loaded")
        raise NoSuchCueError(text, f"no cue of {self.fact('load')!r} has that id or name")

    def find_node(self, text: str) -> str:
        """A node's id by its id or name; raises NoSuchNodeError where there is not just one."""
        if text in self.nodes:
            return text
        found = [node.id for node in self.nodes.values() if node.name == text]
        if len(found) == 1:
            return found[0]
        if found:
            raise NoSuchNodeError(text, f"{len(found)} nodes have that name: say which by its id")
        known = ", ".join(node.name or node.id for node in self.nodes.values())
        raise NoSuchNodeError(text, f"no node has that id or name (there are: {known or 'none'})")

    def to_json(self) -> dict[str, object]:
        """Everything, as plain values."""
        standby = self.standby
        return {
            "project": self.fact("load"),
            "running": self.fact("running") == "yes",
            "armed": self.fact("armed") == "yes",
            "waiting_for": self.fact("waiting_for"),
            "paused": self.fact("paused") == "yes",
            "standby": None if standby is None else {"id": standby.id, "name": standby.name},
            "timecode_ms": self.facts.get("timecode"),
            "notice": self.fact("notice"),
            "nodes": [asdict(node) for node in self.nodes.values()],
            "cues": [asdict(cue) | {"state": cue.state} for cue in self.cues.values()],
        }


def _whole(value: OscArgument) -> int:
    return int(value) if isinstance(value, int | float) else 0


def to_clock(timecode: OscArgument) -> str:
    """HH:MM:SS of a timecode status in ms."""
    if not isinstance(timecode, int):
        return "--:--:--"
    minutes, seconds = divmod(timecode // MS_PER_S, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}"
