"""Settings of an engine that runs: changed by command, kept over a restart, read again at HUP."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.rig import Home, open_operator, open_program
from tests.e2e.test_client import cuems

pytestmark = pytest.mark.slow

CONTROLLER = ("run", "--role", "controller", "--players", "none", "--mtc", "internal")


async def test_a_setting_is_changed_kept_and_read_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    file = tmp_path / "state" / "cuems" / "settings.toml"
    async with open_program(home, *CONTROLLER) as program:
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            await operator.sees("setting/panic_ms", "2000")
            assert await operator.ask("setting", "panic_ms", 3000) == "ok"
            assert "panic_ms = 3000" in file.read_text()
            await operator.sees("setting/panic_ms", "3000")
            assert (await operator.ask("setting", "panic_ms -1")).startswith("panic_ms: '-1': exp")
            assert (await cuems(home, "settings", "set", "min_go_ms", "0"))[0] == 0
            await operator.sees("setting/min_go_ms", "0")
            file.write_text("panic_ms = 'much'\n")
            os.kill(program.process.pid, signal.SIGHUP)
            await operator.until(
                lambda: "stay as they are" in str(operator.state.get("/engine/status/notice"))
            )
            file.write_text("panic_ms = 4000\n")
            os.kill(program.process.pid, signal.SIGHUP)
            await operator.sees("setting/panic_ms", "4000")
            await operator.sees("setting/min_go_ms", "200")
        assert await program.stop() == 0
    fixed = replace(home, environment={"CUEMS_GO_PATIENCE_MS": "1000"})
    async with open_program(fixed, *CONTROLLER, "--set", "min_go_ms=5") as program:
        await program.says("ready: control surface")
        async with open_operator(home) as operator:
            await operator.sees("setting/panic_ms", "4000")
            await operator.sees("setting/min_go_ms", "5")
            await operator.sees("setting/go_patience_ms", "1000")
            assert "by the environment" in await operator.ask("setting", "go_patience_ms 9000")
            assert "fixed by the command line" in await operator.ask("setting", "min_go_ms 9")


async def test_settings_are_shown_with_their_sources_exported_and_imported(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "in.toml").write_text("panic_ms = 500\nmtc = 'internal'\n")
    assert (await cuems(home, "settings", "import", str(tmp_path / "in.toml")))[0] == 0
    status, told, _ = await cuems(home, "settings", "show", "--json")
    by_name = {each["name"]: each for each in json.loads(told)}
    assert (status, by_name["panic_ms"]["value"]) == (0, 500)
    assert by_name["panic_ms"]["from"].endswith("settings.toml")
    assert by_name["control"]["from"] == "the environment (CUEMS_CONTROL)"
    assert by_name["resume"]["from"] == "built in"
    _, told, _ = await cuems(home, "settings", "export")
    assert "panic_ms = 500" in told.splitlines()
    (tmp_path / "bad.toml").write_text("panik_ms = 1\n")
    status, _, reason = await cuems(home, "settings", "import", str(tmp_path / "bad.toml"))
    assert (status, "'panik_ms' is no setting" in reason) == (1, True)
    assert (await cuems(home, "settings", "set", "panic_ms", "much"))[0] == 2
