"""The fault tests of the cluster, round after round: `python -m tests.soak.soak_faults --rounds 5`.

Prints each row of faults.md, F13 to F32, with its tests: how often each has passed, and how long
it took at most. Exit status 1 where one has failed, or a row has no test.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

FILES = (
    "tests/e2e/test_cluster_faults.py",
    "tests/e2e/test_standby.py",
    "tests/e2e/test_ecosystem.py",
    "tests/core/test_two_leaders.py",
    "tests/adapters/test_bus.py",
    "tests/test_faults.py",
)
ROWS = range(13, 33)
ELSEWHERE = {  # rows whose tests bear other names
    29: "test_two_leaders",
    30: "test_ecosystem",
}
ROW = re.compile(r"f(\d\d)(?=_)")


def rows_of(where: str, name: str) -> list[int]:
    """The rows that a test is about."""
    return [int(number) for number in ROW.findall(name)] or [
        row for row, file in ELSEWHERE.items() if file in where
    ]


def run_once(folder: Path, words: list[str]) -> ElementTree.Element:
    """One round."""
    result = folder / "result.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *FILES, *words]
    subprocess.run([*command, f"--junitxml={result}"], check=False, stdout=subprocess.DEVNULL)
    return ElementTree.parse(result).getroot()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("-k", dest="only", default="", help="as pytest has it")
    options = parser.parse_args()
    words = ["-k", options.only] if options.only else []
    took: dict[tuple[int, str], list[float]] = defaultdict(list)
    failed: dict[tuple[int, str], int] = defaultdict(int)
    skipped: dict[tuple[int, str], int] = defaultdict(int)
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            for case in run_once(Path(folder), words).iter("testcase"):
                for row in rows_of(case.get("classname", ""), case.get("name", "")):
                    key = row, case.get("name", "")
                    took[key].append(float(case.get("time", "0")))
                    skipped[key] += case.find("skipped") is not None
                    failed[key] += (
                        case.find("failure") is not None or case.find("error") is not None
                    )
    for (row, name), seconds in sorted(took.items()):
        passed = len(seconds) - failed[row, name] - skipped[row, name]
        out = f"F{row}  {passed} of {len(seconds)} passed  {max(seconds):5.1f} s at most  {name}"
        sys.stdout.write(f"{out}\n")
    missing = [row for row in ROWS if not any(row == known for known, _ in took)]
    for row in missing if not options.only else ():
        sys.stdout.write(f"F{row}  has no test\n")
    sys.exit(1 if any(failed.values()) or (missing and not options.only) else 0)


if __name__ == "__main__":
    main()
