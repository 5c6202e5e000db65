"""`cuems run`: be the controller or a node."""

import os
import sys
from pathlib import Path

import anyio
import click
from click.core import ParameterSource

from cuems.app.config import Flags, Role, read_config
from cuems.app.doors import MAX_CLIENTS, MOST_CLIENTS, DoorFlags
from cuems.app.logs import LogFormat, note, open_logs
from cuems.app.run import run
from cuems.cli.settings import to_setting
from cuems.core.settings import Resume
from cuems.core.standby import Takeover

STARTING = ("library", "control", "bus", "mtc", "dmx", "resume")  # options that are settings too

SYSTEMD = {"NOTIFY_SOCKET", "INVOCATION_ID"}  # one of these is set for its services


@click.command("run", context_settings={"auto_envvar_prefix": "CUEMS"})
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option(
    "--config",
    envvar="CUEMS_CONF_PATH",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of settings.xml, network_map.xml and default_mappings.xml.",
)
@click.option("--library", type=click.Path(path_type=Path), help="Folder of projects and media.")
@click.option("--state", type=click.Path(path_type=Path), help="Folder of what this host keeps.")
@click.option("--control", metavar="HOST:PORT", help="Control surface [127.0.0.1:9190].")
@click.option(
    "--max-clients",
    type=click.IntRange(1, MOST_CLIENTS),
    default=MAX_CLIENTS,
    help=f"How many clients are served [{MAX_CLIENTS}].",
)
@click.option("--tls-cert", metavar="FILE", help="Certificates: the control surface speaks TLS.")
@click.option("--tls-key", metavar="FILE", help="The certificate's private key.")
@click.option(
    "--origin",
    "origins",
    metavar="HOST",
    multiple=True,
    help="Host name whose pages may connect, beside local ones; more than once for more.",
)
@click.option("--osc-udp", metavar="HOST:PORT", help="OSC over UDP, too [off].")
@click.option("--osc-tcp", metavar="HOST:PORT", help="OSC over TCP, SLIP or length prefix [off].")
@click.option("--qlab", metavar="HOST:PORT", help="QLab's remotes, by TCP and UDP [off].")
@click.option(
    "--bus",
    metavar="URL",
    help="Node bus [tcp://127.0.0.1:9093; a node that is not told looks for its controller]. A"
    " node whose controller has a standby is told both, with a comma between.",
)
@click.option(
    "--mtc",
    metavar="auto|bus|internal|off|PORT",
    help="Timecode. A controller draws its own line and tells it (auto) by MIDI and over the bus,"
    " (bus) over the bus alone, (off) to no other machine; or it chases a MIDI port. A node"
    " follows (auto) MIDI, with the bus as cross-check and in its place, or (bus) the bus alone.",
)
@click.option(
    "--players",
    type=click.Choice(["auto", "none"]),
    default="auto",
    help="none: cues fail visibly instead of playing.",
)
@click.option(
    "--players-survive",
    type=click.Choice(["auto", "yes", "no"]),
    default="auto",
    help="Whether players go on when the engine is killed, and the next engine finds them; auto:"
    " yes under systemd (which must not kill them: KillMode=process), no from a terminal.",
)
@click.option(
    "--realtime",
    type=click.Choice(["auto", "no"]),
    default="auto",
    help="auto: cues go before everything else on the machine, where it allows real-time priority.",
)
@click.option(
    "--stop-on-exit",
    is_flag=True,
    help="Players that survive end with the engine all the same where it is asked to end (TERM).",
)
@click.option(
    "--dmx",
    metavar="sacn|artnet[:ADDRESS][,NAME=VALUE…]|off",
    help="Where lights go [off]: sACN by multicast, Art-Net by broadcast, or to ADDRESS alone;"
    " with bind=, priority=, sync=, merge=ltp|htp, offset=.",
)
@click.option(
    "--resume",
    type=click.Choice([way.value for way in Resume]),
    help="A controller that finds the show it was in the middle of when it died: stands where it"
    " was, paused, and waits (ask); goes on (auto); or starts afresh (off) [ask].",
)
@click.option(
    "--set",
    "settings",
    type=to_setting,
    metavar="NAME=VALUE",
    multiple=True,
    help="Fix a setting; `cuems settings show` lists them. Repeatable.",
)
@click.option(
    "--motions",
    metavar="off|uuid|hostname|NAME",
    help="Fades by cuems-gradient-motiond, under this node name"
    " [as gradient-motiond.env says, off without it].",
)
@click.option("--load", metavar="PROJECT", help="Load a project at the start.")
@click.option(
    "--ipc",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of the sockets of editor, nodeconf and hwdiscovery [/tmp where the machine has the"
    " ecosystem's configuration, else none].",
)
@click.option(
    "--ipc-user",
    metavar="USER",
    help="Who runs editor, nodeconf and hwdiscovery, if neither root nor our own user does.",
)
@click.option(
    "--no-discovery",
    is_flag=True,
    help="Neither announce this machine on the network (mDNS) nor look for others.",
)
@click.option(
    "--standby",
    metavar="URL",
    help="Controller: follow the one whose control surface is at URL, and be ready to take over.",
)
@click.option(
    "--standby-token",
    metavar="SECRET",
    default="",
    help="Token for that control surface, of scope control: its journal is followed too.",
)
@click.option(
    "--takeover",
    type=click.Choice([takeover.value for takeover in Takeover]),
    default=Takeover.ASK.value,
    help="Standby: lead when told to (ask; cuems takecontrol), or also by itself where more than"
    " half of the nodes miss the active controller too (auto) [ask].",
)
@click.option("--no-local-node", is_flag=True, help="Leave the node to a process of its own.")
@click.option(
    "--open-bus",
    is_flag=True,
    help="Obey machines that prove nothing: those of the ecosystem, and anybody else.",
)
@click.option(
    "--deploy-legacy-secret",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Password of an upstream controller's rsync daemon, whose files cannot be verified.",
)
@click.option("-v", "--verbose", count=True, help="Say more.")
@click.option(
    "--log-format",
    type=click.Choice([each.value for each in LogFormat]),
    default=LogFormat.AUTO.value,
    help="auto: JSON where systemd's journal reads it, text elsewhere [auto].",
)
@click.option("--log-json", is_flag=True, help="The same as --log-format json.")
@click.option(
    "--log-file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Log there too, as JSON; 4 MiB each, the last 20 are packed and kept.",
)
@click.pass_context
def run_role(
    context: click.Context,
    *,
    role: str,
    config: Path | None,
    library: Path | None,
    state: Path | None,
    control: str | None,
    max_clients: int,
    tls_cert: str | None,
    tls_key: str | None,
    origins: tuple[str, ...],
    osc_udp: str | None,
    osc_tcp: str | None,
    qlab: str | None,
    bus: str | None,
    mtc: str | None,
    players: str,
    dmx: str | None,
    motions: str | None,
    resume: str | None,
    settings: tuple[tuple[str, str], ...],
    players_survive: str,
    realtime: str,
    stop_on_exit: bool,
    load: str | None,
    ipc: Path | None,
    ipc_user: str | None,
    no_discovery: bool,
    standby: str | None,
    standby_token: str,
    takeover: str,
    no_local_node: bool,
    open_bus: bool,
    deploy_legacy_secret: Path | None,
    verbose: int,
    log_format: str,
    log_json: bool,
    log_file: Path | None,
) -> None:
    """Run this machine's part of the rig until it is stopped."""
    flags = Flags(
        role=Role(role),
        config=config,
        library=library,
        state=state,
        control=control,
        bus=bus,
        mtc=mtc,
        players=players == "auto",
        players_survive=players_survive == "yes"
        or (players_survive == "auto" and not SYSTEMD.isdisjoint(os.environ)),
        realtime=realtime == "auto",
        stop_on_exit=stop_on_exit,
        dmx=dmx,
        motions=motions,
        load=load,
        ipc=ipc,
        ipc_user=ipc_user,
        discovery=not no_discovery,
        standby=standby,
        standby_token=standby_token,
        takeover=Takeover(takeover),
        local_node=not no_local_node,
        doors=DoorFlags(
            max_clients=max_clients,
            tls_cert=tls_cert,
            tls_key=tls_key,
            origins=origins,
            osc_udp=osc_udp,
            osc_tcp=osc_tcp,
            qlab=qlab,
        ),
        settings=_said(context, dict(settings)),
        open_bus=open_bus,
        deploy_legacy_secret=deploy_legacy_secret,
    )
    log_as = LogFormat.JSON if log_json else LogFormat(log_format)
    with open_logs(log_as, verbosity=verbose, file=log_file):
        complete = read_config(flags)
        note(node=complete.node, role=role)
        sys.exit(anyio.run(run, complete))


def _said(context: click.Context, settings: dict[str, str]) -> dict[str, object]:
    """The settings that the command line says, and not the environment."""
    for name in STARTING:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            settings[name] = str(context.params[name])
    return dict(settings)
