"""A rehearsal as a Gantt chart: a row a cue in running order, its runs coloured by node."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cuems.core.cues import ActionCue, CueId, CueList, FadeCue, NodeId
from cuems.core.timecode import frame_at, from_ns, to_ms, to_ns
from cuems.sim.findings import Conflict
from cuems.sim.log import Entry, Verb
from cuems.sim.report import RATE, Report, description, kind_of, seconds_text, time_text
from cuems.sim.source import DropOut
from cuems.sim.spans import Span
from cuems.sim.svg import Svg, figure

WIDTH, LEFT, RIGHT = 1440, 320, 1400
TOP, BOTTOM = 122, 86
LANE, PADDING, INDENT = 16, 5, 16
NAME_CHARACTERS, KIND_X = 34, 262
TICK_PX, FLAG_PX = 84, 36
STEPS_MS = (
    *(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000),
    *(120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000),
)
# Okabe and Ito: told apart also by the colour-blind; vermilion is kept for what is wrong.
NODE_COLOURS = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#8c6d1f",
    "#5b4fa3",
    "#7f7f7f",
)
PALE = ("#e69f00", "#56b4e9", "#cc79a7")
NOBODY, WRONG = "#5f6b7a", "#d62728"
LETTER_PX = 6.0

STYLE = """
svg{font:12px system-ui,"Segoe UI","Helvetica Neue",Arial,sans-serif;background:#fff}
text{fill:#1c2430}
.title{font-size:20px;font-weight:600}
.sub,.kind,.axis{fill:#5b6675}
.kind{font-size:10.5px}
.axis{font-size:11px;text-anchor:middle}
.off{fill:#a3abb6}
.list{font-weight:600}
.stripe{fill:#f6f7f9}
.grid{stroke:#e3e6ea;fill:none}
.frame{stroke:#c3c9d1;fill:none}
.wait{stroke-width:2;stroke-dasharray:2 3;fill:none}
.in{fill:#fff;font-size:10.5px}
.out{font-size:10.5px;fill:#3b4552;paint-order:stroke;stroke:#fff;stroke-width:3px}
.dark{fill:#1c2430}
.wrong{fill:#d62728}
.mark{stroke-dasharray:4 3;fill:none}
.go{stroke:#2a8a2a}
.jump{stroke:#8a4fbf}
.refused{stroke:#d62728}
.flag{stroke:none}
.go.flag{fill:#2a8a2a}
.jump.flag{fill:#8a4fbf}
.refused.flag{fill:#d62728}
.flagtext{fill:#fff;font-size:10.5px;font-weight:600;text-anchor:middle}
.drop{fill:url(#hatch)}
.lost{fill:#d62728;fill-opacity:.09}
.paused{fill:#1c2430;fill-opacity:.07}
.band{font-size:10.5px;fill:#5b6675}
.late{fill:none;stroke:#d62728;stroke-dasharray:2 2}
.clash{fill:none;stroke:#d62728;stroke-width:2}
"""
PATTERNS = (
    '<defs><pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse"'
    ' patternTransform="rotate(45)"><rect width="8" height="8" fill="#eceef1"/>'
    '<rect width="3" height="8" fill="#d3d8de"/></pattern>'
    '<pattern id="failed" width="7" height="7" patternUnits="userSpaceOnUse"'
    ' patternTransform="rotate(45)"><rect width="7" height="7" fill="#d62728"/>'
    '<rect width="2.5" height="7" fill="#f08080"/></pattern></defs>'
)


@dataclass(frozen=True, slots=True)
class _Row:
    """Where a cue is drawn. Every node it ran on has a lane."""

    cue: CueId
    depth: int
    y: int
    lanes: tuple[NodeId | None, ...]

    @property
    def height(self) -> int:
        return max(1, len(self.lanes)) * LANE + 2 * PADDING

    def lane_y(self, node: NodeId | None) -> int:
        return self.y + PADDING + self.lanes.index(node) * LANE


@dataclass(frozen=True, slots=True)
class _Flag:
    """What is written above a GO or a jump, or above some that are close together."""

    x: float
    css: str
    count: int


def to_svg(report: Report, drop_outs: Sequence[DropOut] = ()) -> str:
    """The chart, as a file's text. The same rehearsal gives the same text."""
    return _Chart(report).draw(drop_outs)


class _Chart:
    def __init__(self, report: Report) -> None:
        self._report = report
        self._rows = {row.cue: row for row in _rows(report)}
        last = list(self._rows.values())[-1:]
        self._bottom = last[0].y + last[0].height if last else TOP + LANE
        going_on = any(span.going_on for span in report.spans)
        end_ns = report.rehearsal.end_ns
        self._end_ns = max(1_000_000, end_ns + end_ns // 12 + 500_000_000 if going_on else end_ns)
        self._svg = Svg(WIDTH, self._bottom + BOTTOM, STYLE)

        self._next_x = {
            span: self._x(following.begin_ns) for span, following in _following(report.spans)
        }

    def draw(self, drop_outs: Sequence[DropOut]) -> str:
        self._svg.raw(PATTERNS)
        self._draw_head()
        self._draw_stripes()
        self._draw_bands(drop_outs)
        self._draw_axis()
        self._draw_gos()
        for span in self._report.spans:
            self._draw_span(span)
        for conflict in self._report.conflicts:
            self._draw_conflict(conflict)
        self._draw_names()
        self._draw_legend(drop_outs)
        return self._svg.to_text()

    def _x(self, at_ns: int) -> float:
        return LEFT + (RIGHT - LEFT) * min(at_ns, self._end_ns) / self._end_ns

    # ---- around the bars

    def _draw_head(self) -> None:
        report, entries = self._report, self._report.rehearsal.entries
        gos = sum(entry.verb is Verb.GO for entry in entries)
        self._svg.text(24, 36, report.show.name, "title")
        facts = [
            _count(len(report.order), "cue"),
            _count(gos, "GO"),
            _count(len(report.rehearsal.nodes), "node"),
            f"over at {time_text(report.rehearsal.end_ns)}",
            f"timecode begins at {frame_at(report.rehearsal.start, RATE)}",
        ]
        if report.conflicts:
            facts.append(_count(len(report.conflicts), "conflict"))
        if report.failed():
            facts.append(f"{len(report.failed())} failed")
        self._svg.text(24, 58, "  ·  ".join(facts), "sub")

    def _draw_stripes(self) -> None:
        for number, row in enumerate(self._rows.values()):
            if number % 2 == 0:
                self._svg.rect(0, row.y, WIDTH, row.height, "stripe")

    def _draw_axis(self) -> None:
        step_ms = next((ms for ms in STEPS_MS if self._px(ms) >= TICK_PX), STEPS_MS[-1])
        for ms in range(0, self._end_ns // 1_000_000 + 1, step_ms):
            x = self._x(ms * 1_000_000)
            self._svg.path(f"M{figure(x)} {TOP}V{self._bottom}", "grid")
            self._svg.text(x, TOP - 32, _tick_text(ms, step_ms), "axis")
            self._svg.text(x, self._bottom + 18, _tick_text(ms, step_ms), "axis")
        self._svg.path(f"M{LEFT} {TOP}H{RIGHT}M{LEFT} {self._bottom}H{RIGHT}", "frame")

    def _px(self, ms: int) -> float:
        return (RIGHT - LEFT) * ms * 1_000_000 / self._end_ns

    def _draw_bands(self, drop_outs: Sequence[DropOut]) -> None:
        for drop in drop_outs:
            self._draw_band(drop.begin_ns, drop.end_ns, "drop", "no MTC")
        for begin_ns, end_ns in _stretches(self._report, _is_lost, _is_back):
            self._draw_band(begin_ns, end_ns, "lost", "lost", line=1)
        for begin_ns, end_ns in _stretches(self._report, _is_paused, _is_resumed):
            self._draw_band(begin_ns, end_ns, "paused", "paused")

    def _draw_band(self, begin_ns: int, end_ns: int, css: str, text: str, line: int = 0) -> None:
        x, width = self._x(begin_ns), self._x(end_ns) - self._x(begin_ns)
        self._svg.rect(x, TOP, width, self._bottom - TOP, css, title=text)
        self._svg.text(x + 3, self._bottom - 4 - 12 * line, text, "band")

    def _draw_gos(self) -> None:
        """A line for each GO and jump; flags that would cover each other are one, with a count."""
        flags: list[_Flag] = []
        for entry, refused in _marks(self._report.rehearsal.entries):
            x = self._x(entry.at_ns)
            css = "jump" if entry.verb is Verb.JUMPS else "refused" if refused else "go"
            self._svg.path(f"M{figure(x)} {TOP - 6}V{self._bottom}", f"{css} mark")
            near = flags[-1] if flags else None
            if near is not None and near.css == css and x < near.x + FLAG_PX:
                flags[-1] = _Flag(near.x, css, near.count + 1)
            elif near is None or x >= near.x + FLAG_PX:
                flags.append(_Flag(x, css, 1))
        for flag in flags:
            word = "jump" if flag.css == "jump" else "GO"
            text = word if flag.count == 1 else f"{flag.count} {word}"
            width = FLAG_PX - 3
            self._svg.rect(flag.x, TOP - 22, width, 16, f"{flag.css} flag", rx=2)
            self._svg.text(flag.x + width / 2, TOP - 10, text, "flagtext")

    def _draw_names(self) -> None:
        played = {span.cue for span in self._report.spans}
        for row in self._rows.values():
            cue = self._report.order[row.cue]
            y = row.y + row.height / 2 + 4
            css = "list" if isinstance(cue, CueList) else ""
            css = css if row.cue in played else f"{css} off".strip()
            room = NAME_CHARACTERS - 2 * row.depth
            name = cue.name if len(cue.name) <= room else f"{cue.name[: room - 1]}…"
            self._svg.text(24 + INDENT * row.depth, y, name, css)
            self._svg.text(KIND_X, y, kind_of(cue), "kind" if row.cue in played else "kind off")

    def _draw_legend(self, drop_outs: Sequence[DropOut]) -> None:
        x, y = float(LEFT), self._bottom + 48
        marks = [
            (NODE_COLOURS[n % len(NODE_COLOURS)], self._report.node_name(node))
            for n, node in enumerate(self._report.rehearsal.nodes)
        ]
        marks += [(NOBODY, "action, fade, list"), ("url(#failed)", "failed")]
        if drop_outs:
            marks.append(("url(#hatch)", "no MIDI timecode"))
        for fill, text in marks:
            self._svg.rect(x, y - 10, 18, 12, rx=2, fill=fill)
            self._svg.text(x + 24, y, text, "out")
            x += 48 + 6.2 * len(text)
        if self._report.conflicts:
            self._svg.rect(x, y - 10, 18, 12, "clash", rx=2)
            self._svg.text(x + 24, y, "in conflict", "out")

    # ---- the bars

    def _colour(self, node: NodeId | None) -> str:
        if node is None:
            return NOBODY
        number = self._report.rehearsal.nodes.index(node)
        return NODE_COLOURS[number % len(NODE_COLOURS)]

    def _draw_span(self, span: Span) -> None:
        row = self._rows[span.cue]
        y = row.lane_y(span.node)
        x, end = self._x(span.begin_ns), self._right_of(span)
        colour = "url(#failed)" if span.failed else self._colour(span.node)
        self._draw_before(span, x, y + LANE / 2)
        title = self._title(span)
        match self._report.order[span.cue]:
            case ActionCue():
                middle = y + LANE / 2
                diamond = f"M{figure(x)} {figure(middle - 6)}l6 6l-6 6l-6 -6z"
                self._svg.path(diamond, fill=WRONG if span.failed else colour, title=title)
            case FadeCue():
                wedge = f"M{figure(x)} {y + 2}L{figure(end)} {y + LANE - 2}H{figure(x)}z"
                self._svg.path(wedge, fill=colour, title=title)
            case CueList():
                self._draw_bracket(x, end, y + 4, colour, title)
            case _:
                width = max(2.0, end - x)
                self._svg.rect(x, y + 1, width, LANE - 2, rx=2, fill=colour, title=title)
        for begin_ns, end_ns in span.holds:
            held = self._x(end_ns) - self._x(begin_ns)
            self._svg.rect(self._x(begin_ns), y + 4, held, LANE - 8, fill="#fff", fill_opacity=0.75)
        for at_ns in span.moves_ns:
            self._svg.rect(self._x(at_ns) - 0.7, y, 1.4, LANE, fill="#fff")
        self._draw_label(span, x, end, y + LANE - 4.5)

    def _right_of(self, span: Span) -> float:
        return float(RIGHT) if span.going_on else self._x(span.end_ns)

    def _draw_before(self, span: Span, x: float, y: float) -> None:
        """The pre-wait before a run, and how late it came."""
        if span.waited_ns is not None:
            line = f"M{figure(self._x(span.waited_ns))} {figure(y)}H{figure(x)}"
            self._svg.path(line, "wait", stroke=self._colour(span.node))
        if to_ms(span.late):
            due_x = self._x(max(0, span.begin_ns - to_ns(span.late)))
            self._svg.rect(due_x, y - LANE / 2 + 1, max(1.5, x - due_x), LANE - 2, "late")

    def _draw_bracket(self, x: float, end: float, y: float, colour: str, title: str) -> None:
        end = max(end, x + 8)
        bracket = (
            f"M{figure(x)} {figure(y)}H{figure(end)}V{figure(y + 9)}l-4 -5H{figure(x + 4)}l-4 5z"
        )
        self._svg.path(bracket, fill=colour, title=title)

    def _draw_label(self, span: Span, x: float, end: float, y: float) -> None:
        """In the bar if it fits there, else after it if the next run leaves room."""
        text, bad = self._label(span)
        room = LETTER_PX * len(text) + 8
        solid = not isinstance(self._report.order[span.cue], ActionCue | FadeCue | CueList)
        if solid and not bad and room <= end - x:
            pale = self._colour(span.node) in PALE
            self._svg.text(x + 4, y, text, "in dark" if pale else "in")
            return
        after = max(end, x + 7) + 5
        css = "out wrong" if bad else "out"
        if after + room > WIDTH and x - room > LEFT:
            self._svg.text(x - 6, y, text, css, text_anchor="end")
        elif bad or after + room < self._next_x.get(span, WIDTH):
            self._svg.text(after, y, text, css)

    def _label(self, span: Span) -> tuple[str, bool]:
        if span.failed:
            return span.failed, True
        if to_ms(span.late):
            return f"{to_ms(span.late)} ms late", True
        cue = self._report.order[span.cue]
        if isinstance(cue, ActionCue | FadeCue):
            return description(self._report, cue).partition(",")[0], False
        if span.going_on:
            return "goes on", False
        return seconds_text(from_ns(span.end_ns - span.begin_ns)), False

    def _title(self, span: Span) -> str:
        parts = [
            self._report.cue_name(span.cue),
            self._report.node_name(span.node),
            description(self._report, self._report.order[span.cue]),
            f"{time_text(span.begin_ns)} to {time_text(span.end_ns)}",
            "stopped before its end" if span.cut_short else "",
            span.failed,
        ]
        return " · ".join(part for part in parts if part)

    def _draw_conflict(self, conflict: Conflict) -> None:
        x, end = self._x(conflict.begin_ns), self._x(conflict.end_ns)
        for cue in conflict.cues:
            y = self._rows[cue].lane_y(conflict.node)
            self._svg.rect(x, y, max(2.0, end - x), LANE, "clash", title=conflict.where)


# ---- what is drawn where


def _rows(report: Report) -> Iterator[_Row]:
    lanes: dict[CueId, list[NodeId | None]] = defaultdict(list)
    for span in report.spans:
        if span.node not in lanes[span.cue]:
            lanes[span.cue].append(span.node)
    nodes = report.rehearsal.nodes
    y = TOP
    for cue in report.order:
        used = sorted(lanes[cue], key=lambda node: -1 if node is None else nodes.index(node))
        depth = sum(1 for _ in report.order.lists_around(cue))
        row = _Row(cue, depth, y, tuple(used))
        y += row.height
        yield row


def _following(found: Sequence[Span]) -> Iterator[tuple[Span, Span]]:
    """Every run with the next one of the same cue on the same node."""
    before: dict[tuple[CueId, NodeId | None], Span] = {}
    for span in found:
        key = (span.cue, span.node)
        if key in before:
            yield before[key], span
        before[key] = span


def _marks(entries: Sequence[Entry]) -> Iterator[tuple[Entry, bool]]:
    """GOs and jumps, and whether the controller refused them: it says so at once."""
    following: Entry | None = None
    found: list[tuple[Entry, bool]] = []
    for entry in reversed(entries):
        if entry.verb in (Verb.GO, Verb.JUMPS):
            found.append((entry, following is not None and following.verb is Verb.REFUSED))
        following = entry
    return reversed(found)


def _is_lost(entry: Entry) -> bool:
    return entry.verb is Verb.TIMECODE and entry.note == "lost"


def _is_back(entry: Entry) -> bool:
    return entry.verb is Verb.TIMECODE and entry.note == "locked"


def _is_paused(entry: Entry) -> bool:
    return entry.verb is Verb.PAUSED


def _is_resumed(entry: Entry) -> bool:
    return entry.verb is Verb.RESUMED


def _stretches(
    report: Report, begins: Callable[[Entry], bool], ends: Callable[[Entry], bool]
) -> Iterator[tuple[int, int]]:
    begin_ns: int | None = None
    for entry in report.rehearsal.entries:
        if begins(entry) and begin_ns is None:
            begin_ns = entry.at_ns
        elif ends(entry) and begin_ns is not None:
            yield begin_ns, entry.at_ns
            begin_ns = None
    if begin_ns is not None:
        yield begin_ns, report.rehearsal.end_ns


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _tick_text(ms: int, step_ms: int) -> str:
    """A moment, as fine as the ticks are."""
    minutes, left_ms = divmod(ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    digits = 0 if step_ms >= 1000 else 1 if step_ms >= 100 else 3
    seconds = f"{left_ms / 1000:0{3 + digits if digits else 2}.{digits}f}"
    return f"{hours}:{minutes:02}:{seconds}" if hours else f"{minutes}:{seconds}"
