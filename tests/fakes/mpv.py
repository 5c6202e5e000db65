"""A stand-in for mpv that plays nothing, and stamps the moment at which it is told to play.

    mpv … --input-ipc-client=fd://N        (as app/performers.py starts it)

It answers every command at once, as if each file were there and ready, and tells the position that
mpv would. When it goes from paused to playing, and then alone, the CLOCK_MONOTONIC moment of the
read that brought the command goes as a datagram to the unix socket named by CUEMS_TEST_STAMPS: to
be told once more to play is no start. When it is told to end, that moment goes to the one named
by CUEMS_TEST_SILENCES, if any. Standard library only and started with -I -S: it is up in 20 ms.
"""

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

CHANNELS = "2"
DURATION_S = 60.0
READ_BYTES = 65_536
NS_PER_S = 1_000_000_000


def write_program(folder: Path) -> Path:
    """An executable `mpv` for a folder on PATH."""
    program = folder / "mpv"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {Path(__file__).resolve()} "$@"\n')
    program.chmod(0o755)
    return program


class Playback:
    """One file: where it is, and whether it runs."""

    def __init__(self) -> None:
        self._paused = True
        self._position_s = 0.0
        self._at_ns = 0

    def take(self, command: list[Any], now_ns: int) -> bool:  # Any: the protocol's own
        """Do what a command says; whether it has started by that."""
        paused = self._paused
        match command:
            case ["loadfile", _, _, options]:
                settings = dict(each.split("=") for each in options.split(","))
                self._stand(float(settings.get("start", 0)), now_ns)
            case ["seek", to_s, *_]:
                self._stand(float(to_s), now_ns)
            case ["set_property", "pause", bool(to_pause)]:
                self._stand(self.position_s(now_ns), now_ns)
                self._paused = to_pause
            case _:
                pass
        return paused and not self._paused

    def _stand(self, position_s: float, now_ns: int) -> None:
        self._position_s, self._at_ns = position_s, now_ns

    def position_s(self, now_ns: int) -> float:
        """Where it is at a moment."""
        rolled_ns = 0 if self._paused else now_ns - self._at_ns
        return self._position_s + rolled_ns / NS_PER_S

    def expanded(self, text: str, now_ns: int) -> str:
        """What players/mpv.py's queries ask for."""
        if "channel-count" in text:
            return CHANNELS
        position = f"{self.position_s(now_ns):.6f}"
        if "audio-pts" in text:
            return f"{position}|{position}|no|{'yes' if self._paused else 'no'}"
        return f"{position}|{DURATION_S}|null|null|no"


def main(arguments: list[str]) -> None:
    fd = next(int(text.rpartition("//")[2]) for text in arguments if "--input-ipc-client" in text)
    playback = Playback()
    signal.signal(signal.SIGTERM, lambda *_: end())
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
                if playback.take(request["command"], received_ns):
                    stamps.send(str(received_ns).encode())
                link.sendall(answer(request, playback, received_ns))
    end()  # the engine has hung up: that says the same


def end() -> None:
    """Be silent, and say when."""
    at_ns = time.monotonic_ns()
    if path := os.environ.get("CUEMS_TEST_SILENCES"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as silences:
            silences.connect(path)
            silences.send(str(at_ns).encode())
    os._exit(0)


def answer(request: dict[str, Any], playback: Playback, now_ns: int) -> bytes:
    """The reply to a request, and the event that follows a load or a seek."""
    verb, *about = request["command"]
    data = playback.expanded(about[0], now_ns) if verb == "expand-text" else None
    told = [{"request_id": request["request_id"], "error": "success", "data": data}]
    if verb in ("loadfile", "seek"):
        told.append({"event": "playback-restart"})
    return b"".join(json.dumps(message).encode() + b"\n" for message in told)


if __name__ == "__main__":
    main(sys.argv[1:])
