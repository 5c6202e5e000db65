"""Sets a node's stage for a load and strikes it, and sees to what an engine before left playing."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectSendStream

from cuems.app.faders import Faders
from cuems.app.links import NodeItem
from cuems.app.node_parts import NodeParts
from cuems.app.stage import Stage
from cuems.core import bus
from cuems.core.cuelist import RunningOrder
from cuems.core.delivery import Urgent
from cuems.core.events import PlayerEvent
from cuems.core.node_desk import Proved

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Crew:
    """At most one stage is set. What players prove goes to `inbox`, and `notice` to people."""

    parts: NodeParts
    faders: Faders
    inbox: MemoryObjectSendStream[NodeItem]
    notice: Callable[[str], Awaitable[None]]
    _staging: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    _told_survivors: int = 0  # the load at which it was told of players left playing

    def set_stage(self, order: RunningOrder, tasks: TaskGroup) -> Stage:
        """The stage for a show, in the place of the one before."""
        workshop = self.parts.workshop
        self._staging.cancel()
        self._staging = anyio.CancelScope()
        if workshop.residents is not None:
            workshop.residents.begin_show()
        stage = Stage(
            {cue: order[cue] for cue in order},
            self.parts.library,
            workshop,
            report=self._proved,
            master=self.faders.master,
            line=self.parts.timekeeper.position_at,
            notice=lambda cue, text: self.notice(f"{order[cue].name}: {text}"),
            say=lambda cue, line: log.info("%s", line, extra={"cue": order[cue].name}),
        )
        tasks.start_soon(self._serve, stage, self._staging)
        return stage

    def strike(self) -> None:
        """Let the stage go, and all on it."""
        self._staging.cancel()

    @staticmethod
    async def _serve(stage: Stage, scope: anyio.CancelScope) -> None:
        with scope:
            await stage.serve()

    async def _proved(self, event: PlayerEvent) -> None:
        await self.inbox.send(Proved(event))

    def end_survivors(self, told: Urgent, tasks: TaskGroup) -> None:
        """What the engine before left playing ends with the show, whatever is loaded here."""
        survivors = self.parts.workshop.survivors
        is_meant = not isinstance(told, bus.StopCommand) or self.parts.node in (
            told.only or (self.parts.node,)
        )
        if survivors is not None and is_meant:
            tasks.start_soon(survivors.end)

    async def tell_survivors(self, load_seq: int) -> None:
        """Once for each load: what was told before it was cleared by it."""
        survivors = self.parts.workshop.survivors
        if survivors is None or self._told_survivors == load_seq:
            return
        self._told_survivors = load_seq
        if survivors.names:
            cues = ", ".join(survivors.names)
            await self.notice(f"{cues}: playing on since the engine before; STOP ends that")
