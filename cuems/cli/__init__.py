"""The command line: parses, then calls app or sim. Usage errors are one line and exit 2."""

import sys

import click

import cuems
from cuems.cli.run import run_role
from cuems.core.errors import CuemsError

FAILED, INTERRUPTED = 1, 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(cuems.__version__, prog_name="cuems")
def cli() -> None:
    """Show control: one controller, any number of nodes, every cue on its frame."""


cli.add_command(run_role)


def main() -> None:
    """The program. Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    try:
        _run_cli()
    except* CuemsError as group:
        click.echo(f"cuems: {_first(group)}", err=True)
        sys.exit(FAILED)


def _run_cli() -> None:
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"cuems: {' '.join(error.format_message().split())}", err=True)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)


def _first(group: BaseExceptionGroup[CuemsError]) -> CuemsError:
    for error in group.exceptions:
        return _first(error) if isinstance(error, BaseExceptionGroup) else error
    raise AssertionError("an empty group cannot be raised")
