"""The report of a run as one page: HTML with its drawings in it, nothing from elsewhere, no script.

Colours are those of the chart (sim/plot.py); what is wrong is red there and here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape

from cuems.core.timecode import frame_at, to_ns
from cuems.sim.account import Account, Sample, histogram, summary
from cuems.sim.log import Entry, Verb
from cuems.sim.plot import NODE_COLOURS, to_svg
from cuems.sim.report import RATE, time_text
from cuems.sim.svg import Svg, figure

WIDTH, HEIGHT = 680, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 664, 16, 180
STEPS = 4
LATE_MS = 40.0  # a frame
ROWS = 2000  # of a table; a run of months has more in its JSON

STYLE = """
body{font:14px/1.45 system-ui,"Segoe UI","Helvetica Neue",Arial,sans-serif;color:#1c2430;
max-width:1440px;margin:24px auto;padding:0 24px;background:#fff}
h1{font-size:24px;margin:0}h2{font-size:17px;margin:36px 0 10px}
.about{color:#5b6675;margin:2px 0 18px}
.facts{display:flex;flex-wrap:wrap;gap:10px;margin:0;padding:0}
.facts div{border:1px solid #e3e6ea;border-radius:8px;padding:8px 14px}
.facts dt{color:#5b6675;font-size:12px}.facts dd{margin:0;font-weight:600}
.warn{background:#fdecec;border-left:4px solid #d62728;padding:8px 12px;margin:14px 0}
.charts{display:flex;flex-wrap:wrap;gap:24px}figure{margin:0}
figcaption{color:#5b6675;margin-bottom:4px}
.wide svg{max-width:100%;height:auto}
table{border-collapse:collapse;width:100%}
th{color:#5b6675;font-weight:500;text-align:left;position:sticky;top:0;background:#fff}
td,th{padding:3px 12px 3px 0;border-bottom:1px solid #edeff2;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
tr.bad td{color:#d62728}
.none{color:#5b6675}
@media print{body{margin:0}h2{break-after:avoid}tr{break-inside:avoid}}
"""
CHART_STYLE = """
.mark-axis{font-size:11px;fill:#5b6675}.rule{stroke:#e3e6ea;fill:none}
.base{stroke:#c3c9d1;fill:none}.count{font-size:11px;fill:#3b4552;text-anchor:middle}
.trace{fill:none;stroke-width:1.6}
"""


def to_html(account: Account) -> str:
    """The page."""
    title = f"{account.project} · {account.name}"
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
        f"<style>{STYLE}</style></head><body>",
        f"<h1>{escape(account.project)}</h1>",
        f'<p class="about">run {escape(account.name)}, cuems {escape(account.opened.version)}</p>',
        *(f'<p class="warn">{escape(fault)}</p>' for fault in account.faults),
        *_facts(account),
        "<h2>What ran</h2>",
        f'<div class="wide">{_inline(to_svg(account.report))}</div>',
        "<h2>Lateness and timecode</h2>",
        f'<div class="charts">{"".join(_charts(account))}</div>',
        "<h2>Starts: planned and actual</h2>",
        _starts(account),
        "<h2>Failures and refusals</h2>",
        _log(account, _is_wrong, "nothing failed, nothing was refused"),
        "<h2>Who asked for what</h2>",
        _log(account, _is_asked, "nobody asked for anything"),
        "<h2>Nodes and timecode</h2>",
        _log(account, _is_rig, "nothing changed"),
        "<h2>Notices</h2>",
        _notices(account),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _inline(svg: str) -> str:
    """A drawing without the head of a file."""
    return svg.partition("?>\n")[2]


def _facts(account: Account) -> Iterator[str]:
    yield '<dl class="facts">'
    for name, text in summary(account):
        yield f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>"
    yield "</dl>"


# ---- the drawings


def _charts(account: Account) -> Iterator[str]:
    late = account.late_ms()
    if late:
        yield _figure("How late players were told to start", _histogram(list(histogram(late))))
    else:
        yield '<p class="none">nothing was started on a node</p>'
    if account.samples:
        yield _figure("Jitter of timecode, ms", _traces(account, _jitter_ms))
        yield _figure("Rate error of timecode, ppm", _traces(account, _rate_ppm))


def _figure(caption: str, svg: str) -> str:
    return f"<figure><figcaption>{escape(caption)}</figcaption>{_inline(svg)}</figure>"


def _histogram(counts: Sequence[tuple[str, int]]) -> str:
    svg = Svg(WIDTH, HEIGHT, CHART_STYLE)
    most = max(count for _, count in counts)
    room = (RIGHT - LEFT) / len(counts)
    late_from = [text for text, _ in counts].index(f"≤ {LATE_MS:g} ms")
    for number, (text, count) in enumerate(counts):
        height = (BOTTOM - TOP - 16) * count / most
        x = LEFT + number * room
        fill = "#d62728" if number > late_from else NODE_COLOURS[0]
        svg.rect(x + 4, BOTTOM - height, room - 8, height, fill=fill, title=f"{text}: {count}")
        if count:
            svg.text(x + room / 2, BOTTOM - height - 5, str(count), "count")
        svg.text(x + room / 2, BOTTOM + 18, text, "count")
    svg.path(f"M{LEFT} {BOTTOM}H{RIGHT}", "base")
    return svg.to_text()


def _traces(account: Account, value: Callable[[Sample], float]) -> str:
    """A line for each node over the time of the run."""
    svg = Svg(WIDTH, HEIGHT, CHART_STYLE)
    values = [value(sample) for sample in account.samples]
    low, high = min(0.0, *values), max(0.0, *values)
    high = high if high > low else low + 1
    end_ns = max(1, account.report.rehearsal.end_ns)
    for step in range(STEPS + 1):
        y = BOTTOM - (BOTTOM - TOP) * step / STEPS
        svg.path(f"M{LEFT} {figure(y)}H{RIGHT}", "rule")
        label = f"{low + (high - low) * step / STEPS:.3g}"
        svg.text(LEFT - 8, y + 4, label, "mark-axis", text_anchor="end")
        at_ns = end_ns * step // STEPS
        x = LEFT + (RIGHT - LEFT) * step / STEPS
        anchor = "end" if step == STEPS else "middle" if step else "start"
        svg.text(x, BOTTOM + 18, time_text(at_ns), "mark-axis", text_anchor=anchor)
    for number, node in enumerate(account.report.rehearsal.nodes):
        points = [
            (
                LEFT + (RIGHT - LEFT) * sample.at_ns / end_ns,
                BOTTOM - (BOTTOM - TOP) * (value(sample) - low) / (high - low),
            )
            for sample in account.samples
            if sample.node == node
        ]
        if points:
            d = "M" + "L".join(f"{figure(x)} {figure(y)}" for x, y in points)
            colour = NODE_COLOURS[number % len(NODE_COLOURS)]
            svg.path(d, "trace", stroke=colour, title=account.report.node_name(node))
    return svg.to_text()


def _jitter_ms(sample: Sample) -> float:
    return sample.report.jitter_us / 1000


def _rate_ppm(sample: Sample) -> float:
    return float(sample.report.rate_error_ppm)


# ---- the tables


def _starts(account: Account) -> str:
    failed = account.report.failed()
    return _table(
        ("at (UTC)", "cue", "node", "planned", "actual", "late ms"),
        (
            (
                entry.cue in failed or to_ns(entry.late) / 1e6 > LATE_MS,
                (
                    f"{account.wall(entry.at_ns):%H:%M:%S.%f}"[:-3],
                    account.report.cue_name(entry.cue),
                    account.report.node_name(entry.node),
                    str(frame_at(entry.position, RATE)),
                    str(frame_at(entry.position + entry.late, RATE)),
                    f"{to_ns(entry.late) / 1e6:.1f}",
                ),
            )
            for entry in account.starts
        ),
        "nothing was started on a node",
    )


def _log(account: Account, wanted: Callable[[Entry], bool], none: str) -> str:
    return _table(
        ("at (UTC)", "timecode", "node", "what", "cue", ""),
        (
            (
                entry.verb in (Verb.FAILS, Verb.REFUSED),
                (
                    f"{account.wall(entry.at_ns):%H:%M:%S.%f}"[:-3],
                    str(frame_at(entry.position, RATE)),
                    account.report.node_name(entry.node),
                    entry.verb.value,
                    account.report.cue_name(entry.cue),
                    account.report.readable(entry.note),
                ),
            )
            for entry in account.report.rehearsal.entries
            if wanted(entry)
        ),
        none,
    )


def _is_wrong(entry: Entry) -> bool:
    return entry.verb in (Verb.FAILS, Verb.REFUSED)


def _is_asked(entry: Entry) -> bool:
    return entry.verb in (Verb.GO, Verb.ASKED)


def _is_rig(entry: Entry) -> bool:
    return entry.verb in (Verb.NODE, Verb.TIMECODE, Verb.PAUSED, Verb.RESUMED, Verb.ALL_OFF)


def _notices(account: Account) -> str:
    return _table(
        ("at (UTC)", "notice"),
        (
            (False, (f"{account.wall(at_ns):%H:%M:%S}", account.report.readable(notice.text)))
            for at_ns, notice in account.notices
        ),
        "none",
    )


def _table(heads: Sequence[str], rows: Iterable[tuple[bool, tuple[str, ...]]], none: str) -> str:
    all_rows = list(rows)
    if not all_rows:
        return f'<p class="none">{escape(none)}</p>'
    lines = [f"<table><tr>{''.join(_cell('th', head, head) for head in heads)}</tr>"]
    for bad, cells in all_rows[:ROWS]:
        css = ' class="bad"' if bad else ""
        row = "".join(_cell("td", cell, head) for cell, head in zip(cells, heads, strict=True))
        lines.append(f"<tr{css}>{row}</tr>")
    if len(all_rows) > ROWS:
        lines.append(f'<tr><td colspan="9">and {len(all_rows) - ROWS} more: --json</td></tr>')
    return "\n".join([*lines, "</table>"])


def _cell(element: str, text: str, head: str) -> str:
    css = ' class="n"' if head.endswith("ms") else ""
    return f"<{element}{css}>{escape(text)}</{element}>"
