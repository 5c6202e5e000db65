"""Services on the network: what controller and nodes announce of themselves, and what it means.

Source: RFC 6763 (names, TXT), RFC 6335 (at most 15 characters, hyphens); interop.md 1.2 and 5.4
for the ecosystem's `_cuems_nodeconf._tcp` and `_cuems_osc._tcp`, whose underscores break the
latter. What is announced is a hint and no proof: whoever answers there has to have the rig's key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from cuems.core.cues import NodeId

LOCAL = "local."
CONTROLLER = f"_cuems-ctl._tcp.{LOCAL}"
NODE = f"_cuems-node._tcp.{LOCAL}"
OSCQUERY = f"_oscjson._tcp.{LOCAL}"
OSC_UDP = f"_osc._udp.{LOCAL}"
ECOSYSTEM_NODE = f"_cuems_nodeconf._tcp.{LOCAL}"
ECOSYSTEM_OSC = f"_cuems_osc._tcp.{LOCAL}"
BROWSED = (CONTROLLER, NODE, ECOSYSTEM_NODE, ECOSYSTEM_OSC)

MAX_LABEL_BYTES = 63
CONTROLLER_HOST = "controller.local"
ECOSYSTEM_BUS_PORT = 9093
ECOSYSTEM_CONTROLLER = ("NodeType.master", "master", "controller")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Something that is announced: `instance` is its name, `addresses` where it is.

    What we announce ourselves is at `addresses`, or everywhere where there are none.
    """

    kind: str
    instance: str
    port: int
    texts: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundController:
    """A controller's bus. `rig` is whose it is ("": nobody's in particular)."""

    uuid: NodeId
    urls: tuple[str, ...]
    rig: str


@dataclass(frozen=True, slots=True)
class FoundNode:
    """A node that runs somewhere."""

    uuid: NodeId
    name: str


Found = FoundController | FoundNode


def controller_service(
    uuid: NodeId, name: str, *, bus_port: int, rig: str, addresses: tuple[str, ...]
) -> Service:
    """How a controller lets its nodes find the bus."""
    return Service(
        kind=CONTROLLER,
        instance=_instance(name, uuid),
        port=bus_port,
        texts={"uuid": uuid, "rig": rig},
        addresses=addresses,
    )


def control_service(
    uuid: NodeId, name: str, *, port: int, kind: str, addresses: tuple[str, ...]
) -> Service:
    """How a control surface lets remotes find it: `kind` is OSCQUERY or OSC_UDP."""
    return Service(
        kind=kind,
        instance=_instance(f"cuems {name}", uuid),
        port=port,
        texts={"txtvers": "1"},
        addresses=addresses,
    )


def node_service(uuid: NodeId, name: str, *, rig: str) -> Service:
    """How a node shows that it is there; it listens on nothing."""
    return Service(
        kind=NODE,
        instance=_instance(name, uuid),
        port=0,
        texts={"uuid": uuid, "name": name, "rig": rig},
    )


def _instance(name: str, uuid: NodeId) -> str:
    """One name in the network for one program, readable in a browser of services."""
    tail = f" {uuid[:8]}"
    room = MAX_LABEL_BYTES - len(tail.encode())
    return name.encode()[:room].decode(errors="ignore") + tail


def to_found(service: Service) -> Found | None:
    """What a service is to us, if anything."""
    texts = service.texts
    uuid = NodeId(texts.get("uuid", ""))
    match service.kind:
        case k if k == CONTROLLER and uuid:
            return FoundController(uuid, _urls(service, service.port), texts.get("rig", ""))
        case k if k == NODE and uuid:
            return FoundNode(uuid, texts.get("name", "") or service.instance)
        case k if k == ECOSYSTEM_NODE:
            role = texts.get("node_role") or texts.get("node_type")
            if role in ECOSYSTEM_CONTROLLER:
                return FoundController(uuid, _urls(service, ECOSYSTEM_BUS_PORT), "")
            return FoundNode(uuid, service.instance) if uuid else None
        case _:
            return None


def _urls(service: Service, port: int) -> tuple[str, ...]:
    return tuple(bus_url(address, port) for address in service.addresses)


def bus_url(host: str, port: int) -> str:
    """The URL to dial a bus at."""
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_everywhere(host: str) -> bool:
    """Whether what listens there listens at all addresses."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return host in ("", "*")
