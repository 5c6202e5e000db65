"""Log lines: for people on a terminal, as JSON for machines; the same facts in both.

What a line is about follows it as `cue=…`, or is a key of its own: what the call says
(`extra={"cue": …}`), what is being done (`with About(cue=…)`), and what holds for the whole process
(`note`: node and run), which a person at a terminal knows. The standard library's logging does it:
lines of other libraries come the same way.

Nothing here is to hold a key, a token or a passcode: tests/e2e/test_secrets.py looks.
"""

import json
import logging
import os
import queue
import sys
from collections import ChainMap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from enum import StrEnum
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import TextIO

import zstandard

from cuems.core.errors import CuemsError

LEVELS = (logging.INFO, logging.DEBUG)
PLAIN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
FILE_BYTES = 4 << 20  # a day of a busy rig
FILES_KEPT = 20
WAITING_LINES = 10_000  # while a disk takes nothing; what comes then is lost, and counted
DRAIN_S = 2.0
PRIORITIES = {
    logging.CRITICAL: 2,
    logging.ERROR: 3,
    logging.WARNING: 4,
    logging.INFO: 6,
}  # syslog's
DEBUG_PRIORITY = 7

_ABOUT: ContextVar[ChainMap[str, object]] = ContextVar("about")


class LogFileError(CuemsError):
    """The log cannot be written where it was wanted."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"--log-file {path}: {reason}")


class LogFormat(StrEnum):
    """How lines look; AUTO: for people, unless systemd reads them."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


# ---- what a line is about


def note(**facts: object) -> None:
    """From now on every line of this process bears these, as JSON has it."""
    _facts().maps[-1].update(facts)


def _facts() -> ChainMap[str, object]:
    facts = _ABOUT.get(None)
    if facts is None:
        facts = ChainMap()
        _ABOUT.set(facts)
    return facts


class About:
    """Lines within are about these, and a bug that leaves it says so."""

    def __init__(self, **facts: object) -> None:
        self._facts = facts
        self._token: Token[ChainMap[str, object]] | None = None

    def __enter__(self) -> None:
        """Say it from here on."""
        self._token = _ABOUT.set(_facts().new_child(self._facts))

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        """Say it no more."""
        assert self._token is not None
        _ABOUT.reset(self._token)
        if isinstance(error, Exception) and not isinstance(error, CuemsError):
            error.add_note(" ".join(f"{name} {value!r}" for name, value in self._facts.items()))


class AboutFilter(logging.Filter):
    """Puts what is being done into each line; what the call says itself goes before."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every line passes."""
        facts = _facts()
        record.process_facts = frozenset(facts.maps[-1])
        for name, value in facts.items():
            if name not in vars(record):
                setattr(record, name, value)
        return True


def _about(record: logging.LogRecord, but: frozenset[str] = frozenset()) -> dict[str, object]:
    hidden = PLAIN_FIELDS | {"process_facts"} | but
    return {name: value for name, value in vars(record).items() if name not in hidden}


# ---- how it looks


class TextFormatter(logging.Formatter):
    """`12:34:56 [info    ] text cue='Gong'`, in local time; a traceback has lines of its own."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s", datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        known: frozenset[str] = getattr(record, "process_facts", frozenset())
        about = "".join(f" {name}={value!r}" for name, value in _about(record, known).items())
        return f"{record.asctime} [{record.levelname.lower():8}] {record.message}{about}"


class JsonFormatter(logging.Formatter):
    """One object a line, in UTC; `priorities`: with syslog's in front, which the journal takes."""

    def __init__(self, *, priorities: bool = False) -> None:
        super().__init__()
        self._priorities = priorities

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        facts = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "timestamp": at.isoformat(),
        }
        if record.exc_info:
            facts["exception"] = self.formatException(record.exc_info)
        line = json.dumps(facts | _about(record), default=str)
        priority = PRIORITIES.get(record.levelno, DEBUG_PRIORITY)
        return f"<{priority}>{line}" if self._priorities else line


def is_journal(environment: Mapping[str, str], stream: TextIO) -> bool:
    """Whether systemd's journal reads a stream (systemd.exec(5), JOURNAL_STREAM)."""
    device, _, inode = environment.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return (device, inode) == (str(status.st_dev), str(status.st_ino))


# ---- where it goes


class FileQueue(QueueHandler):
    """Hands lines to the thread that writes them; none waits for a disk."""

    def __init__(self, lines: "queue.Queue[logging.LogRecord]") -> None:
        super().__init__(lines)
        self._lines = lines
        self.dropped_lines = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """As it is: the traceback stays a fact of its own."""
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Never waits."""
        try:
            self._lines.put_nowait(record)
        except queue.Full:
            self.dropped_lines += 1

    def flush(self) -> None:
        """Wait until all is written, but not for a disk that is gone."""
        with self._lines.all_tasks_done:
            self._lines.all_tasks_done.wait_for(lambda: not self._lines.unfinished_tasks, DRAIN_S)


class PackedFiles(RotatingFileHandler):
    """Writes a file of at most `most_bytes`; those before it are packed. For a thread."""

    def __init__(self, path: Path, most_bytes: int = FILE_BYTES) -> None:
        try:
            super().__init__(path, maxBytes=most_bytes, backupCount=FILES_KEPT)
        except OSError as error:
            raise LogFileError(path, error.strerror or str(error)) from error
        self.setFormatter(JsonFormatter())
        self._told = False

    def rotation_filename(self, default_name: str) -> str:
        """What the last one is called."""
        return f"{default_name}.zst"

    def rotate(self, source: str, dest: str) -> None:
        """Pack it."""
        with Path(source).open("rb") as plain, Path(dest).open("wb") as packed:
            zstandard.ZstdCompressor().copy_stream(plain, packed)
        Path(source).unlink()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """A disk that takes nothing costs the lines; said once."""
        if not self._told:
            self._told = True
            sys.stderr.write(
                f"{self.baseFilename}: lines of the log are lost: {sys.exc_info()[1]}\n"
            )


@contextmanager
def open_logs(
    wanted: LogFormat, *, verbosity: int, file: Path | None = None
) -> Iterator[logging.Handler]:
    """Send every log line of the process to standard error, and to a file as JSON."""
    _facts()
    handlers = [_stderr(wanted)]
    if file is not None:
        lines: queue.Queue[logging.LogRecord] = queue.Queue(WAITING_LINES)
        QueueListener(lines, PackedFiles(file)).start()
        handlers.append(FileQueue(lines))
    about = AboutFilter()
    for handler in handlers:
        handler.addFilter(about)
    root = logging.getLogger()
    root.handlers = handlers
    root.setLevel(logging.WARNING)
    logging.getLogger("cuems").setLevel(LEVELS[min(verbosity, len(LEVELS) - 1)])
    try:
        yield handlers[-1]
    finally:
        handlers[-1].flush()


def _stderr(wanted: LogFormat) -> logging.Handler:
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    journal = is_journal(os.environ, sys.stderr)
    as_json = wanted is LogFormat.JSON or (wanted is LogFormat.AUTO and journal)
    handler.setFormatter(JsonFormatter(priorities=journal) if as_json else TextFormatter())
    return handler
