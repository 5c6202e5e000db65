"""What the players of a node are made of, and how one of them is started."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cuems.adapters.jack import Patchbay
from cuems.adapters.osc_udp import Ports
from cuems.adapters.process import Process, ProgramMissingError, open_process
from cuems.app.machine import look_at_machine
from cuems.app.performer import OnLine
from cuems.app.residents import Residents
from cuems.app.survivors import Survivors
from cuems.core.timecode import FrameRate
from cuems.players import PlayerConfig
from cuems.players.equipment import Equipment
from cuems.players.errors import CannotPlayError
from cuems.players.outputs import Outputs, choose_outputs

STOP_GRACE_S = 0.05  # silence within 100 ms of STOP, whatever the player thinks of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What performers are made of on this node.

    `patchbay` connects those that play by JACK, `residents` serve them all; whoever runs the node
    serves both. With `survivors` players are to outlive us, and some may have outlived the engine
    before.
    """

    config: PlayerConfig
    outputs: Outputs
    ports: Ports
    rate: FrameRate
    patchbay: Patchbay | None = None
    survivors: Survivors | None = None
    residents: Residents | None = None

    @property
    def missing(self) -> str:
        """What nobody sees or hears of what is played ("": all is)."""
        return self.outputs.missing if self.config.enabled else "nothing is played, as asked"


def workshop(
    config: PlayerConfig,
    rate: FrameRate,
    environment: Mapping[str, str],
    survivors: Survivors | None = None,
) -> Workshop:
    """What this machine's performers are made of; looks at its devices."""
    outputs = choose_outputs(config, look_at_machine(environment))
    ports = Ports(config.first_port, config.last_port, config.excluded_ports)
    patchbay = Patchbay() if outputs.by_jack else None
    residents = None
    if config.enabled and config.node is not None and config.equipment != Equipment():
        speakers = config.audio_outputs or ()
        residents = Residents(config.equipment, config.node, speakers, ports, rate, patchbay)
    return Workshop(
        config=config,
        outputs=outputs,
        ports=ports,
        rate=rate,
        patchbay=patchbay,
        survivors=survivors,
        residents=residents,
    )


@asynccontextmanager
async def open_player(
    argv: list[str],
    remedy: str,
    path: Path,
    on_line: OnLine,
    handles: Sequence[int] = (),
    *,
    survives: bool = False,
    goes_on: Callable[[], bool] = lambda: False,
) -> AsyncIterator[Process]:
    """Start a player's process; leaving the block ends it, unless it `goes_on`."""
    program = Path(argv[0]).name
    try:
        async with open_process(
            argv,
            name=program,
            on_line=on_line,
            pass_fds=handles,
            grace_s=STOP_GRACE_S,
            die_with_parent=not survives,
            goes_on=goes_on,
        ) as process:
            yield process
    except ProgramMissingError as error:
        raise CannotPlayError(path.name, str(error), remedy) from error
