"""What a controller does with its library: reads projects, and looks at their files for a deploy.

A newer load ends the one before, and so does a newer deploy; the outcome comes by the inbox.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectSendStream

from cuems.app.links import ControllerItem
from cuems.app.project import load_show, project_folder
from cuems.app.recorder import Recorder
from cuems.app.serving import NotServedError, Served
from cuems.core import bus
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import NodeId, Show
from cuems.core.desk import (
    ControllerEvent,
    DeployImpossible,
    DeployReady,
    PaceDeploy,
    PrepareDeploy,
    ProjectHashed,
    ProjectRead,
    ProjectUnreadable,
    ReadProject,
)
from cuems.core.errors import CuemsError

HASH_PATIENCE_S = 0.5  # most projects' files are known by then, and a load need not be told twice


@dataclass(slots=True, kw_only=True)
class Librarian:
    """At most one load and one deploy under way; `found` is told of a show once it is read."""

    library: Path
    served: Served
    recorder: Recorder
    found: Callable[[Show], None]
    inbox: MemoryObjectSendStream[ControllerItem]
    _reading: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    _preparing: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    def see_to(self, effect: ReadProject | PrepareDeploy | PaceDeploy, tasks: TaskGroup) -> None:
        """Begin what is asked."""
        match effect:
            case ReadProject(load_seq, project):
                self._reading.cancel()
                self._reading = anyio.CancelScope()
                tasks.start_soon(self._read, load_seq, project, self._reading)
            case PrepareDeploy():
                self._preparing.cancel()
                self._preparing = anyio.CancelScope()
                tasks.start_soon(self._prepare, effect, self._preparing)
            case PaceDeploy(trickle):
                self.served.pace(trickle=trickle)

    async def _read(self, load_seq: int, project: str, scope: anyio.CancelScope) -> None:
        """Read a project and then its files, unless a newer load has taken over."""
        served = self.served
        with scope:
            try:
                show = await load_show(self.library, project)
            except CuemsError as error:
                await self.inbox.send(ProjectUnreadable(load_seq, str(error)))
                return
            self.found(show)
            known = False
            with anyio.move_on_after(HASH_PATIENCE_S):
                hashed = await self._hashed(load_seq, project, show)
                known = True
            source = (hashed.source if known else None) or served.source
            script = project_folder(self.library, project) / "script.xml"
            self.recorder.keeps(load_seq, script)
            await self.inbox.send(ProjectRead(load_seq, show, source))
            if not known:
                hashed = await self._hashed(load_seq, project, show)
            if not known or hashed.reason:
                await self.inbox.send(hashed)

    async def _hashed(self, load_seq: int, project: str, show: Show) -> ProjectHashed:
        try:
            return ProjectHashed(load_seq, await self.served.hashed(project, show))
        except CuemsError as error:
            return ProjectHashed(load_seq, None, str(error))

    async def _prepare(self, wanted: PrepareDeploy, scope: anyio.CancelScope) -> None:
        """Look at a project's files for a deploy, unless a newer one has taken over."""
        seq = wanted.deploy_seq
        with scope:
            result: ControllerEvent
            try:
                source, nodes = await self._source(wanted)
                result = DeployReady(seq, source, nodes, time.monotonic_ns())
            except CuemsError as error:
                result = DeployImpossible(seq, str(error))
            await self.inbox.send(result)

    async def _source(self, wanted: PrepareDeploy) -> tuple[bus.Source, tuple[NodeId, ...]]:
        served = self.served
        if not wanted.project:
            return served.source, ()
        project_folder(self.library, wanted.project)
        if wanted.verb == "rollback":
            await served.versions.go_back(wanted.project)
        show = await load_show(self.library, wanted.project)
        if served.daemon is None:
            raise NotServedError("the controller serves no files: apt-get install rsync")
        return await served.hashed(wanted.project, show), tuple(sorted(RunningOrder(show).nodes()))
