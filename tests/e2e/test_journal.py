"""The record of a real show: told, explained, and had again to the last effect."""

import json
from pathlib import Path

import pytest

from tests.e2e.rig import Home, open_operator, open_program
from tests.e2e.test_client import cuems

pytestmark = pytest.mark.slow

CONTROLLER = ("run", "--role", "controller", "--mtc", "internal")


async def test_a_show_is_told_explained_and_had_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with open_program(home, *CONTROLLER) as program:
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            await operator.sees("armed", "yes")
            assert await operator.ask("go") == "ok"
            await operator.until(lambda: 100 in operator.state.values())
            assert await operator.ask("stop") == "ok"
        assert await program.stop() == 0
    status, told, _ = await cuems(home, "runs", "--json")
    before, run = json.loads(told)
    assert (status, run["project"], run["ended"]) == (0, "Demo", "done")
    assert run["continues"] == before["run"]
    status, told, _ = await cuems(home, "replay", "last")
    assert told.rstrip().endswith(" effects: reproduced"), told
    assert status == 0
    page = tmp_path / "report.html"
    status, told, _ = await cuems(home, "report", "last", "--json", "--html", str(page))
    report = json.loads(told)
    assert (status, report["project"], report["starts"][0]["name"]) == (0, "Demo", "Gong")
    assert page.read_text().endswith("</html>\n")
    status, told, _ = await cuems(home, "why", "Gong")
    assert told.startswith("'Gong' had its turn once\n")
    assert "GO, asked by client " in told
    assert (await cuems(home, "why", "Nope"))[0] == 2
    assert (await cuems(home, "report", "7"))[0] == 1
