"""Which of the controllers that are found a node may obey."""

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from cuems.adapters.discovery import open_discovery
from cuems.app.config import Flags, Role, RunConfig, read_config
from cuems.app.finding import LOOPBACK, Bound, Search
from cuems.core.cues import NodeId
from cuems.wire import dns_sd

FAR, NEAR = "tcp://10.0.0.5:9093", "tcp://127.0.0.1:9093"


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    return read_config(Flags(role=Role.NODE, state=tmp_path / "state"))


def test_without_a_key_only_a_controller_of_this_machine_is_obeyed_and_that_is_said_once(
    config: RunConfig, caplog: pytest.LogCaptureFixture
) -> None:
    search = Search(config, "", None)
    assert search.may_obey(NEAR)
    assert [search.may_obey(FAR) for _ in range(3)] == [False] * 3
    assert [FAR in line and "cuems key new --stdin" in line for line in caplog.messages] == [True]


def test_with_the_rigs_key_what_is_found_has_to_prove_itself_and_may_be_anywhere(
    config: RunConfig,
) -> None:
    assert Search(config, "rig", None).may_obey(FAR)


def test_an_open_bus_obeys_anybody(config: RunConfig) -> None:
    assert Search(replace(config, open_bus=True), "", None).may_obey(FAR)


async def test_osc_by_udp_is_announced_where_that_door_is_open() -> None:
    node = NodeId("8d1c5f3e-1111-4222-8333-0c5d00000001")
    bound = Bound(bus_url=NEAR, control_url="http://127.0.0.1:9190/", rig="")
    assert dns_sd.OSC_UDP not in {service.kind for service in bound.services(node)}
    opened = replace(bound, osc_udp=("127.0.0.1", 9000))
    assert opened.interfaces == LOOPBACK
    wanted = {(dns_sd.OSCQUERY, 9190), (dns_sd.OSC_UDP, 9000)}
    with anyio.fail_after(30):
        async with (
            open_discovery((dns_sd.OSCQUERY, dns_sd.OSC_UDP), LOOPBACK) as finder,
            open_discovery((dns_sd.CONTROLLER,), LOOPBACK) as announcer,
        ):
            await announcer.announce(opened.services(node))
            version, found = -1, set[tuple[str, int]]()
            while not wanted <= found:
                version = await finder.changed(version)
                ours = (s for s in finder.services.values() if node[:8] in s.instance)
                found = {(service.kind, service.port) for service in ours}


def test_who_is_only_for_this_machine_is_not_shown_to_the_network() -> None:
    bound = Bound(
        bus_url="tcp://0.0.0.0:9093",
        control_url="http://127.0.0.1:9190/",
        rig="",
        osc_udp=("192.168.7.2", 9000),
    )
    kinds = {service.kind: service.addresses for service in bound.services(NodeId("x"))}
    assert kinds == {dns_sd.CONTROLLER: (), dns_sd.OSC_UDP: ("192.168.7.2",)}
