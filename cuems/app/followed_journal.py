"""The active controller's journal on its standby: line by line into our own, and how it stands.

So the standby's journal tells the whole show when it has taken over, and it knows what no node
does. Lines come in answers to `journal`, a long one in pieces; numbers that are missing were lost
on the way. What was lost, or was not understood, may have told of faders: those we have heard of
are not used any more, as nodes know better.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cuems.adapters.journal import Journal
from cuems.app.project import project_folder
from cuems.core.desk import Publish
from cuems.core.errors import CuemsError
from cuems.core.journal import Record, ShowKept
from cuems.core.stands import Remembered, Stands
from cuems.core.status import Loaded
from cuems.wire.journal import RecordError, decode

NO_RUN = "-"

log = logging.getLogger(__name__)


class FollowedJournal:
    """`run` and `number` are the active one's, of the last line that we have."""

    def __init__(self, journal: Journal, library: Path) -> None:
        self.run, self.number = NO_RUN, 0
        self._stands: Stands | None = None
        self._position = 0
        self._journal = journal
        self._library = library
        self._ours = ""

    @property
    def remembered(self) -> Remembered | None:
        """How the active one's show stood when it was last heard of; None where there was none."""
        if self._stands is None or not self._stands.project:
            return None
        return Remembered(run=self._ours, stands=self._stands, position=self._position)

    def take(self, args: Sequence[object]) -> bool:
        """Lines of a run, or pieces of them, all of an answer; whether they brought us on."""
        run, *pieces = (str(arg) for arg in args) if args else (NO_RUN,)
        if not pieces:
            return False
        before = self.run, self.number
        if run != self.run:
            self.run, self.number = run, 0
            self._ours = self._journal.begin_run()
            log.info("run %s of the active controller is run %s of ours", run, self._ours)
        for line in "".join(pieces).encode().splitlines(keepends=True):
            self._keep(line)
        return (self.run, self.number) != before

    def _keep(self, line: bytes) -> None:
        try:
            record = decode(line)
        except RecordError as error:
            log.warning("a line of the active controller's journal: %s", error)
            if error.number is not None:
                self._missed()
                self.number = error.number
            return
        self._journal.append(line)
        if record.number != self.number + 1:
            self._missed()
        self.number, self._position = record.number, record.position
        if isinstance(record.what, Stands):
            self._stands = record.what
        elif isinstance(record.what, ShowKept):
            self._keep_script(record, record.what.file)

    def _missed(self) -> None:
        if self._stands is not None:
            self._stands = replace(self._stands, controls=(), waived=())

    def _keep_script(self, record: Record, name: str) -> None:
        for effect in record.effects:
            if isinstance(effect, Publish) and isinstance(effect.status, Loaded):
                try:
                    folder = project_folder(self._library, effect.status.project)
                except CuemsError as error:
                    log.warning("%s", error)
                else:
                    self._journal.keep(folder / "script.xml", name)
