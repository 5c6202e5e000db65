"""What a crew reads in the log: of all that the controller does, what is news to a person.

A line is written a moment after what it tells: writing wakes whoever reads the log, and on a
machine with few cores that costs a GO several milliseconds.
"""

import logging
from typing import assert_never

import anyio

from cuems.adapters.mailbox import Mailbox
from cuems.app.links import Caller
from cuems.core.cues import CueId, NodeId
from cuems.core.desk import Answer, Asked, ControllerEffect, ForgetCues, Publish, Tell
from cuems.core.events import Go
from cuems.core.operator import (
    EnableCue,
    GoCue,
    LoadProject,
    LoadTo,
    MoveStandby,
    OperatorCommand,
    PauseCue,
    PressGo,
    PressPanic,
    PressPause,
    PressResume,
    PressStop,
    ResumeCue,
    StopCue,
    UnloadProject,
)
from cuems.core.status import (
    Armed,
    CueName,
    CueReason,
    NodeHealth,
    NodeName,
    NodeOutputs,
    Notice,
    Status,
    WaitingFor,
)

PLAIN_WORDS: dict[type[OperatorCommand], str] = {
    PressStop: "STOP",
    PressPanic: "PANIC",
    PressPause: "pause",
    PressResume: "resume",
    UnloadProject: "unloaded",
}
ON_ONE_CUE: dict[type[OperatorCommand], str] = {
    StopCue: "stopped",
    PauseCue: "paused",
    ResumeCue: "resumed",
}

LINGER_S = 0.005
LINES = 1000

log = logging.getLogger(__name__)


class ShowLog:
    """Writes a line where there is news; what only ticks or slides is none."""

    def __init__(self) -> None:
        self._lines = Mailbox[tuple[int, str]](LINES)
        self._names: dict[CueId, str] = {}
        self._nodes: dict[NodeId, str] = {}
        self._missing: dict[NodeId, str] = {}
        self._go: Go | None = None
        self._noticed = ""
        self._reasons: dict[CueId, str] = {}
        self._armed = False
        self._not_armed: list[str] = []

    async def serve(self) -> None:
        """Write what is noted until cancelled."""
        try:
            while True:
                await self._lines.wait()
                await anyio.sleep(LINGER_S)
                self.write()
        finally:
            self.write()

    def write(self) -> None:
        """Write what has been noted."""
        for level, text in self._lines.drain():
            log.log(level, "%s", text)

    def note(self, effect: ControllerEffect) -> None:
        """Take an effect, in the order of their doing. Never waits."""
        match effect:
            case Publish(status):
                self._note_status(status)
            case Tell(Go() as go):
                self._go = go
            case Answer(asked, ""):
                done = self._done(asked.command)
                if done:
                    self._inform(f"{done}, asked by {_who(asked)}")
            case Answer(asked, reason):
                self._note_refusal(asked, reason)
            case ForgetCues():
                self._names.clear()
                self._reasons.clear()
            case _:
                pass

    def _inform(self, text: str) -> None:
        self._lines.put((logging.INFO, text))

    def _warn(self, text: str) -> None:
        self._lines.put((logging.WARNING, text))

    def _note_status(self, status: Status) -> None:
        match status:
            case CueName(cue, name):
                self._names[cue] = name
            case CueReason(cue, reason):
                if reason and reason != self._reasons.get(cue):
                    self._warn(f"cue {self._name(cue)!r} failed: {reason}")
                self._reasons[cue] = reason
            case Armed(armed):
                self._note_armed(bool(armed))
            case WaitingFor(reason):
                self._note_waiting(reason)
            case NodeName() | NodeHealth() | NodeOutputs():
                self._note_node(status)
            case Notice(text):
                self._noticed = text
                if text:
                    self._warn(text)
            case _:
                pass

    def _name(self, cue: CueId) -> str:
        return self._names.get(cue, cue)

    def _note_node(self, status: NodeName | NodeHealth | NodeOutputs) -> None:
        match status:
            case NodeName(node, name):
                self._nodes[node] = name
            case NodeHealth(node, state, detail):
                about = f": {detail}" if detail else ""
                self._inform(f"node {self._node(node)} is {state}{about}")
            case NodeOutputs(node, missing):
                self._note_missing(node, missing)
            case _:
                assert_never(status)

    def _node(self, node: NodeId) -> str:
        return self._nodes.get(node) or node

    def _note_missing(self, node: NodeId, missing: str) -> None:
        """Nodes say it at every hello; it is news once."""
        if missing and missing != self._missing.get(node):
            self._warn(f"node {self._node(node)}: {missing}")
        self._missing[node] = missing

    def _note_armed(self, armed: bool) -> None:
        if armed and not self._armed:
            self._inform("armed")
        self._armed = armed

    def _note_waiting(self, reason: str) -> None:
        """One line for each reason: how a node gets on with its arming is none of its own."""
        reasons = [part.partition(": ")[0] for part in reason.split("; ") if part]
        if reasons and reasons != self._not_armed:
            self._inform(f"not armed: {reason}")
        self._not_armed = reasons

    def _note_refusal(self, asked: Asked, reason: str) -> None:
        first, *more = reason.splitlines()
        if first == self._noticed:
            first, more = "as said above", []
        also = f" (and {len(more)} more)" if more else ""
        self._warn(f"{asked.address}, asked by {_who(asked)}, is refused: {first}{also}")

    def _done(self, command: OperatorCommand) -> str:
        """What was done, in words; "" for what is said too often to be told."""
        match command:
            case PressGo() | GoCue():
                go = self._go
                return f"GO {go.run_seq}: cue {self._name(go.cue)!r}" if go else ""
            case LoadProject(project):
                return f"loaded {project!r} with {len(self._names)} cues"
            case MoveStandby(cue):
                return f"cue {self._name(cue)!r} stands by"
            case EnableCue(cue, enabled):
                return f"cue {self._name(cue)!r} {'enabled' if enabled else 'disabled'}"
            case StopCue(cue) | PauseCue(cue) | ResumeCue(cue):
                return f"cue {self._name(cue)!r} {ON_ONE_CUE[type(command)]}"
            case LoadTo(into_ms):
                return f"the next GO starts {into_ms} ms in"
            case _:
                return PLAIN_WORDS.get(type(command), "")


def _who(asked: Asked) -> str:
    if isinstance(asked.client, Caller):
        return str(asked.client.client)
    return asked.address
