"""`cuems doctor`: whether this machine is fit for the show."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import anyio
import click

from cuems.app.config import Role
from cuems.app.doctor import Patient, examine
from cuems.core.checkup import Finding, Verdict, worst

COLOURS = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.ERROR: "red"}
WHAT_WIDTH = 17
SUMMARY = {
    Verdict.OK: "fit for the show",
    Verdict.WARNING: "fit, with what is warned of",
    Verdict.ERROR: "not fit for the show",
}


@click.command("doctor")
@click.option(
    "--role", type=click.Choice([role.value for role in Role]), default=Role.CONTROLLER.value
)
@click.option(
    "--config",
    envvar="CUEMS_CONF_PATH",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of settings.xml.",
)
@click.option("--library", envvar="CUEMS_LIBRARY", type=click.Path(path_type=Path))
@click.option("--state", envvar="CUEMS_STATE", type=click.Path(path_type=Path))
@click.option("--bus", envvar="CUEMS_BUS", metavar="URL", help="A node's controller.")
@click.option("--json", "as_json", is_flag=True, help="For a program: one JSON object.")
def doctor(
    *,
    role: str,
    config: Path | None,
    library: Path | None,
    state: Path | None,
    bus: str | None,
    as_json: bool,
) -> int:
    """Look at this machine before the show, and say what helps. Nothing is changed.

    Run it as the user that runs the show. Exit status: 0 fit, maybe with warnings; 1 not fit; 2
    wrong usage.
    """
    patient = Patient(role=Role(role), config=config, library=library, state=state, bus=bus)
    findings = anyio.run(_all, patient)
    verdict = worst(findings)
    if as_json:
        told = {"verdict": verdict, "findings": [asdict(finding) for finding in findings]}
        click.echo(json.dumps(told, indent=2))
    else:
        _print(findings, verdict)
    return 1 if verdict is Verdict.ERROR else 0


async def _all(patient: Patient) -> list[Finding]:
    return [finding async for finding in examine(patient)]


def _print(findings: list[Finding], verdict: Verdict) -> None:
    colour = False if os.environ.get("NO_COLOR") else None
    for finding in findings:
        word = click.style(f"{finding.verdict.value:7}", fg=COLOURS[finding.verdict])
        click.echo(f"{word}  {finding.what:{WHAT_WIDTH}}  {finding.text}", color=colour)
        if finding.remedy and finding.verdict is not Verdict.OK:
            click.echo(f"{'':7}  {'':{WHAT_WIDTH}}  → {finding.remedy}")
    counts = {each: sum(finding.verdict is each for finding in findings) for each in Verdict}
    click.echo(
        f"this machine is {click.style(SUMMARY[verdict], fg=COLOURS[verdict], bold=True)}:"
        f" {counts[Verdict.ERROR]} errors, {counts[Verdict.WARNING]} warnings,"
        f" {counts[Verdict.OK]} well",
        color=colour,
    )
