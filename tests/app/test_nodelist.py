"""Who belongs to the rig, from a real file and a real socket."""

from pathlib import Path

import anyio
import pytest

from cuems.app.nodelist import Nodelist, NotDoneError
from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError
from cuems.wire.network_map_xml import MapNode, NetworkMap, NodeRole, write_network_map
from tests.fakes.ipc import open_nodeconf

CONTROLLER, LEFT, RIGHT = NodeId("c"), NodeId("l"), NodeId("r")


def node(uuid: NodeId, *, adopted: bool) -> MapNode:
    return MapNode(uuid=uuid, mac="m", name="n", role=NodeRole.NODE, ip="10.0.0.2", adopted=adopted)


async def test_the_controller_belongs_to_the_rig_without_being_told(tmp_path: Path) -> None:
    path = tmp_path / "network_map.xml"
    known = (node(LEFT, adopted=True), node(RIGHT, adopted=False))
    path.write_bytes(write_network_map(NetworkMap(known)))
    nodelist = Nodelist(own=CONTROLLER, network_map=path, folder=None)
    assert await nodelist.adopted() == (CONTROLLER, LEFT)
    path.write_text("<torn")
    with pytest.raises(CuemsError, match="network_map"):
        await nodelist.adopted()


async def test_without_a_list_nothing_is_known_and_nothing_can_be_changed() -> None:
    nodelist = Nodelist(own=CONTROLLER, network_map=None, folder=None)
    assert await nodelist.adopted() is None
    with pytest.raises(NotDoneError, match="there is no nodeconf here"):
        await nodelist.modify(LEFT, adopt=True)


async def test_an_adoption_is_nodeconfs_to_make_and_to_refuse(tmp_path: Path) -> None:
    nodelist = Nodelist(own=CONTROLLER, network_map=None, folder=tmp_path)
    with anyio.fail_after(30):
        async with open_nodeconf(tmp_path, {LEFT: True, RIGHT: False}) as nodeconf:
            await nodelist.modify(LEFT, adopt=True)
            with pytest.raises(NotDoneError, match="Cannot adopt node r: node is offline"):
                await nodelist.modify(RIGHT, adopt=True)
            await nodelist.modify(LEFT, adopt=False)
    assert [request["modify_action"] for request in nodeconf.received] == ["ADD", "ADD", "REMOVE"]
