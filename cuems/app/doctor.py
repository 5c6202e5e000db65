"""A look at this machine before the show: what `cuems doctor` finds."""

import os
import resource
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import platformdirs

from cuems.adapters import checkup
from cuems.adapters.files import FileError, read_cluster_key, read_small_file
from cuems.adapters.machine import read_machine
from cuems.adapters.midi import MidiUnansweredError, list_midi_ports
from cuems.adapters.sockets import port_holders
from cuems.adapters.x11 import NoXServerError
from cuems.app.config import (
    BUS_URL,
    CONTROL_PORT,
    ECOSYSTEM_CONFIG,
    LOOPBACK,
    MAPPINGS_FILE,
    NETWORK_MAP_FILE,
    SETTINGS_FILE,
    Role,
    default_library,
    has_settings,
    outputs_of,
)
from cuems.app.equipment import DISPLAY_CONF, RUNTIME_DISPLAY_CONF, is_installed
from cuems.app.machine import look_at_machine
from cuems.app.screens import look_at_screens
from cuems.app.settings import Sources, read_layers
from cuems.core.checkup import (
    Finding,
    bad,
    decoders,
    doubtful,
    fine,
    judge_clock,
    judge_codecs,
    judge_devices,
    judge_files,
    judge_governor,
    judge_midi,
    judge_realtime,
    judge_room,
)
from cuems.core.errors import CuemsError
from cuems.players import PlayerConfig
from cuems.players.outputs import choose_outputs
from cuems.players.screens import Display, number_of
from cuems.wire.display_conf import read_display_conf
from cuems.wire.lane_r import BUS_PORT, LANE_R_PORT, LANE_X_PORT
from cuems.wire.mappings_xml import read_mappings
from cuems.wire.network_map_xml import read_network_map
from cuems.wire.settings_xml import HostSettings, NodeSettings, read_settings

OURS = ("cuems", "python")  # a port that we hold ourselves is in good hands


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What is looked at; None where nobody has said."""

    role: Role
    config: Path | None = None
    library: Path | None = None
    state: Path | None = None
    bus: str | None = None

    @property
    def folder(self) -> Path | None:
        """Where the machine's configuration is."""
        return self.config or (ECOSYSTEM_CONFIG if has_settings(ECOSYSTEM_CONFIG) else None)

    @property
    def state_folder(self) -> Path:
        """Where it keeps what is its own."""
        return self.state or platformdirs.user_state_path("cuems")


async def examine(patient: Patient) -> AsyncIterator[Finding]:
    """Look at everything, one after another; changes nothing."""
    host, findings = await anyio.to_thread.run_sync(_configuration, patient)
    for finding in findings:
        yield finding
    library = patient.library or (Path(host.library_path) if host else default_library())
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _folders(patient.state_folder, library),
        lambda: _key(patient.state_folder),
        lambda: _ports(patient.role, None if host is None else host.node),
        _limits,
        lambda: _devices(dict(os.environ)),
        lambda: _screens(dict(os.environ), patient.folder, None if host is None else host.node),
        lambda: _players(None if host is None else host.node),
    )
    for look in looks:
        for finding in await anyio.to_thread.run_sync(_taken, look):
            yield finding
    yield await _midi()
    if await anyio.to_thread.run_sync(shutil.which, "mpv"):
        yield await _codecs()
    if patient.role is Role.NODE:
        async for finding in _controller(patient):
            yield finding


def _taken(look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    return list(look())


# ---- files


def _configuration(patient: Patient) -> tuple[HostSettings | None, list[Finding]]:
    folder = patient.folder
    findings = []
    try:
        said: dict[str, object] = {}
        read_layers(Sources(config=folder, state=patient.state_folder, said=said))
        findings.append(fine("settings", "settings.toml and the environment can be read"))
    except CuemsError as error:
        findings.append(bad("settings", str(error), "correct it, or take it away"))
    if folder is None:
        findings.append(fine("configuration", "none: this machine keeps to its own defaults"))
        return None, findings
    host = None
    readers: dict[str, Callable[[bytes, str], object]] = {
        SETTINGS_FILE: read_settings,
        NETWORK_MAP_FILE: read_network_map,
        MAPPINGS_FILE: read_mappings,
    }
    for name, read in readers.items():
        path = folder / name
        value, finding = _read(path, read, needed=name == SETTINGS_FILE)
        findings.append(finding)
        host = value if isinstance(value, HostSettings) else host
    beside = folder / DISPLAY_CONF
    display = beside if beside.is_file() else RUNTIME_DISPLAY_CONF
    if host is not None and host.node.video_player is not None:
        findings.append(_read(display, read_display_conf, needed=False)[1])
    return host, findings


def _read(
    path: Path, read: Callable[[bytes, str], object], *, needed: bool
) -> tuple[object, Finding]:
    if not path.is_file():
        remedy = "the ecosystem's nodeconf and hwdiscovery write it"
        judge = bad if needed else doubtful
        return None, judge(path.name, f"there is no {path}", remedy)
    try:
        return read(read_small_file(path), str(path)), fine(path.name, str(path))
    except CuemsError as error:
        return None, bad(path.name, str(error), "correct what it names")


def _folders(state: Path, library: Path) -> Iterator[Finding]:
    machine = read_machine({"state": state, "library": library})
    for disk, path in zip(machine.disks, (state, library), strict=True):
        if not checkup.may_write(path):
            yield bad(disk.name, f"{path} may not be written", f"chown -R $(id -un) {path}")
        yield judge_room(disk.name, str(path), disk.free_bytes)


def _key(state: Path) -> Iterator[Finding]:
    try:
        key = read_cluster_key(state, make=False)
    except (FileError, OSError) as error:
        yield bad("rig key", str(error), "chmod 600 it, and give it to the user that runs cuems")
        return
    if key is None:
        yield doubtful(
            "rig key",
            f"there is none in {state}: the bus keeps to this machine",
            "cuems key new on one machine, cuems key show | cuems key new --stdin on the others",
        )
    else:
        yield fine("rig key", "there is one, and only its owner reads it")


# ---- the machine


def _ports(role: Role, node: NodeSettings | None) -> Iterator[Finding]:
    control = CONTROL_PORT if node is None else node.oscquery_ws_port
    bus = BUS_PORT if node is None else node.nng_hub_port
    wanted = {
        "control surface": (control, socket.SOCK_STREAM),
        "node bus": (bus, socket.SOCK_STREAM),
        "node bus (joining)": (bus + LANE_R_PORT - BUS_PORT, socket.SOCK_STREAM),
        "node bus (datagrams)": (bus + LANE_X_PORT - BUS_PORT, socket.SOCK_DGRAM),
    }
    if role is Role.NODE:
        return
    holders = {(holder.port, holder.protocol): holder for holder in port_holders()}
    for purpose, (port, kind) in wanted.items():
        protocol = "udp" if kind is socket.SOCK_DGRAM else "tcp"
        holder = holders.get((port, protocol))
        if holder is None and checkup.can_bind(LOOPBACK, port, kind):
            yield fine("ports", f"{protocol} {port} is free for the {purpose}")
        elif holder is not None and any(word in holder.command for word in OURS):
            yield fine("ports", f"{protocol} {port} is the {purpose} of process {holder.pid}")
        else:
            who = f"{holder.name} ({holder.pid})" if holder and holder.pid else "somebody else"
            yield bad(
                "ports",
                f"{protocol} {port} is wanted for the {purpose}, and {who} has it",
                "stop that, or give another: --control, --bus",
            )


def _limits() -> Iterator[Finding]:
    yield judge_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield judge_realtime(checkup.realtime_priority())
    yield judge_governor(checkup.governors())
    yield judge_clock(checkup.clock_error_us())


def _devices(environment: dict[str, str]) -> Iterator[Finding]:
    machine = look_at_machine(environment)
    if machine.jack:
        yield fine("JACK", "a server is running")
    elif shutil.which("jackd"):
        yield doubtful("JACK", "no server is running: sound is not routed to outputs",
                       "start it: jackd -d alsa -d hw:0")  # fmt: skip
    else:
        yield doubtful("JACK", "it is not installed: sound is not routed to outputs",
                       "apt-get install jackd2")  # fmt: skip
    there, usable = checkup.devices(("snd/pcm*p",))
    if there or not (machine.jack or machine.sound):
        yield judge_devices("sound", "audio", there, usable)
    else:
        yield fine("sound", "a sound server is there")
    if machine.x11 or machine.wayland:
        yield fine("pictures", "a display is there")
    else:
        yield judge_devices("pictures", "video", *checkup.devices(("dri/card*",)))


def _screens(
    environment: dict[str, str], folder: Path | None, node: NodeSettings | None
) -> Iterator[Finding]:
    """The screens that are connected, and those that are mapped and are not."""
    display = choose_outputs(PlayerConfig(), look_at_machine(environment)).display
    if display is Display.NONE:
        return
    try:
        there = look_at_screens(display)
        path = None if folder is None else folder / MAPPINGS_FILE
        mapped = () if path is None or node is None else outputs_of("video", path, node.uuid) or ()
    except NoXServerError as error:
        yield bad("screens", str(error), "look at DISPLAY and XAUTHORITY")
        return
    except (OSError, CuemsError):  # the mappings are judged with the configuration
        return
    if there is None:
        return
    names = ", ".join(one.name for one in there) or "none"
    yield fine("screens", f"connected: {names}")
    for output in mapped:
        if number_of(output.physical, there) is None:
            yield bad(
                "screens",
                f"video output {output.id} is mapped to {output.physical}; connected: {names}",
                f"connect it and switch it on, or correct {MAPPINGS_FILE}",
            )


def _players(node: NodeSettings | None) -> Iterator[Finding]:
    needs = {"mpv": "it plays what no player of the ecosystem does", "rsync": "it brings the files"}
    for program, why in needs.items():
        found = shutil.which(program)
        if found:
            yield fine(program, found)
        else:
            yield bad(program, f"it is not installed: {why}", f"apt-get install {program}")
    if shutil.which("ffprobe"):
        yield fine("ffprobe", "media can be examined")
    else:
        yield doubtful("ffprobe", "cuems check sees less of media without it",
                       "apt-get install ffmpeg")  # fmt: skip
    if node is None:
        return
    configured = {
        "audioplayer": node.audio_player,
        "audiomixer": node.audio_mixer,
        "videoplayer": node.video_player,
        "dmxplayer": node.dmx_player,
    }
    for name, player in configured.items():
        if player is not None and is_installed(player.path):
            yield fine(name, player.path)
        elif player is not None:
            yield doubtful(name, f"settings.xml names {player.path}, which is not there",
                           "install it; mpv plays in its place, lights need --dmx")  # fmt: skip


async def _midi() -> Finding:
    try:
        return judge_midi(await list_midi_ports())
    except MidiUnansweredError as error:
        return doubtful("MIDI", str(error), "restart JACK; --mtc bus does without MIDI")


async def _codecs() -> Finding:
    listing = [
        await checkup.ask("mpv", "--no-config", which) for which in ("--vd=help", "--ad=help")
    ]
    if None in listing:
        return bad("codecs", "mpv does not say what it decodes", "apt-get install --reinstall mpv")
    return judge_codecs(set(decoders("\n".join(text or "" for text in listing))))


# ---- the controller


async def _controller(patient: Patient) -> AsyncIterator[Finding]:
    """Whether a node would find its controller."""
    for url in (patient.bus or BUS_URL).split(","):
        parts = urlsplit(url)
        host, port = parts.hostname or LOOPBACK, parts.port or BUS_PORT
        for at, purpose in ((port, "bus"), (port + LANE_R_PORT - BUS_PORT, "joining")):
            reason = await checkup.why_unreachable(host, at)
            where = f"{host}:{at} ({purpose})"
            if reason:
                yield bad(
                    "controller",
                    f"{where} cannot be reached: {reason}",
                    "start the controller there with --bus tcp://0.0.0.0:9093 and a key; open TCP"
                    " 9093, 9097 and 9190 and UDP 9096; --bus says where it is",
                )
            else:
                yield fine("controller", f"{where} answers")
