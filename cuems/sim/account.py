"""What is to be said of a recorded run: what ran, when, how late, what failed, how timecode was."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cuems.core.cues import NodeId, Show
from cuems.core.journal import Opened, Record
from cuems.core.reports import ChaseReport
from cuems.core.status import Notice
from cuems.core.timecode import frame_at, to_ms, to_ns
from cuems.sim.log import Entry, Verb
from cuems.sim.recorded import chase_reports, notices, recorded
from cuems.sim.report import RATE, Report, report_on, time_text
from cuems.sim.report import to_json as report_to_json

NS_PER_US = 1000
BUCKETS_MS = (0.5, 1, 2, 5, 10, 20, 40, 80)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """How a node followed timecode, ns into the run."""

    at_ns: int
    node: NodeId
    report: ChaseReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A run and what came of it. `ending` says how it ended, `faults` what of it is lost."""

    name: str
    opened: Opened
    project: str
    report: Report
    samples: tuple[Sample, ...]
    notices: tuple[tuple[int, Notice], ...]
    ending: str
    faults: tuple[str, ...]

    @property
    def starts(self) -> tuple[Entry, ...]:
        """Every start on a node."""
        entries = self.report.rehearsal.entries
        return tuple(e for e in entries if e.verb is Verb.STARTS and e.node is not None)

    def late_ms(self) -> list[float]:
        """How late each of them was, in order of size."""
        return sorted(to_ns(entry.late) / 1e6 for entry in self.starts)

    def wall(self, at_ns: int) -> datetime:
        """When on the wall clock a moment of the run was, as that clock stood at its beginning."""
        return EPOCH + timedelta(microseconds=(self.opened.wall_ns + at_ns) // NS_PER_US)


def account_of(
    records: Sequence[Record], show: Show, opened: Opened, *, ending: str, faults: tuple[str, ...]
) -> Account:
    """Draw the conclusions."""
    begun_ns = records[0].at_ns
    return Account(
        name=opened.run,
        opened=opened,
        project=show.name,
        report=report_on(show, recorded(records, show)),
        samples=tuple(
            Sample(at_ns=at_ns - begun_ns, node=node, report=report)
            for at_ns, node, report in chase_reports(records)
        ),
        notices=tuple((at_ns - begun_ns, notice) for at_ns, notice in notices(records)),
        ending=ending,
        faults=faults,
    )


def share(ordered: Sequence[float], part: float) -> float:
    """The value below which a part of them lies; 0 of none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


def histogram(late_ms: Sequence[float]) -> Iterator[tuple[str, int]]:
    """How many starts were how late."""
    low = -float("inf")
    for high in BUCKETS_MS:
        yield f"≤ {high:g} ms", sum(low < late <= high for late in late_ms)
        low = high
    yield f"> {low:g} ms", sum(late > low for late in late_ms)


def summary(account: Account) -> Iterator[tuple[str, str]]:
    """The run in a few facts."""
    entries = account.report.rehearsal.entries
    late = account.late_ms()
    yield "began", f"{account.wall(0):%Y-%m-%d %H:%M:%S} UTC"
    yield "lasted", time_text(account.report.rehearsal.end_ns)
    yield "ended", account.ending
    yield "GO", str(sum(entry.verb is Verb.GO for entry in entries))
    yield "refused", str(sum(entry.verb is Verb.REFUSED for entry in entries))
    yield "starts", str(len(late))
    yield "cues failed", str(len(account.report.failed()))
    if late:
        figures = [share(late, part) for part in (0.5, 0.99)]
        yield (
            "late, p50 / p99 / most",
            " / ".join(f"{ms:.1f}" for ms in [*figures, late[-1]]) + (" ms"),
        )


def to_json(account: Account) -> str:
    """All of it, for a program."""
    late = account.late_ms()
    found: dict[str, Any] = {
        "run": account.name,
        "project": account.project,
        "version": account.opened.version,
        "began": account.wall(0).isoformat(),
        "ending": account.ending,
        "faults": list(account.faults),
        "late_ms": {
            "p50": share(late, 0.5),
            "p99": share(late, 0.99),
            "max": late[-1] if late else 0.0,
            "histogram": dict(histogram(late)),
        },
        "starts": [_start(account, entry) for entry in account.starts],
        "timecode": [_sample(account, sample) for sample in account.samples],
        "notices": [
            {"at_ms": at_ns / 1e6, "text": notice.text} for at_ns, notice in account.notices
        ],
        "rehearsal": json.loads(report_to_json(account.report)),
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _start(account: Account, entry: Entry) -> dict[str, Any]:
    return {
        "cue": entry.cue,
        "name": account.report.cue_name(entry.cue),
        "node": entry.node,
        "at": account.wall(entry.at_ns).isoformat(),
        "planned": str(frame_at(entry.position, RATE)),
        "planned_ms": to_ms(entry.position),
        "late_ms": to_ns(entry.late) / 1e6,
    }


def _sample(account: Account, sample: Sample) -> dict[str, Any]:
    report = sample.report
    return {
        "at_ms": sample.at_ns / 1e6,
        "node": sample.node,
        "state": report.state,
        "source": report.source,
        "missed_pieces": report.missed_pieces,
        "jitter_us": report.jitter_us,
        "rate_error_ppm": report.rate_error_ppm,
        "clock_error_us": report.clock_error_us,
    }
