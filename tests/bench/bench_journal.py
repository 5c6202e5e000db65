"""What a record of the journal costs the loop: `python -m tests.bench.bench_journal [SECONDS]`.

Events come at EVENTS_HZ, each is recorded as app/recorder.py does it, while the worker threads
write, sync and compress beside it. Aim: p99 at most 200 µs. Baseline: the same line as JSON,
written and flushed on the loop, as a log handler does it.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import anyio

from cuems.adapters.journal import JournalState, open_journal
from cuems.adapters.journal_files import Limits
from cuems.app.recorder import Recorder
from cuems.core.cues import CueId, NodeId
from cuems.core.desk import (
    Answer,
    Asked,
    ControllerEffect,
    ControllerEvent,
    Publish,
    Reported,
    Tell,
)
from cuems.core.events import Go
from cuems.core.journal_tail import JournalTail
from cuems.core.operator import PressGo
from cuems.core.reports import CueStartedReport
from cuems.core.rules import Rules
from cuems.core.status import CuePlay, NextCue
from tests.bench.figures import say, show

EVENTS_HZ = 1000
AIM_US = 200
CUE = CueId("3f0f3d1e-8f5b-4a6e-9c55-1f1b6a3f2a10")
NODE = NodeId("11111111-1111-4111-8111-111111111111")


def turn(number: int) -> tuple[ControllerEvent, tuple[ControllerEffect, ...]]:
    """A start on a node, and every tenth time a GO."""
    if number % 10:
        report = CueStartedReport(CUE, number * 705_600)
        return Reported(NODE, report, number), (Publish(CuePlay(CUE, 1)),)
    asked = Asked(client="tablet", address="go", command=PressGo(), now_ns=number, position=number)
    go = Go(run_seq=number, cue=CUE, at=number, deadline=number + 1)
    return asked, (Tell(go), Publish(NextCue(CUE)), Answer(asked))


async def measure(folder: Path, seconds: float) -> tuple[list[int], list[int], float]:
    faults: list[JournalState] = []
    ours: list[int] = []
    theirs: list[int] = []
    limits = Limits(segment_bytes=1 << 20)
    baseline = (folder / "baseline.log").open("w")
    async with open_journal(folder / "journal", faults.append, limits) as journal:
        recorder = Recorder(journal, Rules(), JournalTail())
        recorder.begin(())
        began = anyio.current_time()
        number = 0
        while anyio.current_time() < began + seconds:
            number += 1
            event, effects = turn(number)
            start_ns = time.perf_counter_ns()
            recorder.take(event, effects, at_ns=number, position=number)
            ours.append(time.perf_counter_ns() - start_ns)
            start_ns = time.perf_counter_ns()
            baseline.write(json.dumps({"e": repr(event), "f": [repr(e) for e in effects]}) + "\n")
            baseline.flush()
            theirs.append(time.perf_counter_ns() - start_ns)
            await anyio.sleep(max(0.0, began + number / EVENTS_HZ - anyio.current_time()))
        rate = number / (anyio.current_time() - began)
    baseline.close()
    assert not faults, faults
    return ours, theirs, rate


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        ours, theirs, rate = anyio.run(measure, Path(folder), seconds)
    say(f"{rate:.0f} events/s for {seconds:g} s")
    show("a record, on the loop", ours)
    show("baseline: repr as JSON, flushed", theirs)
    p99_us = sorted(ours)[int(len(ours) * 0.99)] / 1000
    base_us = sorted(theirs)[int(len(theirs) * 0.99)] / 1000
    say(f"p99 {p99_us:.1f} µs (aim {AIM_US}); the baseline takes {base_us / p99_us:.2f} times that")


if __name__ == "__main__":
    main()
