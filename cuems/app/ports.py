"""What each port of this machine is for, and who holds it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cuems.adapters.files import read_small_file
from cuems.adapters.sockets import Holder, port_holders
from cuems.app.config import CONTROL_PORT, ECOSYSTEM_CONFIG, SETTINGS_FILE, has_settings
from cuems.players import PlayerConfig
from cuems.players.equipment import VIDEOCOMPOSER_PORT
from cuems.wire.settings_xml import NodeSettings, read_settings

BUS_PORT = 9093
PLAYER = "player"
FIXED = {
    5568: "sACN",
    6454: "Art-Net",
    9010: "olad",
    9090: "olad",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PortUse:
    """A port, what it is for ("": nothing of ours), and who holds it (None: nobody)."""

    port: int
    purpose: str
    holder: Holder | None


def port_uses(config: Path | None, *, everything: bool = False) -> list[PortUse]:
    """The ports this machine's configuration names, and those of players that are in use.

    `everything`: those of all other programs too. Reads files and the kernel's tables.
    """
    folder = config or (ECOSYSTEM_CONFIG if has_settings(ECOSYSTEM_CONFIG) else None)
    node = None
    if folder is not None:
        path = folder / SETTINGS_FILE
        node = read_settings(read_small_file(path), str(path)).node
    return list(_uses(purposes(node), port_holders(), everything=everything))


def purposes(node: NodeSettings | None) -> dict[int, str]:
    """What the ports of a machine are for."""
    if node is None:
        return FIXED | {CONTROL_PORT: "control surface", BUS_PORT: "node bus"}
    video = node.video_player
    return FIXED | {
        node.oscquery_ws_port: "control surface",
        node.oscquery_osc_port: "OSCQuery",
        node.websocket_port: "editor",
        node.nng_hub_port: "node bus",
        node.gradient_osc_port: "gradient-motiond",
        (video and video.osc_port) or VIDEOCOMPOSER_PORT: "videocomposer",
    }


def _uses(
    known: Mapping[int, str], holders: Iterable[Holder], *, everything: bool
) -> Iterable[PortUse]:
    config = PlayerConfig()
    players = range(config.first_port, config.last_port + 1)
    held = set()
    for holder in holders:
        own = PLAYER if holder.port in players and holder.protocol == "udp" else ""
        purpose = known.get(holder.port, own)
        if purpose or everything:
            held.add(holder.port)
            yield PortUse(holder.port, purpose, holder)
    for port in sorted(known.keys() - held - FIXED.keys()):
        yield PortUse(port, known[port], None)
