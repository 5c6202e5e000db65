"""What services say, and what they are called."""

import pytest

from cuems.core.cues import NodeId
from cuems.wire import dns_sd
from cuems.wire.dns_sd import FoundController, FoundNode, Service, to_found

UUID = NodeId("8d1c5f3e-1111-4222-8333-944455556666")


@pytest.mark.parametrize("kind", [dns_sd.CONTROLLER, dns_sd.NODE, dns_sd.OSCQUERY, dns_sd.OSC_UDP])
def test_our_services_have_names_the_rfc_allows(kind: str) -> None:
    service = kind.split(".")[0].removeprefix("_")
    assert len(service) <= 15
    assert service.replace("-", "").isalnum()


def test_a_controller_is_found_by_what_it_announces() -> None:
    addresses = ("10.0.0.2", "fe80::1")
    service = dns_sd.controller_service(
        UUID, "stage", bus_port=9093, rig="abcd", addresses=addresses
    )
    assert service.instance == "stage 8d1c5f3e"
    urls = ("tcp://10.0.0.2:9093", "tcp://[fe80::1]:9093")
    assert to_found(service) == FoundController(UUID, urls, "abcd")


def test_a_node_is_found_by_what_it_announces() -> None:
    service = dns_sd.node_service(UUID, "left", rig="")
    assert to_found(service) == FoundNode(UUID, "left")


@pytest.mark.parametrize("name", ["n" * 100, "ñ" * 40, ""])
def test_a_name_fits_a_label_and_ends_in_who_it_is(name: str) -> None:
    instance = dns_sd.node_service(UUID, name, rig="").instance
    assert len(instance.encode()) <= 63
    assert instance.endswith(UUID[:8])


def test_the_ecosystems_machines_are_found_by_its_own_services() -> None:
    def announced(**texts: str) -> Service:
        return Service(
            kind=dns_sd.ECOSYSTEM_NODE,
            instance="a4ae9f2d1b7c",
            port=9000,
            texts=texts,
            addresses=("10.0.0.3",),
        )

    assert to_found(announced(uuid=UUID)) == FoundNode(UUID, "a4ae9f2d1b7c")
    bus = ("tcp://10.0.0.3:9093",)
    for role in ({"node_type": "NodeType.master"}, {"node_role": "controller"}):
        assert to_found(announced(uuid=UUID, **role)) == FoundController(UUID, bus, "")
    assert to_found(announced()) is None


def test_a_service_without_a_uuid_is_nothing_to_us() -> None:
    for kind in (dns_sd.CONTROLLER, dns_sd.NODE, dns_sd.ECOSYSTEM_OSC, dns_sd.OSC_UDP):
        assert to_found(Service(kind=kind, instance="x", port=1)) is None


@pytest.mark.parametrize(
    ("host", "loopback", "everywhere"),
    [
        ("127.0.0.1", True, False),
        ("::1", True, False),
        ("localhost", True, False),
        ("0.0.0.0", False, True),
        ("::", False, True),
        ("*", False, True),
        ("10.0.0.2", False, False),
        ("controller.local", False, False),
    ],
)
def test_who_can_reach_an_address(host: str, loopback: bool, everywhere: bool) -> None:
    assert (dns_sd.is_loopback(host), dns_sd.is_everywhere(host)) == (loopback, everywhere)
