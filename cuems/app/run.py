"""A run: resources, then the one root task group, then signals; nothing else."""

import logging
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import anyio.to_process
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from cuems.adapters.access_file import read_keys
from cuems.adapters.bus import NngDialler, open_bus_dialer, open_bus_listener
from cuems.adapters.crash_file import open_last_words
from cuems.adapters.files import (
    has_taken_over,
    keep_role,
    library_identity,
    next_epoch,
    only_one,
    raise_epoch,
    read_cluster_key,
)
from cuems.adapters.journal import JournalState, open_journal
from cuems.adapters.journal_files import Limits
from cuems.adapters.journal_reader import remembered
from cuems.adapters.lane import Lane, LaneError, open_lane
from cuems.adapters.mailbox import Mailbox
from cuems.adapters.memory_bus import open_memory_bus
from cuems.adapters.mtc_output import MtcOutput, open_mtc_output
from cuems.adapters.priority import go_first
from cuems.adapters.process import watch_without_threads
from cuems.adapters.settings_file import SettingsFile
from cuems.app.config import ConfigError, Role, RunConfig, Timecode
from cuems.app.controller import run_controller
from cuems.app.controller_parts import ControllerParts, ShowLine
from cuems.app.desk import ControlDesk
from cuems.app.editor import EditorParts, serve_editor
from cuems.app.fetching import Fetching, Place
from cuems.app.finding import (
    Bound,
    Search,
    announce_node,
    be_found,
    keep_linked,
    node_interfaces,
    open_finder,
)
from cuems.app.followed_journal import FollowedJournal
from cuems.app.front import Front, serve_front
from cuems.app.guard import LOOPBACK, Guard, guard_bus
from cuems.app.health import Health, open_health
from cuems.app.hearing import open_outside_line, serve_lane_r
from cuems.app.leading import Leading
from cuems.app.links import EVENTS, Bus, ControllerItem
from cuems.app.metrics import show_health, tell_health
from cuems.app.node import run_node
from cuems.app.node_parts import NodeParts
from cuems.app.node_recorder import open_node_recorder
from cuems.app.nodelist import Nodelist
from cuems.app.obituary import Obituary
from cuems.app.opening import FoundHours, Opening, OpeningParts, find_hours
from cuems.app.receiving import serve_receiving
from cuems.app.recorder import Recorder
from cuems.app.serving import open_served
from cuems.app.settings import SettingsKeeper
from cuems.app.shipping import Rest, ship_in_rest
from cuems.app.standby import Standby, StandbyParts
from cuems.app.survivors import Survivors
from cuems.app.workshop import workshop
from cuems.core.chased_line import ChasedLine
from cuems.core.errors import CuemsError
from cuems.core.midi_ports import MidiOpen, MidiState
from cuems.core.own_line import OwnLine
from cuems.core.rules import Rules
from cuems.core.sequencer import Options
from cuems.core.settings import Resume
from cuems.core.standby import ACTIVE
from cuems.core.stands import Remembered
from cuems.core.status import BusWarning, JournalFault, Leadership, Notice
from cuems.core.timecode import FrameRate
from cuems.core.timekeeper import Timekeeper
from cuems.demo.show import is_empty, write_demo
from cuems.players import follow_mtc
from cuems.wire.auth import Anyone, Trust, rig_name
from cuems.wire.lane_r import BUS_PORT, LANE_X_PORT, lane_r_url
from cuems.wire.ship import ship_address

UNHEARD = frozenset((Timecode.BUS, Timecode.INTERNAL, Timecode.OFF))  # by what listens to MIDI

log = logging.getLogger(__name__)


async def run(config: RunConfig) -> int:
    """Run a role until a signal ends it; the exit status: 130 after SIGINT, else 0.

    Raises CuemsError when it cannot start.
    """
    watch_without_threads()
    ended_by: list[signal.Signals] = []
    survivors = Survivors(config.state / "players") if config.players_survive else None
    role = _run_controller if config.role is Role.CONTROLLER else _run_node
    disks = {"library": config.library, "state": config.state}
    with (
        only_one(config.state, config.role),
        open_last_words(config.state / f"last-words-{config.role}") as words,
        Obituary(words),
        open_health(os.environ, disks) as health,
        anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals,
    ):
        own = Own(hangups=Mailbox[None](1), health=health, survivors=survivors, died=words.before)
        async with anyio.create_task_group() as watching:
            running = anyio.CancelScope()

            def end(number: signal.Signals) -> None:
                ended_by.append(number)
                health.notifier.stopping()
                if survivors is not None and number is signal.SIGTERM and not config.stop_on_exit:
                    survivors.leave()
                running.cancel()

            watching.start_soon(_end_on_signal, signals, end, own.hangups)
            with running:
                await role(config, own)
            watching.cancel_scope.cancel()
    if survivors is not None and survivors.are_left:
        logging.shutdown()
        os._exit(0)  # what goes on would be killed by asyncio as it is taken down
    return 130 if ended_by[:1] == [signal.SIGINT] else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What a process has for itself, whichever role it plays.

    `died` is what the one before it died of ("": it has ended as it should).
    """

    hangups: Mailbox[None]
    health: Health
    survivors: Survivors | None
    died: str


async def _end_on_signal(
    signals: AsyncIterator[signal.Signals],
    end: Callable[[signal.Signals], None],
    hangups: Mailbox[None],
) -> None:
    """End at the first signal; at a second one leave as we are: the children die with us.

    A hang-up ends nothing: what can be set is read again.
    """
    ending = False
    async for number in signals:
        if number is signal.SIGHUP:
            hangups.put(None)
            continue
        if ending:
            log.warning("%s again: leaving at once", number.name)
            os._exit(128 + number)
        log.info("%s: stopping", number.name)
        ending = True
        end(number)


# ---- the controller


async def _run_controller(config: RunConfig, own: Own) -> None:
    health = own.health
    hours = await anyio.to_thread.run_sync(find_hours, config.state)
    standby_of = await _active_one(config)
    project = None if standby_of else await _first_project(config, hours)
    send, inbox = anyio.create_memory_object_stream[ControllerItem](EVENTS)
    front = Front(send, await anyio.to_thread.run_sync(read_keys, config.state))
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
    before = None if standby_of else await _remembered(config)
    async with AsyncExitStack() as resources:
        journal = await resources.enter_async_context(
            open_journal(
                config.state / "journal",
                partial(_tell_journal, front.desk),
                Limits(total_bytes=config.resolved.settings.journal_mb * 1_000_000),
            )
        )
        file = await anyio.to_thread.run_sync(SettingsFile, config.sources.file)
        resources.enter_context(file)
        settings = SettingsKeeper(config.sources, file, config.resolved)
        guard = await anyio.to_thread.run_sync(
            lambda: guard_bus(config.bus_url, config.state, open_bus=config.open_bus)
        )
        near: list[Bus] = []
        if config.local_node:
            near_end, node_end = await resources.enter_async_context(open_memory_bus())
            near.append(near_end)
        listener = await resources.enter_async_context(open_bus_listener(config.bus_url))
        address = urlsplit(config.bus_url).hostname or LOOPBACK[0]
        served = await resources.enter_async_context(
            open_served(config.library, config.state, address)
        )
        mtc = await resources.enter_async_context(_sent_timecode(config))
        line: ShowLine = OwnLine(time.monotonic_ns())
        midi = None
        if config.chases:
            line = chased = ChasedLine()
            outside = open_outside_line(config.mtc, chased, send)
            midi = await resources.enter_async_context(outside)
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
            remembered=before,
            recorder=Recorder(journal, rules, front.desk.requests.tail),
            settings=settings,
            leading=Leading(
                me=config.node,
                epoch=0,
                boot=secrets.token_hex(4),
                trust=guard.trust,
                lane=await resources.enter_async_context(_lane_x(listener.url)),
            ),
            near_links=len(near),
            load=project,
            health=health,
            step_down=partial(keep_role, config.state, leads=False),
            died=own.died,
        )
        front.desk.publish(BusWarning(guard.warning))
        show_health(health, front, journal)
        tg = await resources.enter_async_context(anyio.create_task_group())
        tg.start_soon(health.watch, partial(tell_health, front))
        where = await tg.start(serve_front, front, config.state, config.control, config.doors)
        await tg.start(serve_lane_r, lane_r_url(listener.url), parts.leading, send)
        if standby_of is None:
            epoch = await anyio.to_thread.run_sync(next_epoch, config.state)
        else:
            log.info("ready: standby of %s, control surface at %s", standby_of, where)
            health.notifier.ready()
            followed = FollowedJournal(journal, config.library)
            epoch = await _stand_by(config, standby_of, front.desk, parts, followed, send, inbox)
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
        door = ship_address(listener.url)
        tg.start_soon(serve_receiving, config.state, door, front.desk.report)
        tg.start_soon(_read_settings_again, own.hangups, settings, opening, send, front.desk)
        if config.ipc is not None:
            stranger = parts.leading.refuse
            editor = _editor_parts(config.ipc, nodelist, front.desk, send, stranger)
            tg.start_soon(serve_editor, editor)
        if config.local_node:
            await tg.start(run_node, await _node_parts(config, node_end, own))
        _say_where(where, listener.url, guard)
        bound = Bound(
            bus_url=listener.url,
            control_url=where,
            rig=await _rig(config),
            osc_udp=front.osc_udp,
        )
        tg.start_soon(be_found, config, bound, send)
        health.notifier.ready()


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


async def _active_one(config: RunConfig) -> str | None:
    """Whom a standby is to follow; None where it has taken over before it was started again."""
    if config.standby is None or not await anyio.to_thread.run_sync(has_taken_over, config.state):
        return config.standby
    log.warning("this standby has taken over from %s, and leads on", config.standby)
    return None


async def _stand_by(
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


def _tell_journal(desk: ControlDesk, state: JournalState) -> None:
    if state.fault:
        log.warning("%s", state.fault)
    else:
        log.info("the journal is being written again; %s lines are lost", state.lost_lines)
    desk.publish(JournalFault(state.fault))


def _editor_parts(
    folder: Path,
    nodelist: Nodelist,
    desk: ControlDesk,
    send: MemoryObjectSendStream[ControllerItem],
    stranger: Callable[[str, str], None],
) -> EditorParts:
    return EditorParts(
        folder=folder,
        nodelist=nodelist,
        board=desk.board,
        send=send,
        stranger=stranger,
    )


async def _remembered(config: RunConfig) -> Remembered | None:
    """The show to go on with, where the controller before has died in the middle of one."""
    if config.resolved.settings.resume == Resume.OFF:
        return None
    found = await anyio.to_thread.run_sync(remembered, config.state / "journal")
    if found is None or not found.stands.project:
        return None
    log.warning("the controller before has died: %s as in run %s", found.stands.project, found.run)
    return found


async def _first_project(config: RunConfig, hours: FoundHours) -> str | None:
    """What to load at the start: what was asked for, or the demo where there is nothing at all."""
    await anyio.to_thread.run_sync(library_identity, config.library)  # is it a folder at all?
    has_shows = not await anyio.to_thread.run_sync(is_empty, config.library)
    said = config.load or hours.schedule.auto_start.project or None
    if said is not None or has_shows or not config.embedded:
        return said or await anyio.to_thread.run_sync(_only_project, config.library)
    log.info("the library %s is empty: writing the demo show", config.library)
    try:
        return await anyio.to_process.run_sync(
            write_demo, config.library, config.node, cancellable=True
        )
    except OSError as error:
        place = error.filename or config.library
        raise ConfigError(f"the demo show cannot be written: {place}: {error.strerror}") from error


def _only_project(library: Path) -> str | None:
    projects = [path.parent.name for path in (library / "projects").glob("*/script.xml")]
    return projects[0] if len(projects) == 1 else None


@asynccontextmanager
async def _sent_timecode(config: RunConfig) -> AsyncIterator[MtcOutput | None]:
    """The MIDI output, where timecode is to be sent."""

    def changed(state: MidiState) -> None:
        if isinstance(state, MidiOpen):
            log.info("timecode is sent on MIDI port %s (%s)", state.port, state.api)
        else:
            log.info("timecode is not sent by MIDI: %s", state.reason)

    if config.mtc != Timecode.AUTO:
        yield None
        return
    # Players of the ecosystem read the port of the settings, "Midi Through Port-0".
    async with open_mtc_output(connect=config.mtc_port, required=False, on_state=changed) as output:
        yield output


@asynccontextmanager
async def _lane_x(bus_url: str) -> AsyncIterator[Lane]:
    """The controller's end of lane X, beside its bus; any port where that is taken."""
    parts = urlsplit(bus_url)
    host, port = parts.hostname or "127.0.0.1", (parts.port or 0) + LANE_X_PORT - BUS_PORT
    async with AsyncExitStack() as stack:
        try:
            lane = await stack.enter_async_context(open_lane(host, port))
        except LaneError as error:
            log.info("%s; another port is taken", error)
            lane = await stack.enter_async_context(open_lane(host))
        yield lane


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


# ---- a node


async def _rig(config: RunConfig) -> str:
    """What the rig is called among machines; "" where this one has no key."""
    key = await anyio.to_thread.run_sync(lambda: read_cluster_key(config.state, make=False))
    return "" if key is None else rig_name(key)


def _farthest(urls: tuple[str, ...]) -> str:
    """The bus that most can reach."""
    return next((url for url in urls if urlsplit(url).hostname not in LOOPBACK), urls[0])


async def _run_node(config: RunConfig, own: Own) -> None:
    urls = config.bus_urls if config.bus_given else ()
    guard = await anyio.to_thread.run_sync(
        lambda: guard_bus(_farthest(config.bus_urls), config.state, open_bus=config.open_bus)
    )
    if guard.warning:
        log.warning("%s", guard.warning)
    near = config.bus_given and urlsplit(_farthest(config.bus_urls)).hostname in LOOPBACK
    async with (
        open_bus_dialer(*urls) as link,
        open_lane("127.0.0.1" if near else "0.0.0.0") as lane,
        open_finder(config, node_interfaces(config)) as discovery,
        open_node_recorder(config.state) as recorder,
        anyio.create_task_group() as tg,
    ):
        rig = await _rig(config)
        if not config.bus_given:
            tg.start_soon(keep_linked, link, Search(config, rig, discovery))
        if discovery is not None:
            tg.start_soon(announce_node, discovery, config.node, rig)
        parts = await _node_parts(config, link, own, lane, guard.trust)
        rest = Rest()
        parts = replace(parts, recorder=recorder, on_rest=rest.rest, died=own.died)
        await tg.start(run_node, parts)
        tg.start_soon(ship_in_rest, config.node, config.state, lambda: link.url, rest)
        where = f"its controller is {config.bus_url}" if urls else "looking for its controller"
        log.info("ready: node %s, %s", config.node, where)
        own.health.notifier.ready()


async def _node_parts(
    config: RunConfig,
    link: Bus,
    own: Own,
    lane: Lane | None = None,
    trust: Trust | None = None,
) -> NodeParts:
    """What a node is made of; one without a lane is in its controller's process."""
    dialler = link if isinstance(link, NngDialler) else None
    tools = await anyio.to_thread.run_sync(
        workshop,
        config.players,
        FrameRate.FPS_25,
        dict(os.environ),
        own.survivors,
    )
    log.info("players: %s", tools.outputs.note if config.players.enabled else "none, as asked")
    if config.role is Role.CONTROLLER and config.mtc in UNHEARD and follow_mtc(config.players):
        log.warning(
            "players of settings.xml follow MIDI timecode, and --mtc %s sends none: they stand"
            " still; start with --mtc auto",
            config.mtc,
        )
    place = Place(
        node=config.node,
        library=config.library,
        library_identity=await anyio.to_thread.run_sync(library_identity, config.library),
        state=config.state,
        bus_url=lambda: link.url,
        legacy_secret=config.deploy_legacy_secret,
    )
    give_way = go_first() if config.realtime else None
    return NodeParts(
        node=config.node,
        library=config.library,
        link=link,
        workshop=tools,
        same_clock=lane is None,
        midi_port=config.midi_port,
        files=Fetching(place),
        timekeeper=Timekeeper(remote=lane is not None),
        state=config.state,
        trust=trust or Anyone(),
        lane=lane,
        health=own.health,
        give_way=give_way or (lambda: None),
        bus_urls=None if dialler is None else lambda: dialler.urls,
        led_from=lambda url: None if dialler is None else dialler.led_from(url),
        redial=lambda: None if dialler is None else dialler.redial(),
    )
