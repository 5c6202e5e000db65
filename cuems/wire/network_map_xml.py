"""network_map.xml ⇄ nodes. Source: interop.md 5.4; versions 1 and 2 are read, 1 is written.

Version 2 says `node_role` for `node_type` and may spell booleans in lower case. nodeconf owns the
file in a deployed cluster: nothing here writes it there.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from xml.etree.ElementTree import Element

from cuems.core.cues import NodeId
from cuems.wire.xml_faults import Faults, RefusedError
from cuems.wire.xml_fields import BOOLEANS, FieldReader, Layout
from cuems.wire.xml_reader import Vocabulary, read_xml
from cuems.wire.xml_writer import XmlWriter

OPTIONAL = ("adopted", "online", "role_id", "alias", "hostname")
NODE_V1 = Layout(("uuid", "mac", "name", "node_type", "ip", *OPTIONAL), frozenset(OPTIONAL))
NODE_V2 = Layout(("uuid", "mac", "name", "node_role", "ip", *OPTIONAL), frozenset(OPTIONAL))
BOOLEANS_V2 = {**BOOLEANS, "true": True, "false": False}


class NodeRole(StrEnum):
    """What a node is for."""

    CONTROLLER = "controller"
    NODE = "node"
    FIRST_RUN = "firstrun"  # not configured yet


ROLES_V1 = {
    "NodeType.master": NodeRole.CONTROLLER,
    "NodeType.slave": NodeRole.NODE,
    "NodeType.firstrun": NodeRole.FIRST_RUN,
}
ROLES_V2 = {role.value: role for role in NodeRole}


@dataclass(frozen=True, slots=True, kw_only=True)
class MapNode:
    """A node of the cluster; `name` is its service instance, `online` what discovery last saw."""

    uuid: NodeId
    mac: str
    name: str
    role: NodeRole
    ip: str
    adopted: bool = False
    online: bool = False
    role_id: str | None = None
    alias: str | None = None
    hostname: str | None = None


@dataclass(frozen=True, slots=True)
class NetworkMap:
    """The cluster's nodes."""

    nodes: tuple[MapNode, ...]


def read_network_map(data: bytes, name: str) -> NetworkMap:
    """The nodes of a cluster; raises ProjectFileError with every fault found."""
    faults = Faults(name)
    read = FieldReader(faults)
    vocabulary = Vocabulary(root="CuemsNetworkMap", begin=read.doc_version)
    return read_xml(data, faults, vocabulary, partial(_map, read))


def _map(read: FieldReader, root: Element) -> NetworkMap:
    (node_list,) = read.parts(root, Layout(("node_list",)))
    if node_list is None:
        raise RefusedError
    elements = read.items(node_list, ("node",))
    nodes = tuple(_node(read, element) for element in elements)
    known: set[NodeId] = set()
    for element, node in zip(elements, nodes, strict=True):
        if node.uuid in known:
            read.report(element, node.uuid, "one node of a uuid")
        known.add(node.uuid)
    return NetworkMap(nodes)


def _node(read: FieldReader, element: Element) -> MapNode:
    v2 = element.find("node_role") is not None
    parts = read.parts(element, NODE_V2 if v2 else NODE_V1)
    uuid, mac, name, role, ip, adopted, online, role_id, alias, hostname = parts
    booleans = BOOLEANS_V2 if v2 else BOOLEANS
    return MapNode(
        uuid=NodeId(read.text(uuid, 1)),
        mac=read.text(mac, 1),
        name=read.text(name, 1),
        role=read.member(role, ROLES_V2 if v2 else ROLES_V1, NodeRole.NODE),
        ip=read.text(ip, 1),
        adopted=read.member(adopted, booleans, default=False),
        online=read.member(online, booleans, default=False),
        role_id=read.text(role_id) or None,
        alias=read.text(alias) or None,
        hostname=read.text(hostname) or None,
    )


def write_network_map(network_map: NetworkMap) -> bytes:
    """A network_map.xml of version 1 that reads as the same nodes."""
    spelled = {role: text for text, role in ROLES_V1.items()}
    xml = XmlWriter()
    with xml.root("CuemsNetworkMap", "network_map.xsd"), xml.element("node_list"):
        for node in network_map.nodes:
            with xml.element("node"):
                xml.leaf("uuid", node.uuid)
                xml.leaf("mac", node.mac)
                xml.leaf("name", node.name)
                xml.leaf("node_type", spelled[node.role])
                xml.leaf("ip", node.ip)
                xml.leaf("adopted", node.adopted)
                xml.leaf("online", node.online)
                for tag in ("role_id", "alias", "hostname"):
                    if (text := getattr(node, tag)) is not None:
                        xml.leaf(tag, text)
    return xml.to_bytes()
