"""How a standby comes to lead, and under which epoch: whoever led before is fenced off by it."""

import logging
from contextlib import suppress
from functools import partial

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from cuems.adapters.files import has_taken_over, keep_role, raise_epoch
from cuems.app.config import RunConfig
from cuems.app.controller_parts import ControllerParts
from cuems.app.desk import ControlDesk
from cuems.app.followed_journal import FollowedJournal
from cuems.app.links import ControllerItem
from cuems.app.standby import Standby, StandbyParts

log = logging.getLogger(__name__)


async def active_one(config: RunConfig) -> str | None:
    """Whom a standby is to follow; None where it has taken over before it was started again."""
    if config.standby is None or not await anyio.to_thread.run_sync(has_taken_over, config.state):
        return config.standby
    log.warning("this standby has taken over from %s, and leads on", config.standby)
    return None


async def stand_by(
    config: RunConfig,
    url: str,
    desk: ControlDesk,
    parts: ControllerParts,
    journal: FollowedJournal,
    send: MemoryObjectSendStream[ControllerItem],
    inbox: MemoryObjectReceiveStream[ControllerItem],
) -> int:
    """Follow until it is time to lead; the epoch for that, on disk."""
    lane = () if parts.leading.lane is None else (parts.leading.lane.receive,)
    with parts.health.pulse("standby") as pulse:
        standby = Standby(
            StandbyParts(
                url=url,
                token=config.standby_token,
                takeover=config.takeover,
                desk=desk,
                journal=journal,
                send=send,
                unheard=(*(link.receive for link in parts.links), *lane),
                pulse=pulse,
            )
        )
        above = await standby.serve(inbox)
    epoch = await anyio.to_thread.run_sync(raise_epoch, config.state, above)
    await anyio.to_thread.run_sync(partial(keep_role, config.state, leads=True))
    first: tuple[ControllerItem, ...] = (standby.played, *standby.waiting)
    for item in first:
        with suppress(anyio.WouldBlock):  # whoever is not answered asks again
            send.send_nowait(item)
    return epoch
