"""A node that was told no address finds its controller: real processes, mDNS on loopback."""

import os
import secrets
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.rig import Home, free_port, open_operator, open_program

pytestmark = pytest.mark.slow

QUIET = ("--players", "none", "--mtc", "internal")
CONTROLLER = ("run", "--role", "controller", "--no-local-node", *QUIET)
NODE = ("run", "--role", "node", *QUIET)


def home(folder: Path, key: str, **more: str) -> Home:
    """A machine of a rig, which lets itself be found."""
    state = folder / "state" / "cuems"
    state.mkdir(parents=True)
    with os.fdopen(os.open(state / "cluster.key", os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write(key)
    return Home(folder, environment={"CUEMS_NO_DISCOVERY": "0", **more})


async def test_a_node_finds_the_controller_of_its_rig_and_finds_it_again_elsewhere(
    tmp_path: Path,
) -> None:
    key = secrets.token_hex(32)
    other = home(tmp_path / "other", secrets.token_hex(32))
    controller = home(tmp_path / "controller", key)
    node = home(tmp_path / "node", key, CUEMS_BUS="")
    async with open_program(other, *CONTROLLER), open_program(node, *NODE) as program:
        async with open_program(controller, *CONTROLLER) as first:
            await first.says("ready: control surface")
            await program.says(f"the controller is at {controller.bus}")
            async with open_operator(controller) as operator:
                await operator.sees(f"node/{node.node}", "ok")
        moved = replace(controller, bus=f"tcp://127.0.0.1:{free_port()}")
        async with open_program(moved, *CONTROLLER) as second:
            await second.says("ready: control surface")
            await program.says(f"the controller is at {moved.bus}")
            async with open_operator(moved) as operator:
                await operator.sees(f"node/{node.node}", "ok")
        assert not any(other.bus in line for line in program.lines)


async def test_a_node_shows_itself_to_a_controller_it_is_not_linked_to(tmp_path: Path) -> None:
    key = secrets.token_hex(32)
    controller = home(tmp_path / "controller", key)
    astray = home(tmp_path / "node", key)  # dials an address where nobody is
    async with (
        open_program(controller, *CONTROLLER) as program,
        open_program(astray, *NODE) as lost,
    ):
        await program.says("ready: control surface")
        await lost.says("ready: node")
        async with open_operator(controller) as operator:
            await operator.sees(f"node/{astray.node}", "lost")
            told = "it is on the network, but not on this bus"
            await operator.sees(f"node_detail/{astray.node}", told)
