"""A stand-in for mpv that plays nothing, and stamps the moment at which it is told to play.

    mpv … --input-ipc-client=fd://N        (as app/performers.py starts it)

It answers every command at once, as if each file were there and ready. When `pause` becomes false,
the CLOCK_MONOTONIC moment of the read that brought it goes as a datagram to the unix socket named
by CUEMS_TEST_STAMPS. Standard library only and started with -I -S: it is up in 20 ms.
"""

import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

CHANNELS = "2"
STATE = "0.000000|60.000000|null|null|no"  # what players/mpv.py's `state_query` asks for
READ_BYTES = 65_536


def write_program(folder: Path) -> Path:
    """An executable `mpv` for a folder on PATH."""
    program = folder / "mpv"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {Path(__file__).resolve()} "$@"\n')
    program.chmod(0o755)
    return program


def main(arguments: list[str]) -> None:
    fd = next(int(text.rpartition("//")[2]) for text in arguments if "--input-ipc-client" in text)
    with (
        socket.socket(fileno=fd) as link,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stamps,
    ):
        stamps.connect(os.environ["CUEMS_TEST_STAMPS"])
        rest = b""
        while chunk := link.recv(READ_BYTES):
            received_ns = time.monotonic_ns()
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                request = json.loads(line)
                if request["command"] == ["set_property", "pause", False]:
                    stamps.send(str(received_ns).encode())
                link.sendall(answer(request))


def answer(request: dict[str, Any]) -> bytes:  # Any: the protocol's own
    """The reply to a request, and the event that follows a load or a seek."""
    verb, *about = request["command"]
    data = None
    if verb == "expand-text":
        data = CHANNELS if "channel-count" in about[0] else STATE
    told = [{"request_id": request["request_id"], "error": "success", "data": data}]
    if verb in ("loadfile", "seek"):
        told.append({"event": "playback-restart"})
    return b"".join(json.dumps(message).encode() + b"\n" for message in told)


if __name__ == "__main__":
    main(sys.argv[1:])
