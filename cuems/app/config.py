"""Command line, environment and files into one frozen RunConfig, checked once."""

import os
import platform
import pwd
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import platformdirs

from cuems.adapters.files import read_identity, read_small_file
from cuems.app.doors import ConfigError as ConfigError
from cuems.app.doors import DoorFlags, Doors, read_doors, to_address
from cuems.app.equipment import is_installed, read_equipment
from cuems.app.settings import Sources, read_layers
from cuems.core.check_outputs import Output
from cuems.core.cues import NodeId
from cuems.core.settings import Resolved
from cuems.core.standby import Takeover
from cuems.players import AudioProgram, PlayerConfig
from cuems.players.equipment import VIDEOCOMPOSER_PORT
from cuems.wire.dmx_option import OFF, DmxOut, read_dmx_option
from cuems.wire.mappings_xml import Kind, read_mappings
from cuems.wire.network_map_xml import NodeRole, read_network_map
from cuems.wire.settings_xml import NodeSettings, read_settings

ECOSYSTEM_CONFIG = Path("/etc/cuems")
SETTINGS_FILE = "settings.xml"
NETWORK_MAP_FILE = "network_map.xml"
ECOSYSTEM_IPC = Path("/tmp")  # editor.ipc, nodeconf.ipc, hwdiscovery.ipc
MAPPINGS_FILE = "default_mappings.xml"

ROOT = 0
LOOPBACK = "127.0.0.1"  # nothing is bound to more than that unless somebody says so
CONTROL_PORT = 9190
BUS_URL = f"tcp://{LOOPBACK}:9093"


class Role(StrEnum):
    """What a process is to the rig."""

    CONTROLLER = "controller"
    NODE = "node"


class Timecode(StrEnum):
    """The words of `--mtc` that are not a port's name.

    A controller draws its own line, and tells it to nodes (AUTO) over the bus and by MIDI, where
    there is MIDI, (BUS) over the bus alone, or (OFF) to no other machine. A node follows (AUTO)
    MIDI, with the bus as cross-check and in its place, or (BUS) the bus alone. INTERNAL is BUS
    where there is no bus to speak of: one machine, and no MIDI.
    """

    AUTO = "auto"
    BUS = "bus"
    INTERNAL = "internal"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What was said on the command line or in the environment; None where nothing was.

    `settings` are those of core/settings.py that the command line says.
    """

    role: Role
    config: Path | None = None
    library: Path | None = None
    state: Path | None = None
    control: str | None = None
    bus: str | None = None
    mtc: str | None = None
    players: bool = True
    dmx: str | None = None
    realtime: bool = True
    players_survive: bool = False
    stop_on_exit: bool = False
    motions: str | None = None
    load: str | None = None
    local_node: bool = True
    ipc: Path | None = None
    ipc_user: str | None = None
    discovery: bool = True
    standby: str | None = None
    standby_token: str = ""
    takeover: Takeover = Takeover.ASK
    doors: DoorFlags = field(default_factory=DoorFlags)
    settings: Mapping[str, object] = field(default_factory=dict)
    open_bus: bool = False
    deploy_legacy_secret: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """All that a run needs to know. `embedded`: there is no configuration but ours.

    `ipc` is the folder of the ecosystem's sockets, None where there is no ecosystem, and
    `ipc_users` are whose programs are spoken to there; `network_map` is its list of nodes, where
    there is one. `standby` is the control surface of the controller to follow, None for one that
    leads. A node may have several buses in `bus_url`, with commas between; one for which nobody has
    said where its controller is (`bus_given`) begins at `bus_url` to look for it.
    """

    role: Role
    node: NodeId
    library: Path
    state: Path
    control: tuple[str, int]
    doors: Doors
    bus_url: str
    bus_given: bool
    mtc: str
    mtc_port: str
    players: PlayerConfig
    players_survive: bool
    stop_on_exit: bool
    load: str | None
    local_node: bool
    embedded: bool
    ipc: Path | None
    ipc_users: frozenset[int]
    network_map: Path | None
    discovery: bool
    sources: Sources
    resolved: Resolved
    standby: str | None = None
    standby_token: str = ""
    takeover: Takeover = Takeover.ASK
    open_bus: bool = False
    deploy_legacy_secret: Path | None = None
    realtime: bool = True

    @property
    def bus_urls(self) -> tuple[str, ...]:
        """Every bus of a node; a controller has one."""
        return tuple(self.bus_url.split(","))

    @property
    def midi_port(self) -> str | None:
        """The MIDI port to read timecode from: "" for whichever there is, None for no MIDI."""
        match self.mtc:
            case Timecode.BUS | Timecode.INTERNAL | Timecode.OFF:
                return None
            case Timecode.AUTO:
                return self.mtc_port
            case port:
                return port

    @property
    def chases(self) -> bool:
        """Whether the line comes from a MIDI port even on the controller."""
        return self.mtc not in set(Timecode)


def read_config(flags: Flags) -> RunConfig:
    """Complete what was said with the machine's files and the defaults. Reads and writes files.

    Raises ConfigError, or the error of the file that cannot be used.
    """
    folder = flags.config or (ECOSYSTEM_CONFIG if has_settings(ECOSYSTEM_CONFIG) else None)
    state = flags.state or platformdirs.user_state_path("cuems")
    sources = Sources(config=folder, state=state, said=flags.settings)
    resolved = read_layers(sources)
    flags = _completed(flags, sources, resolved)
    if folder is not None:
        return _configured(flags, folder, sources, resolved)
    identity = read_identity(state)
    return RunConfig(
        role=flags.role,
        node=identity,
        library=flags.library or default_library(),
        state=state,
        control=_control(flags, CONTROL_PORT),
        doors=read_doors(flags.doors),
        bus_url=flags.bus or BUS_URL,
        bus_given=flags.bus is not None,
        mtc=flags.mtc or Timecode.AUTO,
        mtc_port="",
        players=PlayerConfig(enabled=flags.players, dmx=_dmx(flags, identity), node=identity),
        players_survive=flags.players_survive,
        stop_on_exit=flags.stop_on_exit,
        load=flags.load,
        local_node=flags.local_node,
        open_bus=flags.open_bus,
        deploy_legacy_secret=flags.deploy_legacy_secret,
        realtime=flags.realtime,
        embedded=True,
        ipc=flags.ipc,
        ipc_users=_ipc_users(flags.ipc_user),
        network_map=None,
        discovery=flags.discovery,
        standby=flags.standby,
        standby_token=flags.standby_token,
        takeover=flags.takeover,
        sources=sources,
        resolved=resolved,
    )


def _completed(flags: Flags, sources: Sources, resolved: Resolved) -> Flags:
    """With what settings.toml says where nothing else does."""

    def of_file(name: str) -> str | None:
        ours = resolved.layers[name].source == str(sources.file)
        return (getattr(resolved.settings, name) or None) if ours else None

    library = of_file("library")
    return replace(
        flags,
        library=flags.library or (Path(library) if library else None),
        control=flags.control or of_file("control"),
        bus=flags.bus or of_file("bus"),
        mtc=flags.mtc or of_file("mtc"),
        dmx=flags.dmx or of_file("dmx"),
    )


def _dmx(flags: Flags, node: NodeId) -> DmxOut | None:
    """Where lights go. A node is the same source to its receivers whenever it runs."""
    return read_dmx_option(flags.dmx or OFF, uuid5(NAMESPACE_OID, node).bytes, platform.node())


def _ipc_users(name: str | None) -> frozenset[int]:
    """Whose programs may be the editor and its like: root's, ours, and those of who is named."""
    own = {ROOT, os.geteuid()}
    if name is None:
        return frozenset(own)
    try:
        return frozenset({*own, int(name) if name.isdecimal() else pwd.getpwnam(name).pw_uid})
    except KeyError:
        raise ConfigError(
            f"--ipc-user {name!r}: there is no such user on this machine:"
            " expected the name or number of the one who runs the editor"
        ) from None


def default_library() -> Path:
    """The library of a machine that is not configured."""
    return platformdirs.user_data_path("cuems") / "library"


def has_settings(folder: Path) -> bool:
    """Whether a folder configures a machine of the ecosystem."""
    return (folder / SETTINGS_FILE).is_file()


def _configured(flags: Flags, folder: Path, sources: Sources, resolved: Resolved) -> RunConfig:
    """As the ecosystem's files say, where the command line says nothing."""
    path = folder / SETTINGS_FILE
    settings = read_settings(read_small_file(path), str(path))
    node = settings.node
    network_map = folder / NETWORK_MAP_FILE
    controller = _controller_address(network_map, node.uuid)
    return RunConfig(
        role=flags.role,
        node=node.uuid,
        library=flags.library or Path(settings.library_path),
        state=sources.state,
        control=_control(flags, node.oscquery_ws_port),
        doors=read_doors(flags.doors),
        bus_url=flags.bus or f"tcp://{controller}:{node.nng_hub_port}",
        bus_given=flags.bus is not None,
        mtc=flags.mtc or Timecode.AUTO,
        mtc_port=node.mtc_port,
        players=PlayerConfig(
            enabled=flags.players,
            audio_program=audio_program(node),
            dmx=_dmx(flags, node.uuid),
            equipment=read_equipment(node, folder, flags.motions),
            node=node.uuid,
            audio_outputs=outputs_of("audio", folder / MAPPINGS_FILE, node.uuid),
            video_outputs=outputs_of("video", folder / MAPPINGS_FILE, node.uuid),
            excluded_ports=_ports_of_others(node),
        ),
        players_survive=flags.players_survive,
        stop_on_exit=flags.stop_on_exit,
        load=flags.load,
        local_node=flags.local_node,
        open_bus=flags.open_bus,
        deploy_legacy_secret=flags.deploy_legacy_secret,
        realtime=flags.realtime,
        embedded=False,
        ipc=flags.ipc or ECOSYSTEM_IPC,
        ipc_users=_ipc_users(flags.ipc_user),
        network_map=network_map if network_map.is_file() else None,
        discovery=flags.discovery,
        standby=flags.standby,
        standby_token=flags.standby_token,
        takeover=flags.takeover,
        sources=sources,
        resolved=resolved,
    )


def _ports_of_others(node: NodeSettings) -> frozenset[int]:
    """The ports of the settings: no player gets one of them."""
    video = node.video_player
    ports = (
        node.oscquery_ws_port,
        node.oscquery_osc_port,
        node.websocket_port,
        node.osc_in_port_base,
        node.nng_hub_port,
        node.gradient_osc_port,
        VIDEOCOMPOSER_PORT if video is None or video.osc_port is None else video.osc_port,
    )
    return frozenset(ports)


def outputs_of(kind: Kind, path: Path, node: NodeId) -> tuple[Output, ...] | None:
    """This node's outputs of a kind; None where there are no mappings."""
    if not path.is_file():
        return None
    mapped = read_mappings(read_small_file(path), str(path)).outputs(kind)
    return tuple(Output(str(at), port) for (owner, at), port in mapped.items() if owner == node)


def mapped_controller(config: RunConfig) -> str | None:
    """Where the network map says the controller is, as it is now; None without a map.

    Reads a file; raises CuemsError where that cannot be used.
    """
    if config.network_map is None:
        return None
    return _controller_address(config.network_map, config.node)


def _controller_address(path: Path, node: NodeId) -> str:
    """Where the controller is: here, unless the network map says that another machine is it."""
    if not path.is_file():
        return LOOPBACK
    network = read_network_map(read_small_file(path), str(path))
    for other in network.nodes:
        if other.role is NodeRole.CONTROLLER and other.uuid != node:
            return other.ip
    return LOOPBACK


def audio_program(node: NodeSettings) -> AudioProgram | None:
    """The audio player of the settings, where it is installed; mpv plays where it is not."""
    player = node.audio_player
    if player is None or not is_installed(player.path):
        return None
    return AudioProgram(
        path=player.path,
        args=tuple(player.args.split()),
        output_latency_ms=player.output_latency_ms,
    )


def _control(flags: Flags, port: int) -> tuple[str, int]:
    return to_address("--control", flags.control) if flags.control else (LOOPBACK, port)
