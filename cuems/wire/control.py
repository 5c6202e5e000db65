"""The control surface on the wire: OSC messages to commands, status to OSC messages.

Source: interop.md 2.2, 2.3 and 14 (numbers are lenient: a fader at exactly 0 or 1 arrives as an
integer). An address is matched literally, then against the table's rows with `{parameters}` in
table order. There are no OSC patterns and no regular expressions, so no address is expensive.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from cuems.core import status as st
from cuems.core.access import Scope
from cuems.core.cues import UUID_LENGTH
from cuems.core.errors import CuemsError
from cuems.core.operator import ClientCommand, OperatorCommand, PlayerArgument
from cuems.core.timecode import to_ms
from cuems.wire.control_table import MS_PER_DAY, PLAIN, TABLE, WORDS, Argument, Kind, Row
from cuems.wire.osc import Impulse, Osc, OscArgument

MAX_ADDRESS_CHARACTERS = 256  # twice the longest there is; splitting stays cheap
UUID_GROUPS = [8, 4, 4, 4, 12]
YES_NO_TEXT = {True: "yes", False: "no", None: ""}
STATUS = "/engine/status/"
KIB = 1024
MOST_KIB = (1 << 31) - 1  # 2 TiB: what an int of OSC holds
SHOWN_CHARACTERS = 80  # of a value somebody else chose, in an error

Value: TypeAlias = str | int | float | bool


class ControlError(CuemsError):
    """A message that asks for nothing we know, or asks wrongly."""


class UnknownAddressError(ControlError):
    """An address that is not in the table, or cannot be written."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{_shown(address)} is no command address")
        self.address = address


class ArgumentError(ControlError):
    """An argument that is missing, of the wrong kind or out of range."""

    def __init__(self, address: str, argument: Argument, value: OscArgument, found: bool) -> None:
        got = f"not {_shown(value)}" if found else "and it is missing"
        super().__init__(f"{_shown(address)}: {argument.name} must be {argument.expected}, {got}")
        self.address = address
        self.argument = argument
        self.value = value


JOURNAL_LINES = "/engine/reply/journal/lines"
LITERAL = {row.address: row for row in TABLE if row.make and "{" not in row.address}
TEMPLATES = tuple((row, row.address.split("/")) for row in TABLE if row.make and "{" in row.address)


@dataclass(frozen=True, slots=True)
class Request:
    """What a message asks for, and what its sender must be allowed (None: nothing)."""

    address: str
    command: OperatorCommand | ClientCommand
    scope: Scope | None


def request(osc: Osc) -> Request:
    """What a message asks for.

    Raises UnknownAddressError or ArgumentError. Arguments beyond those asked for are ignored, and
    several may come as one string with spaces between.
    """
    row, parameters = _match(osc.address)
    assert row.make is not None
    if row.rest:
        return Request(osc.address, row.make(*parameters, _plain_arguments(osc)), row.scope)
    given = osc.args
    if len(row.arguments) > len(given) == 1 and isinstance(given[0], str):
        given = tuple(given[0].split(maxsplit=len(row.arguments) - 1))
    values = []
    for number, argument in enumerate(row.arguments):
        if number >= len(given):
            raise ArgumentError(osc.address, argument, None, found=False)
        value = _value(argument, given[number])
        if value is None:
            raise ArgumentError(osc.address, argument, given[number], found=True)
        values.append(value)
    return Request(osc.address, row.make(*parameters, *values), row.scope)


def _match(address: str) -> tuple[Row, tuple[str, ...]]:
    """The row an address belongs to and the parameters in it."""
    literal = LITERAL.get(address) or LITERAL.get("/" + address)
    if literal is not None:
        return literal, ()
    if len(address) <= MAX_ADDRESS_CHARACTERS:
        parts = address.removeprefix("/").split("/")
        for row, template in TEMPLATES:
            parameters = _parameters(template[1:], parts)
            if parameters is not None:
                return row, parameters
    raise UnknownAddressError(address)


def _parameters(template: list[str], parts: list[str]) -> tuple[str, ...] | None:
    parameters: list[str] = []
    for number, wanted in enumerate(template):
        part = parts[number] if number < len(parts) else ""
        if wanted == "{path*}":
            path = "/".join(parts[number:])
            return (*parameters, path) if path else None
        if wanted.startswith("{"):
            if not part or (wanted == "{node}" and not _is_uuid(part)):
                return None
            if part not in WORDS.get(wanted, (part,)):
                return None
            parameters.append(part)
        elif part != wanted:
            return None
    return tuple(parameters) if len(parts) == len(template) else None


def _is_uuid(part: str) -> bool:
    return len(part) == UUID_LENGTH and [len(group) for group in part.split("-")] == UUID_GROUPS


def _plain_arguments(osc: Osc) -> tuple[PlayerArgument, ...]:
    plain: list[PlayerArgument] = []
    for value in osc.args:
        if isinstance(value, tuple | Impulse):
            raise ArgumentError(osc.address, PLAIN, value, found=True)
        plain.append(_plain(value))
    return tuple(plain)


def _plain(value: PlayerArgument) -> PlayerArgument:
    """What an argument is beneath its OSC type: an Int64 is an int, which the bus can carry."""
    match value:
        case None | bool():
            return value
        case int():
            return int(value)
        case float():
            return float(value)
        case str():
            return str(value)
        case bytes():
            return bytes(value)


def _value(argument: Argument, given: OscArgument) -> Value | None:
    """The argument's value, or None where `given` is none."""
    if argument.kind is Kind.TEXT:
        return given.strip() or None if isinstance(given, str) else None
    if argument.kind is Kind.PLAIN:
        return f"{given:.12g}" if isinstance(given, float) else _plain_text(given)
    number = _number(given)
    if number is None:
        return None
    if argument.kind is Kind.FLAG:
        return bool(number) if number in (0, 1) else None
    if argument.kind is Kind.WHOLE:
        number = math.floor(number + 0.5)
    low = -math.inf if argument.minimum is None else argument.minimum
    high = math.inf if argument.maximum is None else argument.maximum
    return number if low <= number <= high else None


def _plain_text(given: OscArgument) -> str | None:
    """A text, or a number's own: a passcode of digits comes as either."""
    return (str(given).strip() or None) if isinstance(given, str | int) else None


def _number(given: OscArgument) -> float | None:
    """A finite number from whatever type carries it; buttons and faders send what they hold."""
    if isinstance(given, str):
        if "_" in given or len(given) > SHOWN_CHARACTERS:  # float() takes 1_000
            return None
        try:
            given = float(given)
        except ValueError:
            return None
    if not isinstance(given, int | float) or not math.isfinite(given):
        return None
    return float(given)


def messages(status: st.Status) -> tuple[Osc, ...]:
    """What clients are told of a status: one message for each fact in it."""
    match status:
        case st.CueKind(cue, kind, depth, flicks):
            return (
                _told(f"cue_kind/{cue}", kind),
                _told(f"cue_depth/{cue}", depth),
                _told(f"cue_duration/{cue}", to_ms(flicks)),
            )
        case (
            st.CuePlay()
            | st.CueName()
            | st.CueStart()
            | st.CueReason()
            | st.CueEnabled()
            | st.CueLate()
            | st.CueHeld()
        ):
            return (_cue_message(status),)
        case (
            st.NodeHealth() | st.DeployProgress() | st.ChaseHealth() | st.Leadership()
            | st.OpeningHours() | st.OwnHealth() | st.NodeFigures()
        ):  # fmt: skip
            return _state_messages(status)
        case st.NodeName() | st.NodeOutputs() | st.NodeWaived():
            return (_node_message(status),)
        case (
            st.DeployBytes() | st.DeployPlan() | st.DeployTotal() | st.DeployRun() | st.ModeIs()
        ):  # fmt: skip
            return tuple(_deploy_messages(status))
        case st.SettingValue(name, text):
            return (_told(f"setting/{name}", text),)
        case st.VideoMixer(node, mixer, parameter, values):
            return (_told(f"video/mixer/{node}/{mixer}/{parameter}", *map(float, values)),)
        case st.MixerVolume(node, output, channel, value):
            return (_told(f"audio/mixer/{node}/{output}/{channel}/volume", float(value)),)
        case st.GoLead() | st.BusWarning() | st.ClusterWarning() | st.Strangers():
            return (_rig_message(status),)
        case _:
            return (_show_message(status),)


Figures: TypeAlias = st.OwnHealth | st.NodeFigures
States: TypeAlias = (
    st.NodeHealth | st.DeployProgress | st.ChaseHealth | st.Leadership | st.OpeningHours | Figures
)


def _state_messages(status: States) -> tuple[Osc, ...]:
    """A state and, at an address of its own, more on it."""
    match status:
        case st.NodeHealth(node, state, detail):
            return _told(f"node/{node}", state), _told(f"node_detail/{node}", detail)
        case st.DeployProgress(node, percent, detail):
            return _told(f"deploy/{node}", percent), _told(f"deploy_detail/{node}", detail)
        case st.ChaseHealth(node, state, detail):
            return _told(f"chase/{node}", state), _told(f"chase_detail/{node}", detail)
        case st.Leadership(role=role, detail=detail, epoch=epoch, lag_ms=lag_ms):
            return (
                _told("role", role),
                _told("role_detail", detail),
                _told("epoch", epoch),
                _told("lag", lag_ms),
            )
        case st.OpeningHours(state=state, window=window, next_start=next_start, fault=fault):
            return (
                _told("schedule", state),
                _told("schedule_window", window),
                _told("schedule_next", next_start),
                _told("schedule_fault", fault),
            )
        case st.OwnHealth() | st.NodeFigures():
            return _health_messages(status)
        case _:
            assert_never(status)


def _health_messages(status: Figures) -> tuple[Osc, ...]:
    match status:
        case st.OwnHealth(line, wrong):
            return _told("health", line), _told("health_warning", wrong)
        case st.NodeFigures(node, line, wrong):
            return (
                _told(f"node_health/{node}", line),
                _told(f"node_health_warning/{node}", wrong),
            )
        case _:
            assert_never(status)


def _node_message(status: st.NodeName | st.NodeOutputs | st.NodeWaived) -> Osc:
    match status:
        case st.NodeName(node, name):
            return _told(f"node_name/{node}", name)
        case st.NodeOutputs(node, missing):
            return _told(f"node_outputs/{node}", missing)
        case st.NodeWaived(node, waived):
            return _told(f"node_waived/{node}", int(waived))
        case _:
            assert_never(status)


CueMessage: TypeAlias = (
    st.CuePlay | st.CueName | st.CueStart | st.CueReason | st.CueEnabled | st.CueLate | st.CueHeld
)


def _cue_message(status: CueMessage) -> Osc:
    match status:
        case st.CuePlay(cue, percent):
            return _told(f"cue/{cue}", percent)
        case st.CueName(cue, name):
            return _told(f"cue_name/{cue}", name)
        case st.CueStart(cue, start):
            return _told(f"cue_start/{cue}", to_ms(start) % MS_PER_DAY)
        case st.CueReason(cue, reason):
            return _told(f"cue_reason/{cue}", reason)
        case st.CueEnabled(cue, enabled):
            return _told(f"cue_enabled/{cue}", int(enabled))
        case st.CueLate(cue, late_us):
            return _told(f"cue_late/{cue}", late_us)
        case st.CueHeld(cue, held):
            return _told(f"cue_paused/{cue}", int(held))
        case _:
            assert_never(status)


def _deploy_messages(
    status: st.DeployBytes | st.DeployPlan | st.DeployTotal | st.DeployRun | st.ModeIs,
) -> Iterator[Osc]:
    match status:
        case st.DeployBytes(node, state, file, done_bytes, total_bytes, bytes_per_s, eta_s):
            yield _told(f"deploy_file/{node}", file)
            yield _told(f"deploy_done/{node}", _kib(done_bytes))
            yield _told(f"deploy_total/{node}", _kib(total_bytes))
            yield _told(f"deploy_rate/{node}", _kib(bytes_per_s))
            yield _told(f"deploy_eta/{node}", eta_s)
            yield _told(f"deploy_state/{node}", state)
        case st.DeployPlan(node, have, fetch, update, remove, to_come, free_bytes, missing):
            yield _told(f"deploy_have/{node}", have)
            yield _told(f"deploy_fetch/{node}", fetch)
            yield _told(f"deploy_update/{node}", update)
            yield _told(f"deploy_remove/{node}", remove)
            yield _told(f"deploy_needs/{node}", _kib(to_come))
            yield _told(f"deploy_free/{node}", _kib(free_bytes))
            yield _told(f"deploy_missing/{node}", missing)
        case st.DeployTotal(percent, done_bytes, total_bytes, bytes_per_s, eta_s):
            yield _told("deploy_all_percent", percent)
            yield _told("deploy_all_done", _kib(done_bytes))
            yield _told("deploy_all_total", _kib(total_bytes))
            yield _told("deploy_all_rate", _kib(bytes_per_s))
            yield _told("deploy_all_eta", eta_s)
        case st.DeployRun(state, project, reason):
            yield _told("deploy_project", project)
            yield _told("deploy_reason", reason)
            yield _told("deploy_run", state)
        case st.ModeIs(mode):
            yield _told("mode", mode)
        case _:
            assert_never(status)


ShowStatus: TypeAlias = (
    st.Running
    | st.Armed
    | st.Loaded
    | st.NextCue
    | st.ShowTimecode
    | st.Paused
    | st.WaitingFor
    | st.GoGuard
    | st.Notice
    | st.JournalFault
)
RigStatus: TypeAlias = st.GoLead | st.BusWarning | st.ClusterWarning | st.Strangers


FLAGS: Mapping[type[ShowStatus], str] = {
    st.Running: "running",
    st.Armed: "armed",
    st.Paused: "paused",
}
TEXTS: Mapping[type[ShowStatus], str] = {
    st.Loaded: "load",
    st.WaitingFor: "waiting_for",
    st.Notice: "notice",
    st.JournalFault: "journal",
}


def _show_message(status: ShowStatus) -> Osc:
    match status:
        case st.Running() | st.Armed() | st.Paused():
            return _told(FLAGS[type(status)], YES_NO_TEXT[status.value])
        case st.Loaded(text) | st.WaitingFor(text) | st.Notice(text) | st.JournalFault(text):
            return _told(TEXTS[type(status)], text)
        case st.NextCue(cue):
            return _told("nextcue", cue or "")
        case st.ShowTimecode(position):
            return _told("timecode", to_ms(position) % MS_PER_DAY)
        case st.GoGuard(shortest_ms):
            return _told("go_guard", shortest_ms)
        case _:
            assert_never(status)


def _rig_message(status: RigStatus) -> Osc:
    match status:
        case st.GoLead(ms):
            return _told("go_lead", ms)
        case st.BusWarning(text):
            return _told("bus_warning", text)
        case st.ClusterWarning():
            return _told("cluster_warning", _cluster_warning(status))
        case st.Strangers(count):
            return _told("strangers", count)
        case _:
            assert_never(status)


def _cluster_warning(status: st.ClusterWarning) -> str:
    """As newer web UIs of the ecosystem read it (interop.md 2.3)."""
    told = {
        "load_id": str(status.load_seq),
        "project": status.project,
        "missing": status.missing,
        "unreachable": status.lost,
    }
    return json.dumps(told)


def _kib(size_bytes: int) -> int:
    return min(-(-size_bytes // KIB), MOST_KIB)


def _told(name: str, *values: Value) -> Osc:
    return Osc(STATUS + name, values)


def reply(command_address: str, reason: str | None = None) -> Osc:
    """The answer to whoever sent a command: "ok", or why it was refused.

    A command's own name is enough to find the answer by; any other address is kept whole. Bytes
    that spell no message have no address ("") and are answered at /engine/reply/packet.
    """
    asked = command_address.removeprefix("/")[:MAX_ADDRESS_CHARACTERS]
    name = asked.removeprefix("engine/command/") or "packet"
    name = name.removeprefix("engine/") if name in ("engine/auth", "engine/hello") else name
    return Osc(f"/engine/reply/{name}", ("ok" if reason is None else reason,))


def _shown(value: OscArgument) -> str:
    """A value somebody else chose, at a length fit for one line."""
    text = repr(value[:SHOWN_CHARACTERS] if isinstance(value, str | bytes | tuple) else value)
    return text if len(text) <= SHOWN_CHARACTERS + 2 else f"{text[:SHOWN_CHARACTERS]}…"
