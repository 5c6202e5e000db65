"""What a project consists of, file by file, and what a node has to do to have exactly that.

Names are relative to the library, with `/` between parts. A hash is of a file's content
(wire/manifest.py says which); a modification time is the source's, and goes along because the
video player believes an index only with the time of its film (interop.md 9).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cuems.core.cuelist import has_player, nodes_of, walk
from cuems.core.cues import AnyCue, AudioCue, NodeId, Show, VideoCue

SCRIPT = "script.xml"
OPTIONAL_FILES = ("mappings.xml", "settings.xml")
INDEXED_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".mpg")  # the video player wants an index


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file's content, as far as it needs to be known."""

    size_bytes: int
    mtime_ns: int
    hash: str


@dataclass(frozen=True, slots=True)
class Needed:
    """A file that a project wants on the nodes in `nodes` (empty: on all)."""

    name: str
    nodes: frozenset[NodeId] = frozenset()
    optional: bool = False

    def wanted_by(self, node: NodeId) -> bool:
        """Whether a node is to have it."""
        return not self.nodes or node in self.nodes


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A file as it is at the source, and which nodes want it (empty: all)."""

    name: str
    facts: FileFacts
    nodes: frozenset[NodeId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A project as it is at the source: its files by name, and what is not there."""

    project: str
    files: tuple[ManifestFile, ...]
    missing: tuple[Needed, ...] = ()

    def files_for(self, node: NodeId) -> dict[str, FileFacts]:
        """What a node is to have."""
        return {
            file.name: file.facts for file in self.files if not file.nodes or node in file.nodes
        }

    def missing_for(self, node: NodeId) -> tuple[str, ...]:
        """What a node should have, and nobody has."""
        return tuple(file.name for file in self.missing if file.wanted_by(node))


def project_files(project: str) -> tuple[str, ...]:
    """The names a project's own files may have, the script first."""
    return tuple(f"projects/{project}/{name}" for name in (SCRIPT, *OPTIONAL_FILES))


def needed_files(project: str, show: Show) -> tuple[Needed, ...]:
    """Every file of a project, each once: its own, media by name, and the indexes of films."""
    script, *optional = project_files(project)
    own = (Needed(script), *(Needed(name, optional=True) for name in optional))
    return (*own, *_media_files(show))


def _media_files(show: Show) -> Iterator[Needed]:
    wanted: dict[str, frozenset[NodeId]] = {}
    for cue in walk(show.cue_list):
        name = _media_name(cue)
        if name is not None:
            nodes = nodes_of(cue)
            before = wanted.get(name)
            everyone = not nodes or before == frozenset()
            wanted[name] = frozenset() if everyone else nodes | (before or frozenset())
    for name, nodes in sorted(wanted.items()):
        yield Needed(f"media/{name}", nodes)
        if name.lower().endswith(INDEXED_SUFFIXES):
            yield Needed(f"media/indexes/{name}.idx", nodes, optional=True)


def _media_name(cue: AnyCue) -> str | None:
    if isinstance(cue, AudioCue | VideoCue) and has_player(cue) and cue.media is not None:
        return cue.media.file_name
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a node has, and what is to come, change and go; `touch` only wants another time."""

    have: tuple[str, ...] = ()
    fetch: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    touch: tuple[str, ...] = ()
    bytes_to_come: int = 0

    @property
    def to_come(self) -> tuple[str, ...]:
        """What has to be transferred."""
        return self.fetch + self.update

    @property
    def is_done(self) -> bool:
        """Whether nothing is to be done."""
        return not (self.fetch or self.update or self.remove or self.touch)


def plan(
    wanted: Mapping[str, FileFacts],
    here: Mapping[str, FileFacts],
    own: Iterable[str] = (),
) -> Plan:
    """What is to be done to have `wanted`, `here` being what is there of it.

    `own` are the names of the project's own that are there; of them goes what is not wanted.
    """
    have, fetch, update, touch = [], [], [], []
    for name, facts in sorted(wanted.items()):
        there = here.get(name)
        if there is None:
            fetch.append(name)
        elif (there.size_bytes, there.hash) != (facts.size_bytes, facts.hash):
            update.append(name)
        else:
            have.append(name)
            if there.mtime_ns != facts.mtime_ns:
                touch.append(name)
    return Plan(
        have=tuple(have),
        fetch=tuple(fetch),
        update=tuple(update),
        remove=tuple(sorted(name for name in own if name not in wanted)),
        touch=tuple(touch),
        bytes_to_come=sum(wanted[name].size_bytes for name in (*fetch, *update)),
    )
