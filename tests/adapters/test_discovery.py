"""Real mDNS on the loopback interface."""

import anyio
import pytest

from cuems.adapters.discovery import Discovery, DiscoveryError, open_discovery
from cuems.core.cues import NodeId
from cuems.wire import dns_sd
from cuems.wire.dns_sd import Service

PATIENCE_S = 30
LOOPBACK = ("127.0.0.1",)


async def until(discovery: Discovery, name: str, *, there: bool) -> Service | None:
    while (name in discovery.services) != there:
        await discovery.changed(discovery.version)
    return discovery.services.get(name)


async def test_what_one_announces_another_finds_until_it_goes() -> None:
    uuid = NodeId("8d1c5f3e-1111-4222-8333-944455556666")
    service = dns_sd.controller_service(
        uuid, "discovery test", bus_port=9093, rig="r", addresses=LOOPBACK
    )
    ecosystem = Service(
        kind=dns_sd.ECOSYSTEM_NODE,
        instance="a4ae9f2d1b7c",
        port=9000,
        texts={"uuid": "x"},
        addresses=LOOPBACK,
    )
    with anyio.fail_after(PATIENCE_S):
        async with open_discovery(dns_sd.BROWSED, LOOPBACK) as finder:
            async with open_discovery((dns_sd.NODE,), LOOPBACK) as announcer:
                await announcer.announce([service, ecosystem])
                name = f"{service.instance}.{service.kind}"
                assert await until(finder, name, there=True) == service
                odd = f"{ecosystem.instance}.{ecosystem.kind}"
                assert await until(finder, odd, there=True) == ecosystem
                assert await finder.resolve("cuems-discovery-test-8d1c5f3e.local") == "127.0.0.1"
            await until(finder, name, there=False)


async def test_a_host_nobody_answers_to_has_no_address() -> None:
    with anyio.fail_after(PATIENCE_S):
        async with open_discovery((dns_sd.CONTROLLER,), LOOPBACK) as finder:
            assert await finder.resolve("nobody-is-called-this.local") is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # zeroconf's socket
async def test_where_multicast_cannot_be_that_is_one_error() -> None:
    with pytest.raises(DiscoveryError):
        async with open_discovery((dns_sd.CONTROLLER,), ("203.0.113.9",)):
            pass
