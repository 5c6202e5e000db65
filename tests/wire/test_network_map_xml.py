import pytest

from cuems.core.cues import NodeId
from cuems.wire.file_faults import ProjectFileError
from cuems.wire.network_map_xml import (
    MapNode,
    NetworkMap,
    NodeRole,
    read_network_map,
    write_network_map,
)

NODE_V1 = """<node>
  <uuid>0367f391-ebf4-48b2-9f26-000000000001</uuid>
  <mac>2cf05d21cca3</mac>
  <name>2cf05d21cca3._cuems_nodeconf._tcp.local.</name>
  <node_type>NodeType.master</node_type>
  <ip>192.168.1.10</ip>
  <adopted>True</adopted>
  <online>False</online>
  <role_id>controller</role_id>
</node>"""
NODE_V2 = (
    NODE_V1.replace("<node_type>NodeType.master</node_type>", "<node_role>controller</node_role>")
    .replace("True", "true")
    .replace("False", "false")
)
CONTROLLER = MapNode(
    uuid=NodeId("0367f391-ebf4-48b2-9f26-000000000001"),
    mac="2cf05d21cca3",
    name="2cf05d21cca3._cuems_nodeconf._tcp.local.",
    role=NodeRole.CONTROLLER,
    ip="192.168.1.10",
    adopted=True,
    role_id="controller",
)
BARE = MapNode(uuid=NodeId("b"), mac="m", name="n", role=NodeRole.FIRST_RUN, ip="::1")


def document(nodes: str, version: str = "") -> bytes:
    head = f'<cms:CuemsNetworkMap xmlns:cms="https://stagelab.coop/cuems/"{version}>'
    return f"{head}\n<node_list>{nodes}</node_list></cms:CuemsNetworkMap>".encode()


def told(data: bytes) -> str:
    with pytest.raises(ProjectFileError) as refusal:
        read_network_map(data, "network_map.xml")
    return str(refusal.value)


@pytest.mark.parametrize(
    "data",
    [
        document(NODE_V1),
        document(NODE_V2, ' doc_version="2"'),
        document(NODE_V2),  # converted by hand, as some are
        document(NODE_V2.replace("true", "True"), ' doc_version="2"'),
    ],
)
def test_both_versions_say_the_same_node(data: bytes) -> None:
    assert read_network_map(data, "network_map.xml") == NetworkMap((CONTROLLER,))


def test_a_cluster_may_have_no_nodes_yet() -> None:
    assert read_network_map(document(""), "network_map.xml") == NetworkMap(())


def test_what_is_written_reads_back_equal() -> None:
    named = MapNode(
        uuid=NodeId("c"),
        mac="m",
        name="n",
        role=NodeRole.NODE,
        ip="10.0.0.1",
        online=True,
        alias="Left",
        hostname="left",
    )
    network_map = NetworkMap((CONTROLLER, BARE, named))
    assert read_network_map(write_network_map(network_map), "network_map.xml") == network_map


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (document(NODE_V1.replace("True", "true")), "adopted: 'true': expected one of True, False"),
        (document(NODE_V1.replace("master", "boss")), "'NodeType.boss': expected one of NodeType"),
        (document(NODE_V2.replace(">controller<", ">master<", 1)), "node_role: 'master': expected"),
        (document(NODE_V1.replace("<ip>192.168.1.10</ip>", "")), "node: '': expected an element <"),
        (document(NODE_V1.replace("2cf05d21cca3<", "<", 1)), "mac: '': expected 1 to 4096"),
        (document(NODE_V1 * 2), "node[2]: '0367f391-ebf4-48b2-9f26-000000000001': expected one n"),
        (document(NODE_V1 + "<x/>"), "node_list/x: 'x': expected <node>"),
        (document("").replace(b"<node_list></node_list>", b""), "an element <node_list>"),
    ],
)
def test_a_rule_that_is_broken_is_told(data: bytes, expected: str) -> None:
    assert expected in told(data)
