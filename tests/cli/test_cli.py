"""The table of commands: each is where it is said to be, and only that one is loaded."""

import subprocess
import sys

import click
import pytest

from cuems.cli import WHERE, cli


@pytest.mark.parametrize("name", WHERE)
def test_every_command_is_found_under_its_name(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert command.get_short_help_str()


def test_a_press_of_go_does_not_wait_for_what_others_need() -> None:
    code = "import sys; from cuems.cli import main; sys.argv = ['cuems', 'go', '--help']; main()"
    listing = "import atexit, sys; atexit.register(lambda: print(*sys.modules)); "
    done = subprocess.run(
        [sys.executable, "-c", listing + code], check=True, capture_output=True, text=True
    )
    loaded = done.stdout.split()
    assert "cuems.cli.client" in loaded
    assert not {"rich", "zeroconf", "httpx", "cuems.cli.runs", "cuems.app.run"} & set(loaded)
