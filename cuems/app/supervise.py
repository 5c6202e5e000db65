"""The outermost boundary: what ends the program, told once, and as an exit status.

A thing that may fail without ending the show has its own boundary, which names the errors it
catches: a client in adapters/control.py, a player in app/seat_keeper.py, files in app/errands.py
and app/librarian.py, a MIDI process in adapters/midi.py and mtc_output.py, a node by the bus. What
gets past them is a bug. The engine's state cannot be trusted after one, so the process ends, and
who started it (systemd) starts it again.
"""

import logging
import os
import sys
from collections.abc import Callable

from cuems.core.errors import CuemsError

FAILED = 1
BUG = os.EX_SOFTWARE  # 70

log = logging.getLogger(__name__)


def run_to_exit_status(main: Callable[[], int]) -> int:
    """What `main` returns; FAILED, with one line, where it could not do what was asked.

    After a bug BUG, with its traceback in the log.
    """
    try:
        return main()
    except Exception as error:  # house.md B10: the one broad boundary
        bugs = bugs_in(error)
        if bugs is None:
            sys.stderr.write(f"cuems: {_first(error)}\n")
            return FAILED
        log.critical("a bug in cuems ends it: please report this", exc_info=bugs)
        return BUG


def bugs_in(error: Exception) -> BaseException | None:
    """What does not say by itself what is wrong."""
    if isinstance(error, BaseExceptionGroup):
        return error.split(CuemsError)[1]
    return None if isinstance(error, CuemsError) else error


def _first(error: BaseException | None) -> BaseException | None:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
