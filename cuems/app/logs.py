"""Log lines: for people on a terminal, as JSON for machines; the same facts in both.

What a line is about (`extra={"cue": …}`) follows it as `cue=…`, or is a key of its own.
"""

import json
import logging
import sys
from datetime import UTC, datetime

LEVELS = (logging.INFO, logging.DEBUG)
PLAIN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class TextFormatter(logging.Formatter):
    """`12:34:56 [info    ] text cue='Gong'`, in local time; a traceback has lines of its own."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s", datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        about = "".join(f" {name}={value!r}" for name, value in _about(record).items())
        return f"{record.asctime} [{record.levelname.lower():8}] {record.message}{about}"


class JsonFormatter(logging.Formatter):
    """One object a line, in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        facts = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "timestamp": at.isoformat(),
        }
        if record.exc_info:
            facts["exception"] = self.formatException(record.exc_info)
        return json.dumps(facts | _about(record), default=str)


def _about(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in PLAIN_FIELDS}


def configure_logs(*, as_json: bool, verbosity: int) -> None:
    """Send every log line of the process to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("cuems").setLevel(LEVELS[min(verbosity, len(LEVELS) - 1)])
