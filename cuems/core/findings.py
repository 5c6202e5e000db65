"""What a check of a project finds, as values a crew can act on; see core/check.py."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from cuems.core.cuelist import walk
from cuems.core.cues import (
    ActionCue,
    AnyCue,
    AudioCue,
    CueId,
    CueList,
    DmxCue,
    FadeCue,
    Show,
    VideoCue,
)

REPEAT_MARK = "#"  # no id has one: an id that stands twice is told apart by it
NAMES_SHOWN = 3
KINDS: Mapping[type[AnyCue], str] = {
    AudioCue: "audio cue",
    VideoCue: "video cue",
    DmxCue: "DMX cue",
    ActionCue: "action cue",
    FadeCue: "fade cue",
    CueList: "cue list",
}


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  # something will not play, or the show will not load
    WARNING = "warning"  # something will play otherwise than authored
    ADVICE = "advice"  # nothing is wrong, and it could be better


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fact about a project: where, what was found against what was expected, what helps.

    `line` is None where it is the whole file's. `command` is a shell line that does the remedy.
    """

    severity: Severity
    code: str
    file: str
    text: str
    remedy: str = ""
    command: str = ""
    line: int | None = None
    cue: CueId | None = None
    name: str = ""
    field: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A show and the line of each of its cues. Every cue has an id of its own; see `to_script`."""

    file: str
    show: Show
    lines: Mapping[CueId, int]

    def cues(self) -> tuple[AnyCue, ...]:
        """Every cue in running order, without the root list."""
        return tuple(walk(self.show.cue_list))[1:]

    def finding(
        self,
        cue: AnyCue,
        severity: Severity,
        code: str,
        *,
        text: str,
        remedy: str,
        field: str = "",
        value: object = "",
        command: str = "",
    ) -> Finding:
        """A finding about a cue."""
        return Finding(
            severity=severity,
            code=code,
            file=self.file,
            line=self.lines.get(cue.id),
            cue=authored_id(cue.id),
            name=cue.name,
            field=field,
            value=str(value),
            text=text,
            remedy=remedy,
            command=command,
        )


def to_script(
    file: str, show: Show, lines: Mapping[CueId, int], repeats: Sequence[tuple[CueId, int]]
) -> Script:
    """A script whose repeated ids are told apart, so that every cue can still be looked at.

    `lines` has the line of one cue of an id, `repeats` those of the others (wire/show_xml.py).
    """
    if not repeats:
        return Script(file=file, show=show, lines=lines)
    lines_of = {cue: [line] for cue, line in lines.items()}
    for cue_id, line in repeats:
        lines_of[cue_id].append(line)
    own_lines = {
        _own_id(cue_id, number): line
        for cue_id, found in lines_of.items()
        for number, line in enumerate(sorted(found), 1)
    }
    root = _told_apart(show.cue_list, Counter())
    assert isinstance(root, CueList)
    return Script(file=file, show=replace(show, cue_list=root), lines=own_lines)


def _told_apart(cue: AnyCue, seen: Counter[CueId]) -> AnyCue:
    seen[cue.id] += 1
    own = _own_id(cue.id, seen[cue.id])
    if isinstance(cue, CueList):
        contents = tuple(_told_apart(child, seen) for child in cue.contents)
        return replace(cue, id=own, contents=contents)
    return replace(cue, id=own)


def _own_id(cue: CueId, number: int) -> CueId:
    return cue if number == 1 else CueId(f"{cue}{REPEAT_MARK}{number}")


def authored_id(cue: CueId) -> CueId:
    """The id a cue has in its file."""
    return CueId(cue.partition(REPEAT_MARK)[0])


def in_file_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By file and line, the worst of a line first; equals stay in the order they were found."""
    order = list(Severity)
    return tuple(
        sorted(findings, key=lambda each: (each.file, each.line or 0, order.index(each.severity)))
    )


def kind(cue: AnyCue) -> str:
    """What sort of cue it is, with its article."""
    word = KINDS[type(cue)]
    return f"{'an' if word[0] == 'a' else 'a'} {word}"


def named(cues: Sequence[AnyCue]) -> str:
    """Cues by name, the first few of many."""
    shown = [repr(cue.name) for cue in cues[:NAMES_SHOWN]]
    more = len(cues) - len(shown)
    if more:
        return ", ".join(shown) + f" and {more} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def worst_for(cues: Iterable[AnyCue]) -> Severity:
    """How bad it is that some cues cannot play: a disabled one may not be needed."""
    return Severity.ERROR if any(cue.enabled for cue in cues) else Severity.WARNING
