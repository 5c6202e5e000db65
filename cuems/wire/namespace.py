"""The control surface as a tree: every address there is at this moment, with its newest value.

Commands and the statuses of the show as a whole are always there, the texts among these empty at
first. A cue, a node or a fader is there from its first status on; a fader's commands come with it,
since its status names all their parameters. What has come and gone is collected as news, the
topmost path of each change.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cuems.wire.control_table import TABLE, Access, Kind, Row
from cuems.wire.osc import Osc, OscArgument

MAX_ADDRESSES = 65_536  # a newcomer is told no more either (adapters/control.OUTBOX_FRAMES)
ROOT = ""


class Change(StrEnum):
    """What became of a path; OSCQuery's words."""

    ADDED = "PATH_ADDED"
    REMOVED = "PATH_REMOVED"
    CHANGED = "PATH_CHANGED"


@dataclass(frozen=True, slots=True)
class PathNews:
    """Something has become of a path and of all below it."""

    change: Change
    path: str


@dataclass(slots=True)
class Method:
    """An address; `args` is its newest value, None where none was told."""

    row: Row
    args: tuple[OscArgument, ...] | None = None


def _kind(address: str) -> tuple[str, int]:
    """What the template of a status is found by."""
    parts = address.split("/")
    return parts[3], len(parts)


def _parameters(template: str) -> frozenset[str]:
    return frozenset(part for part in template.split("/") if part.startswith("{"))


TEMPLATES = {
    _kind(row.address): row
    for row in TABLE
    if row.access is Access.READ and _parameters(row.address)
}
CUE_CONTAINERS = tuple(
    row.address.removesuffix("/{cue}") for row in TEMPLATES.values() if "/{cue}" in row.address
)
TWINS = {
    template.address: tuple(
        row
        for row in TABLE
        if row.access is Access.WRITE and _parameters(row.address) == _parameters(template.address)
    )
    for template in TEMPLATES.values()
}


class Namespace:
    """What can be asked for, and sent, now."""

    def __init__(self) -> None:
        self._methods: dict[str, Method] = {}
        self._contents: dict[str, dict[str, None]] = {ROOT: {}}
        self._news: dict[str, Change] = {}
        for row in TABLE:
            if not _parameters(row.address):
                self._add(row.address, row).args = _first(row)
        self._news.clear()

    def method(self, path: str) -> Method | None:
        """The method at an address, if it is one."""
        return self._methods.get(path)

    def contents(self, path: str) -> tuple[str, ...] | None:
        """The names below a path ("" is the root); None where it is no container."""
        names = self._contents.get(path)
        return None if names is None else tuple(names)

    def put(self, status: Osc) -> None:
        """Keep a status."""
        method = self._methods.get(status.address)
        if method is None:
            row = TEMPLATES.get(_kind(status.address))
            if row is None or len(self._methods) >= MAX_ADDRESSES:
                return
            method = self._add(status.address, row)
            self._add_twins(status.address, row)
        method.args = status.args

    def forget_cues(self) -> None:
        """Drop what is known of cues: another project is loaded."""
        for path in CUE_CONTAINERS:
            names = self._contents.pop(path, {})
            if not names:
                continue
            for name in names:
                del self._methods[f"{path}/{name}"]
            parent, _, own = path.rpartition("/")
            del self._contents[parent][own]
            self._note_removed(path)

    def take_news(self) -> tuple[PathNews, ...]:
        """What has come and gone since this was last asked."""
        news = tuple(PathNews(change, path) for path, change in self._news.items())
        self._news.clear()
        return news

    def _add(self, address: str, row: Row) -> Method:
        method = self._methods[address] = Method(row)
        path, created = address, address
        while path:
            parent, _, name = path.rpartition("/")
            names = self._contents.get(parent)
            if names is not None:
                names.setdefault(name)
                break
            self._contents[parent] = {name: None}
            created = path = parent
        self._note_added(address, created)
        return method

    def _add_twins(self, address: str, template: Row) -> None:
        parts = address.split("/")
        values = dict(zip(template.address.split("/"), parts, strict=True))
        for row in TWINS[template.address]:
            twin = "/".join(values.get(part, part) for part in row.address.split("/"))
            if twin not in self._methods:
                self._add(twin, row)

    def _note_added(self, address: str, created: str) -> None:
        if self._news and any(path in self._news for path in _upwards(address)):
            if self._news.get(created) is Change.REMOVED:
                self._news[created] = Change.CHANGED
            return
        self._news[created] = Change.ADDED

    def _note_removed(self, path: str) -> None:
        for below in [told for told in self._news if told.startswith(path + "/")]:
            del self._news[below]
        if self._news.get(path) is Change.ADDED:
            del self._news[path]
        else:
            self._news[path] = Change.REMOVED


def _first(row: Row) -> tuple[OscArgument, ...] | None:
    """What holds before anything was told: texts of the show as a whole are empty."""
    is_text = [argument.kind for argument in row.arguments] == [Kind.TEXT]
    return ("",) if row.access is Access.READ and is_text else None


def _upwards(path: str) -> Iterable[str]:
    """A path and all above it."""
    while path:
        yield path
        path = path.rpartition("/")[0]
