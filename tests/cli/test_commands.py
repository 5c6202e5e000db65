import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import cuems
from cuems.cli import cli
from cuems.cli.commands import to_json, to_markdown
from cuems.wire.control_table import TABLE

PAGE = Path(cuems.__file__).parent.parent / "docs" / "control.md"


def test_the_reference_page_is_what_the_table_says() -> None:
    hint = "write it anew: cuems commands --markdown > docs/control.md"
    assert PAGE.read_text() == to_markdown(), hint


def test_every_row_has_its_line_on_the_page() -> None:
    rows = [line for line in to_markdown().splitlines() if line.startswith("| `")]
    assert [line.split("`")[1] for line in rows] == sorted(
        (row.address for row in TABLE), key=lambda address: "/status/" in address
    )
    for line in rows:
        assert line.replace("\\|", "").count("|") in (4, 5)


def test_a_program_is_told_every_row_with_its_arguments() -> None:
    told = json.loads(to_json())
    assert [row["address"] for row in told] == [row.address for row in TABLE]
    by_address = {row["address"]: row for row in told}
    assert by_address["/engine/command/load_to_time"] == {
        "address": "/engine/command/load_to_time",
        "access": "write",
        "scope": "control",
        "critical": True,
        "description": "Arm so that the next GO starts that far in",
        "type_tags": "i",
        "arguments": [
            {
                "name": "into",
                "kind": "whole number",
                "unit": "ms",
                "minimum": 0,
                "maximum": 86_400_000,
                "choices": [],
            }
        ],
    }
    assert by_address["/{node}/{path*}"]["type_tags"] is None


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "/engine/command/load  project (s): a text\n    Load a project by name (edit)\n"),
        (["--json"], '"address": "/engine/command/load"'),
        (["--markdown"], "| `/engine/command/load` | project (s): a text | Load a project by name"),
    ],
)
def test_the_table_is_listed_in_the_form_that_was_asked_for(
    arguments: list[str], expected: str
) -> None:
    result = CliRunner().invoke(cli, ["commands", *arguments])
    assert result.exit_code == 0
    assert expected in result.output
