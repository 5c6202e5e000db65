"""Finding each other: what this machine announces, and how a node comes by its controller.

A node that was told no address looks, in this order: where the network map says, at the name
`controller.local`, and at what controllers announce. It looks again whenever the link is lost, so
that a controller may change its address. What is found is no proof: that takes the rig's key.
"""

import logging
import platform
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectSendStream

from cuems.adapters.bus import answers
from cuems.adapters.discovery import Discovery, DiscoveryError, open_discovery
from cuems.adapters.files import read_cluster_key
from cuems.app.config import RunConfig, mapped_controller
from cuems.app.links import ControllerItem
from cuems.core.cues import NodeId
from cuems.core.desk import NodeSeen
from cuems.core.errors import CuemsError
from cuems.wire import dns_sd
from cuems.wire.auth import rig_name

LOOPBACK = ("127.0.0.1",)
LINK_S = 1.0  # for a bus that answers to become a link
RELINK_S = 0.5  # NNG finds a controller at its old address by itself within 0.2 s
LOOK_AGAIN_S = 1.0

log = logging.getLogger(__name__)


@asynccontextmanager
async def open_finder(
    config: RunConfig, interfaces: tuple[str, ...]
) -> AsyncIterator[Discovery | None]:
    """mDNS, or None (and one line in the log) where it is not wanted or cannot be."""
    async with AsyncExitStack() as stack:
        discovery = None
        if config.discovery:
            try:
                opened = open_discovery(dns_sd.BROWSED, interfaces)
                discovery = await stack.enter_async_context(opened)
            except DiscoveryError as error:
                log.warning("nothing is announced or found on this network: %s", error)
        yield discovery


async def own_rig(config: RunConfig) -> str:
    """What the rig is called among machines; "" where this one has no key."""
    key = await anyio.to_thread.run_sync(lambda: read_cluster_key(config.state, make=False))
    return "" if key is None else rig_name(key)


# ---- the controller


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Where a controller's bus and control surface listen, in fact; OSC by UDP where it does."""

    bus_url: str
    control_url: str
    rig: str
    osc_udp: tuple[str, int] | None = None

    @property
    def interfaces(self) -> tuple[str, ...]:
        """Which of our addresses to announce on (none: all): what is only for us stays here."""
        places = [_place(self.bus_url), *(place for _, place in self._surfaces())]
        hosts = (host for host, _ in places)
        return LOOPBACK if all(map(dns_sd.is_loopback, hosts)) else ()

    def services(self, node: NodeId) -> tuple[dns_sd.Service, ...]:
        """What to announce: all that somebody out there can reach."""
        name = platform.node()
        services = []
        host, port = _place(self.bus_url)
        if self.interfaces or not dns_sd.is_loopback(host):
            where = _addresses(host)
            services.append(
                dns_sd.controller_service(node, name, bus_port=port, rig=self.rig, addresses=where)
            )
        for kind, (host, port) in self._surfaces():
            if self.interfaces or not dns_sd.is_loopback(host):
                where = _addresses(host)
                services.append(
                    dns_sd.control_service(node, name, port=port, kind=kind, addresses=where)
                )
        return tuple(services)

    def _surfaces(self) -> Iterator[tuple[str, tuple[str, int]]]:
        """Every way to control, by its kind of service."""
        yield dns_sd.OSCQUERY, _place(self.control_url)
        if self.osc_udp is not None:
            yield dns_sd.OSC_UDP, self.osc_udp


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0


def _addresses(host: str) -> tuple[str, ...]:
    """Where a service is that is bound there; () for everywhere."""
    if dns_sd.is_everywhere(host):
        return ()
    return LOOPBACK if host == "localhost" else (host,)


async def be_found(
    config: RunConfig, bound: Bound, send: MemoryObjectSendStream[ControllerItem]
) -> None:
    """Announce the controller, and tell it of the nodes that announce themselves."""
    async with open_finder(config, bound.interfaces) as discovery:
        if discovery is not None:
            async with anyio.create_task_group() as tg:
                tg.start_soon(discovery.announce, bound.services(config.node))
                await _see_nodes(discovery, config.node, send)


async def _see_nodes(
    discovery: Discovery, own: NodeId, send: MemoryObjectSendStream[ControllerItem]
) -> None:
    version, told = -1, {own}
    while True:
        version = await discovery.changed(version)
        for found in map(dns_sd.to_found, list(discovery.services.values())):
            if isinstance(found, dns_sd.FoundNode) and found.uuid not in told:
                told.add(found.uuid)
                await send.send(NodeSeen(found.uuid, found.name))


# ---- a node


def node_interfaces(config: RunConfig) -> tuple[str, ...]:
    """Which of its addresses a node announces itself on: none but our own where its bus is here."""
    at_home = all(dns_sd.is_loopback(urlsplit(url).hostname or "") for url in config.bus_urls)
    return LOOPBACK if config.bus_given and at_home else ()


class Dialler(Protocol):
    """The end of a bus that can be pointed elsewhere (adapters/bus.py)."""

    url: str

    def dial(self, *urls: str) -> None:
        """Look for controllers there, and nowhere else."""

    async def until_linked(self, *, linked: bool) -> None:
        """Wait until there is a link, or none."""


class Search:
    """Where a controller may be, in the order of looking."""

    def __init__(self, config: RunConfig, rig: str, discovery: Discovery | None) -> None:
        self._config = config
        self._rig = rig
        self._discovery = discovery
        self._port = urlsplit(config.bus_url).port or dns_sd.ECOSYSTEM_BUS_PORT
        self._told: set[NodeId] = set()
        self._near_only = not rig and not config.open_bus
        self._refused: set[str] = set()
        self.ways: tuple[Callable[[], Awaitable[list[str]]], ...] = (
            self._configured,
            self._by_name,
            self._announced,
        )

    async def _configured(self) -> list[str]:
        try:
            host = await anyio.to_thread.run_sync(mapped_controller, self._config)
        except CuemsError as error:
            log.warning("the network map cannot be read: %s", error)
            return [self._config.bus_url]
        return [dns_sd.bus_url(host, self._port)] if host else [self._config.bus_url]

    async def _by_name(self) -> list[str]:
        if self._discovery is None:
            return []
        address = await self._discovery.resolve(dns_sd.CONTROLLER_HOST)
        usable = address is not None and not dns_sd.is_loopback(address)
        return [dns_sd.bus_url(address, self._port)] if address and usable else []

    async def _announced(self) -> list[str]:
        """Those of our rig; without a key, or where nobody says whose it is, all there are."""
        services = [] if self._discovery is None else list(self._discovery.services.values())
        found = [
            controller
            for controller in map(dns_sd.to_found, services)
            if isinstance(controller, dns_sd.FoundController)
            and (not self._rig or controller.rig in (self._rig, ""))
        ]
        found.sort(key=lambda controller: (controller.rig != self._rig, controller.uuid))
        several = {controller.uuid for controller in found}
        if len(several) > 1 and several != self._told:
            log.warning("several controllers are announced: %s", ", ".join(sorted(several)))
        self._told = several
        return [url for controller in found for url in controller.urls]

    def may_obey(self, url: str) -> bool:
        """Whether a controller there may be obeyed: without a key only one of this machine."""
        if not self._near_only or dns_sd.is_loopback(urlsplit(url).hostname or ""):
            return True
        if url not in self._refused:
            self._refused.add(url)
            log.warning(
                "a controller is at %s, and this machine has no key to know it by: take the rig's"
                " (`cuems key new --stdin`), or obey anybody with --open-bus",
                url,
            )
        return False

    async def news(self) -> None:
        """Until there may be more to find."""
        with anyio.move_on_after(LOOK_AGAIN_S):
            if self._discovery is None:
                await anyio.sleep_forever()
            else:
                await self._discovery.changed(self._discovery.version)


async def keep_linked(link: Dialler, search: Search) -> None:
    """Find the controller, and find it again whenever it is lost."""
    while True:
        if await _link_somewhere(link, search):
            await _until_lost(link)
        else:
            await search.news()


async def _link_somewhere(link: Dialler, search: Search) -> bool:
    for way in search.ways:
        for url in await way():
            if not await answers(url, LINK_S) or not search.may_obey(url):
                continue
            link.dial(url)
            with anyio.move_on_after(LINK_S):
                await link.until_linked(linked=True)
                log.info("the controller is at %s", url)
                return True
    return False


async def _until_lost(link: Dialler) -> None:
    while True:
        await link.until_linked(linked=False)
        with anyio.move_on_after(RELINK_S) as relinking:
            await link.until_linked(linked=True)
        if relinking.cancelled_caught:
            return


async def announce_node(discovery: Discovery, node: NodeId, rig: str) -> None:
    """Show that this node is there."""
    await discovery.announce([dns_sd.node_service(node, platform.node(), rig=rig)])
