"""`cuems ship`: bring the record of this machine's runs to the controller."""

from dataclasses import replace
from pathlib import Path

import anyio
import click

from cuems.adapters.files import only_one
from cuems.adapters.shipper import UnreachableError
from cuems.app.config import Flags, Role, read_config
from cuems.app.shipping import LOCK, Rest, ShippingPlaces, open_shipping, places, watch
from cuems.cli.show_lines import printable
from cuems.core.outbox import OK
from cuems.wire.ship import MOST_LISTED

FAILED = 1
NOT_REACHABLE = 3


@click.command("ship")
@click.option("--ping", "verb", flag_value="ping", help="Ask whether the controller would take it.")
@click.option("--once", "verb", flag_value="once", help="Ship what there is, and end.")
@click.option("--watch", "verb", flag_value="watch", help="Ship what comes, until interrupted.")
@click.option("--list", "verb", flag_value="list", help="Say what the controller has.")
@click.option("--after", metavar="RUN", default="", help="With --list: only what comes after it.")
@click.option("--bus", metavar="URL", envvar="CUEMS_BUS", help="Node bus of the controller.")
@click.option("--url", metavar="URL", help="Receiver, http://HOST:PORT [beside the node bus].")
@click.option("--config", envvar="CUEMS_CONF_PATH", type=click.Path(path_type=Path, exists=True),
              help="Folder of settings.xml.")  # fmt: skip
@click.option("--state", envvar="CUEMS_STATE", type=click.Path(path_type=Path),
              help="Folder of what this host keeps.")  # fmt: skip
def ship(
    *,
    verb: str | None,
    after: str,
    bus: str | None,
    url: str | None,
    config: Path | None,
    state: Path | None,
) -> int:
    """Bring the finished runs of this machine to the controller, which a running node does itself.

    Exit status: 0 done, 1 not all of it, 3 nobody answers.
    """
    found = read_config(Flags(role=Role.NODE, config=config, state=state, bus=bus))
    where = places(found.node, found.state, found.bus_urls[0])
    if url is not None:
        where = replace(where, url=url)
    match verb:
        case "ping":
            return anyio.run(_ping, where)
        case "list":
            return anyio.run(_list, where, after)
        case "once" | "watch":
            with only_one(found.state, LOCK):
                return anyio.run(_once if verb == "once" else _watch, where)
        case _:
            raise click.UsageError("expected one of --ping, --once, --watch, --list")


async def _ping(where: ShippingPlaces) -> int:
    async with open_shipping(where) as (_, shipper):
        try:
            answered = await shipper.ping()
        except UnreachableError as error:
            click.echo(f"cuems: {error}", err=True)
            return NOT_REACHABLE
    if answered.status == OK:
        click.echo(f"{where.url} takes runs of node {where.node}")
        return 0
    click.echo(printable(f"cuems: {where.url}: {answered.status} {answered.reason}"), err=True)
    return FAILED


async def _list(where: ShippingPlaces, after: str) -> int:
    async with open_shipping(where) as (_, shipper):
        try:
            while True:
                listed = await shipper.runs(after, MOST_LISTED)
                for run in listed.runs:
                    click.echo(f"{run.run}  {run.size_bytes}  {run.sha256}")
                after = listed.next
                if not after:
                    return 0
        except UnreachableError as error:
            click.echo(f"cuems: {error}", err=True)
            return NOT_REACHABLE


async def _once(where: ShippingPlaces) -> int:
    async with open_shipping(where) as (shipping, _):
        outbox = await shipping.once()
    click.echo(f"{outbox.sent} runs shipped, {len(outbox)} left")
    if outbox.trouble:
        click.echo(printable(f"cuems: {outbox.trouble}"), err=True)
        return FAILED
    return FAILED if outbox.set_aside else 0


async def _watch(where: ShippingPlaces) -> int:
    await watch(lambda: where, Rest())
    return 0
