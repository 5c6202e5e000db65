"""A service manager's part, where none runs: `manager.py COMMAND…` in any root.

It starts the command, waits for READY=1 and for WATCHDOG=1 three times, asks it to end, and says
what it heard. Exit status 0: it was all there.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

PATIENCE_S = 60.0
FEEDS = 3


def main(command: list[str]) -> int:
    """Whether it starts, lives and ends as a notifying service should."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard,
    ):
        path = str(Path(folder) / "notify")
        heard.bind(path)
        heard.settimeout(PATIENCE_S)
        environment = os.environ | {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "2000000"}
        with subprocess.Popen(command, env=environment) as program:
            words = listen(heard)
            program.send_signal(signal.SIGTERM)
            status = program.wait(PATIENCE_S)
    sys.stdout.write(f"heard {', '.join(words)}; exit status {status}\n")
    return status


def listen(heard: socket.socket) -> list[str]:
    """Until it was ready and has been alive for a while."""
    words: list[str] = []
    while "READY=1" not in words or words.count("WATCHDOG=1") < FEEDS:
        words.append(heard.recv(4096).decode())
    return words


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
