"""The table of faults and figures, from a test run: `python -m tests.faults REPORT.xml [--json]`.

    pytest --junitxml REPORT.xml && python -m tests.faults REPORT.xml > faults.md

A test belongs to the rows that its name begins with (`test_f16_…`, `test_f22_f23_…`); a figure it
has measured it says by `record_property("figure", …)`, a seed by `record_property("seed", …)`.
Long runs and benches are no tests: where one proves a row, its command is named. A row that nothing
proves says so, and why. Exit status 1: a test of the table failed, or a row has neither test, nor
command, nor reason.
"""

import json
import os
import platform
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from xml.etree import ElementTree

ROWS_OF_A_TEST = re.compile(r"test_((?:[fg]\d+_)+)")

TITLES = {
    "F01": "timecode stops",
    "F02": "rubbish and foreign messages on the MIDI port",
    "F03": "timecode fields that cannot be",
    "F04": "timecode jumps",
    "F05": "the timecode's rate is wrong, or changes",
    "F06": "timecode runs backwards, or is shuttled",
    "F07": "midnight, and sessions longer than a day",
    "F08": "two timecode senders on one port",
    "F09": "timecode arrives unevenly",
    "F10": "the MIDI port goes away and comes back",
    "F11": "JACK is killed while timecode is sent",
    "F12": "JACK restarts",
    "F13": "a node is killed",
    "F14": "a node restarts in mid-show",
    "F15": "the controller is killed in mid-show",
    "F16": "the network is cut, and heals",
    "F17": "a peer stands still, its connection open",
    "F18": "packets are lost",
    "F19": "packets come twice, late, in another order",
    "F20": "a peer reads too slowly",
    "F21": "a peer floods the bus",
    "F22": "malformed bus messages",
    "F23": "bus messages of another version",
    "F24": "huge bus messages",
    "F25": "connections to the bus that say nothing",
    "F26": "a peer without the rig's key",
    "F27": "a recorded GO is played again",
    "F28": "an old controller comes back beside its successor",
    "F29": "two controllers claim the same epoch",
    "F30": "old and new programs in one rig",
    "F31": "a clock is set in mid-show",
    "F32": "addresses change, cables are swapped",
    "F33": "a client of the control surface stops reading",
    "F34": "a thousand clients",
    "F35": "a client floods",
    "F36": "malformed OSC",
    "F37": "frames and headers too large, compression bombs",
    "F38": "half-open and aborted connections",
    "F39": "a foreign page, no key, too small a key",
    "F40": "a client that answers no ping",
    "F41": "patterns in OSC addresses",
    "F42": "nobody serves the files",
    "F43": "the file server refuses the password",
    "F44": "a transfer stands still",
    "F45": "a transfer is killed",
    "F46": "the disk is full",
    "F47": "media is missing",
    "F48": "hostile file names",
    "F49": "links in the library",
    "F50": "a file's content is wrong",
    "F51": "a crash in the middle of saving",
    "F52": "saving fails",
    "F53": "hostile XML",
    "F54": "archives that explode",
    "F55": "two editors save at once",
    "F56": "a player does not start",
    "F57": "a player dies or hangs in mid-cue",
    "F58": "the engine dies, its players live",
    "F59": "GO twice by mistake",
    "F60": "STOP, GO and load at once",
    "F61": "signals",
    "F62": "no file descriptor is left",
    "F63": "memory grows",
    "F64": "a loop hangs",
    "F65": "a task fails",
    "F66": "a service of the machine is absent, frozen or mad",
    "G1": "GO lost or doubled at 20 % loss: none",
    "G2": "GO later than its lead at 20 % loss: 1 in 100 000 at most",
    "G3": "delivery p99.9 at 0, 5, 20 % loss: 5, 20, 60 ms",
    "G4": "nodes apart: p99 5 ms, a frame at most",
    "G5": "stale GOs after a cut network: none",
    "G6": "a dead node is noticed: p99 1.5 s",
    "G7": "a node is back, armed and joined: p99 3 s",
    "G8": "a controller is back, nothing fired twice: p99 2 s",
    "G9": "take-over: 0.3 s asked for, 2.5 s by itself",
    "G10": "STOP to silence under load: p99 50 ms",
    "G11": "simulated rigs without a violated rule",
    "G12": "fuzzed inputs without a leaked exception",
    "G13": "a day's soak: memory, descriptors and tasks stay",
    "G14": "a stalled client is gone within 3 s, others see nothing of it",
    "G15": "a thousand clients, 20 KiB each",
    "G16": "loop lateness under floods: p99 10 ms",
    "G17": "JACK killed: the loop does not freeze, timecode is back in 2 s",
    "G18": "a frozen transfer is given up within 6 s, and resumed",
    "G19": "projects torn by kills and power cuts: none",
    "G20": "records lost by kills on their way: none",
    "G21": "exposure of the units: controller 1.2, node 2.0",
    "G22": "doors that obey somebody without a key: none",
    "G23": "secrets in logs, command lines and state: none",
    "G24": "old nodes and controllers understood",
    "G25": "broad excepts, threads and tasks without owner: none",
    "G26": "faults of this table with a test: all",
    "G27": "coverage of the protocol's core",
    "G28": "a clock is set by two hours: nothing happens",
}

COMMANDS = {
    "F04": "python -m tests.fuzz.fuzz_timecode",
    "F08": "python -m tests.fuzz.fuzz_meetings",
    "F09": "python -m tests.bench.bench_jitter",
    "F11": "python -m tests.bench.bench_jack_killed",
    "F15": "python -m tests.bench.bench_restore",
    "F34": "python -m tests.soak.soak_clients",
    "F36": "python -m tests.fuzz.fuzz_osc",
    "F45": "python -m tests.bench.bench_deploy",
    "F51": "python -m tests.soak.soak_kill settings",
    "F61": "python -m tests.soak.soak_signals",
    "F63": "python -m tests.soak.soak_day; python -m tests.soak.soak_load",
    "F65": "python -m tests.soak.soak_failpoints",
    "G8": "python -m tests.bench.bench_restore",
    "G9": "python -m tests.bench.bench_standby",
    "G10": "python -m tests.bench.bench_go",
    "G12": "python -m tests.fuzz.fuzz_osc; python -m tests.fuzz.fuzz_timecode",
    "G13": "python -m tests.soak.soak_day; python -m tests.soak.soak_load",
    "G15": "python -m tests.soak.soak_clients",
    "G16": "python -m tests.bench.bench_surface",
    "G17": "python -m tests.bench.bench_jack_killed",
    "G19": "python -m tests.soak.soak_kill settings",
    "G20": "python -m tests.soak.soak_kill outbox; python -m tests.bench.bench_ship",
}

# The tests of other rows prove these as well.
SAME_AS = {
    "G1": ("F18", "F19"),
    "G5": ("F16",),
    "G6": ("F13", "F17"),
    "G7": ("F14",),
    "G14": ("F33",),
    "G18": ("F44",),
    "G22": ("F39",),
    "G24": ("F30",),
    "G28": ("F31",),
}

WHY_NOT = {
    "F55": "the ecosystem's editor saves projects; what this program saves has one writer",
    "G2": "figures of a quiet machine; what is late is told, and F18 tests that nothing is lost",
    "G3": "figures of a quiet machine",
    "G4": "figures of a quiet machine; each start tells how late it was",
    "G11": "the random shows of tests/core run 1e3, not 1e6",
    "G25": "ruff (BLE, banned-api) and tests/test_house.py look for them in every run",
    "G26": "this table",
    "G27": "no mutation run yet; pytest --cov says the coverage",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One test as it went."""

    name: str
    outcome: str
    figure: str = ""
    seed: str = ""


@dataclass(slots=True)
class Line:
    """One row of the table."""

    number: str
    title: str
    cases: list[Case] = field(default_factory=list)
    command: str = ""
    reason: str = ""

    @property
    def outcome(self) -> str:
        """How its tests went."""
        outcomes = {case.outcome for case in self.cases}
        return next((one for one in ("failed", "skipped", "passed") if one in outcomes), "no test")

    @property
    def is_honest(self) -> bool:
        """It is proved, or says why not."""
        return self.outcome != "failed" and bool(self.cases or self.command or self.reason)


def read_cases(report: Path) -> Iterator[tuple[Case, tuple[str, ...]]]:
    """The tests of a JUnit report that belong to rows, and to which."""
    for case in ElementTree.parse(report).iter("testcase"):
        name = case.get("name", "")
        found = ROWS_OF_A_TEST.match(name)
        if found is None:
            continue
        told = {each.get("name"): each.get("value", "") for each in case.iter("property")}
        file = case.get("classname", "").replace(".", "/") + ".py"
        yield (
            Case(f"{file}::{name}", _outcome(case), told.get("figure", ""), told.get("seed", "")),
            tuple(number.upper() for number in found[1].rstrip("_").split("_")),
        )


def _outcome(case: ElementTree.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "skipped" if case.find("skipped") is not None else "passed"


def lines(report: Path) -> list[Line]:
    """The whole table."""
    table = {
        number: Line(number, title, [], COMMANDS.get(number, ""), WHY_NOT.get(number, ""))
        for number, title in TITLES.items()
    }
    for case, numbers in read_cases(report):
        for number in numbers:
            if number in table:
                table[number].cases.append(case)
    for number, others in SAME_AS.items():
        table[number].cases += [case for other in others for case in table[other].cases]
    return list(table.values())


def machine() -> str:
    """What it ran on."""
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {system}"


def markdown(table: Sequence[Line]) -> Iterator[str]:
    """For a person."""
    tested = sum(bool(line.cases) for line in table)
    yield f"# Faults and figures\n\n{tested} of {len(table)} rows have a test. {machine()}.\n"
    yield "| row | what | outcome | tests | figure | seed | long run | not tested, because |"
    yield "|---|---|---|---|---|---|---|---|"
    for line in table:
        tests = "<br>".join(_names(line.cases))
        figures = "<br>".join(case.figure for case in line.cases if case.figure)
        seeds = "<br>".join(case.seed for case in line.cases if case.seed)
        command = f"`{line.command}`" if line.command else ""
        reason = "" if line.cases else line.reason or ("" if line.command else "not in this run")
        cells = (line.number, line.title, line.outcome, tests, figures, seeds, command, reason)
        yield f"| {' | '.join(cells)} |"


def _names(cases: Sequence[Case]) -> Iterator[str]:
    """Each test once, with how many variants of it ran."""
    for name, variants in Counter(case.name.partition("[")[0] for case in cases).items():
        yield name + (f" ({variants} variants)" if variants > 1 else "")


def main() -> None:
    table = lines(Path(sys.argv[1]))
    if "--json" in sys.argv[2:]:
        rows = [asdict(line) | {"outcome": line.outcome} for line in table]
        sys.stdout.write(json.dumps({"machine": machine(), "rows": rows}, indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(markdown(table)) + "\n")
    wrong = [line.number for line in table if not line.is_honest]
    if wrong:
        sys.stderr.write(f"failed, or nothing said: {', '.join(wrong)}\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
