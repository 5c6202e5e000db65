"""What a node keeps of its own: a run for each show that was played, sealed when it is over."""

from pathlib import Path

import anyio
import anyio.to_thread

from cuems.adapters.journal_files import DIED, DONE, runs
from cuems.adapters.journal_reader import read_run
from cuems.app.node_recorder import open_node_recorder
from cuems.app.shipping import SPOOL
from cuems.core import bus
from cuems.core.cues import CueId
from cuems.core.events import Go
from cuems.core.journal import NodeSaid, NodeTold, Opened
from cuems.core.reports import CueStartedReport, Heartbeat

GO = Go(run_seq=1, cue=CueId("c"), at=5, deadline=None)
STARTED = CueStartedReport(CueId("c"), 5)
STOP = bus.StopCommand(1)
PATIENCE_S = 20.0


def sealed(state: Path) -> list[Path]:
    return [run for run in runs(state / SPOOL) if (run / DONE).exists()]


async def test_a_show_that_was_played_is_a_run_of_its_own(tmp_path: Path) -> None:
    with anyio.fail_after(PATIENCE_S):
        async with open_node_recorder(tmp_path) as recorder:
            recorder.told(STOP, 0)  # nothing has played yet: no run ends by it
            recorder.told(GO, 3)
            recorder.told(bus.Beat(epoch=1, boot="b"), 4)
            recorder.said(Heartbeat(), 4)
            recorder.said(STARTED, 5)
            recorder.told(STOP, 9)
    first, second = await anyio.to_thread.run_sync(sealed, tmp_path)
    run = await anyio.to_thread.run_sync(read_run, first)
    opened, *rest = (record.what for record in run.records)
    assert isinstance(opened, Opened)
    assert rest == [NodeTold(STOP), NodeTold(GO), NodeSaid(STARTED), NodeTold(STOP)]
    assert (run.done, run.faults) == (True, ())
    assert len((await anyio.to_thread.run_sync(read_run, second)).records) == 1


async def test_what_a_killed_process_has_left_is_sealed_as_it_is(tmp_path: Path) -> None:
    left = tmp_path / SPOOL / "000007-x"
    await anyio.Path(left).mkdir(parents=True)
    await anyio.Path(left / "000001.jsonl").write_bytes(b"torn")
    with anyio.fail_after(PATIENCE_S):
        async with open_node_recorder(tmp_path):
            pass
    names = sorted([path.name async for path in anyio.Path(left).iterdir()])
    assert names == ["000001.jsonl.zst", DIED, DONE]
