"""What a node does about files: a load brings a project's, a deploy what was asked.

A newer one of a kind ends the one before, and a load ends a deploy: it is more urgent.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectSendStream

from cuems.app.links import NodeItem
from cuems.app.node_parts import Files
from cuems.app.project import load_show
from cuems.core import bus
from cuems.core.errors import CuemsError
from cuems.core.node_desk import Deploy, Fetch, Fetched, FetchFailed
from cuems.core.reports import DeployPlanReport, DeployReport, NodeReport

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Errands:
    """At most one load and one deploy under way.

    `say` reports to the controller, `say_if_free` what is worth nothing if it has to wait (raises
    anyio.WouldBlock); what became of a load goes to `inbox`.
    """

    files: Files
    library: Path
    say: Callable[[NodeReport], Awaitable[None]]
    say_if_free: Callable[[NodeReport], None]
    inbox: MemoryObjectSendStream[NodeItem]
    _fetching: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    _deploying: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    def run(self, errand: Fetch | Deploy, tasks: TaskGroup) -> None:
        """Go about something."""
        self._deploying.cancel()
        match errand:
            case Fetch(load):
                self._fetching.cancel()
                self._fetching = anyio.CancelScope()
                tasks.start_soon(self._fetch, load, self._fetching)
            case Deploy(command):
                self._deploying = anyio.CancelScope()
                tasks.start_soon(self._deploy, command, self._deploying)

    def stop_fetching(self) -> None:
        """What is loaded is not wanted any more."""
        self._fetching.cancel()

    async def _fetch(self, load: bus.LoadCommand, scope: anyio.CancelScope) -> None:
        """Get a project, unless a newer load has taken over."""
        with scope:
            result: Fetched | FetchFailed
            try:
                await self.files.fetch(load, self._report)
                result = Fetched(load, await load_show(self.library, load.project))
            except CuemsError as error:
                log.warning("project %s cannot be loaded: %s", load.project, error)
                await self.say(DeployReport(0, str(error), "failed"))
                result = FetchFailed(load, str(error))
            await self.inbox.send(result)

    async def _deploy(self, command: bus.DeployCommand, scope: anyio.CancelScope) -> None:
        """Do something about files, unless a newer command or a load has taken over."""
        ended = DeployReport(0, "given up for a newer one", "failed", command.deploy_seq)
        with scope:
            ended = await self.files.obey(command, self._report)
        await self.say(ended)

    def _report(self, report: DeployReport | DeployPlanReport) -> None:
        with suppress(anyio.WouldBlock):  # only the newest progress matters
            self.say_if_free(report)
