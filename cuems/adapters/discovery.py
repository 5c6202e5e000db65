"""Services on the network by mDNS (zeroconf): what others announce, and what we do.

zeroconf is asyncio's and calls back on the loop; it starts tasks of its own, which end when it is
closed. Where multicast cannot be, opening fails with one reason, and the rest of the rig goes on.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import anyio
import ifaddr
from zeroconf import (  # type: ignore[attr-defined]
    AddressResolverIPv4,
    InterfaceChoice,
    ServiceStateChange,
    Zeroconf,
)
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from cuems.adapters.mailbox import Mailbox
from cuems.core.errors import CuemsError
from cuems.wire.dns_sd import LOCAL, Service, is_loopback

RESOLVE_MS = 1500
CLOSE_S = 2.0  # a goodbye to each service takes a quarter of a second
HOST_CHARACTERS = 32
NAMES = 256  # services that are looked into at a time, and that are remembered


class DiscoveryError(CuemsError):
    """Nothing can be found or announced here."""


class Discovery:
    """What is announced around us; `services` by their full names, `version` counts changes."""

    def __init__(self, zeroconf: AsyncZeroconf) -> None:
        self.services: dict[str, Service] = {}
        self._zeroconf = zeroconf
        self.version = 0
        self._changed = anyio.Event()
        self._news = Mailbox[tuple[str, str]](NAMES)

    async def changed(self, since: int) -> int:
        """Wait until `services` differs from what it was at a version; the version it is now."""
        while self.version == since:
            await self._changed.wait()
        return self.version

    async def announce(self, services: Sequence[Service]) -> None:
        """Announce services until the end; the name of one that is taken already is altered."""
        for service in services:
            registered = await self._zeroconf.async_register_service(
                _to_info(service), allow_name_change=True, strict=False
            )
            await registered

    async def resolve(self, host: str) -> str | None:
        """The address of a `.local` host, None where nobody answers to it."""
        resolver = AddressResolverIPv4(f"{host}.")
        await resolver.async_request(self._zeroconf.zeroconf, RESOLVE_MS)
        return next(iter(resolver.parsed_addresses()), None)

    async def look(self) -> None:
        """Look into what comes and goes, until cancelled."""
        while True:
            kind, name = await self._news.receive()
            info = AsyncServiceInfo(kind, name)
            if await info.async_request(self._zeroconf.zeroconf, RESOLVE_MS):
                self._found(name, _to_service(info, name, kind))

    def hear(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        """What the browser calls, on the loop."""
        if state_change.name != "Removed":
            self._news.put((service_type, name))
        elif self.services.pop(name, None) is not None:
            self._tell()

    def _found(self, name: str, service: Service) -> None:
        known = self.services.get(name)
        if known == service or (known is None and len(self.services) >= NAMES):
            return
        self.services[name] = service
        self._tell()

    def _tell(self) -> None:
        self.version += 1
        self._changed.set()
        self._changed = anyio.Event()


@asynccontextmanager
async def open_discovery(
    kinds: Sequence[str], interfaces: Sequence[str] = ()
) -> AsyncIterator[Discovery]:
    """Hear of these kinds of services at these addresses of ours (none: at all of them).

    Raises DiscoveryError where that cannot be.
    """
    try:
        zeroconf = AsyncZeroconf(interfaces=list(interfaces) or InterfaceChoice.All)
    except (OSError, RuntimeError) as error:
        raise DiscoveryError(str(error)) from error
    discovery = Discovery(zeroconf)
    try:
        async with anyio.create_task_group() as tg:
            browser = AsyncServiceBrowser(zeroconf.zeroconf, list(kinds), handlers=[discovery.hear])
            tg.start_soon(discovery.look)
            try:
                yield discovery
            finally:
                await _closed(browser.async_cancel)
                tg.cancel_scope.cancel()
    finally:
        await _closed(zeroconf.async_close)


async def _closed(close: Callable[[], Awaitable[None]]) -> None:
    with anyio.move_on_after(CLOSE_S, shield=True):
        await close()


def _to_info(service: Service) -> AsyncServiceInfo:

    return AsyncServiceInfo(
        service.kind,
        f"{service.instance}.{service.kind}",
        port=service.port,
        properties=dict(service.texts),
        server=f"{_host(service)}.{LOCAL}",
        parsed_addresses=list(service.addresses) or _addresses(),
    )


def _addresses() -> list[str]:
    """Where this machine can be reached (IPv4)."""
    found = (address.ip for adapter in ifaddr.get_adapters() for address in adapter.ips)
    return [ip for ip in found if isinstance(ip, str) and not is_loopback(ip)]


def _host(service: Service) -> str:
    """A name of our own: the machine's belongs to whoever else answers for it (avahi)."""
    letters = (c if c.isascii() and c.isalnum() else "-" for c in service.instance.lower())
    return "cuems-" + "".join(letters)[-HOST_CHARACTERS:].strip("-")


def _to_service(info: AsyncServiceInfo, name: str, kind: str) -> Service:
    texts = {
        key.decode(errors="replace"): (value or b"").decode(errors="replace")
        for key, value in info.properties.items()
    }
    return Service(
        kind=kind,
        instance=name.removesuffix(f".{kind}"),
        port=info.port or 0,
        texts=texts,
        addresses=tuple(info.parsed_addresses()),
    )
