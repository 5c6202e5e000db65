"""`cuems watch`: a show as it goes on, drawn on a terminal or told line by line."""

import json
import sys
from collections.abc import Iterator

import anyio
import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from cuems.app.client import Client
from cuems.cli.client import Target, client_options, operate
from cuems.cli.show_lines import cue_lines, head_lines, node_lines, printable
from cuems.wire.control_view import STATUS, CueView, ShowView
from cuems.wire.osc import Osc, OscArgument

DRAWN_EVERY_S = 0.1  # a GO changes ten facts at once; a person sees no more than this
KEPT_ABOVE = 3  # cues above the one that is followed


@click.command("watch")
@client_options
def watch(*, url: str, token: str, timeout: float, as_json: bool) -> int:
    """Follow a show until interrupted, or until the connection is lost.

    A live picture on a terminal; a line for each change where the output goes elsewhere (--json:
    an object with address and value).
    """

    async def follow(client: Client) -> None:
        await watch_show(client, as_json=as_json, on_terminal=sys.stdout.isatty())

    return operate(Target(url=url, token=token, timeout_s=timeout, as_json=as_json), follow)


async def watch_show(client: Client, *, as_json: bool, on_terminal: bool) -> None:
    """Follow until the connection is lost, which raises NotReachableError."""
    await client.learn()
    if on_terminal and not as_json:
        await _draw_for_ever(client)
    for address, value in _known(client.view):
        _tell(client.view, address, value, as_json=as_json)
    while True:
        message = await client.hear()
        if message.args and message.address.startswith(STATUS):
            _tell(client.view, message.address, message.args[0], as_json=as_json)


# ---- line by line


def _known(view: ShowView) -> Iterator[tuple[str, OscArgument]]:
    """What was told before the watching began."""
    yield from ((STATUS + kind, value) for kind, value in view.facts.items())
    for node in view.nodes.values():
        yield f"{STATUS}node/{node.id}", node.state
    for cue in view.cues.values():
        yield f"{STATUS}cue/{cue.id}", cue.percent


def _tell(view: ShowView, address: str, value: OscArgument, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"address": address, "value": value}))
    else:
        click.echo(to_line(view, Osc(address, (value,))))


def to_line(view: ShowView, status: Osc) -> str:
    """A change, with names instead of ids."""
    kind, *about = status.address.removeprefix(STATUS).split("/")
    names = [_named(view, part) for part in about]
    value = str(status.args[0])
    shown = _named(view, value) if kind == "nextcue" else value
    return printable(" ".join((kind, *names, shown or "-")))


def _named(view: ShowView, part: str) -> str:
    if part in view.cues:
        return view.cues[part].name or part
    if part in view.nodes:
        return view.label(view.nodes[part])
    return part


# ---- on a terminal


async def _draw_for_ever(client: Client) -> None:
    console = Console()
    live = Live(
        console=console,
        screen=True,  # of our own, and the one that was there afterwards
        auto_refresh=False,  # it would be a thread
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with live:
        while True:
            live.update(picture(client.view, console.height), refresh=True)
            await client.hear()
            with anyio.move_on_after(DRAWN_EVERY_S):
                while True:
                    await client.hear()


def picture(view: ShowView, height: int) -> Group:
    """A screenful; what is too long for a line ends in …"""
    return Group(
        *(Text.from_ansi(line, no_wrap=True, overflow="ellipsis") for line in fitted(view, height))
    )


def fitted(view: ShowView, height: int) -> Iterator[str]:
    """Everything in so many lines: of a long list the part round what goes on."""
    above = [*head_lines(view), *node_lines(view), ""]
    cues = list(cue_lines(view))
    room = max(height - len(above), 1)
    first = min(_followed(view), max(len(cues) - room, 0))
    yield from (above + cues[first : first + room])[:height]


def _followed(view: ShowView) -> int:
    """The first cue to be shown: some above what plays, or what stands by."""
    cues = list(view.cues.values())
    playing = (number for number, cue in enumerate(cues) if cue.state in ("playing", "paused"))
    standby: CueView | None = view.standby
    at = next(playing, 0 if standby is None else cues.index(standby))
    return max(at - KEPT_ABOVE, 0)
