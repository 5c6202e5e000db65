"""A show's running order: who follows whom, and who plays what.

The successor of a cue is its `target`, else its next sibling, else what follows the list it is
the last child of. Disabled cues and timecode cues are transparent: nobody's turn comes to them.
The standby pointer passes over everything that will fire by itself (interop.md 6.4).
"""

from collections.abc import Callable, Iterator, Mapping

from cuems.core.cues import (
    UUID_LENGTH,
    ActionCue,
    AnyCue,
    AudioCue,
    CueId,
    CueList,
    DmxCue,
    FadeCue,
    NodeId,
    PostGo,
    Show,
    VideoCue,
)
from cuems.core.errors import CuemsError


class UnknownCueError(CuemsError):
    """A cue id that is not in the loaded show."""

    def __init__(self, cue: CueId) -> None:
        super().__init__(f"no cue {cue!r} in the loaded show")
        self.cue = cue


Enabled = Callable[[CueId], bool]


def walk(cue: AnyCue) -> Iterator[AnyCue]:
    """A cue and, for a list, everything in it, in running order."""
    yield cue
    if isinstance(cue, CueList):
        for child in cue.contents:
            yield from walk(child)


def output_names(cue: AnyCue) -> tuple[str, ...]:
    """The outputs a cue names, in file order."""
    match cue:
        case AudioCue() | VideoCue() | DmxCue():
            return tuple(output.output_name for output in cue.outputs)
        case _:
            return ()


KINDS: Mapping[type[AnyCue], str] = {
    AudioCue: "audio",
    VideoCue: "video",
    DmxCue: "dmx",
    ActionCue: "action",
    FadeCue: "fade",
    CueList: "list",
}


def kind(cue: AnyCue) -> str:
    """What a person calls this kind of cue."""
    return KINDS[type(cue)]


def has_player(cue: AnyCue) -> bool:
    """Whether a cue is something that sounds or shows."""
    return isinstance(cue, AudioCue | VideoCue | DmxCue)


def wait_before(cue: AnyCue) -> int:
    """How long after its turn a cue starts; the pre-wait of a timecode cue is no wait."""
    return 0 if cue.timecode else cue.pre_wait_flicks


def is_played_by(cue: AnyCue, node: NodeId) -> bool:
    """Whether a node plays a cue: one of its outputs is there, or it names none at all."""
    names = output_names(cue)
    return has_player(cue) and (not names or any(name[:UUID_LENGTH] == node for name in names))


def nodes_of(cue: AnyCue) -> frozenset[NodeId]:
    """The nodes whose outputs a cue names."""
    return frozenset(NodeId(name[:UUID_LENGTH]) for name in output_names(cue))


class RunningOrder:
    """The cues of a show by id, with parents and successors resolved. The root is not a cue."""

    def __init__(self, show: Show) -> None:
        self.show = show
        self.root = show.cue_list.id
        self._cues: dict[CueId, AnyCue] = {}
        self._parent: dict[CueId, CueId] = {}
        self._sibling: dict[CueId, CueId] = {}
        self._file(show.cue_list)

    def _file(self, cues: CueList) -> None:
        previous: CueId | None = None
        for cue in cues.contents:
            self._cues[cue.id] = cue
            self._parent[cue.id] = cues.id
            if previous is not None:
                self._sibling[previous] = cue.id
            previous = cue.id
            if isinstance(cue, CueList):
                self._file(cue)

    def __contains__(self, cue: object) -> bool:
        return cue in self._cues

    def __getitem__(self, cue: CueId) -> AnyCue:
        if cue not in self._cues:
            raise UnknownCueError(cue)
        return self._cues[cue]

    def __iter__(self) -> Iterator[CueId]:
        return iter(self._cues)

    def __len__(self) -> int:
        return len(self._cues)

    def parent(self, cue: CueId) -> CueId | None:
        """The list a cue is in; None at the top."""
        parent = self._parent[cue]
        return None if parent == self.root else parent

    def lists_around(self, cue: CueId) -> Iterator[CueId]:
        """The lists a cue is in, innermost first."""
        parent = self.parent(cue)
        while parent is not None:
            yield parent
            parent = self.parent(parent)

    def within(self, cue: CueId, holder: CueId) -> bool:
        """Whether `cue` is `holder` or anywhere inside it."""
        return cue == holder or holder in self.lists_around(cue)

    def timetable(self) -> tuple[tuple[int, CueId], ...]:
        """The timecode cues by their addresses on the line, earliest first."""
        timed = ((c.pre_wait_flicks, i) for i, c in self._cues.items() if c.timecode)
        return tuple(sorted(timed, key=lambda entry: entry[0]))

    def nodes(self) -> frozenset[NodeId]:
        """Every node the show has outputs on."""
        return frozenset(node for cue in self._cues.values() for node in nodes_of(cue))

    # ---- who follows whom

    def _own_successor(self, cue: CueId) -> CueId | None:
        target = self._cues[cue].target
        return target if target in self._cues else self._sibling.get(cue)

    def successor(self, cue: CueId) -> CueId | None:
        """Whose turn comes after a cue, lists climbed, whatever is enabled."""
        while True:
            after = self._own_successor(cue)
            parent = self.parent(cue)
            if after is not None or parent is None:
                return after
            cue = parent

    def takes_part(self, cue: CueId, enabled: Enabled) -> bool:
        """Whether a turn can come to a cue at all."""
        return enabled(cue) and not self._cues[cue].timecode

    def first_taking_part(self, cue: CueId | None, enabled: Enabled) -> CueId | None:
        """The cue itself, or the first after it that is not transparent."""
        seen: set[CueId] = set()
        while cue is not None and not self.takes_part(cue, enabled):
            if cue in seen:
                return None
            seen.add(cue)
            cue = self.successor(cue)
        return cue

    def next(self, cue: CueId, enabled: Enabled) -> CueId | None:
        """The first cue after `cue` that is not transparent."""
        return self.first_taking_part(self.successor(cue), enabled)

    def first(self, enabled: Enabled) -> CueId | None:
        """The cue that stands by at the top of the show."""
        contents = self.show.cue_list.contents
        return self.first_taking_part(contents[0].id, enabled) if contents else None

    def first_child(self, holder: CueId, enabled: Enabled) -> CueId | None:
        """The first cue of a list a turn can come to; None when there is none inside it."""
        cue = self._cues[holder]
        if not isinstance(cue, CueList):
            return None
        for child in cue.contents:
            if self.takes_part(child.id, enabled):
                return child.id
        return None

    def goes_on_by_itself(self, cue: CueId) -> bool:
        """Whether a cue's successor fires without a GO: by the cue, or by a list it closes."""
        while self._cues[cue].post_go is PostGo.PAUSE:
            parent = self.parent(cue)
            if parent is None or self._own_successor(cue) is not None:
                return False
            cue = parent
        return True

    def standby_after(self, cue: CueId, enabled: Enabled) -> CueId | None:
        """Where the standby pointer stands after a GO of `cue` (interop.md 6.4)."""
        seen: set[CueId] = set()
        at: CueId | None = cue
        while at is not None and at not in seen:
            seen.add(at)
            inner = self.first_child(at, enabled)
            if inner is not None:
                at = inner
            elif self.goes_on_by_itself(at):
                at = self.next(at, enabled)
            else:
                return self.next(at, enabled)
        return None
