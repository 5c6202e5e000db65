"""`cuems simulate`: run a show without the world, and say what would happen."""

import sys
from pathlib import Path

import click

from cuems.app.config import default_library
from cuems.app.project import project_folder, read_sound_show
from cuems.cli.show_lines import printable
from cuems.cli.times import COMMANDS, to_command, to_cue, to_drop_out, to_time
from cuems.core.cues import Show
from cuems.core.errors import CuemsError
from cuems.core.operator import PressGo
from cuems.core.timecode import to_ns
from cuems.sim.plot import to_svg
from cuems.sim.rehearsal import rehearse
from cuems.sim.report import (
    Report,
    Tone,
    report_on,
    rows,
    sections,
    to_json,
    to_lines,
)
from cuems.sim.setup import Setup, Step
from cuems.sim.source import DropOut

MOST_LOSS = 0.9
MOST_NODES = 64
COLOURS = {Tone.GO: "green", Tone.BAD: "red"}


class PlotError(CuemsError):
    """The drawing cannot be written."""


@click.command("simulate")
@click.argument("project")
@click.option(
    "--go", "gos", type=to_time, metavar="TIME", multiple=True, help="Press GO then. Repeatable."
)
@click.option(
    "--at",
    "commands",
    type=(to_time, str),
    multiple=True,
    metavar="TIME COMMAND",
    help=f"Do something then: {', '.join(COMMANDS)}; in quotes with its CUE (id or name) or TIME,"
    " as in --at 12s 'setnextcue Drone'. Repeatable.",
)
@click.option(
    "--drop-mtc",
    "drop_outs",
    type=to_drop_out,
    metavar="LENGTH@TIME",
    multiple=True,
    help="Let MIDI timecode fail so long, from then on. Nodes then follow MIDI timecode alone;"
    " the controller's line over the bus, which steps in on a real rig, is left out. Repeatable.",
)
@click.option(
    "--nodes",
    type=click.IntRange(1, MOST_NODES),
    default=1,
    help="At least so many nodes; those of the show come first, the others own nothing.",
)
@click.option(
    "--loss",
    type=click.FloatRange(0, MOST_LOSS),
    default=0.0,
    help="Lose that share of all messages. The bus is TCP: what is lost comes again 200 ms or"
    " more later; a GO also goes by datagrams, again and again until it is answered.",
)
@click.option("--seed", type=int, default=0, help="Another seed, other delays and losses [0].")
@click.option(
    "--until", type=to_time, metavar="TIME", help="Stop then [when nothing more is due, or 25 h]."
)
@click.option(
    "--from", "start", type=to_time, metavar="TIME", default="0s", help="Where timecode begins."
)
@click.option("--break", "broken", multiple=True, metavar="CUE", help="Let a cue's player fail.")
@click.option("--library", type=click.Path(path_type=Path), help="Folder of projects and media.")
@click.option("--json", "as_json", is_flag=True, help="For a program.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw it, as SVG.")
def simulate(
    *,
    project: str,
    gos: tuple[int, ...],
    commands: tuple[tuple[int, str], ...],
    drop_outs: tuple[DropOut, ...],
    nodes: int,
    loss: float,
    seed: int,
    until: int | None,
    start: int,
    broken: tuple[str, ...],
    library: Path | None,
    as_json: bool,
    plot: Path | None,
) -> None:
    """Run a show on a virtual clock: who starts, ends and fails, when, where and how late.

    PROJECT is a project of the library, its folder, or a script.xml. Times are counted from when
    the rig is armed. Without --go, GO is pressed at once and then whenever everything that has an
    end has ended, until the list is over; with more than one node on whole seconds, from 1 s on.
    """
    show = _read(project, library)
    setup = Setup(
        nodes=nodes,
        loss=loss,
        seed=seed,
        start=start,
        drop_outs=drop_outs,
        broken=frozenset(to_cue(cue, show) for cue in broken),
    )
    script = [Step(to_ns(at), PressGo()) for at in gos]
    script += [Step(to_ns(at), to_command(text, show)) for at, text in commands]
    until_ns = None if until is None else to_ns(until)
    report = report_on(show, rehearse(show, setup, script, press_go=not gos, until_ns=until_ns))
    if plot is not None:
        _write_plot(plot, to_svg(report, drop_outs))
    if as_json:
        click.echo(to_json(report), nl=False)
    else:
        _print(report, pressed=not gos)


def _read(project: str, library: Path | None) -> Show:
    """The show; ends the program with its faults where it cannot be run."""
    path = Path(project)
    if path.is_file():
        script = path
    elif "/" in project or (path / "script.xml").is_file():
        script = path / "script.xml"
    else:
        script = project_folder(library or default_library(), project) / "script.xml"
    show = read_sound_show(script)
    if isinstance(show, str):
        click.echo(show, err=True)
        sys.exit(1)
    return show


def _write_plot(path: Path, svg: str) -> None:
    try:
        path.write_text(svg, encoding="utf-8")
    except OSError as error:
        raise PlotError(f"--plot {path}: {error.strerror}") from error


def _print(report: Report, *, pressed: bool) -> None:
    """For people; click leaves the colours out where nobody sees them."""
    nodes = report.rehearsal.nodes
    click.secho(printable(f"{report.show.name}: {len(report.order)} cues"), bold=True)
    for node in nodes:
        click.echo(f"  {report.node_name(node)} is {node}")
    if pressed:
        click.echo("  GO is pressed whenever everything that has an end has ended (no --go given)")
    click.echo()
    for text, tone in to_lines(rows(report)):
        click.secho(printable(text), fg=COLOURS.get(tone), dim=tone is Tone.QUIET)
    for heading, lines in sections(report):
        click.secho(f"\n{heading}", bold=True)
        for line in lines:
            click.echo(f"  {printable(line)}")
