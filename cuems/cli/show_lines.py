"""A show as lines of text for people."""

import os
import unicodedata
from collections.abc import Iterable, Iterator

import click

from cuems.core.deploy_desk import ENDED
from cuems.wire.control_view import CueView, NodeView, ShowView, to_clock

NAME_WIDTH = 32
LABEL_WIDTH = 10
DONE = 100  # percent
COLOURS = {
    "playing": "green",
    "paused": "yellow",
    "failed": "red",
    "disabled": "bright_black",
    "played": "cyan",
}
NODE_COLOURS = {"ok": "green", "late": "yellow", "lost": "red"}


def status_lines(view: ShowView) -> Iterator[str]:
    """All there is to say."""
    yield from head_lines(view)
    if view.nodes:
        yield ""
        yield from node_lines(view)
    if view.cues:
        yield ""
        yield from cue_lines(view)


def head_lines(view: ShowView) -> Iterator[str]:
    """The show as a whole."""
    project = view.fact("load")
    yield _labelled("show", _styled(printable(project), bold=True) if project else "none loaded")
    yield _labelled("state", _state(view))
    if project:
        standby = view.standby
        name = view.fact("nextcue") if standby is None else name_of(standby)
        yield _labelled("standby", printable(name) or "-")
    yield _labelled("timecode", to_clock(view.facts.get("timecode")))
    if view.fact("notice"):
        yield _labelled("notice", _styled(printable(view.fact("notice")), fg="yellow"))


def _state(view: ShowView) -> str:
    running = "running" if view.fact("running") == "yes" else "not running"
    if view.fact("paused") == "yes":
        running += ", paused"
    if view.fact("armed") == "yes":
        return f"{running}, {_styled('armed', fg='green', bold=True)}"
    why = printable(view.fact("waiting_for"))
    return f"{running}, {_styled('not armed', fg='red', bold=True)}{f': {why}' if why else ''}"


def node_lines(view: ShowView, *, ids: bool = False) -> Iterator[str]:
    """Every node."""
    names = {node.id: node.name if ids else view.label(node) for node in view.nodes.values()}
    width = _widest(names[node.id] or node.id for node in view.nodes.values())
    for node in view.nodes.values():
        said = [printable(text) for text in _about_node(node) if text]
        name = padded(printable(names[node.id] or node.id), width)
        state = _styled(padded(node.state or "?", 11), fg=NODE_COLOURS.get(node.state))
        shown = f"{printable(node.id)}  {name}" if ids else f"node  {name}"
        yield f"{shown}  {state}  {'; '.join(said)}".rstrip()


def _about_node(node: NodeView) -> Iterator[str]:
    yield node.detail
    if node.state != "lost":  # what it said before it was lost is no longer so
        if node.chase:
            yield f"timecode {node.chase}{f' ({node.chase_detail})' if node.chase_detail else ''}"
        yield _about_files(node)


def _about_files(node: NodeView) -> str:
    state = str(node.files.get("state", ""))
    if state in ENDED - {"done"}:
        return f"files {state}: {node.deploy_detail}".removesuffix(": ")
    if state in ("", "fetching") and node.deploy is not None and node.deploy < DONE:
        return f"fetching {node.deploy} % {node.deploy_detail}".rstrip()
    return "" if state in ("", "fetching", "done") else f"files: {state}"


def cue_lines(view: ShowView) -> Iterator[str]:
    """Every cue, `>` at the one that stands by."""
    width = _widest(name_of(cue) for cue in view.cues.values())
    standby = view.standby
    for cue in view.cues.values():
        mark = ">" if cue is standby else " "
        name = padded(printable(name_of(cue)), width)
        state = f"{cue.percent:3} %" if cue.state == "playing" else cue.state
        state += f" at {cue.percent} %" if cue.state == "paused" else ""
        also = " (disabled)" if not cue.enabled and cue.state != "disabled" else ""
        reason = f"  {printable(cue.reason)}" if cue.reason else ""
        yield f"{mark} {name}  {_styled(state, fg=COLOURS.get(cue.state))}{also}{reason}"


def name_of(cue: CueView) -> str:
    """What a person calls it."""
    return cue.name or cue.id


def _labelled(label: str, text: str) -> str:
    return f"{label:{LABEL_WIDTH}}{text}"


def _styled(text: str, *, fg: str | None = None, bold: bool = False) -> str:
    """In colour, unless nobody wants any (no-color.org); click drops it off a terminal."""
    return text if os.environ.get("NO_COLOR") else click.style(text, fg=fg, bold=bold or None)


def printable(text: str) -> str:
    """What somebody else says may not command a terminal, nor break a line."""
    lines = " / ".join(text.splitlines())
    return "".join(character if character.isprintable() else "�" for character in lines)


def cells(character: str) -> int:
    """How many columns of a terminal a character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, width: int) -> str:
    """Exactly `width` columns, cut with … where it is longer."""
    taken, kept = 0, ""
    for character in text:
        if taken + cells(character) > width:
            while kept and taken > width - 1:
                taken -= cells(kept[-1])
                kept = kept[:-1]
            kept += "…"
            taken += 1
            break
        kept += character
        taken += cells(character)
    return kept + " " * (width - taken)


def _widest(names: Iterable[str]) -> int:
    widths = (sum(cells(character) for character in printable(name)) for name in names)
    return min(max(widths, default=0), NAME_WIDTH)
