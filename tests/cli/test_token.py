import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cuems.adapters.access_file import read_keys
from cuems.cli.token import token
from cuems.core.access import Grant, Scope


def run(state: Path, *arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(token, [*arguments, "--state", str(state)], input=given)


def test_a_new_token_is_printed_once_and_opens(tmp_path: Path) -> None:
    made = run(tmp_path, "new", "tablet", "--scope", "control")
    secret = made.output.strip()
    assert read_keys(tmp_path).token(secret, 0) == Grant("tablet", Scope.CONTROL)
    assert secret not in (tmp_path / "access.json").read_text()


def test_a_passcode_is_read_and_not_printed(tmp_path: Path) -> None:
    made = run(tmp_path, "new", "crew", "--scope", "edit", "--passcode", given="4711\n")
    assert (made.exit_code, made.output) == (0, "")
    grant = read_keys(tmp_path).passcode("4711", 0)
    assert grant is not None
    assert grant.scope is Scope.EDIT


def test_what_there_is_is_listed_for_people_and_programs(tmp_path: Path) -> None:
    run(tmp_path, "new", "guests", "--scope", "view", "--anyone")
    run(tmp_path, "new", "tablet", "--scope", "control", "--expires", "12h")
    lines = run(tmp_path, "ls").output.splitlines()
    assert lines[0] == "guests: anyone, view"
    assert lines[1].startswith("tablet: token, control, until 20")
    listed = json.loads(run(tmp_path, "ls", "--json").output)
    assert listed[0] == {"name": "guests", "kind": "anyone", "scope": "view", "expires": None}


def test_a_revoked_token_is_gone(tmp_path: Path) -> None:
    run(tmp_path, "new", "tablet", "--scope", "control")
    assert run(tmp_path, "revoke", "tablet").exit_code == 0
    assert read_keys(tmp_path).keys == ()


@pytest.mark.parametrize(
    ("arguments", "given", "text"),
    [
        (("--expires", "1y"), None, "expected minutes, hours or days"),
        (("--expires", "0d"), None, "expected minutes, hours or days"),
        (("--passcode",), "123\n", "a passcode of 3 characters: expected 4 to 256"),
        (("--passcode", "--anyone"), None, "expected one of them"),
    ],
)
def test_what_is_no_token_is_named(
    tmp_path: Path, arguments: tuple[str, ...], given: str | None, text: str
) -> None:
    told = run(tmp_path, "new", "x", "--scope", "view", *arguments, given=given)
    assert told.exit_code == 2
    assert text in " ".join(told.output.split())
