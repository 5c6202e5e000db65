"""Being a controller: what it is made of, opened in order, and closed in reverse."""

import logging
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectSendStream

from cuems.adapters.access_file import read_keys
from cuems.adapters.bus import open_bus_listener
from cuems.adapters.files import keep_role, next_epoch
from cuems.adapters.journal import Journal, JournalState, open_journal
from cuems.adapters.journal_files import Limits
from cuems.adapters.mailbox import Mailbox
from cuems.adapters.memory_bus import MemoryBus, open_memory_bus
from cuems.adapters.settings_file import SettingsFile
from cuems.app.config import RunConfig, Timecode
from cuems.app.controller import run_controller
from cuems.app.controller_parts import ControllerParts
from cuems.app.desk import ControlDesk
from cuems.app.editor import EditorParts, serve_editor
from cuems.app.finding import Bound, be_found, own_rig
from cuems.app.first_project import first_project, show_before
from cuems.app.followed_journal import FollowedJournal
from cuems.app.front import Front, serve_front
from cuems.app.guard import LOOPBACK, Guard, guard_bus
from cuems.app.hearing import open_lane_x, serve_lane_r
from cuems.app.leading import Leading
from cuems.app.links import EVENTS, ControllerItem
from cuems.app.metrics import show_health, tell_health
from cuems.app.node import run_node
from cuems.app.node_role import node_parts
from cuems.app.nodelist import Nodelist
from cuems.app.opening import Opening, OpeningParts, find_hours
from cuems.app.own import Own
from cuems.app.receiving import serve_receiving
from cuems.app.recorder import Recorder
from cuems.app.serving import open_served
from cuems.app.settings import SettingsKeeper
from cuems.app.succession import active_one, stand_by
from cuems.app.timecode_ports import open_line, open_sent_timecode
from cuems.core.errors import CuemsError
from cuems.core.rules import Rules
from cuems.core.sequencer import Options
from cuems.core.standby import ACTIVE
from cuems.core.status import BusWarning, JournalFault, Leadership, Notice
from cuems.wire.auth import Anyone
from cuems.wire.lane_r import lane_r_url
from cuems.wire.ship import ship_address

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a controller has open; `node_end` is of the bus to the node that is in this process."""

    parts: ControllerParts
    journal: Journal
    guard: Guard
    bus_url: str
    node_end: MemoryBus | None


async def be_controller(config: RunConfig, own: Own) -> None:
    """Be a controller, or the standby of one until it takes over, until cancelled."""
    health = own.health
    hours = await anyio.to_thread.run_sync(find_hours, config.state)
    standby_of = await active_one(config)
    project = None if standby_of else await first_project(config, hours)
    send, inbox = anyio.create_memory_object_stream[ControllerItem](EVENTS)
    front = Front(send, await anyio.to_thread.run_sync(read_keys, config.state))
    before = None if standby_of else await show_before(config)
    async with AsyncExitStack() as resources:
        opened = await _open(config, own, front, send, resources)
        parts = replace(opened.parts, load=project, remembered=before)
        front.desk.publish(BusWarning(opened.guard.warning))
        show_health(health, front, opened.journal)
        tg = await resources.enter_async_context(anyio.create_task_group())
        tg.start_soon(health.watch, partial(tell_health, front))
        where = await tg.start(serve_front, front, config.state, config.control, config.doors)
        await tg.start(serve_lane_r, lane_r_url(opened.bus_url), parts.leading, send)
        if standby_of is None:
            epoch = await anyio.to_thread.run_sync(next_epoch, config.state)
        else:
            log.info("ready: standby of %s, control surface at %s", standby_of, where)
            health.notifier.ready()
            followed = FollowedJournal(opened.journal, config.library)
            epoch = await stand_by(config, standby_of, front.desk, parts, followed, send, inbox)
            parts = replace(parts, remembered=followed.remembered)
        parts.leading.lead(epoch)
        front.desk.publish(Leadership(role=ACTIVE, epoch=epoch))
        await tg.start(run_controller, parts, send, inbox, front.desk)
        opening = Opening(
            OpeningParts(
                state=config.state,
                found=hours,
                desk=front.desk,
                send=send,
                goes_on=before is not None,
                enabled=config.resolved.settings.opening_hours == "on",
            )
        )
        tg.start_soon(opening.serve)
        door = ship_address(opened.bus_url)
        tg.start_soon(serve_receiving, config.state, door, front.desk.report)
        tg.start_soon(_read_settings_again, own.hangups, parts.settings, opening, send, front.desk)
        if config.ipc is not None:
            editor = EditorParts(
                folder=config.ipc,
                nodelist=parts.nodelist,
                board=front.desk.board,
                send=send,
                stranger=parts.leading.refuse,
            )
            tg.start_soon(serve_editor, editor)
        if opened.node_end is not None:
            await tg.start(run_node, await node_parts(config, opened.node_end, own))
        _say_where(where, opened.bus_url, opened.guard)
        bound = Bound(
            bus_url=opened.bus_url,
            control_url=where,
            rig=await own_rig(config),
            osc_udp=front.osc_udp,
        )
        tg.start_soon(be_found, config, bound, send)
        health.notifier.ready()


async def _open(
    config: RunConfig,
    own: Own,
    front: Front,
    send: MemoryObjectSendStream[ControllerItem],
    resources: AsyncExitStack,
) -> Opened:
    nodelist = Nodelist(
        own=config.node,
        network_map=config.network_map,
        folder=config.ipc,
        users=config.ipc_users,
    )
    rules = Rules(
        adopted=await nodelist.adopted(),
        first_seq=secrets.randbelow(1 << 30),
        local_node=config.node if config.local_node else None,
        options=Options(own_line=not config.chases),
    )
    opening = open_journal(
        config.state / "journal",
        partial(_tell_journal, front.desk),
        Limits(total_bytes=config.resolved.settings.journal_mb * 1_000_000),
    )
    journal = await resources.enter_async_context(opening)
    file = await anyio.to_thread.run_sync(SettingsFile, config.sources.file)
    resources.enter_context(file)
    guard = await anyio.to_thread.run_sync(
        lambda: guard_bus(config.bus_url, config.state, open_bus=config.open_bus)
    )
    near: tuple[MemoryBus, ...] = ()
    node_end = None
    if config.local_node:
        near_end, node_end = await resources.enter_async_context(open_memory_bus())
        near = (near_end,)
    listener = await resources.enter_async_context(open_bus_listener(config.bus_url))
    address = urlsplit(config.bus_url).hostname or LOOPBACK[0]
    served = await resources.enter_async_context(open_served(config.library, config.state, address))
    mtc = await resources.enter_async_context(open_sent_timecode(config))
    line, midi = await resources.enter_async_context(open_line(config, send))
    parts = ControllerParts(
        sender=config.node,
        library=config.library,
        links=(*near, listener),
        rules=rules,
        nodelist=nodelist,
        served=served,
        line=line,
        line_links=len(near) + (config.mtc != Timecode.OFF),
        midi=midi,
        mtc=mtc,
        recorder=Recorder(journal, rules, front.desk.requests.tail),
        settings=SettingsKeeper(config.sources, file, config.resolved),
        leading=Leading(
            me=config.node,
            epoch=0,
            boot=secrets.token_hex(4),
            trust=guard.trust,
            lane=await resources.enter_async_context(open_lane_x(listener.url)),
        ),
        near_links=len(near),
        health=own.health,
        step_down=partial(keep_role, config.state, leads=False),
        died=own.died,
    )
    return Opened(
        parts=parts, journal=journal, guard=guard, bus_url=listener.url, node_end=node_end
    )


async def _read_settings_again(
    hangups: Mailbox[None],
    settings: SettingsKeeper,
    opening: Opening,
    send: MemoryObjectSendStream[ControllerItem],
    desk: ControlDesk,
) -> None:
    """At every hang-up; settings that cannot be read leave those before in force."""
    while True:
        await hangups.receive()
        await opening.read_again()
        try:
            await send.send(await settings.read_again())
        except CuemsError as error:
            log.warning("the settings stay as they are: %s", error)
            desk.publish(Notice(f"the settings stay as they are: {error}"))
        else:
            log.info("the settings have been read again")


def _tell_journal(desk: ControlDesk, state: JournalState) -> None:
    if state.fault:
        log.warning("%s", state.fault)
    else:
        log.info("the journal is being written again; %s lines are lost", state.lost_lines)
    desk.publish(JournalFault(state.fault))


def _say_where(where: str, bus_url: str, guard: Guard) -> None:
    if guard.warning:
        log.warning("%s", guard.warning)
    elif isinstance(guard.trust, Anyone):
        log.info(
            "only this machine's nodes can connect: for others make a key (`cuems key new`), copy"
            " it to them, and give --bus an address that they can reach"
        )
    log.info("nodes connect to %s", bus_url)
    log.info("ready: control surface at %s", where)
