"""A rehearsal to read: its timeline as rows, its findings as lines, all of it as JSON."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, assert_never

from cuems.core.body import body_flicks
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import (
    ActionCue,
    AnyCue,
    AudioCue,
    CueId,
    CueList,
    DmxCue,
    FadeCue,
    NodeId,
    Show,
    VideoCue,
)
from cuems.core.messages import destination
from cuems.core.timecode import FrameRate, frame_at, from_ns, to_duration_text, to_ms
from cuems.sim.findings import Conflict, Peak, conflicts, peaks
from cuems.sim.log import Entry, Verb
from cuems.sim.rehearsal import Rehearsal
from cuems.sim.spans import Span, spans

HEADINGS = ("TIME", "TIMECODE", "NODE", "WHAT", "CUE", "")
RATE = FrameRate.FPS_25  # what a position is written in


class Tone(Enum):
    """How a row is meant, for a terminal that has colours."""

    PLAIN = "plain"
    QUIET = "quiet"
    GO = "go"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the timeline, a text for each of HEADINGS."""

    cells: tuple[str, ...]
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A rehearsal and what it shows."""

    show: Show
    order: RunningOrder
    rehearsal: Rehearsal
    spans: tuple[Span, ...]
    conflicts: tuple[Conflict, ...]
    peaks: tuple[Peak, ...]

    def node_name(self, node: NodeId | None) -> str:
        """What a node is called: node1, node2, … in the order of the rig."""
        return "" if node is None else f"node{self.rehearsal.nodes.index(node) + 1}"

    def readable(self, text: str) -> str:
        """A text of the engine's, its nodes called as here."""
        for node in self.rehearsal.nodes:
            name = self.node_name(node)
            text = text.replace(f"node {node}", name).replace(node, name)
        return text

    def cue_name(self, cue: CueId | None) -> str:
        """What a cue is called."""
        return "" if cue is None else self.order[cue].name

    def failed(self) -> dict[CueId, str]:
        """The cues that failed anywhere, and why."""
        return {
            entry.cue: entry.note
            for entry in self.rehearsal.entries
            if entry.verb is Verb.FAILS and entry.cue is not None
        }

    def unplayed(self) -> tuple[CueId, ...]:
        """The cues whose turn never came."""
        played = {span.cue for span in self.spans}
        return tuple(cue for cue in self.order if cue not in played)

    def latest(self) -> Span | None:
        """The span that began latest after its due moment."""
        late = [span for span in self.spans if to_ms(span.late)]
        return max(late, key=lambda span: span.late, default=None)


def report_on(show: Show, rehearsal: Rehearsal) -> Report:
    """Draw the conclusions."""
    order = RunningOrder(show)
    found = spans(rehearsal.entries, rehearsal.end_ns)
    return Report(
        show=show,
        order=order,
        rehearsal=rehearsal,
        spans=found,
        conflicts=conflicts(found, order),
        peaks=peaks(found, order, rehearsal.nodes),
    )


def time_text(at_ns: int) -> str:
    """Time into the rehearsal, to the nearest millisecond."""
    return to_duration_text(from_ns(at_ns))


def seconds_text(flicks: int) -> str:
    """A length, in seconds."""
    return f"{to_ms(flicks) / 1000:.3f} s"


def kind_of(cue: AnyCue) -> str:
    """What a cue is, in a word."""
    return type(cue).__name__.removesuffix("Cue").removeprefix("Cue").lower()


# ---- the timeline


def rows(report: Report) -> Iterator[Row]:
    """The timeline, in order."""
    for entry in report.rehearsal.entries:
        if _is_news(report, entry):
            yield _row(report, entry)


def _is_news(report: Report, entry: Entry) -> bool:
    ends_at_once = entry.cue is not None and isinstance(report.order[entry.cue], ActionCue)
    return not (ends_at_once and entry.verb is Verb.ENDS)


def _row(report: Report, entry: Entry) -> Row:
    cells = (
        time_text(entry.at_ns),
        str(frame_at(entry.position, RATE)),
        report.node_name(entry.node),
        entry.verb.value,
        report.cue_name(entry.cue),
        _detail(report, entry),
    )
    return Row(cells, _tone(entry))


def _tone(entry: Entry) -> Tone:
    match entry.verb:
        case Verb.FAILS | Verb.REFUSED:
            return Tone.BAD
        case Verb.STARTS if to_ms(entry.late) or entry.note:
            return Tone.BAD
        case Verb.GO:
            return Tone.GO
        case Verb.STANDS_BY | Verb.WAITS:
            return Tone.QUIET
        case _:
            return Tone.PLAIN


def _detail(report: Report, entry: Entry) -> str:
    parts = []
    if entry.verb is Verb.STARTS and entry.cue is not None:
        parts.append(description(report, report.order[entry.cue]))
    if to_ms(entry.late):
        parts.append(f"late {to_ms(entry.late)} ms")
    elif to_ms(entry.elapsed):
        parts.append(f"from {seconds_text(entry.elapsed)}")
    if entry.note:
        parts.append(report.readable(entry.note))
    return ", ".join(parts)


def description(report: Report, cue: AnyCue) -> str:
    """What a cue does, and for how long."""
    match cue:
        case AudioCue() | VideoCue():
            media = cue.media.file_name if cue.media else "no media"
            return f"{kind_of(cue)} {media}, {_length(cue)}"
        case DmxCue():
            return f"dmx scene, {_length(cue)}"
        case ActionCue():
            target = report.cue_name(cue.action_target)
            if cue.message is not None and cue.action_target is None:
                return f"message to {destination(cue.message)}"
            return f"{cue.action.value} {target}".rstrip()
        case FadeCue():
            target = report.cue_name(cue.action_target)
            return f"fade {target} to {cue.target_percent} %, {_length(cue)}"
        case CueList():
            return f"list of {len(cue.contents)}"
        case _:
            assert_never(cue)


def _length(cue: AudioCue | VideoCue | DmxCue | FadeCue) -> str:
    body = body_flicks(cue)
    return "until stopped" if body is None else seconds_text(body)


# ---- the findings


def conflict_lines(report: Report) -> Iterator[str]:
    """The conflicts, a line each."""
    for conflict in report.conflicts:
        one, other = (report.cue_name(cue) for cue in conflict.cues)
        node = f"{report.node_name(conflict.node)}, " if len(report.rehearsal.nodes) > 1 else ""
        begin, end = time_text(conflict.begin_ns), time_text(conflict.end_ns)
        yield f"{begin} to {end}  {node}{conflict.where}: {one} and {other}"


def peak_lines(report: Report) -> Iterator[str]:
    """The peaks, a line each."""
    for peak in report.peaks:
        where = report.node_name(peak.node) or "all nodes"
        cues = ", ".join(report.cue_name(cue) for cue in peak.cues)
        yield f"{where}: {_count(peak)} at {time_text(peak.at_ns)} ({cues})"


def _count(peak: Peak) -> str:
    what = peak.load.value
    return f"{peak.count} {what if peak.count > 1 else what.removesuffix('s')}"


def summary_lines(report: Report) -> Iterator[str]:
    """What came of it, in a few lines."""
    entries, end = report.rehearsal.entries, time_text(report.rehearsal.end_ns)
    gos = sum(entry.verb is Verb.GO for entry in entries)
    refused = sum(entry.verb is Verb.REFUSED for entry in entries)
    yield f"{gos} GO, {refused} refused; {len(report.spans)} starts; over at {end}"
    latest = report.latest()
    if latest is not None:
        who = f"{report.cue_name(latest.cue)} on {report.node_name(latest.node)}"
        yield f"latest start: {who}, {to_ms(latest.late)} ms late"
    for cue, reason in report.failed().items():
        yield f"failed: {report.cue_name(cue)}: {reason}"
    yield from _named("never had its turn", report, report.unplayed())
    going_on = tuple(dict.fromkeys(span.cue for span in report.spans if span.going_on))
    yield from _named("still going on at the end", report, going_on)
    if report.rehearsal.cut:
        yield f"left before its end: {report.rehearsal.cut}"


def _named(what: str, report: Report, cues: Sequence[CueId]) -> Iterator[str]:
    if cues:
        yield f"{what}: {', '.join(report.cue_name(cue) for cue in cues)}"


# ---- as text and as JSON


def to_lines(table: Iterable[Row]) -> Iterator[tuple[str, Tone]]:
    """The timeline as columns, headed."""
    all_rows = [Row(HEADINGS, Tone.QUIET), *table]
    widths = [max(len(row.cells[column]) for row in all_rows) for column in range(len(HEADINGS))]
    for row in all_rows:
        cells = (text.ljust(width) for text, width in zip(row.cells, widths, strict=True))
        yield "  ".join(cells).rstrip(), row.tone


def sections(report: Report) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What follows the timeline: headings and their lines."""
    yield "Conflicts", tuple(conflict_lines(report)) or ("none",)
    yield "Peaks", tuple(peak_lines(report)) or ("nothing sounds or shows",)
    yield "Summary", tuple(summary_lines(report))


def to_text(report: Report) -> str:
    """All of it, plain."""
    lines = [text for text, _ in to_lines(rows(report))]
    for heading, body in sections(report):
        lines += ["", heading, *(f"  {line}" for line in body)]
    return "\n".join(lines) + "\n"


def to_json(report: Report) -> str:
    """All of it, for a program; times are milliseconds into the rehearsal."""
    found = {
        "show": report.show.name,
        "nodes": {report.node_name(node): node for node in report.rehearsal.nodes},
        "timeline": [_entry(report, entry) for entry in report.rehearsal.entries],
        "conflicts": [_found_conflict(report, conflict) for conflict in report.conflicts],
        "peaks": [_found_peak(report, peak) for peak in report.peaks],
        "failed": dict(report.failed()),
        "unplayed": list(report.unplayed()),
        "end_ms": _ms(report.rehearsal.end_ns),
        "cut": report.rehearsal.cut,
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _ms(at_ns: int) -> float:
    return at_ns / 1_000_000


def _entry(report: Report, entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = {
        "at_ms": _ms(entry.at_ns),
        "timecode": str(frame_at(entry.position, RATE)),
        "what": entry.verb.value,
        "node": report.node_name(entry.node),
        "cue": entry.cue,
        "name": report.cue_name(entry.cue),
        "late_ms": to_ms(entry.late),
        "elapsed_ms": to_ms(entry.elapsed),
        "note": report.readable(entry.note),
    }
    return {key: value for key, value in found.items() if value or key == "at_ms"}


def _found_conflict(report: Report, conflict: Conflict) -> dict[str, Any]:
    return {
        "node": report.node_name(conflict.node),
        "where": conflict.where,
        "cues": list(conflict.cues),
        "begin_ms": _ms(conflict.begin_ns),
        "end_ms": _ms(conflict.end_ns),
    }


def _found_peak(report: Report, peak: Peak) -> dict[str, Any]:
    return {
        "load": peak.load.value,
        "node": report.node_name(peak.node),
        "count": peak.count,
        "at_ms": _ms(peak.at_ns),
        "cues": list(peak.cues),
    }
