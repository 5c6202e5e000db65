"""Command line, environment and files into one frozen RunConfig, checked once."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from cuems.adapters.files import read_identity
from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError

CONTROL_HOST, CONTROL_PORT = "127.0.0.1", 9190
BUS_URL = "tcp://127.0.0.1:9093"


class ConfigError(CuemsError):
    """The program cannot be started as asked; the text names the option or file."""


class Role(StrEnum):
    """What a process is to the rig."""

    CONTROLLER = "controller"
    NODE = "node"


class Timecode(StrEnum):
    """The words of `--mtc` that are not a port's name."""

    AUTO = "auto"
    INTERNAL = "internal"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What was said on the command line or in the environment; None where nothing was."""

    role: Role
    config: Path | None = None
    library: Path | None = None
    state: Path | None = None
    control: str | None = None
    bus: str | None = None
    mtc: str = Timecode.AUTO
    players: bool = True
    load: str | None = None
    local_node: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """All that a run needs to know."""

    role: Role
    node: NodeId
    library: Path
    state: Path
    control: tuple[str, int]
    bus_url: str
    mtc: str
    players: bool
    load: str | None
    local_node: bool

    @property
    def midi_port(self) -> str | None:
        """The MIDI port to read timecode from: "" for whichever there is, None for no MIDI."""
        match self.mtc:
            case Timecode.INTERNAL | Timecode.OFF:
                return None
            case Timecode.AUTO:
                return ""
            case port:
                return port


def read_config(flags: Flags) -> RunConfig:
    """Complete what was said with the machine's files and the defaults. Reads and writes files.

    Raises ConfigError, or the error of the file that cannot be used.
    """
    state = flags.state or platformdirs.user_state_path("cuems")
    return RunConfig(
        role=flags.role,
        node=read_identity(state),
        library=flags.library or platformdirs.user_data_path("cuems") / "library",
        state=state,
        control=to_address(flags.control) if flags.control else (CONTROL_HOST, CONTROL_PORT),
        bus_url=flags.bus or BUS_URL,
        mtc=flags.mtc,
        players=flags.players,
        load=flags.load,
        local_node=flags.local_node,
    )


def to_address(text: str) -> tuple[str, int]:
    """`HOST:PORT`; raises ConfigError. An IPv6 host stands in brackets."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None or parts.path or parts.username:
        raise ConfigError(f"--control {text!r}: expected HOST:PORT, as in 127.0.0.1:9190")
    return host, port
