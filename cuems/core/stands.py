"""How a show stands, as much of it as a controller needs to lead it on after a crash."""

from collections.abc import Iterator
from dataclasses import dataclass

from cuems.core.bus import PlayerControlCommand
from cuems.core.cues import NodeId
from cuems.core.show_state import ShowState
from cuems.core.status import MixerVolume


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """The loaded project, where its show is, the faders that were moved, who is done without.

    `mode` is the operators', edit or show. `played` are the cues that are over: a bit for each in
    running order, as a hexadecimal number.
    """

    project: str
    load_seq: int
    stop_generation: int
    state: ShowState
    controls: tuple[PlayerControlCommand, ...] = ()
    played: str = ""
    mode: str = "edit"
    waived: tuple[NodeId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """How a show stood when it was last heard of, and where the line was, flicks."""

    run: str
    stands: Stands
    position: int

    @property
    def in_the_middle(self) -> bool:
        """Whether anything had been started since the last stop."""
        return bool(self.stands.state.triggers)


def mixers(control: PlayerControlCommand) -> Iterator[MixerVolume]:
    """What clients are told of a fader that was moved; nothing of what is no fader."""
    match control.address.split("/"), control.values:
        case ["", node, "audio", "mixer", output, channel, "volume"], (int() | float() as value,):
            yield MixerVolume(NodeId(node), output, channel, float(value))
        case _:
            pass
