"""What the ecosystem's files say of this node's players, where they are installed.

A player that settings.xml configures is used if its file is there; one that is not executable then
fails its cues, and says so. Without it mpv plays, or `--dmx` lights.
"""

import logging
import platform
import shlex
import shutil
from itertools import pairwise
from pathlib import Path

from cuems.adapters.files import read_small_file
from cuems.players.equipment import (
    VIDEOCOMPOSER_PORT,
    Composer,
    DmxProgram,
    Equipment,
    MixerProgram,
    Motions,
)
from cuems.wire.settings_xml import NodeSettings

MAPPINGS_FILE = "default_mappings.xml"
MOTIONS_FILE = "gradient-motiond.env"
DISPLAY_CONF = "display.conf"
RUNTIME_DISPLAY_CONF = Path("/run/cuems/display.conf")
OFF, UUID, HOSTNAME = "off", "uuid", "hostname"
NODE_NAME = "--node-name"

log = logging.getLogger(__name__)


def is_installed(path: str) -> bool:
    """Whether a program's file is there; it need not be executable."""
    return shutil.which(path) is not None or Path(path).is_file()


def read_equipment(node: NodeSettings, folder: Path, motions: str | None) -> Equipment:
    """The players of a node. `motions`: as asked for on the command line."""
    mixer, dmx, video = node.audio_mixer, node.dmx_player, node.video_player
    return Equipment(
        mixer=None
        if mixer is None or not _is_there("audiomixer", mixer.path)
        else MixerProgram(path=mixer.path, args=tuple(mixer.args.split())),
        dmx=None
        if dmx is None or not _is_there("dmxplayer", dmx.path)
        else DmxProgram(
            path=dmx.path,
            args=tuple(dmx.args.split()),
            output_latency_ms=dmx.output_latency_ms,
        ),
        composer=None
        if video is None or not _is_there("videoplayer", video.path)
        else Composer(
            port=video.osc_port or VIDEOCOMPOSER_PORT, display_conf=str(_display_conf(folder))
        ),
        motions=_motions(node, folder / MOTIONS_FILE, motions),
        mappings_file=str(folder / MAPPINGS_FILE),
    )


def _is_there(player: str, path: str) -> bool:
    there = is_installed(path)
    if not there:
        log.warning("settings.xml: %s: there is no %s: it is not used", player, path)
    return there


def _display_conf(folder: Path) -> Path:
    """The machine's own, which the services write, or the one that is put beside the settings."""
    beside = folder / DISPLAY_CONF
    return beside if beside.is_file() else RUNTIME_DISPLAY_CONF


def _motions(node: NodeSettings, path: Path, asked: str | None) -> Motions | None:
    """The service that does fades, and the name it obeys: it drops what bears another."""
    if asked is None:
        asked = _configured_name(path) if path.is_file() else OFF
    match asked:
        case "off":
            return None
        case "uuid":
            name: str = node.uuid
        case "hostname":
            name = platform.node()
        case _:
            name = asked
    return Motions(port=node.gradient_osc_port, name=name)


def _configured_name(path: Path) -> str:
    """The `--node-name` that the service is started with; without one it takes the hostname."""
    text = read_small_file(path).decode(errors="replace").replace('"', " ").replace("=", " ")
    words = shlex.split(text.replace("'", " "), comments=True)
    for word, following in pairwise(words):
        if word == NODE_NAME:
            return following
    return HOSTNAME
