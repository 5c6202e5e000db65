"""What a crew reads in the log: of all that the controller does, what is news to a person."""

import logging

from cuems.adapters.control import ClientId
from cuems.core.bus import GoCommand
from cuems.core.cues import CueId
from cuems.core.desk import Answer, Asked, ControllerEffect, ForgetCues, Publish, Tell
from cuems.core.operator import (
    EnableCue,
    GoCue,
    LoadProject,
    LoadTo,
    MoveStandby,
    OperatorCommand,
    PressGo,
    PressPanic,
    PressPause,
    PressResume,
    PressStop,
    UnloadProject,
)
from cuems.core.status import Armed, CueName, CueReason, NodeHealth, Notice, Status, WaitingFor

PLAIN_WORDS: dict[type[OperatorCommand], str] = {
    PressStop: "STOP",
    PressPanic: "PANIC",
    PressPause: "pause",
    PressResume: "resume",
    UnloadProject: "unloaded",
}

log = logging.getLogger(__name__)


class ShowLog:
    """Writes a line where there is news; what only ticks or slides is none."""

    def __init__(self) -> None:
        self._names: dict[CueId, str] = {}
        self._go: GoCommand | None = None
        self._noticed = ""
        self._reasons: dict[CueId, str] = {}
        self._armed = False
        self._not_armed: list[str] = []

    def note(self, effect: ControllerEffect) -> None:
        """Take an effect, in the order of their doing."""
        match effect:
            case Publish(status):
                self._note_status(status)
            case Tell(GoCommand() as go):
                self._go = go
            case Answer(asked, ""):
                done = self._done(asked.command)
                if done:
                    log.info("%s, asked by %s", done, _who(asked))
            case Answer(asked, reason):
                self._note_refusal(asked, reason)
            case ForgetCues():
                self._names.clear()
                self._reasons.clear()
            case _:
                pass

    def _note_status(self, status: Status) -> None:
        match status:
            case CueName(cue, name):
                self._names[cue] = name
            case CueReason(cue, reason):
                if reason and reason != self._reasons.get(cue):
                    log.warning("cue %r failed: %s", self._name(cue), reason)
                self._reasons[cue] = reason
            case Armed(armed):
                self._note_armed(bool(armed))
            case WaitingFor(reason):
                self._note_waiting(reason)
            case NodeHealth(node, state, detail):
                log.info("node %s is %s%s", node, state, f": {detail}" if detail else "")
            case Notice(text):
                self._noticed = text
                log.warning("%s", text)
            case _:
                pass

    def _name(self, cue: CueId) -> str:
        return self._names.get(cue, cue)

    def _note_armed(self, armed: bool) -> None:
        if armed and not self._armed:
            log.info("armed")
        self._armed = armed

    def _note_waiting(self, reason: str) -> None:
        """One line for each reason: how a node gets on with its arming is none of its own."""
        reasons = [part.partition(": ")[0] for part in reason.split("; ") if part]
        if reasons and reasons != self._not_armed:
            log.info("not armed: %s", reason)
        self._not_armed = reasons

    def _note_refusal(self, asked: Asked, reason: str) -> None:
        first, *more = reason.splitlines()
        if first == self._noticed:
            first, more = "as said above", []
        also = f" (and {len(more)} more)" if more else ""
        log.warning("%s, asked by %s, is refused: %s%s", asked.address, _who(asked), first, also)

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
            case LoadTo(into_ms):
                return f"the next GO starts {into_ms} ms in"
            case _:
                return PLAIN_WORDS.get(type(command), "")


def _who(asked: Asked) -> str:
    client = asked.client
    return f"client {client.number} ({client.peer})" if isinstance(client, ClientId) else "us"
