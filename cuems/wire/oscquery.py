"""OSCQuery: the namespace as JSON over HTTP, and what clients say of it in text frames.

Source: OSCQueryProposal (Vidvox), README and units.md. Where that contradicts itself (an attribute
that is not supported: 204 or 400), 204 is for words it knows, 400 for all others. A container has
no attributes of a method: asked for one it answers `{}`, for VALUE 204.

A show of ten thousand cues is megabytes of JSON, made in the loop that runs the show. So an answer
is a row of small pieces; whoever sends it lets others have their turn in between.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Literal
from urllib.parse import quote, unquote

import msgspec

from cuems.core.errors import CuemsError
from cuems.wire.control_table import TABLE, Access, Argument, Kind, Row
from cuems.wire.namespace import ROOT, Method, Namespace, PathNews

HOST_INFO = "HOST_INFO"
HTML = "HTML"
ATTRIBUTES = {
    "FULL_PATH": True, "CONTENTS": True, "TYPE": True, "ACCESS": True, "VALUE": True,
    "RANGE": True, "DESCRIPTION": True, "CRITICAL": True, "CLIPMODE": True, "UNIT": True,
    "TAGS": False, "EXTENDED_TYPE": False, "OVERLOADS": False,
}  # fmt: skip
EXTENSIONS = {
    **{name: served for name, served in ATTRIBUTES.items() if name not in ("FULL_PATH", "TYPE")},
    HTML: True, "LISTEN": True, "PATH_ADDED": True, "PATH_REMOVED": True, "PATH_CHANGED": True,
    "PATH_RENAMED": False,
}  # fmt: skip
UNITS = {"ms": "time.ms", "gain": "gain.linear"}
IMPULSE = "I"  # what is sent with a command that takes nothing
MAX_PATH_CHARACTERS = 1024
SHOWN_CHARACTERS = 80
JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Page:
    """What is answered, in pieces."""

    status: HTTPStatus
    content_type: str
    pieces: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class OscDoor:
    """Where OSC is taken: the transport's name, and the port if it is not the one of HTTP."""

    transport: Literal["TCP", "UDP"]
    port: int | None = None


class TextFrameError(CuemsError):
    """A text frame that asks for nothing we know."""

    def __init__(self, text: str, problem: str) -> None:
        shown = repr(text[:SHOWN_CHARACTERS])
        super().__init__(f"a text frame: {problem}, got {shown}")
        self.text = text


@dataclass(frozen=True, slots=True)
class TextFrame:
    """LISTEN or IGNORE, and the address in question."""

    COMMAND: Literal["LISTEN", "IGNORE"]
    DATA: str


def read_text_frame(text: str) -> TextFrame:
    """What a client asks in a text frame; raises TextFrameError."""
    try:
        return msgspec.json.decode(text, type=TextFrame)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        expected = 'expected {"COMMAND": "LISTEN" or "IGNORE", "DATA": address}'
        raise TextFrameError(text, expected) from error


def readable(space: Namespace, frame: TextFrame) -> Method:
    """The method a text frame is about; raises TextFrameError."""
    method = space.method(frame.DATA)
    if method is None or method.row.access is not Access.READ:
        raise TextFrameError(frame.DATA, "expected an address with a value")
    return method


def news_frame(news: PathNews) -> str:
    """A text frame that tells it."""
    return msgspec.json.encode({"COMMAND": news.change.value, "DATA": news.path}).decode()


# ---- HTTP


def is_query(target: str, accept: str) -> bool:
    """Whether a request for `/` asks for the namespace.

    It does with an attribute as query, and where its Accept header names no text/html: browsers
    name it and get the console page, OSCQuery clients send none, `*/*` or JSON.
    """
    _, _, attribute = target.partition("?")
    is_word = attribute.isascii() and attribute.replace("_", "").isalpha() and attribute.isupper()
    return is_word or "text/html" not in accept.lower()


def page(space: Namespace, target: str, osc: OscDoor | None = None) -> Page:
    """The answer to GET; `osc` is where OSC goes beside the WebSocket."""
    path, _, attribute = target.partition("?")
    path = unquote(path[:MAX_PATH_CHARACTERS]) if len(path) <= MAX_PATH_CHARACTERS else "?"
    path = ROOT if path == "/" else path
    if attribute == HOST_INFO:
        return _json(host_info(osc))
    if space.method(path) is None and space.contents(path) is None:
        return _plain(HTTPStatus.NOT_FOUND, "no such address")
    if not attribute:
        return Page(HTTPStatus.OK, JSON_TYPE, json_pieces(space, path))
    if attribute == HTML:
        return Page(HTTPStatus.OK, "text/html; charset=utf-8", html_pieces(space, path))
    return _attribute(space, path, attribute)


def host_info(osc: OscDoor | None) -> dict[str, object]:
    """Who we are. OSC goes through the WebSocket, at the port where this is asked, and to `osc`."""
    where = OscDoor("TCP") if osc is None else osc
    told: dict[str, object] = {"NAME": "cuems", "EXTENSIONS": EXTENSIONS}
    told["OSC_TRANSPORT"] = where.transport
    return told if where.port is None else told | {"OSC_PORT": where.port}


def _attribute(space: Namespace, path: str, name: str) -> Page:
    if name not in ATTRIBUTES:
        return _plain(HTTPStatus.BAD_REQUEST, "no such attribute")
    if name == "CONTENTS" and space.contents(path) is not None:
        return Page(HTTPStatus.OK, JSON_TYPE, _enclosed(_contents_pieces(space, path)))
    method = space.method(path)
    found = _attributes(path, method)
    if name in found:
        return _json({name: found[name]})
    if method is None and ATTRIBUTES[name] and name != "VALUE":
        return _json({})
    return Page(HTTPStatus.NO_CONTENT, "", ())


def _json(value: object) -> Page:
    return Page(HTTPStatus.OK, JSON_TYPE, (msgspec.json.encode(value),))


def _plain(status: HTTPStatus, text: str) -> Page:
    return Page(status, "text/plain; charset=utf-8", (f"{text}\n".encode(),))


def json_pieces(space: Namespace, path: str) -> Iterator[bytes]:
    """A path and all below it. What changes meanwhile is told as it is when its turn comes."""
    head = msgspec.json.encode(_attributes(path, space.method(path)))
    if space.contents(path) is None:
        yield head
        return
    yield head[:-1] + b","
    yield from _contents_pieces(space, path)
    yield b"}"


def _contents_pieces(space: Namespace, path: str) -> Iterator[bytes]:
    yield b'"CONTENTS":{'
    comma = b""
    for name in space.contents(path) or ():
        below = f"{path}/{name}"
        if space.method(below) is None and space.contents(below) is None:
            continue  # it has gone meanwhile
        yield comma + msgspec.json.encode(name) + b":"
        yield from json_pieces(space, below)
        comma = b","
    yield b"}"


def _enclosed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield b"{"
    yield from pieces
    yield b"}"


def _attributes(path: str, method: Method | None) -> dict[str, object]:
    """All but CONTENTS."""
    found: dict[str, object] = {"FULL_PATH": path or "/"}
    if method is None:
        return found | {"ACCESS": 0}
    found |= DESCRIBED[method.row.address]
    if method.args is not None:
        found["VALUE"] = method.args
    elif method.row.access is Access.READ:
        found["ACCESS"] = 0  # nothing was told of it yet
    return found


def _described(row: Row) -> dict[str, object]:
    """What does not change of a method."""
    lists: dict[str, list[object]] = {
        "RANGE": [_range(argument) for argument in row.arguments],
        "CLIPMODE": [_clip_mode(argument) for argument in row.arguments],
        "UNIT": [UNITS.get(argument.unit) for argument in row.arguments],
    }
    return {
        "TYPE": row.type_tags or IMPULSE,
        "ACCESS": row.access.value,
        "DESCRIPTION": row.description,
        "CRITICAL": row.critical,
        **{name: values for name, values in lists.items() if any(values)},
    }


def _range(argument: Argument) -> dict[str, object] | None:
    if argument.kind is Kind.FLAG:
        return {"VALS": [0, 1]}
    if argument.choices:
        return {"VALS": list(argument.choices)}
    bounds = {"MIN": argument.minimum, "MAX": argument.maximum}
    return {name: bound for name, bound in bounds.items() if bound is not None} or None


def _clip_mode(argument: Argument) -> str | None:
    """Nothing is clipped: what is out of range is refused."""
    return None if argument.minimum is None and argument.maximum is None else "none"


DESCRIBED = {row.address: _described(row) for row in TABLE}


# ---- a page to browse


def html_pieces(space: Namespace, path: str) -> Iterator[bytes]:
    """A path, its attributes, and links to what is directly below it."""
    title = escape(path or "/")
    yield f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>".encode()
    yield f"<h1>{title}</h1><p><a href='{_link(path.rpartition('/')[0])}'>up</a><dl>".encode()
    for name, value in _attributes(path, space.method(path)).items():
        shown = escape(msgspec.json.encode(value).decode())
        yield f"<dt>{name}<dd><code>{shown}</code>".encode()
    yield b"</dl><ul>"
    for name in space.contents(path) or ():
        method = space.method(f"{path}/{name}")
        value = "" if method is None or method.args is None else escape(repr(list(method.args)))
        yield f"<li><a href='{_link(f'{path}/{name}')}'>{escape(name)}</a> {value}".encode()
    yield b"</ul></html>"


def _link(path: str) -> str:
    return f"{quote(path or '/')}?{HTML}"
