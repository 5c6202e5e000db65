"""`cuems simulate` as it is typed."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from cuems.cli.simulate import simulate
from cuems.sim.log import Verb

SHOWS = Path(__file__).parent.parent / "shows"
EVENING = str(SHOWS / "evening")


def run(*args: str) -> Result:
    return CliRunner().invoke(simulate, args)


def test_a_project_is_found_by_folder_by_file_and_by_name_in_the_library(tmp_path: Path) -> None:
    (tmp_path / "projects").mkdir()
    (tmp_path / "projects" / "mine").symlink_to(SHOWS / "evening")
    outputs = [
        run(EVENING).output,
        run(f"{EVENING}/script.xml").output,
        run("mine", "--library", str(tmp_path)).output,
    ]
    assert outputs[0] == outputs[1] == outputs[2]
    assert (SHOWS / "evening" / "evening.log").read_text().splitlines()[3] in outputs[0]


def test_a_script_of_gos_and_commands_is_followed() -> None:
    result = run(
        EVENING, "--go", "0s", "--at", "2s", "stop", "--go", "12.5s", "--until", "20s", "--json"
    )
    found = [(e["at_ms"], e["what"]) for e in json.loads(result.output)["timeline"]]
    assert (0.0, Verb.GO) in found
    assert (2000.0, Verb.ALL_OFF) in found
    assert (12_500.0, Verb.GO) in found


def test_the_same_command_prints_and_draws_the_same(tmp_path: Path) -> None:
    def once(name: str) -> tuple[str, bytes]:
        plot = tmp_path / name
        args = ("--nodes", "8", "--loss", "0.2", "--drop-mtc", "3s@10s", "--seed", "7")
        result = run(EVENING, *args, "--until", "40s", "--plot", str(plot))
        return result.output, plot.read_bytes()

    assert once("one.svg") == once("two.svg")


def test_an_unreadable_show_is_told_with_its_faults_and_ends_with_1() -> None:
    result = run(str(SHOWS / "broken"))
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) > 1
    assert all("script.xml:" in line for line in result.stderr.splitlines())


def test_a_project_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    result = run("nowhere", "--library", str(tmp_path))
    assert result.exit_code == 1
    assert "no such file" in result.stderr


def test_bad_arguments_end_with_2() -> None:
    for args in (
        ("--go", "soon"),
        ("--at", "1s", "dance"),
        ("--at", "1s", "enable nobody"),
        ("--drop-mtc", "3s"),
        ("--loss", "1"),
        ("--nodes", "0"),
        ("--break", "nobody"),
    ):
        result = run(EVENING, *args)
        assert result.exit_code == 2, args
        assert "expected" in result.stderr or "range" in result.stderr, args
