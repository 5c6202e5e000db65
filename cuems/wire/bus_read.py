"""JSON forms of the node bus to their values, the ecosystem's own forms included.

Every function raises msgspec.ValidationError for a form it does not know; wire/bus.py turns that
into its one error. Lenient only where upstream is and nothing of ours (`x`) is in the message: a
damaged GO of ours must not fire whatever stands by.
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import assert_never

from msgspec import UNSET, ValidationError

from cuems.core import bus
from cuems.core.cues import CueId, NodeId
from cuems.core.events import Go, Intervene, LoadToTime, Pause, Resume, SetEnabled, SetNextCue
from cuems.core.line import Line
from cuems.core.reports import (
    ActionOutcomeReport,
    ArmedReport,
    CueEnabledReport,
    CueEndedReport,
    CueProgressReport,
    CueStartedReport,
    DeployReport,
    NextCueReport,
    PlayerAdded,
    PlayerRemoved,
    Pong,
    ScriptFinished,
)
from cuems.core.runs import Word
from cuems.core.timecode import FLICKS_PER_MS, FrameRate
from cuems.wire.bus_form import (
    OWN_TARGETS,
    ActionOutcome,
    AnyData,
    Armed,
    Control,
    Enabled,
    Flicks,
    GoData,
    Named,
    NextCue,
    Operation,
    Own,
    Progress,
    Started,
    StopData,
    Timeline,
)

OFFSET_LIMIT_MS = 1e12  # 31 years: no line is that long

Reader = Callable[[Operation], bus.BusMessage]


def to_message(operation: Operation) -> bus.BusMessage:
    """What an operation says."""
    match operation.kind:
        case "command":
            return _reader(COMMANDS, operation)(operation)
        case "status":
            return _reader(STATES, operation)(operation)
        case "cue":
            return _life(operation)
        case "player":
            return _player(operation)
        case _:
            assert_never(operation.kind)


def _reader(table: Mapping[str, Reader], operation: Operation) -> Reader:
    reader = table.get(operation.target)
    if operation.action != "update" or reader is None:
        raise ValidationError(
            f"unknown {operation.kind} {operation.target[:40]!r}, action {operation.action}"
        )
    return reader


def _load(operation: Operation) -> bus.LoadCommand:
    project = operation.read(Named).value
    if operation.x is UNSET:
        return bus.LoadCommand(project=project)
    return bus.LoadCommand(
        project=project,
        load_seq=operation.x.load_seq,
        source=operation.x.src,
        only=tuple(NodeId(node) for node in operation.x.only),
    )


def _go(operation: Operation) -> Go | bus.GoStandbyCommand:
    if operation.x is UNSET:
        return bus.GoStandbyCommand(_legacy_run_seq(operation.read(AnyData).value))
    if operation.x.at is None:
        raise ValidationError("a GO without its moment, `x.at`")
    value = operation.read(GoData).value
    return Go(
        run_seq=value.run_seq,
        cue=value.cue,
        at=operation.x.at,
        deadline=operation.x.dl,
        into=operation.x.into,
        line=operation.x.line,
        load=operation.x.load_seq,
    )


def _legacy_run_seq(value: object) -> int | None:
    match value:
        case {"run_seq": int(run_seq)}:
            return run_seq
        case _:
            return None


def _stop(operation: Operation) -> bus.StopCommand | bus.PanicCommand | bus.UnloadCommand:
    if operation.x is UNSET:
        return bus.StopCommand()
    generation = operation.read(StopData).value.stop_gen
    match operation.x.do:
        case "panic":
            return bus.PanicCommand(generation)
        case "unload":
            return bus.UnloadCommand(generation)
        case _:  # what a later version may mean by it, silence is right
            only = tuple(NodeId(node) for node in operation.x.only)
            return bus.StopCommand(generation, only)


def _intervene(word: Word) -> Reader:
    def read(operation: Operation) -> Intervene:
        if operation.x is UNSET or operation.x.at is None:
            raise ValidationError("a word on a cue without its moment, `x.at`")
        value = operation.read(GoData).value
        return Intervene(
            run_seq=value.run_seq,
            cue=value.cue,
            word=word,
            at=operation.x.at,
            line=operation.x.line,
        )

    return read


def _set_next_cue(operation: Operation) -> SetNextCue:
    return SetNextCue(CueId(operation.read(Named).value))


def _set_enabled(operation: Operation) -> SetEnabled:
    value = operation.read(Named).value
    match value.split():
        case [cue, ("0" | "1") as flag]:
            return SetEnabled(CueId(cue), flag == "1")
        case _:
            raise ValidationError(f"expected '<cue> 0' or '<cue> 1', got {value[:60]!r}")


def _load_to_time(operation: Operation) -> LoadToTime:
    return LoadToTime(operation.read(Flicks).value)


def _control(operation: Operation) -> bus.PlayerControlCommand:
    control = operation.read(Control)
    match control.value:
        case None:
            return bus.PlayerControlCommand(control.address, ())
        case tuple(values):
            return bus.PlayerControlCommand(control.address, values)
        case value:
            return bus.PlayerControlCommand(control.address, (value,))


def _target(operation: Operation) -> str:
    if not operation.target:
        raise ValidationError("expected an id as the target, got ''")
    return operation.target


def _player(operation: Operation) -> PlayerAdded | PlayerRemoved:
    match operation.action:
        case "add":
            return PlayerAdded(_target(operation))
        case "remove":
            return PlayerRemoved(_target(operation))
        case _:
            raise ValidationError("unknown player action update")


def _life(
    operation: Operation,
) -> CueStartedReport | CueEndedReport | CueProgressReport:
    cue = CueId(_target(operation))
    match operation.action:
        case "add":
            return _started(cue, operation)
        case "remove":
            return CueEndedReport(cue)
        case "update":
            return CueProgressReport(cue, operation.read(Progress).percentage)
        case _:
            assert_never(operation.action)


def _started(cue: CueId, operation: Operation) -> CueStartedReport:
    if operation.x is not UNSET and operation.x.start is not None:
        return CueStartedReport(cue, operation.x.start, operation.x.late)
    text = operation.read(Started).offset
    try:
        ms = float(text)
    except ValueError:
        ms = math.nan
    if not abs(ms) <= OFFSET_LIMIT_MS:
        raise ValidationError(f"expected milliseconds, got {text[:40]!r} - at `$.data.offset`")
    return CueStartedReport(cue, round(Fraction(ms) * FLICKS_PER_MS))


def _armed(operation: Operation) -> ArmedReport:
    armed = operation.read(Armed)
    return ArmedReport(
        armed=armed.armed == "yes",
        waiting_for=armed.waiting_for,
        load_seq=armed.load_seq,
        standby=armed.standby,
        welcome=armed.welcome,
    )


def _next_cue(operation: Operation) -> NextCueReport:
    cue = operation.read(NextCue).nextcue
    return NextCueReport(CueId(cue) if cue else None)


def _enabled(operation: Operation) -> CueEnabledReport:
    enabled = operation.read(Enabled)
    return CueEnabledReport(enabled.cue_id, enabled.enabled)


def _outcome(operation: Operation) -> ActionOutcomeReport:
    outcome = operation.read(ActionOutcome)
    return ActionOutcomeReport(
        cue=outcome.cue_id,
        outcome=outcome.status,
        action=outcome.action_type,
        target=outcome.target_id,
        reason=outcome.reason or "",
    )


def _timeline(operation: Operation) -> bus.LineReport:
    at = operation.read(Timeline)
    if at.rate not in FrameRate.__members__:
        raise ValidationError(f"unknown frame rate {at.rate[:40]!r}")
    line = Line(at.position, at.at_ns, at.rolling, FrameRate[at.rate], at.began_ns)
    return bus.LineReport(line, at.sent_ns, at.stop)


def _deploy(operation: Operation) -> DeployReport:
    report = operation.read(DeployReport)
    if not 0 <= report.percent <= 100:
        raise ValidationError(f"expected 0 to 100 percent, got {report.percent}")
    return report


def _own(kind: type[Own]) -> Reader:
    def read(operation: Operation) -> Own:
        return operation.read(kind)

    return read


COMMANDS: Mapping[str, Reader] = {
    "load": _load,
    "go": _go,
    "stop": _stop,
    "pause": lambda _: Pause(),
    "resume": lambda _: Resume(),
    "setnextcue": _set_next_cue,
    "cue_enabled": _set_enabled,
    "load_to_time": _load_to_time,
    "player_control": _control,
    "ping": lambda _: bus.PingCommand(),
    **{f"{word.value}_cue": _intervene(word) for word in Word if word is not Word.GO},
}
STATES: Mapping[str, Reader] = {target: _own(kind) for kind, target in OWN_TARGETS.items()} | {
    "pong": lambda _: Pong(),
    "armed_ready": _armed,
    "not_armed": _armed,
    "script_finished": lambda _: ScriptFinished(),
    "nextcue": _next_cue,
    "cue_enabled": _enabled,
    "action_cue_outcome": _outcome,
    "timeline": _timeline,
    "deploy": _deploy,
}
