"""`cuems clients ls|mute|drop`: who is connected to a running engine, and what to do about one."""

import json
from functools import partial

import click

from cuems.app.client import Client
from cuems.cli.client import Target, client_options, operate, said_done
from cuems.cli.show_lines import printable


@click.group("clients")
def clients() -> None:
    """Who is connected to a running engine; silence one, or throw it out."""


@clients.command("ls")
@client_options
def ls(*, url: str, token: str, timeout: float, as_json: bool) -> int:
    """List every client: its number, where it comes from, what it may do by which key."""

    async def tell(client: Client) -> None:
        found = [json.loads(line) for line in await client.ask_clients()]
        if as_json:
            click.echo(json.dumps(found, indent=2))
            return
        for one in found:
            may = f"{one['scope']} by {one['key']!r}" if one["scope"] else "has shown no key yet"
            muted = ", muted" if one["muted"] else ""
            click.echo(printable(f"{one['number']:>5}  {one['peer']}  {one['door']}: {may}{muted}"))

    return operate(Target(url=url, token=token, timeout_s=timeout, as_json=as_json), tell)


def _about(
    command: str, *flags: int, number: int, url: str, token: str, timeout: float, as_json: bool
) -> int:
    target = Target(url=url, token=token, timeout_s=timeout, as_json=as_json)
    done = operate(target, lambda client: client.ask(command, number, *flags))
    return said_done(target, done)


def _add(name: str, text: str, command: str, *flags: int) -> None:
    wrapped = click.argument("number", type=click.IntRange(1))(
        client_options(partial(_about, command, *flags))
    )
    clients.add_command(click.command(name, help=text)(wrapped))


_add("mute", "Obey a client no more; it still sees everything.", "client_mute", 1)
_add("unmute", "Obey a client again.", "client_mute", 0)
_add("drop", "End a client's connection. It may come back: revoke its token for good.",
     "client_drop")  # fmt: skip
