"""What the ecosystem's configuration says a node has: its players."""

from dataclasses import dataclass

VIDEOCOMPOSER_PORT = 7000


@dataclass(frozen=True, slots=True, kw_only=True)
class MixerProgram:
    """jack-volume, one process for the node."""

    path: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DmxProgram:
    """cuems-dmxplayer, one process for the node; latency None: the player's own idea."""

    path: str
    args: tuple[str, ...] = ()
    output_latency_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """cuems-videocomposer, a service of the machine, and the file that lays out its canvas."""

    port: int = VIDEOCOMPOSER_PORT
    display_conf: str = "/run/cuems/display.conf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Motions:
    """cuems-gradient-motiond, a service of the machine; it obeys what bears its `name` only."""

    port: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What a node has. None where it is not configured: then mpv, or nobody, does that work.

    `mappings_file` says what its outputs are.
    """

    mixer: MixerProgram | None = None
    dmx: DmxProgram | None = None
    composer: Composer | None = None
    motions: Motions | None = None
    mappings_file: str = "default_mappings.xml"
