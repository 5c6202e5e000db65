"""The players that serve a whole node: mixer, DMX player, video composer, and fades.

The mixer and the DMX player are processes of ours, the other two services of the machine. What was
set from the control surface is set again wherever a player has begun anew.
"""

import logging
from collections.abc import Iterable
from pathlib import Path

import anyio

from cuems.adapters.jack import CannotWireError, Patchbay
from cuems.adapters.osc_udp import Ports
from cuems.app.composer_performer import Sizes
from cuems.app.moving import Moving
from cuems.app.resident import Resident, Say, Service
from cuems.core.check_outputs import Output
from cuems.core.cues import NodeId
from cuems.core.timecode import FrameRate
from cuems.players import dmx_player, gradient, mixer, video
from cuems.players.equipment import Equipment
from cuems.wire.osc import Osc, OscPacket

log = logging.getLogger(__name__)


class Residents:
    """Those of one node."""

    def __init__(
        self,
        equipment: Equipment,
        node: NodeId,
        audio_outputs: tuple[Output, ...],
        ports: Ports,
        rate: FrameRate,
        patchbay: Patchbay | None = None,
    ) -> None:
        self._patchbay = patchbay
        self.equipment = equipment
        self.sizes = Sizes()
        self._node = node
        self._audio_outputs = audio_outputs
        self._ports = ports
        self._faders: dict[str, float] = {}
        self._masters: dict[str, Osc] = {}
        self.mixer = self._mixer(equipment)
        self.dmx = self._dmx(equipment)
        self.composer = self._composer(equipment)
        self.motions = self._motions(equipment)
        self.moving: Moving | None = None
        if self.motions is not None and equipment.motions is not None:
            self.moving = Moving(self.motions, equipment.motions.name, rate)

    def _mixer(self, equipment: Equipment) -> Resident | None:
        program = equipment.mixer
        if program is None:
            return None
        channels = max(1, len(self._audio_outputs))
        resident = Resident(
            Path(program.path).name,
            lambda port: mixer.argv(program, port, channels),
            probe=mixer.fader(mixer.MASTER, 1.0),
            remedy=mixer.REMEDY,
            greeting=self._all_faders,
        )
        if self._patchbay is not None:
            resident.wire = self._wire_mixer
        return resident

    async def _wire_mixer(self) -> None:
        assert self._patchbay is not None
        wires = mixer.output_wires(self._audio_outputs)
        names = [(one.source.partition(":")[2], one.destination) for one in wires]
        try:
            await self._patchbay.wire(mixer.NAME, names)
        except CannotWireError as error:
            log.warning("the mixer is not connected: %s", error.problem)

    def _all_faders(self) -> Iterable[OscPacket]:
        return [mixer.fader(channel, gain) for channel, gain in self._faders.items()]

    def _dmx(self, equipment: Equipment) -> Resident | None:
        program = equipment.dmx
        if program is None:
            return None
        return Resident(
            Path(program.path).name,
            lambda port: dmx_player.argv(program, self._node, port),
            probe=Osc("/check"),
            remedy=dmx_player.REMEDY,
            greeting=lambda: (dmx_player.follow(False), dmx_player.DARK),
            farewell=(dmx_player.follow(False), dmx_player.DARK),
        )

    @staticmethod
    def _composer(equipment: Equipment) -> Service | None:
        if equipment.composer is None:
            return None
        port = equipment.composer.port
        return Service("cuems-videocomposer", port, video.CHECK, video.REMEDY)

    @staticmethod
    def _motions(equipment: Equipment) -> Service | None:
        if equipment.motions is None:
            return None
        probe = gradient.cancel_all(equipment.motions.name)
        return Service("cuems-gradient-motiond", equipment.motions.port, probe, gradient.REMEDY)

    # ---- what is asked

    def set_fader(self, channel: str, gain: float) -> bool:
        """Set a fader of the mixer, now and whenever it begins anew; False without a mixer."""
        if self.mixer is None:
            return False
        self._faders[channel] = gain
        self.mixer.outlet.set(mixer.fader(channel, gain))
        return True

    def tell_composer(self, message: Osc) -> bool:
        """Tell the composer something; False without one."""
        if self.composer is None:
            return False
        if message.address.startswith(video.MASTER):
            self._masters[message.address] = message
        self.composer.outlet.set(message)
        return True

    def tell_dmx(self, packet: OscPacket) -> bool:
        """Tell the DMX player something; False without one."""
        if self.dmx is None:
            return False
        self.dmx.outlet.send(packet)
        return True

    def begin_show(self) -> None:
        """A show is loaded: nothing of the one before is left, what was set from outside is."""
        if self.motions is not None and self.equipment.motions is not None:
            self.motions.outlet.send(gradient.cancel_all(self.equipment.motions.name))
        if self.composer is not None:
            self.composer.outlet.send(video.RESET, *self._masters.values())
        if self.mixer is not None:
            self.mixer.outlet.send(*self._all_faders())

    def stop_show(self) -> None:
        """Everything is stopped: no fade goes on."""
        if self.motions is not None and self.equipment.motions is not None:
            self.motions.outlet.send(gradient.cancel_all(self.equipment.motions.name))

    async def serve(self, say: Say) -> None:
        """Keep them going until cancelled."""
        async with anyio.create_task_group() as tg:
            for resident in (self.mixer, self.dmx):
                if resident is not None:
                    tg.start_soon(resident.serve, self._ports, say)
            for service in (self.composer, self.motions):
                if service is not None:
                    tg.start_soon(service.serve)
            self.stop_show()  # of an engine before us
