"""What the control surface sets of a node's players: whoever is there to take it.

Where there is a mixer it has the faders; else the master is a factor of every cue's volume, and
there are no others.
"""

import logging

from cuems.app.residents import Residents
from cuems.app.stage import Stage
from cuems.core.bus import PlayerControlCommand
from cuems.core.cues import NodeId
from cuems.players import dmx_player, mixer
from cuems.players.picture import trims
from cuems.players.surface import (
    CannotSetError,
    SetCueVolume,
    SetFader,
    Setting,
    TellComposer,
    TellDmxPlayer,
    path_for,
    setting,
)
from cuems.wire.osc import Osc

log = logging.getLogger(__name__)


class Faders:
    """The faders of one node; `master` is the factor, and survives loads, as its status does."""

    def __init__(self, residents: Residents | None) -> None:
        self.master = 1.0
        self._residents = residents

    def obey(self, command: PlayerControlCommand, node: NodeId, stage: Stage | None) -> None:
        """Set something of a node's players; what nobody takes is only logged."""
        path = path_for(node, command.address)
        if path is None:
            return  # for another node
        try:
            self.set(path, setting(path, command.values), stage)
        except CannotSetError as error:
            log.warning("%s", error)

    def set(self, path: str, wanted: Setting, stage: Stage | None) -> None:
        """Set something; raises CannotSetError where nobody takes it."""
        missing = self._missing(wanted, stage)
        if missing:
            raise CannotSetError(path, missing)

    def _missing(self, wanted: Setting, stage: Stage | None) -> str:
        """Do it; what would be needed, "" where it is done."""
        residents = self._residents
        match wanted:
            case SetFader(channel, gain):
                return self._fader(channel, gain, stage)
            case SetCueVolume(cue, channel, gain):
                done = stage is not None and stage.set_cue_volume(cue, channel, gain)
                return "" if done else "a sound cue that is armed or plays, by its own player"
            case TellComposer(message):
                if residents is not None and residents.tell_composer(message):
                    return ""
                return _trim(message, stage)
            case TellDmxPlayer(packet):
                if residents is not None and residents.tell_dmx(packet):
                    return ""
                if packet == dmx_player.DARK and stage is not None and stage.black_out():
                    return ""
                return "a DMX player, which is not configured"

    def _fader(self, channel: str, gain: float, stage: Stage | None) -> str:
        if self._residents is not None and self._residents.set_fader(channel, gain):
            return ""
        if channel != mixer.MASTER:
            return "master: there is no mixer with channels here"
        self.master = gain
        if stage is not None:
            stage.set_master(gain)
        return ""


def _trim(message: Osc, stage: Stage | None) -> str:
    """Set a picture that mpv shows; what would be needed, "" where it is done."""
    found = trims(message)
    if found is None:
        return "a video composer, which is not configured; mpv has opacity and scale of a layer"
    done = stage is not None and stage.trim_picture(*found)
    return "" if done else "a picture that is armed or plays"
