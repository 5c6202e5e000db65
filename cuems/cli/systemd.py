"""`cuems systemd`: a ready unit for systemd."""

import click

from cuems.wire.systemd_unit import PREFIX, UnitRole, unit


@click.command("systemd")
@click.option("--role", type=click.Choice([role.value for role in UnitRole]), required=True)
@click.option(
    "--prefix", default=PREFIX, show_default=True, help="Where cuems is: its program is in bin."
)
def systemd(*, role: str, prefix: str) -> None:
    """Print a unit for this machine's part: controller, node, or both in one process.

    Put it into /etc/systemd/system, then: systemctl daemon-reload; systemctl enable --now NAME. The
    service runs as user cuems, which deploy/install-controller and deploy/install-node make.
    """
    click.echo(unit(UnitRole(role), prefix), nl=False)
