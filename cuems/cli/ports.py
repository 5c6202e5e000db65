"""`cuems ports`: the ports of this machine, and the process that holds each."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from cuems.app.ports import PortUse, port_uses

NOT_HELD = "free"
NOT_KNOWN = "a process of somebody else"


@click.command("ports")
@click.option(
    "--config",
    envvar="CUEMS_CONF_PATH",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of settings.xml.",
)
@click.option("--all", "everything", is_flag=True, help="Those of other programs too.")
@click.option("--json", "as_json", is_flag=True, help="For a program.")
def ports(*, config: Path | None, everything: bool, as_json: bool) -> None:
    """List the ports of this machine, what each is for, and the process that holds it."""
    uses = sorted(port_uses(config, everything=everything), key=lambda use: use.port)
    if as_json:
        click.echo(json.dumps([plain(use) for use in uses], indent=2))
        return
    for line in to_lines(uses):
        click.echo(line)


def plain(use: PortUse) -> dict[str, object]:
    """For a program: null where nobody holds it, pid null where that is not to be known."""
    told: dict[str, object] = {"port": use.port, "purpose": use.purpose, "holder": None}
    if use.holder is not None:
        told["holder"] = {
            "protocol": use.holder.protocol,
            "address": use.holder.address,
            "pid": use.holder.pid or None,
            "name": use.holder.name,
            "command": use.holder.command,
        }
    return told


def to_lines(uses: Sequence[PortUse]) -> Iterator[str]:
    """For a terminal."""
    for use in uses:
        purpose = use.purpose or "-"
        if use.holder is None:
            yield f"{use.port:5}      {purpose:17} {NOT_HELD}"
            continue
        holder = use.holder
        who = f"{holder.name} ({holder.pid})" if holder.pid else NOT_KNOWN
        yield f"{use.port:5} {holder.protocol}  {purpose:17} {who}  {holder.address}".rstrip()
