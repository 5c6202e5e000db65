"""Being a node of its own: what it is made of, opened in order, and closed in reverse."""

import logging
import os
from dataclasses import replace
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from cuems.adapters.bus import NngDialler, open_bus_dialer
from cuems.adapters.files import library_identity
from cuems.adapters.lane import Lane, open_lane
from cuems.adapters.priority import go_first
from cuems.app.config import Role, RunConfig, Timecode
from cuems.app.fetching import Fetching, Place
from cuems.app.finding import (
    Search,
    announce_node,
    keep_linked,
    node_interfaces,
    open_finder,
    own_rig,
)
from cuems.app.guard import LOOPBACK, guard_bus
from cuems.app.links import Bus
from cuems.app.node import run_node
from cuems.app.node_parts import NodeParts
from cuems.app.node_recorder import open_node_recorder
from cuems.app.own import Own
from cuems.app.shipping import Rest, ship_in_rest
from cuems.app.workshop import workshop
from cuems.core.timecode import FrameRate
from cuems.core.timekeeper import Timekeeper
from cuems.players import follow_mtc
from cuems.wire.auth import Anyone, Trust

UNHEARD = frozenset((Timecode.BUS, Timecode.INTERNAL, Timecode.OFF))  # by what listens to MIDI

log = logging.getLogger(__name__)


async def be_node(config: RunConfig, own: Own) -> None:
    """Be a node until cancelled."""
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
        rig = await own_rig(config)
        if not config.bus_given:
            tg.start_soon(keep_linked, link, Search(config, rig, discovery))
        if discovery is not None:
            tg.start_soon(announce_node, discovery, config.node, rig)
        parts = await node_parts(config, link, own, lane, guard.trust)
        rest = Rest()
        parts = replace(parts, recorder=recorder, on_rest=rest.rest, died=own.died)
        await tg.start(run_node, parts)
        tg.start_soon(ship_in_rest, config.node, config.state, lambda: link.url, rest)
        where = f"its controller is {config.bus_url}" if urls else "looking for its controller"
        log.info("ready: node %s, %s", config.node, where)
        own.health.notifier.ready()


def _farthest(urls: tuple[str, ...]) -> str:
    """The bus that most can reach."""
    return next((url for url in urls if urlsplit(url).hostname not in LOOPBACK), urls[0])


async def node_parts(
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
