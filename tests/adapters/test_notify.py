"""What the service manager is told, heard at a real socket."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cuems.adapters.notify import open_notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(5)
        listening.bind(str(tmp_path / "notify"))
        yield listening


def test_the_manager_hears_how_it_goes(manager: socket.socket) -> None:
    with open_notifier({"NOTIFY_SOCKET": manager.getsockname()}) as notifier:
        notifier.ready()
        notifier.alive()
        notifier.status("all\nis well")
        notifier.stopping()
        heard = [manager.recv(1000) for _ in range(4)]
    assert heard == [b"READY=1", b"WATCHDOG=1", b"STATUS=all is well", b"STOPPING=1"]


@pytest.mark.parametrize(
    ("environment", "watchdog_ns"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "4000000"}, 4_000_000_000),
        ({"WATCHDOG_USEC": "4000000", "WATCHDOG_PID": str(os.getpid())}, 4_000_000_000),
        ({"WATCHDOG_USEC": "4000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_known_where_it_watches_us(
    manager: socket.socket, environment: dict[str, str], watchdog_ns: int | None
) -> None:
    with open_notifier({"NOTIFY_SOCKET": manager.getsockname()} | environment) as notifier:
        assert notifier.watchdog_ns == watchdog_ns


def test_without_a_manager_nothing_is_told() -> None:
    with open_notifier({}) as notifier:
        notifier.ready()
        assert notifier.watchdog_ns is None


def test_a_manager_that_is_gone_is_no_error(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        with open_notifier({"NOTIFY_SOCKET": listening.getsockname()}) as notifier:
            listening.close()
            notifier.ready()
