"""`cuems runs`, `report`, `replay`, `why`: what the journal knows of a show that was."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import platformdirs

from cuems.adapters.journal_files import runs
from cuems.adapters.journal_reader import (
    Run,
    UnreadableRunError,
    find_run,
    first_record,
    read_run,
)
from cuems.app.runs import Ending, all_records, chain, ending_of, opened, read_kept, show_of
from cuems.cli.show_lines import printable
from cuems.cli.times import to_cue
from cuems.core.cues import Show
from cuems.core.errors import CuemsError
from cuems.core.journal import Opened
from cuems.sim.account import Account, account_of, summary, to_json
from cuems.sim.account_page import to_html
from cuems.sim.replay import Difference, replay
from cuems.sim.report import Tone, rows, time_text, to_lines
from cuems.sim.why import why

ENDINGS = {
    Ending.DONE: "in good order",
    Ending.RUNNING: "not yet: it is still running",
    Ending.CRASHED: "without a word: it crashed",
}
SHOWN_DIFFERENCES = 20
SHOWN_CHARACTERS = 300
COLOURS = {Tone.GO: "green", Tone.BAD: "red"}


class NoShowError(CuemsError):
    """A run in which nothing was loaded."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"{run.name}: no project was loaded in this run; `cuems runs` lists all")


class ReportError(CuemsError):
    """The report cannot be written."""


def _journal(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where the journal is."""
    return click.option(
        "--state",
        envvar="CUEMS_STATE",
        type=click.Path(path_type=Path),
        help="Folder of what the controller keeps.",
    )(command)


def _folder(state: Path | None) -> Path:
    return (state or platformdirs.user_state_path("cuems")) / "journal"


@click.command("runs")
@_journal
@click.option("--json", "as_json", is_flag=True, help="For a program.")
def list_runs(*, state: Path | None, as_json: bool) -> None:
    """List the runs in the journal, the newest last."""
    found = []
    for path in runs(_folder(state)):
        record = first_record(path)
        began = record.what if record is not None else None
        project = _project(path)
        found.append(
            {
                "run": path.name,
                "project": project,
                "ended": ending_of(path),
                "continues": began.continues if isinstance(began, Opened) else "",
                "bytes": sum(file.stat().st_size for file in path.iterdir()),
            }
        )
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    if not found:
        click.echo(f"no runs yet in {_folder(state)}")
    for run in found:
        click.echo(f"{run['run']}  {run['project'] or '-':<20}  {run['ended']}")


def _project(path: Path) -> str:
    for script in path.glob("show-*.xml"):
        try:
            return read_kept(script).name
        except UnreadableRunError:
            return "?"
    return ""


@click.command("report")
@click.argument("run")
@_journal
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it as a page of its own, with plots.",
)
@click.option("--json", "as_json", is_flag=True, help="For a program.")
def report(*, run: str, state: Path | None, html: Path | None, as_json: bool) -> None:
    """Say what ran, when and how late, what failed, who asked for what, how timecode was.

    RUN is the name or number of a run, `last`, or its folder.
    """
    account = _account(read_run(find_run(_folder(state), run)))
    if html is not None:
        try:
            html.write_text(to_html(account), encoding="utf-8")
        except OSError as error:
            raise ReportError(f"--html {html}: {error.strerror}") from error
    if as_json:
        click.echo(to_json(account), nl=False)
    elif html is None:
        _print(account)


def _account(run: Run) -> Account:
    ending = ENDINGS[ending_of(run.path)]
    return account_of(run.records, _show(run), opened(run), ending=ending, faults=run.faults)


def _show(run: Run) -> Show:
    show = show_of(run)
    if show is None:
        raise NoShowError(run)
    return show


def _print(account: Account) -> None:
    click.secho(printable(f"{account.project}, run {account.name}"), bold=True)
    for fault in account.faults:
        click.secho(printable(f"  {fault}"), fg="red")
    for name, text in summary(account):
        click.echo(f"  {name:<22} {printable(text)}")
    click.echo()
    for text, tone in to_lines(rows(account.report)):
        click.secho(printable(text), fg=COLOURS.get(tone), dim=tone is Tone.QUIET)


@click.command("replay")
@click.argument("run")
@_journal
def replay_run(*, run: str, state: Path | None) -> None:
    """Have a recorded run again in this very program, and say what comes out otherwise.

    RUN is the name or number of a run, `last`, or its folder. Exit status: 0 reproduced, 1 not.
    """
    chained = chain(find_run(_folder(state), run))
    folder = chained[-1].path.parent
    done = replay(
        all_records(chained),
        lambda name, file: read_kept(folder / name / file),
        compare=opened(chained[-1]).run,
    )
    for difference in done.differences[:SHOWN_DIFFERENCES]:
        _print_difference(difference)
    if len(done.differences) > SHOWN_DIFFERENCES:
        click.echo(f"and {len(done.differences) - SHOWN_DIFFERENCES} differences more")
    came = "reproduced" if not done.differences else f"{len(done.differences)} differences"
    click.echo(f"{chained[-1].name}: {done.records} events, {done.effects} effects: {came}")
    if done.differences:
        sys.exit(1)


def _print_difference(difference: Difference) -> None:
    click.echo(printable(f"record {difference.number}: {difference.what}"[:SHOWN_CHARACTERS]))
    click.echo(printable(f"  recorded  {difference.recorded or 'nothing'}"[:SHOWN_CHARACTERS]))
    click.echo(printable(f"  replayed  {difference.replayed or 'nothing'}"[:SHOWN_CHARACTERS]))


@click.command("why")
@click.argument("cue")
@click.option("--run", default="last", help="The run to look at, as for `report` [last].")
@_journal
@click.option("--json", "as_json", is_flag=True, help="For a program.")
def why_cue(*, cue: str, run: str, state: Path | None, as_json: bool) -> None:
    """Explain from the journal why a cue ran, or why it did not.

    CUE is a cue's name or id.
    """
    read = read_run(find_run(_folder(state), run))
    show = _show(read)
    verdict, facts = why(read.records, show, to_cue(cue, show))
    if as_json:
        plain = [{"at_ms": fact.at_ns / 1e6, "text": fact.text} for fact in facts]
        click.echo(json.dumps({"verdict": verdict, "facts": plain}, indent=1, ensure_ascii=False))
        return
    click.echo(printable(verdict))
    for fact in facts:
        click.echo(printable(f"  {time_text(fact.at_ns)}  {fact.text}"))
