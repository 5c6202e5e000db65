"""`cuems key`: made once, shown for copying, never shown to others."""

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from cuems.adapters.files import FileError
from cuems.cli import cli


def run(*arguments: str, state: Path, given: str | None = None) -> str:
    result = CliRunner().invoke(
        cli, ["key", *arguments, "--state", str(state)], input=given, standalone_mode=False
    )
    if result.exception is not None:
        raise result.exception
    return result.output.strip()


def test_a_new_key_is_its_owners_alone(tmp_path: Path) -> None:
    state = tmp_path / "state"
    path = Path(run("new", state=state))
    assert path == state / "cluster.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(bytes.fromhex(run("show", state=state))) == 32


def test_another_machine_takes_the_key_that_was_shown(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    run("new", state=one)
    run("new", "--stdin", state=two, given=run("show", state=one) + "\n")
    assert run("show", state=two) == run("show", state=one)
    run("new", "--stdin", state=two, given=run("show", state=one))  # the same again is no change


def test_a_key_is_not_replaced_unless_that_is_said(tmp_path: Path) -> None:
    run("new", state=tmp_path)
    first = run("show", state=tmp_path)
    with pytest.raises(FileError, match="there is a key already; --force replaces it"):
        run("new", state=tmp_path)
    assert run("show", state=tmp_path) == first
    run("new", "--force", state=tmp_path)
    assert run("show", state=tmp_path) != first
    assert [path.name for path in tmp_path.iterdir()] == ["cluster.key"]


def test_where_there_is_none_it_is_said_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no key: cuems key new makes one"):
        run("show", state=tmp_path)


@pytest.mark.parametrize("text", ["", "hunter2", "00" * 31])
def test_what_is_no_key_is_not_taken(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileError, match="standard input: expected 64 hex digits"):
        run("new", "--stdin", state=tmp_path, given=text)
    assert not list(tmp_path.iterdir())
