"""The table of faults."""

import ast
import importlib.util
import re
from pathlib import Path

from tests.faults import COMMANDS, ROWS_OF_A_TEST, SAME_AS, TITLES, WHY_NOT, lines, markdown

ROOT = Path(__file__).parents[1]
REPORT = """<testsuites><testsuite>
<testcase classname="tests.e2e.test_x" name="test_f16_a_cut_network"><properties>
  <property name="figure" value="0 stale"/><property name="seed" value="7"/></properties>
</testcase>
<testcase classname="tests.wire.test_y" name="test_f22_f23_rubbish"><failure/></testcase>
<testcase classname="tests.wire.test_y" name="test_g21_exposure"><skipped/></testcase>
<testcase classname="tests.wire.test_y" name="test_something_else"/>
</testsuite></testsuites>"""


def test_a_report_becomes_rows_with_figure_and_seed(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    table = {line.number: line for line in lines(report)}
    (cut,) = table["F16"].cases
    assert (cut.name, cut.figure, cut.seed) == (
        "tests/e2e/test_x.py::test_f16_a_cut_network",
        "0 stale",
        "7",
    )
    assert table["G5"].cases == [cut]
    assert {table[row].outcome for row in ("F22", "F23")} == {"failed"}
    assert not table["F22"].is_honest
    assert table["G21"].outcome == "skipped"
    assert table["F55"].outcome == "no test"
    assert table["F55"].is_honest
    shown = "\n".join(markdown(list(table.values())))
    assert "| F55 | two editors save at once | no test |" in shown
    assert "the ecosystem's editor saves" in shown


def test_g26_every_row_has_a_test_a_command_or_a_reason() -> None:
    tested = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for name in re.findall(r"def (test_\w+)", path.read_text()):
            found = ROWS_OF_A_TEST.match(name)
            if found is not None:
                tested |= {number.upper() for number in found[1].rstrip("_").split("_")}
    tested |= {row for row, others in SAME_AS.items() if tested & set(others)}
    assert len(TITLES) == 66 + 28
    assert TITLES.keys() - tested - COMMANDS.keys() - WHY_NOT.keys() == set()
    assert {row for row in tested if row not in TITLES} == set()


def test_the_commands_of_the_table_are_there() -> None:
    for command in COMMANDS.values():
        for module in re.findall(r"-m (\S+)", command.replace(";", " ")):
            assert importlib.util.find_spec(module) is not None, module


WALL_CALLS = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "date.today"}

# What may know the wall clock, and what for.
WALL_CLOCK = {
    "adapters/bus.py": "the date in what the ecosystem's bus says",
    "adapters/journal_files.py": "the names of runs",
    "adapters/wall_clock.py": "opening hours",
    "app/gate.py": "keys end on a day",
    "app/new_project.py": "when a project was made",
    "app/node_recorder.py": "when a run began",
    "app/qlab_desk.py": "time tags of OSC",
    "app/recorder.py": "when a run began",
    "app/requests.py": "time tags of OSC",
}


def test_f31_nothing_that_fires_reads_the_wall_clock() -> None:
    found = set()
    for path in (ROOT / "cuems").rglob("*.py"):
        place = str(path.relative_to(ROOT / "cuems"))
        if place.startswith(("cli/", "sim/")):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in WALL_CALLS:
                found.add(place)
    assert found == WALL_CLOCK.keys()
