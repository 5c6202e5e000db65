"""`cuems check`: what is wrong with a project, before the show."""

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import anyio
import click

from cuems.app.check import CheckReport, NoSuchProjectError, check_project
from cuems.app.check_files import CheckRequest
from cuems.core.findings import Finding, Severity

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.ADVICE: "cyan"}
SEVERITY_WIDTH = 7
NAME_WIDTH = 20
LEAST_TEXT_WIDTH = 40
GAP = "  "


@click.command("check")
@click.argument("project")
@click.option("--library", type=click.Path(path_type=Path), help="Folder of projects and media.")
@click.option(
    "--config",
    envvar="CUEMS_CONF_PATH",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of settings.xml, network_map.xml and default_mappings.xml.",
)
@click.option("--json", "as_json", is_flag=True, help="For a program: one JSON object.")
def check(*, project: str, library: Path | None, config: Path | None, as_json: bool) -> int:
    """Say what is wrong with a project: its files, references, media, outputs and players.

    PROJECT is a project of the library, its folder, or a script.xml. An error means that something
    will not play, a warning that it will play otherwise than authored; advice is what could be
    better. Exit status: 0 without errors, 1 with errors, 2 for wrong usage.
    """
    request = CheckRequest(project=project, library=library, config=config)
    try:
        report = anyio.run(check_project, request, _show_progress)
    except NoSuchProjectError as error:
        raise click.BadArgumentUsage(str(error)) from error
    if as_json:
        click.echo(to_json(report))
    else:
        _print(report)
    return 1 if report.count(Severity.ERROR) else 0


def to_json(report: CheckReport) -> str:
    """The report for a program."""
    counts = {severity.value: report.count(severity) for severity in Severity}
    return json.dumps(
        {
            "project": report.project,
            "folder": str(report.folder),
            "cues": report.cues,
            "media_files": report.media_files,
            "counts": counts,
            "findings": [asdict(finding) for finding in report.findings],
        },
        indent=2,
    )


def _show_progress(done: int, of: int) -> None:
    """Only for somebody who waits at a terminal."""
    if sys.stderr.isatty():
        end = "\r\033[K" if done == of else ""
        click.echo(f"\r\033[Kexamining media: {done} of {of}{end}", nl=False, err=True)


# ---- for people


def _print(report: CheckReport) -> None:
    colour = False if os.environ.get("NO_COLOR") else None
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for line in table(report, width):
        click.echo(line, color=colour)
    click.echo(summary(report), color=colour)


def table(report: CheckReport, width: int = 0) -> Iterator[str]:
    """A line for each finding, below it what helps; wrapped to a terminal's width (0: not)."""
    places = [_place(report, finding) for finding in report.findings]
    place_width = max(map(len, places), default=0)
    name_width = max((len(_name(finding)) for finding in report.findings), default=0)
    margin = SEVERITY_WIDTH + place_width + name_width + 3 * len(GAP)
    for finding, place in zip(report.findings, places, strict=True):
        severity = click.style(
            f"{finding.severity.value:{SEVERITY_WIDTH}}", fg=COLOURS[finding.severity], bold=True
        )
        name = click.style(f"{_name(finding):{name_width}}", bold=True)
        text, *more = _wrapped(finding.text, width - margin, width)
        yield GAP.join((severity, f"{place:{place_width}}", name, text))
        indent = " " * margin
        yield from (indent + line for line in more)
        if finding.remedy:
            first, *rest = _wrapped(finding.remedy, width - margin - 2, width)
            yield f"{indent}→ {first}"
            yield from (f"{indent}  {line}" for line in rest)
        if finding.command:
            yield f"{indent}  {_printable(finding.command)}"


def _place(report: CheckReport, finding: Finding) -> str:
    path = Path(finding.file)
    shown = path.name if path.parent == report.folder else str(path)
    return _printable(shown if finding.line is None else f"{shown}:{finding.line}")


def _name(finding: Finding) -> str:
    name = _printable(finding.name)
    return name if len(name) <= NAME_WIDTH else name[: NAME_WIDTH - 1] + "…"


def _wrapped(text: str, room: int, width: int) -> list[str]:
    text = _printable(text)
    if not width:
        return [text]
    room = max(room, LEAST_TEXT_WIDTH)
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]


def _printable(text: str) -> str:
    """What a file says may not command a terminal."""
    return "".join(character if character.isprintable() else "�" for character in text)


def summary(report: CheckReport) -> str:
    """One line that says whether the show can go on."""
    errors, warnings = report.count(Severity.ERROR), report.count(Severity.WARNING)
    counts = [_counted(errors, "error"), _counted(warnings, "warning")]
    counts.append(f"{report.count(Severity.ADVICE)} advice")
    if report.cues is None:
        looked_at = "cues and media not checked: correct script.xml first"
    else:
        looked_at = f"{_counted(report.cues, 'cue')}, {_counted(report.media_files, 'media file')}"
    if errors:
        verdict = click.style("not ready", fg="red", bold=True)
    else:
        verdict = click.style("ready", fg="green", bold=True)
    return f"{_printable(report.project)} is {verdict}: {', '.join(counts)} ({looked_at})"


def _counted(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
