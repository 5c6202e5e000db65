"""The command line: parses, then calls app or sim. Usage errors are one line and exit 2."""

import sys
from importlib import import_module

import click
from click.exceptions import NoArgsIsHelpError

import cuems
from cuems.app.supervise import run_to_exit_status

INTERRUPTED = 130

WHERE = {  # a command: its module here, and its name there
    "check": "check:check",
    "clients": "clients:clients",
    "commands": "commands:commands",
    "deploy": "deploy:deploy",
    "disable": "client:disable",
    "doctor": "doctor:doctor",
    "enable": "client:enable",
    "go": "client:go",
    "key": "key:key",
    "load": "client:load",
    "mtc": "mtc:mtc",
    "next": "client:next_cue",
    "nodes": "nodes:nodes",
    "panic": "client:panic",
    "pause": "client:pause",
    "ports": "ports:ports",
    "project": "project:project",
    "replay": "runs:replay_run",
    "report": "runs:report",
    "resume": "client:resume",
    "run": "run:run_role",
    "runs": "runs:list_runs",
    "schedule": "schedule:schedule",
    "settings": "settings:settings",
    "ship": "ship:ship",
    "simulate": "simulate:simulate",
    "status": "client:status",
    "stop": "client:stop",
    "systemd": "systemd:systemd",
    "takecontrol": "client:takecontrol",
    "token": "token:token",
    "watch": "watching:watch",
    "why": "runs:why_cue",
}


class Commands(click.Group):
    """Loads the command that was given and no other: `cuems go` is not to wait for a report's."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """By their names."""
        return sorted(WHERE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """None where there is no such command."""
        where = WHERE.get(cmd_name)
        if where is None:
            return None
        module, _, name = where.partition(":")
        command = getattr(import_module(f"{__name__}.{module}"), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(cuems.__version__, prog_name="cuems")
def cli() -> None:
    """Show control: one controller, any number of nodes, every cue on its frame."""


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
