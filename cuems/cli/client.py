"""`cuems go`, `stop`, … `status` and `watch`: operate an engine that runs, from a shell.

Exit status: 0 done, 1 refused (the engine's reason on stderr), 2 wrong usage, 3 not reachable.
"""

import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import anyio
import click

from cuems.app.client import (
    DEFAULT_URL,
    Client,
    CommandRefusedError,
    NotReachableError,
    UrlError,
    open_client,
)
from cuems.cli.show_lines import status_lines
from cuems.wire.control_view import NoSuchCueError, NoSuchNodeError

REFUSED = 1
NOT_REACHABLE = 3
DEFAULT_TIMEOUT_S = 5.0
LONGEST_TIMEOUT_S = 3600.0

Operation = Callable[[Client], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which engine, how patiently, and for whom the answer is."""

    url: str
    token: str
    timeout_s: float
    as_json: bool


def client_options(command: Callable[..., int]) -> Callable[..., int]:
    """What every client command can be told."""
    options = (
        click.option(
            "--url",
            envvar="CUEMS_URL",
            default=DEFAULT_URL,
            metavar="URL",
            help=f"Control surface of the controller [{DEFAULT_URL}].",
        ),
        click.option(
            "--token",
            envvar="CUEMS_TOKEN",
            default="",
            metavar="SECRET",
            help="Token or passcode (better in CUEMS_TOKEN: others see a command line).",
        ),
        click.option(
            "--timeout",
            type=click.FloatRange(0, LONGEST_TIMEOUT_S, min_open=True),
            default=DEFAULT_TIMEOUT_S,
            metavar="SECONDS",
            help=f"How long to wait for each answer [{DEFAULT_TIMEOUT_S:g}].",
        ),
        click.option("--json", "as_json", is_flag=True, help="For a program: JSON."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def operate(target: Target, operation: Operation) -> int:
    """Connect and do it; the exit status."""

    async def run() -> None:
        async with open_client(target.url, target.timeout_s, target.token) as client:
            await operation(client)

    try:
        anyio.run(run)
    except UrlError as error:
        raise click.BadParameter(str(error), param_hint="--url") from error
    except (CommandRefusedError, NoSuchCueError, NoSuchNodeError) as error:
        return _failed(target, str(error), REFUSED)
    except NotReachableError as error:
        return _failed(target, str(error), NOT_REACHABLE)
    except BrokenPipeError:  # whoever read it has seen enough, as in `cuems watch | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _failed(target: Target, reason: str, status: int) -> int:
    if target.as_json:
        click.echo(json.dumps({"ok": False, "reason": reason}))
    click.echo(f"cuems: {reason}", err=True)
    return status


def ask(command: str, *args: str, url: str, token: str, timeout: float, as_json: bool) -> int:
    """Have one command done."""
    target = Target(url=url, token=token, timeout_s=timeout, as_json=as_json)
    return said_done(target, operate(target, lambda client: client.ask(command, *args)))


def said_done(target: Target, status: int) -> int:
    if status == 0 and target.as_json:
        click.echo(json.dumps({"ok": True}))
    return status


def _plain(name: str, command: str, text: str) -> click.Command:
    """A command without arguments."""
    return click.command(name, help=text)(client_options(partial(ask, command)))


go = _plain("go", "go", "Fire the cue that stands by.")
panic = _plain("panic", "panic", "Fade everything out, then stop; twice: stop at once.")

takecontrol = _plain(
    "takecontrol",
    "takecontrol",
    "Let the standby controller at --url lead the show, in the place of the active one.",
)


@click.command("load")
@click.argument("project")
@client_options
def load(*, project: str, url: str, token: str, timeout: float, as_json: bool) -> int:
    """Load a project by its folder's name. Done means read and found sound, not yet armed."""
    return ask("load", project, url=url, token=token, timeout=timeout, as_json=as_json)


def _about_cue(name: str, command: str, text: str, flag: str = "") -> click.Command:
    """A command about one cue, which is looked up among those of the show."""

    def about(*, cue: str, url: str, token: str, timeout: float, as_json: bool) -> int:
        target = Target(url=url, token=token, timeout_s=timeout, as_json=as_json)
        return _ask_about(target, command, cue, flag)

    helped = f"{text}\n\nCUE is a cue's name or id."
    return click.command(name, help=helped)(click.argument("cue")(client_options(about)))


def _about_all_or_one(name: str, text: str) -> click.Command:
    """A command about the show, or about one cue of it."""

    def about(*, cue: str | None, url: str, token: str, timeout: float, as_json: bool) -> int:
        if cue is None:
            return ask(name, url=url, token=token, timeout=timeout, as_json=as_json)
        target = Target(url=url, token=token, timeout_s=timeout, as_json=as_json)
        return _ask_about(target, f"{name}cue", cue)

    helped = f"{text}\n\nCUE is a cue's name or id, where only that one is meant."
    argument = click.argument("cue", required=False)
    return click.command(name, help=helped)(argument(client_options(about)))


def _ask_about(target: Target, command: str, cue: str, flag: str = "") -> int:
    async def about(client: Client) -> None:
        await client.learn()
        found = client.view.find(cue)
        await client.ask(command, f"{found} {flag}" if flag else found)

    return said_done(target, operate(target, about))


stop = _about_all_or_one("stop", "Silence everything at once and stand by at the top.")
pause = _about_all_or_one("pause", "Freeze timecode and every player.")
resume = _about_all_or_one("resume", "Go on from the pause.")


next_cue = _about_cue("next", "setnextcue", "Put standby on a cue.")
enable = _about_cue("enable", "cue_enabled", "Let a cue take part again.", "1")
disable = _about_cue("disable", "cue_enabled", "Take a cue out of the show.", "0")


@click.command("status")
@client_options
def status(*, url: str, token: str, timeout: float, as_json: bool) -> int:
    """Say what is loaded, running, armed and why not, what stands by, the nodes and the cues."""

    async def tell(client: Client) -> None:
        await client.learn()
        if as_json:
            click.echo(json.dumps(client.view.to_json(), indent=2))
            return
        for line in status_lines(client.view):
            click.echo(line)

    return operate(Target(url=url, token=token, timeout_s=timeout, as_json=as_json), tell)
