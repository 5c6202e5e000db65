"""The command line: parses, then calls app or sim. Usage errors are one line and exit 2."""

import sys

import click
from click.exceptions import NoArgsIsHelpError

import cuems
from cuems.app.supervise import run_to_exit_status
from cuems.cli.check import check
from cuems.cli.client import COMMANDS
from cuems.cli.clients import clients
from cuems.cli.commands import commands
from cuems.cli.deploy import deploy
from cuems.cli.doctor import doctor
from cuems.cli.key import key
from cuems.cli.mtc import mtc
from cuems.cli.nodes import nodes
from cuems.cli.ports import ports
from cuems.cli.project import project
from cuems.cli.run import run_role
from cuems.cli.runs import list_runs, replay_run, report, why_cue
from cuems.cli.schedule import schedule
from cuems.cli.settings import settings
from cuems.cli.ship import ship
from cuems.cli.simulate import simulate
from cuems.cli.systemd import systemd
from cuems.cli.token import token

INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(cuems.__version__, prog_name="cuems")
def cli() -> None:
    """Show control: one controller, any number of nodes, every cue on its frame."""


cli.add_command(check)
cli.add_command(clients)
cli.add_command(commands)
cli.add_command(deploy)
cli.add_command(doctor)
cli.add_command(key)
cli.add_command(mtc)
cli.add_command(nodes)
cli.add_command(ports)
cli.add_command(project)
cli.add_command(run_role)
for command in (list_runs, report, replay_run, why_cue):
    cli.add_command(command)
cli.add_command(schedule)
cli.add_command(settings)
cli.add_command(ship)
cli.add_command(simulate)
cli.add_command(systemd)
cli.add_command(token)
for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """The program. Exit status: 0 done, 1 failed, 2 wrong usage, 70 a bug, 130 interrupted."""
    sys.exit(run_to_exit_status(_run_cli))


def _run_cli() -> int:
    try:
        status: int | None = cli(standalone_mode=False)
    except NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        click.echo(f"cuems: {' '.join(error.format_message().split())}", err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return status or 0
