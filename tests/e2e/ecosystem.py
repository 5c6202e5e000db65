"""A machine of the ecosystem: its configuration, its services, and executables for its players.

The services are in the test's own process, where their state can be looked at; the players are
processes that the engine starts, and write down what they hear.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio

from cuems.core.cues import NodeId
from cuems.wire.mappings_xml import Device, MappedNode, Mappings, Port, write_mappings
from cuems.wire.settings_xml import (
    AudioMixerSettings,
    AudioPlayerSettings,
    DmxPlayerSettings,
    HostSettings,
    NodeSettings,
    VideoPlayerSettings,
    write_settings,
)
from tests.e2e.rig import Home
from tests.fakes.composer import Composer
from tests.fakes.motions import Motions

NODE = NodeId("11111111-1111-4111-8111-111111111111")
ROOT = Path(__file__).parents[2]
LOOK_S = 0.02
CONF = """
[output:HDMI-A-1]
canvas_region=0,0,1920,1080
[output:DP-1]
canvas_region=1920,0,1920,1080
"""


@dataclass
class Ecosystem:
    """What stands on the machine beside the engine."""

    home: Home
    composer: Composer
    motions: Motions

    @property
    def config(self) -> Path:
        return self.home.folder / "etc"

    def heard(self, player: str) -> list[str]:
        """What a player has written down so far."""
        path = self.home.folder / "heard" / f"{player}.log"
        return path.read_text().splitlines() if path.exists() else []

    async def hears(self, player: str, *lines: str) -> None:
        """Wait until a player has heard these, in this order; a file tells nobody of its news."""
        while not _in_order(lines, self.heard(player)):  # noqa: ASYNC110
            await anyio.sleep(LOOK_S)

    def player(self, name: str, module: str) -> str:
        """An executable."""
        path = self.home.folder / name
        path.write_text(f'#!/bin/sh\ncd {ROOT}\nexec {sys.executable} -m {module} "$@"\n')
        path.chmod(0o755)
        return str(path)


def _in_order(wanted: tuple[str, ...], heard: list[str]) -> bool:
    rest = iter(heard)
    return all(any(line == other for other in rest) for line in wanted)


@contextmanager
def open_ecosystem(folder: Path) -> Iterator[Ecosystem]:
    """A configured machine."""
    (folder / "heard").mkdir()
    (folder / "etc").mkdir()
    home = Home(folder, environment={"CUEMS_MTC": "internal", "FAKE_LOG": str(folder / "heard")})
    composer, motions = Composer(), Motions(node=NODE)
    rig = Ecosystem(home, composer, motions)
    (rig.config / "settings.xml").write_bytes(write_settings(_settings(rig)))
    (rig.config / "default_mappings.xml").write_bytes(write_mappings(_mappings()))
    (rig.config / "display.conf").write_text(CONF)
    (rig.config / "gradient-motiond.env").write_text(f'ARGS="--node-name {NODE}"\n')
    (home.library / "media").mkdir(parents=True)
    try:
        yield rig
    finally:
        composer.close()
        motions.close()


def _settings(rig: Ecosystem) -> HostSettings:
    return HostSettings(
        library_path=str(rig.home.library),
        node=NodeSettings(
            uuid=NODE,
            mac="0242ac110002",
            gradient_osc_port=rig.motions.port,
            video_player=VideoPlayerSettings(
                path=rig.player("videocomposer", "tests.fakes.composer"),
                osc_port=rig.composer.port,
            ),
            audio_player=AudioPlayerSettings(
                path=rig.player("audioplayer", "tests.fakes.audioplayer"), args="-w -1"
            ),
            audio_mixer=AudioMixerSettings(path=rig.player("jack-volume", "tests.fakes.mixer")),
            dmx_player=DmxPlayerSettings(
                path=rig.player("dmxplayer", "tests.fakes.dmx_player"), output_latency_ms=35
            ),
        ),
    )


def _mappings() -> Mappings:
    speakers = (Port(id=0, name="left", mapped_to=("system:playback_1",)),
                Port(id=1, name="right", mapped_to=("system:playback_2",)))  # fmt: skip
    screens = (Port(id=0, name="stage", mapped_to=("HDMI-A-1",)),
               Port(id=1, name="back", mapped_to=("DP-1",)))  # fmt: skip
    node = MappedNode(
        uuid=NODE, mac="0242ac110002", audio=Device(outputs=speakers), video=Device(outputs=screens)
    )
    return Mappings(number_of_nodes=1, nodes=(node,))
