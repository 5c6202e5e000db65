"""What the controller takes in and does, into the journal; a run of the journal for each project.

Nothing here waits. What the disk does not take costs the record, never the show.
"""

import time
from pathlib import Path

from cuems import __version__
from cuems.adapters.journal import Journal
from cuems.app.logs import note
from cuems.core.desk import ControllerEffect, ControllerEvent, ProjectRead, Publish
from cuems.core.journal import Happened, Lost, Opened, Record, kept, kept_effects, show_file
from cuems.core.journal_tail import JournalTail
from cuems.core.rules import Rules
from cuems.core.stands import Stands
from cuems.core.status import Loaded
from cuems.wire.journal import encode


class Recorder:
    """Numbers what happens and hands it to the journal, and to the `tail` for a standby."""

    def __init__(self, journal: Journal, rules: Rules, tail: JournalTail) -> None:
        self._journal = journal
        self._tail = tail
        self._rules = rules
        self._run = ""
        self._number = 0
        self._lost = 0
        self._at_ns = 0
        self._position = 0
        self._scripts: dict[int, Path] = {}
        self._stands: Stands | None = None

    def begin(self, effects: tuple[ControllerEffect, ...]) -> None:
        """The process begins, and has done this."""
        self._at_ns = time.monotonic_ns()
        self._open(effects)

    def _open(self, effects: tuple[ControllerEffect, ...] = ()) -> None:
        before, self._run, self._number = self._run, self._journal.begin_run(), 0
        note(run=self._run)
        self._stands = None
        opened = Opened(
            run=self._run,
            wall_ns=time.time_ns(),
            version=__version__,
            continues=before,
            rules=self._rules,
        )
        self._write(opened, effects)

    def take(
        self,
        event: ControllerEvent,
        effects: tuple[ControllerEffect, ...],
        *,
        at_ns: int,
        position: int,
    ) -> None:
        """An event has happened, and this is to be done about it. Never waits."""
        self._at_ns, self._position = at_ns, position
        if isinstance(event, ProjectRead) and _has_loaded(effects):
            self._open()
            if script := self._scripts.pop(event.load_seq, None):
                self._journal.keep(script, show_file(event.load_seq))
        self._tell_lost()
        self._write(kept(event), kept_effects(event, effects))

    def stands(self, stands: Stands) -> None:
        """How the show stands after what was last taken; a record where that is news."""
        known = self._stands
        if stands != known and (stands.project or known is not None):
            self._write(stands)
            self._stands = stands

    def keeps(self, load_seq: int, script: Path) -> None:
        """The script of a load that is coming. Never waits."""
        self._scripts = {load_seq: script}

    def _tell_lost(self) -> None:
        state = self._journal.state
        if state.lost_lines > self._lost and not state.fault:
            lost, self._lost = state.lost_lines - self._lost, state.lost_lines
            self._write(Lost(lost, "the disk took nothing, and memory is bounded"))

    def _write(self, what: Happened, effects: tuple[ControllerEffect, ...] = ()) -> None:
        self._number += 1
        record = Record(
            number=self._number,
            at_ns=self._at_ns,
            position=self._position,
            what=what,
            effects=effects,
        )
        line = encode(record)
        self._journal.append(line)
        self._tail.add(self._run, self._number, line.decode())


def _has_loaded(effects: tuple[ControllerEffect, ...]) -> bool:
    return any(
        isinstance(effect, Publish) and isinstance(effect.status, Loaded) for effect in effects
    )
