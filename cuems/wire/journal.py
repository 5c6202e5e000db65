"""A record of the journal ⇄ a line of JSON that carries its own length and checksum.

    {"n":7,"t":5123,"p":0,"e":{"$":"desk.Woke","now_ns":5123},"f":[],"len":61,"crc":"0badcafe"}

`len` and `crc` (CRC-32) are of all bytes before the comma that precedes `len`, so that a line
which a crash has torn, or a disk has bitten, is known for what it is. Any value of the core goes
in by its fields under its class's name; a field that a reader does not know it ignores, and one
that is missing has its default. So an older record is read by a newer program, and the reverse.
"""

import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Any, get_args

import msgspec

from cuems.core.errors import CuemsError
from cuems.core.journal import Record
from cuems.core.reports import NodeReport

SHOWN_BYTES = 60
CORE = "cuems.core."
NAME = re.compile(r"([a-z_]+)\.([A-Za-z]+)")
RENAMED = {  # how older records call what was said between controller and nodes
    "bus.GoCommand": "events.Go",
    "bus.InterveneCommand": "events.Intervene",
    "bus.PauseCommand": "events.Pause",
    "bus.ResumeCommand": "events.Resume",
    "bus.SetNextCueCommand": "events.SetNextCue",
    "bus.CueEnabledCommand": "events.SetEnabled",
    "bus.LoadToTimeCommand": "events.LoadToTime",
} | {f"bus.{kind.__name__}": f"reports.{kind.__name__}" for kind in get_args(NodeReport)}


class RecordError(CuemsError):
    """A line that is no whole record, or one of another version: that has its `number`."""

    def __init__(self, line: bytes, reason: str, number: int | None = None) -> None:
        super().__init__(f"{line[:SHOWN_BYTES]!r}: {reason}")
        self.reason = reason
        self.number = number


def encode(record: Record) -> bytes:
    """The line, with its end."""
    body = msgspec.json.encode(
        {
            "n": record.number,
            "t": record.at_ns,
            "p": record.position,
            "e": to_plain(record.what),
            "f": [to_plain(effect) for effect in record.effects],
        }
    )[:-1]
    return b'%b,"len":%d,"crc":"%08x"}\n' % (body, len(body), zlib.crc32(body))


def decode(line: bytes) -> Record:
    """The record in a line; raises RecordError."""
    body, comma, tail = line.rpartition(b',"len":')
    if not comma or tail != b'%d,"crc":"%08x"}\n' % (len(body), zlib.crc32(body)):
        raise RecordError(line, "expected a whole line with its checksum")
    try:
        plain = msgspec.json.decode(body + b"}")
        return Record(
            number=plain["n"],
            at_ns=plain["t"],
            position=plain["p"],
            what=from_plain(plain["e"]),
            effects=tuple(from_plain(effect) for effect in plain["f"]),
        )
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        reason = f"a record of another version: {error}"
        raise RecordError(line, reason, _number(body + b"}")) from error


class _Numbered(msgspec.Struct):
    n: int


def _number(text: bytes) -> int | None:
    """All that is needed of a record that is not understood."""
    try:
        return msgspec.json.decode(text, type=_Numbered).n
    except msgspec.DecodeError:
        return None


# ---- values


def to_plain(value: Any) -> Any:
    """A value of the core, as JSON has it."""
    kind: Any = type(value)
    if kind in (str, int, float, bool, type(None)):
        return value
    return _writer(kind)(value)


@cache
def _writer(kind: Any) -> Callable[[Any], Any]:
    """How values of a kind are written."""
    if issubclass(kind, Enum):
        return lambda value: {"$": _name(kind), "is": value.name}
    if issubclass(kind, bytes):
        return lambda value: {"$": "bytes", "is": b64encode(value).decode()}
    if issubclass(kind, tuple | list):
        return lambda value: [to_plain(item) for item in value]
    if is_dataclass(kind):
        names = [field.name for field in fields(kind)]
        head = {"$": _name(kind)}
        return lambda value: head | {name: to_plain(getattr(value, name)) for name in names}
    for plain in (str, int, float):  # CueId and its like
        if issubclass(kind, plain):
            return plain
    raise TypeError(f"a {kind.__name__} cannot be kept in the journal")


def from_plain(plain: Any) -> Any:
    """What `to_plain` made it of; raises KeyError, TypeError or ValueError."""
    if isinstance(plain, list):
        return tuple(from_plain(item) for item in plain)
    if not isinstance(plain, dict):
        return plain
    name = plain["$"]
    if name == "bytes":
        return b64decode(plain["is"])
    kind = _kind(name)
    if issubclass(kind, Enum):
        return kind[plain["is"]]
    known = _field_names(kind)
    return kind(**{key: from_plain(value) for key, value in plain.items() if key in known})


def _name(kind: Any) -> str:
    return f"{kind.__module__.removeprefix(CORE)}.{kind.__name__}"


@cache
def _kind(name: str) -> Any:
    """The class of a value of the core; raises ValueError."""
    found = NAME.fullmatch(RENAMED.get(name, name))
    if found is None:
        raise ValueError(f"{name!r} is no value")
    try:
        kind = getattr(import_module(f"{CORE}{found[1]}"), found[2], None)
    except ImportError:
        kind = None
    if not (is_dataclass(kind) or (isinstance(kind, type) and issubclass(kind, Enum))):
        raise ValueError(f"{name!r} is no value")
    return kind


@cache
def _field_names(kind: type) -> frozenset[str]:
    assert is_dataclass(kind)
    return frozenset(field.name for field in fields(kind) if field.init)
