"""The record of a node's show, from its own process to the controller's disk."""

from pathlib import Path

import pytest

from tests.e2e.rig import Home, open_program
from tests.e2e.test_cluster_faults import as_node, home, open_stage

pytestmark = pytest.mark.slow

__all__ = ["home"]


async def test_what_a_node_played_is_with_the_controller_once_the_show_is_over(
    home: Home,
) -> None:
    async with open_stage(home) as stage, open_program(home, *as_node(home)) as node:
        await stage.drones()
        received = home.folder / "state" / "cuems" / "received"
        assert names(received) == []  # nothing while it plays
        assert await stage.operator.ask("stop") == "ok"
        await node.says("is with the controller")
        [run] = names(received)
        assert run.startswith(f"{stage.node}-000001-")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
