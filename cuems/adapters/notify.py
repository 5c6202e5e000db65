"""What the service manager is told: that we are ready, alive, stopping, and how it goes.

One datagram each to the socket that `NOTIFY_SOCKET` names (sd_notify(3)); without one nothing is
told. A manager that does not listen loses what it is told, and nobody waits for it.
"""

import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

US_PER_NS = 1000
STATUS_CHARACTERS = 400

log = logging.getLogger(__name__)


class Notifier:
    """The way to the service manager; `watchdog_ns` is how long it waits for a sign of life."""

    def __init__(self, channel: socket.socket | None, watchdog_ns: int | None) -> None:
        self._channel = channel
        self.watchdog_ns = watchdog_ns

    def ready(self) -> None:
        """All doors are open."""
        self._tell("READY=1")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """It ends, as it should."""
        self._tell("STOPPING=1")

    def status(self, line: str) -> None:
        """What `systemctl status` shows."""
        self._tell("STATUS=" + " ".join(line.split())[:STATUS_CHARACTERS])

    def _tell(self, text: str) -> None:
        if self._channel is None:
            return
        try:
            self._channel.send(text.encode())
        except OSError as error:  # it restarts, or its queue is full: the next one gets through
            log.debug("the service manager was not told %s: %s", text, error)


@contextmanager
def open_notifier(environment: Mapping[str, str]) -> Iterator[Notifier]:
    """Speak to the service manager that started us, if one did."""
    path = environment.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        yield Notifier(None, None)
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.setblocking(False)
        channel.connect("\0" + path[1:] if path.startswith("@") else path)
        yield Notifier(channel, _watchdog_ns(environment))


def _watchdog_ns(environment: Mapping[str, str]) -> int | None:
    """How long the manager waits for us; None where it does not watch this process."""
    meant = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    period_us = environment.get("WATCHDOG_USEC", "")
    return int(period_us) * US_PER_NS if meant and period_us.isdecimal() else None
