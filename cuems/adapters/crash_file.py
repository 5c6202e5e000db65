"""The last words of a process, for the next one to tell: a bug's traceback, or where it hung.

A service manager whose watchdog starves ends us by SIGABRT; the interpreter then writes here where
every thread was, whatever state it is in.
"""

import faulthandler
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_CHARACTERS = 16_000


class LastWords:
    """`before` is what the process before this one died of, "" when it ended as it should."""

    def __init__(self, before: str, descriptor: int) -> None:
        self.before = before
        self._descriptor = descriptor

    def say(self, text: str) -> None:
        """This is what we die of."""
        os.write(self._descriptor, text[:MAX_CHARACTERS].encode())


@contextmanager
def open_last_words(path: Path) -> Iterator[LastWords]:
    """Take what is there, and have what kills this process written instead. Reads and writes."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        before = os.read(descriptor, MAX_CHARACTERS).decode(errors="replace").strip()
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        faulthandler.enable(descriptor)
        try:
            yield LastWords(before, descriptor)
        finally:
            faulthandler.disable()
    finally:
        os.close(descriptor)
