"""`cuems nodes`: who belongs to the rig and how each is, over the control surface."""

import json
from dataclasses import asdict

import click

from cuems.app.client import Client
from cuems.cli.client import Target, client_options, operate, said_done
from cuems.cli.show_lines import node_lines


@click.group("nodes")
def nodes() -> None:
    """The nodes of the rig: list, adopt, let go of, run without."""


@nodes.command("ls")
@client_options
def ls(*, url: str, token: str, timeout: float, as_json: bool) -> int:
    """List every node, how it is, and what it is doing."""

    async def tell(client: Client) -> None:
        await client.learn()
        if as_json:
            found = [asdict(node) for node in client.view.nodes.values()]
            click.echo(json.dumps(found, indent=2))
            return
        for line in node_lines(client.view, ids=True):
            click.echo(line)

    return operate(Target(url=url, token=token, timeout_s=timeout, as_json=as_json), tell)


def _about_node(name: str, command: str, text: str, flag: str = "") -> click.Command:
    """A command about one node, which is looked up among those that are known."""

    def ask(*, node: str, url: str, token: str, timeout: float, as_json: bool) -> int:
        async def change(client: Client) -> None:
            await client.learn()
            found = client.view.find_node(node)
            await client.ask(command, f"{found} {flag}" if flag else found)

        target = Target(url=url, token=token, timeout_s=timeout, as_json=as_json)
        return said_done(target, operate(target, change))

    helped = f"{text}\n\nNODE is a node's name or id."
    return click.command(name, help=helped)(click.argument("node")(client_options(ask)))


nodes.add_command(_about_node("adopt", "adopt", "Take a node into the rig."))
nodes.add_command(_about_node("unadopt", "unadopt", "Let go of a node: it plays nothing here."))
nodes.add_command(
    _about_node("waive", "waive", "Run without a node that the show needs, whatever it does.", "1")
)
nodes.add_command(_about_node("unwaive", "waive", "Wait for a node again.", "0"))
