"""Keeps a controller's settings and who belongs to the rig; the inbox hears what came of it."""

import logging
import time
from dataclasses import dataclass
from typing import assert_never

from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectSendStream

from cuems.app.links import ControllerItem
from cuems.app.nodelist import Nodelist
from cuems.app.settings import SettingsKeeper
from cuems.core.cues import NodeId
from cuems.core.desk import (
    KeepSetting,
    ModifyNodelist,
    NodelistModified,
    NodelistRead,
    ReadNodelist,
    SettingKept,
)
from cuems.core.errors import CuemsError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerk:
    """Does what takes its time while the controller decides on."""

    settings: SettingsKeeper
    nodelist: Nodelist
    inbox: MemoryObjectSendStream[ControllerItem]

    def see_to(self, effect: KeepSetting | ReadNodelist | ModifyNodelist, tasks: TaskGroup) -> None:
        """Begin what is asked."""
        match effect:
            case KeepSetting():
                tasks.start_soon(self._keep, effect)
            case ReadNodelist():
                tasks.start_soon(self._read_nodelist)
            case ModifyNodelist(seq, node, adopt):
                tasks.start_soon(self._modify_nodelist, seq, node, adopt)
            case _:
                assert_never(effect)

    async def _keep(self, keep: KeepSetting) -> None:
        reason = await self.settings.keep(keep.name, keep.value)
        await self.inbox.send(SettingKept(keep.seq, reason))

    async def _read_nodelist(self) -> None:
        try:
            adopted = await self.nodelist.adopted()
        except CuemsError as error:
            log.warning("who belongs to the rig cannot be read: %s", error)
            return
        await self.inbox.send(NodelistRead(adopted, time.monotonic_ns()))

    async def _modify_nodelist(self, seq: int, node: NodeId, adopt: bool) -> None:
        reason = ""
        try:
            await self.nodelist.modify(node, adopt=adopt)
        except CuemsError as error:
            reason = str(error)
        await self.inbox.send(NodelistModified(seq, reason, time.monotonic_ns()))
