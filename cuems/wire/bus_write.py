"""Node bus values to their JSON forms (interop.md 3.3, 3.4; cluster.md 2)."""

from typing import NamedTuple, assert_never

from msgspec import UNSET, UnsetType

from cuems.core import bus
from cuems.core.events import (
    Go,
    Intervene,
    LoadToTime,
    Pause,
    Resume,
    SetEnabled,
    SetNextCue,
    ToldNodes,
)
from cuems.core.reports import (
    ActionOutcomeReport,
    ArmedReport,
    CueEnabledReport,
    CueEndedReport,
    CueProgressReport,
    CueStartedReport,
    NextCueReport,
    PlayerAdded,
    PlayerRemoved,
    Pong,
    ScriptFinished,
)
from cuems.core.timecode import FLICKS_PER_MS
from cuems.wire.bus_form import (
    EXTRA_VERSION,
    OWN_TARGETS,
    ActionOutcome,
    Armed,
    Enabled,
    Extra,
    Kind,
    NextCue,
    Own,
    Timeline,
    Verb,
)

Command = (
    bus.LoadCommand
    | bus.GoStandbyCommand
    | bus.StopCommand
    | bus.PanicCommand
    | bus.UnloadCommand
    | bus.PlayerControlCommand
    | bus.PingCommand
)
Life = PlayerAdded | PlayerRemoved | CueStartedReport | CueEndedReport | CueProgressReport
State = (
    Pong
    | ArmedReport
    | ScriptFinished
    | NextCueReport
    | CueEnabledReport
    | ActionOutcomeReport
    | bus.LineReport
)

PING_DATA = {"value": None, "address": "/engine/cluster/ping"}


class Form(NamedTuple):
    """A message without its sender."""

    kind: Kind
    action: Verb
    target: str
    data: object
    x: Extra | UnsetType = UNSET


def to_form(message: bus.BusMessage) -> Form:
    """How a message is said on the wire."""
    if isinstance(message, ToldNodes):
        return _told(message)
    if isinstance(message, Command):
        return _commanded(message)
    if isinstance(message, Life):
        return _life(message)
    if isinstance(message, State):
        return _state(message)
    if isinstance(message, Own):
        return Form("status", "update", OWN_TARGETS[type(message)], message)
    assert_never(message)


def _command(target: str, value: object, extra: Extra | UnsetType = UNSET) -> Form:
    data = {"value": value, "address": f"/engine/command/{target}"}
    return Form("command", "update", target, data, extra)


def _stop(generation: int, do: str | None = None) -> Form:
    return _command("stop", {"stop_gen": generation}, Extra(EXTRA_VERSION, do=do))


def _told(message: ToldNodes) -> Form:
    match message:
        case Go(run_seq=run_seq, cue=cue, at=at, deadline=deadline) as go:
            value = {"run_seq": run_seq, "cue": cue}
            extra = Extra(
                EXTRA_VERSION, at=at, dl=deadline, into=go.into, line=go.line, load_seq=go.load
            )
            return _command("go", value, extra)
        case Intervene(run_seq=run_seq, cue=cue, word=word, at=at, line=line):
            value = {"run_seq": run_seq, "cue": cue}
            return _command(f"{word.value}_cue", value, Extra(EXTRA_VERSION, at=at, line=line))
        case SetNextCue(cue):
            return _command("setnextcue", cue)
        case SetEnabled(cue, enabled):
            return _command("cue_enabled", f"{cue} {enabled:d}")
        case LoadToTime(into):
            return _command("load_to_time", into)
        case Pause():
            return _command("pause", None)
        case Resume():
            return _command("resume", None)
        case _:
            assert_never(message)


def _commanded(message: Command) -> Form:
    match message:
        case bus.LoadCommand(project=project, load_seq=load_seq, source=source, only=only):
            extra = Extra(EXTRA_VERSION, load_seq=load_seq, src=source, only=only)
            return _command("load", project, extra)
        case bus.GoStandbyCommand(run_seq):
            return _command("go", None if run_seq is None else {"run_seq": run_seq})
        case bus.StopCommand(generation, only):
            if generation is None:
                return _command("stop", None)
            return _command("stop", {"stop_gen": generation}, Extra(EXTRA_VERSION, only=only))
        case bus.PanicCommand(generation):
            return _stop(generation, "panic")
        case bus.UnloadCommand(generation):
            return _stop(generation, "unload")
        case bus.PlayerControlCommand(address, values):
            data = {"address": address, "value": values[0] if len(values) == 1 else values}
            return Form("command", "update", "player_control", data)
        case bus.PingCommand():
            return Form("command", "update", "ping", PING_DATA)
        case _:
            assert_never(message)


def _life(message: Life) -> Form:
    match message:
        case PlayerAdded(player):
            return Form("player", "add", player, None)
        case PlayerRemoved(player):
            return Form("player", "remove", player, None)
        case CueStartedReport(cue, start, late):
            data = {"id": cue, "offset": str(start / FLICKS_PER_MS)}
            return Form("cue", "add", cue, data, Extra(EXTRA_VERSION, start=start, late=late))
        case CueEndedReport(cue):
            return Form("cue", "remove", cue, {"id": cue})
        case CueProgressReport(cue, percent):
            return Form("cue", "update", cue, {"id": cue, "percentage": percent})
        case _:
            assert_never(message)


def _state(message: State) -> Form:
    target, data = _status(message)
    return Form("status", "update", target, data)


def _armed(report: ArmedReport) -> Armed:
    return Armed(
        "yes" if report.armed else "no",
        report.waiting_for,
        report.load_seq,
        report.standby,
        report.welcome,
    )


def _status(message: State) -> tuple[str, object]:
    match message:
        case Pong():
            return "pong", {}
        case ArmedReport():
            return "armed_ready" if message.armed else "not_armed", _armed(message)
        case ScriptFinished():
            return "script_finished", {"running": "no"}
        case NextCueReport(cue):
            return "nextcue", NextCue(cue or "")
        case CueEnabledReport(cue, enabled):
            return "cue_enabled", Enabled(cue, enabled)
        case ActionOutcomeReport(
            cue=cue, outcome=outcome, action=action, target=target, reason=reason
        ):
            return "action_cue_outcome", ActionOutcome(outcome, action, target, reason, cue)
        case bus.LineReport(line, sent_ns, stop):
            at = (line.position, line.at_ns, line.rolling, line.rate.name)
            return "timeline", Timeline(*at, sent_ns, line.began_ns, stop)
        case _:
            assert_never(message)
