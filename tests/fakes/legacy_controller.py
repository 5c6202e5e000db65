"""An upstream controller on a real loopback bus: what it asks, hears and concludes.

Source: interop.md 3.3 to 3.6. Its own node role, which must also report, is whoever uses its uuid.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import pynng

from tests.fakes.legacy_bus import LegacyBus, Operation, serving

PONG_WAIT_S = 1.5


@dataclass
class ControllerState:
    project: str = ""
    armed: bool = False
    running: bool = False
    next_cue: str = ""
    alive: set[str] = field(default_factory=set)
    armed_by: set[str] = field(default_factory=set)
    finished_by: set[str] = field(default_factory=set)
    cues: dict[str, int] = field(default_factory=dict)  # play status: 0, 1 to 99, 100
    starts: dict[str, str] = field(default_factory=dict)  # cue to the start's own text
    enabled: dict[str, bool] = field(default_factory=dict)
    players: set[str] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)  # status targets it logs and forgets


class LegacyController(LegacyBus):
    """Believes what the nodes in `adopted` report."""

    def __init__(self, socket: pynng.Bus0, uuid: str, adopted: Iterable[str]) -> None:
        super().__init__(socket, uuid)
        self.state = ControllerState()
        self.adopted = {uuid, *adopted}

    @property
    def required(self) -> set[str]:
        return (self.adopted & self.state.alive) | {self.uuid}

    async def command(self, target: str, value: object) -> None:
        """Any command of the table, to every node."""
        area = "cluster" if target == "ping" else "command"
        data = {"value": value, "address": f"/engine/{area}/{target}"}
        await self.send("command", "update", target, data)

    async def load(self, project: str, cues: Sequence[str]) -> None:
        """Ping, wait for pongs, then load; `cues` are those of the project's script."""
        self.state = ControllerState(project=project, cues=dict.fromkeys(cues, 0))
        await self.command("ping", None)
        with anyio.move_on_after(PONG_WAIT_S):
            await self.until(lambda: self.state.alive >= self.adopted - {self.uuid})
        await self.command("load", project)

    async def go(self) -> None:
        self.state.running = True
        await self.command("go", None)

    async def stop(self) -> None:
        self.state.running = self.state.armed = False
        self.state.next_cue = ""
        self.state.armed_by.clear()
        self.state.cues = dict.fromkeys(self.state.cues, 0)
        await self.command("stop", None)

    async def control(self, address: str, value: object) -> None:
        data = {"address": address, "value": value}
        await self.send("command", "update", "player_control", data)

    async def react(self, operation: Operation) -> None:
        match operation["type"]:
            case "cue":
                self._cue(operation["action"], operation["target"], operation["data"])
            case "player" if operation["action"] == "add":
                self.state.players.add(operation["target"])
            case "player":
                self.state.players.discard(operation["target"])
            case "status":
                self._status(operation["sender"], operation["target"], operation["data"])

    def _cue(self, action: str, cue: str, data: dict[str, Any]) -> None:
        cues = self.state.cues
        if cue not in cues:
            self.dropped.append(f"cue {cue} is not in the script")
        elif action == "add":
            cues[cue], self.state.starts[cue] = 1, data["offset"]
        elif action == "remove" and cues[cue] == 1:
            cues[cue] = 100
        elif action == "update":
            cues[cue] = data["percentage"]

    def _status(self, sender: str, target: str, data: dict[str, Any]) -> None:
        aggregate: dict[str, Callable[[str], None]] = {
            "armed_ready": self._armed,
            "script_finished": self._finished,
        }
        if target in aggregate and sender not in self.adopted:
            self.dropped.append(f"{target} of {sender}, which is not adopted")
        elif target in aggregate:
            aggregate[target](sender)
        elif target == "pong":
            self.state.alive.add(sender)
        elif target == "nextcue":
            self.state.next_cue = data["nextcue"]
        elif target == "cue_enabled":
            self.state.enabled[data["cue_id"]] = data["enabled"]
        else:
            self.state.unknown.append(target)

    def _armed(self, sender: str) -> None:
        self.state.armed_by.add(sender)
        self.state.armed = self.state.armed_by >= self.required

    def _finished(self, sender: str) -> None:
        self.state.finished_by.add(sender)
        self.state.running = not self.state.finished_by >= self.required


@asynccontextmanager
async def open_legacy_controller(
    uuid: str, adopted: Iterable[str] = (), url: str = "tcp://127.0.0.1:0"
) -> AsyncIterator[tuple[LegacyController, str]]:
    """The controller, and the URL to dial."""
    with pynng.Bus0() as socket:
        socket.tcp_keepalive = True
        controller = LegacyController(socket, uuid, adopted)
        listener = socket.listen(url)
        async with serving(controller, controller.react):
            yield controller, f"tcp://{listener.local_address}"
