"""The record that a node keeps of its own: what it was told, and what it said it did.

A run of it ends with the show: at a STOP, an unload or another load after something has played.
It waits in `spool/` until it is shipped (app/shipping.py). Nothing here waits.
"""

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread

from cuems import __version__
from cuems.adapters.journal import Journal, JournalState, open_journal
from cuems.adapters.journal_files import Limits, seal_runs_before
from cuems.app.shipping import SPOOL
from cuems.core import bus
from cuems.core.journal import Happened, NodeSaid, NodeTold, Opened, Record
from cuems.core.reports import (
    ChaseReport,
    ClockProbe,
    CueStartedReport,
    Heartbeat,
    Hello,
    NodeReport,
    Receipt,
)
from cuems.core.rules import Rules
from cuems.wire.journal import encode

UNTOLD = (Heartbeat, ClockProbe, ChaseReport, Hello, Receipt)
UNHEARD = (bus.Beat, bus.LineReport, bus.ClockReply, bus.Snapshot)

log = logging.getLogger(__name__)


class NodeRecorder:
    """Numbers what a node hears and says, and hands it to a journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._number = 0
        self._played = False
        self._begin()

    def _begin(self) -> None:
        run, self._number, self._played = self._journal.begin_run(), 0, False
        wall_ns = time.time_ns()
        self._write(Opened(run=run, wall_ns=wall_ns, version=__version__, rules=Rules()), 0)

    def told(self, message: bus.BusMessage, position: int) -> None:
        """The controller said something. Never waits."""
        if isinstance(message, UNHEARD):
            return
        self._write(NodeTold(message), position)
        ends = isinstance(message, bus.StopCommand | bus.UnloadCommand | bus.LoadCommand)
        if ends and self._played:
            self._begin()

    def said(self, report: NodeReport, position: int) -> None:
        """The node said something. Never waits."""
        if not isinstance(report, UNTOLD):
            self._played = self._played or isinstance(report, CueStartedReport)
            self._write(NodeSaid(report), position)

    def _write(self, what: Happened, position: int) -> None:
        self._number += 1
        record = Record(
            number=self._number, at_ns=time.monotonic_ns(), position=position, what=what
        )
        self._journal.append(encode(record))


@asynccontextmanager
async def open_node_recorder(state: Path) -> AsyncIterator[NodeRecorder]:
    """The record of this process; what one before it left unfinished is sealed as it is."""

    def tell(state: JournalState) -> None:
        if state.fault:
            log.warning("%s", state.fault)

    folder = state / SPOOL
    try:
        await anyio.to_thread.run_sync(seal_runs_before, folder)
    except OSError as error:
        log.warning("what is left of runs before: %s: %s", error.filename, error.strerror)
    async with open_journal(folder, tell, Limits(keeps_all=True)) as journal:
        yield NodeRecorder(journal)
