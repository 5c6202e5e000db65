"""Which of the controllers that are found a node may obey."""

from dataclasses import replace
from pathlib import Path

import pytest

from cuems.app.config import Flags, Role, RunConfig, read_config
from cuems.app.finding import Search

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
