"""An upstream node on a real loopback bus: what it hears, what it does, what it says.

Source: interop.md 3.3, 3.4, 3.6. It has no players and no timecode: a cue started by `go` plays
until `end_cue`, and its start is `state.mtc_ms`.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pynng

from tests.fakes.legacy_bus import LegacyBus, Operation, serving


@dataclass
class NodeState:
    project: str = ""
    cues: list[str] = field(default_factory=list)
    armed: bool = False
    next_cue: str = ""
    running: list[str] = field(default_factory=list)
    enabled: dict[str, bool] = field(default_factory=dict)
    controls: list[tuple[str, Any]] = field(default_factory=list)
    unhandled: list[str] = field(default_factory=list)  # commands it has no reaction for
    mtc_ms: float = 0.0


class LegacyNode(LegacyBus):
    """Knows the cues of each project in its library."""

    def __init__(self, socket: pynng.Bus0, uuid: str, library: Mapping[str, Sequence[str]]) -> None:
        super().__init__(socket, uuid)
        self.state = NodeState()
        self._library = library

    async def react(self, operation: Operation) -> None:
        """Only commands have a reaction."""
        if operation["type"] != "command":
            return
        match operation["target"], operation["data"]:
            case "ping", _:
                await self.send("status", "update", "pong", {})
            case "load", {"value": project}:
                await self._load(project)
            case "go", _:
                await self._go()
            case "stop", _:
                await self._stop()
            case ("setnextcue" | "cue_enabled" | "player_control") as target, data:
                await self._adjust(target, data)
            case target, _:
                self.state.unhandled.append(target)

    async def end_cue(self, cue: str) -> None:
        """A cue reaches its end."""
        self.state.running.remove(cue)
        await self.send("cue", "remove", cue, {"id": cue})
        await self.send("player", "remove", f"audioplayer_{cue}", None)

    async def _load(self, project: object) -> None:
        state = self.state
        if not isinstance(project, str) or project not in self._library or state.running:
            return
        for cue in state.cues:
            await self.send("cue", "remove", cue, {"id": cue})
        state.project, state.cues = project, list(self._library[project])
        await self._arm_from_top()

    async def _arm_from_top(self) -> None:
        self.state.armed = True
        for cue in self.state.cues:
            await self.send("player", "add", f"audioplayer_{cue}", None)
        await self.send("status", "update", "armed_ready", {"armed": "yes"})
        await self._point_at(0)

    async def _point_at(self, index: int) -> None:
        cues = self.state.cues
        self.state.next_cue = cues[index] if index < len(cues) else ""
        await self.send("status", "update", "nextcue", {"nextcue": self.state.next_cue})

    async def _go(self) -> None:
        cue = self.state.next_cue
        if not cue:
            return
        self.state.running.append(cue)
        await self._point_at(self.state.cues.index(cue) + 1)
        start = {"id": cue, "offset": str(self.state.mtc_ms)}
        await self.send("cue", "add", cue, start)

    async def _stop(self) -> None:
        for cue in list(self.state.running):
            await self.end_cue(cue)
        if self.state.project:
            await self._arm_from_top()

    async def _adjust(self, target: str, data: Mapping[str, Any]) -> None:
        value = data["value"]
        if target == "setnextcue" and value in self.state.cues:
            await self._point_at(self.state.cues.index(value))
        elif target == "cue_enabled":
            cue, flag = value.split()
            self.state.enabled[cue] = flag == "1"
        elif target == "player_control" and self.uuid in data["address"].split("/"):
            self.state.controls.append((data["address"], value))


@asynccontextmanager
async def open_legacy_node(
    url: str, uuid: str, library: Mapping[str, Sequence[str]]
) -> AsyncIterator[LegacyNode]:
    """Dials the controller as upstream does, only sooner again after a break."""
    with pynng.Bus0(reconnect_time_min=20, reconnect_time_max=200) as socket:
        socket.tcp_keepalive = True
        node = LegacyNode(socket, uuid, library)
        socket.dial(url, block=False)
        async with serving(node, node.react):
            yield node
