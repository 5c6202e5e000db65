"""A stand-in for cuems-audioplayer: its command line, OSC port, exit codes (interop.md 7.2).

It prints every message it receives, one a line.
"""

import argparse
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

from cuems.wire.osc import Osc, decode

BAD_FILE, PORT_TAKEN = 253, 247


@dataclass
class State:
    """What the player has been told so far."""

    offset_ms: float = 0.0
    volume: float = 1.0
    following: bool = False
    received: list[Osc] = field(default_factory=list)

    def take(self, message: Osc) -> None:
        """Obey a message."""
        self.received.append(message)
        match message:
            case Osc("/offset", (float(offset),)):
                self.offset_ms = offset
            case Osc("/volmaster", (float(volume),)):
                self.volume = volume
            case Osc("/mtcfollow", (int(following),)):
                self.following = bool(following)
            case _:
                pass


def main() -> int:
    """Serve until /quit; the return value is the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--uuid", required=True)
    parser.add_argument("--output-latency-ms", type=int)
    parser.add_argument("-w", type=int)
    parser.add_argument("media", type=Path)
    options = parser.parse_args()
    state = State()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        try:
            server.bind(("", options.port))
        except OSError:
            return PORT_TAKEN
        if not options.media.read_bytes().startswith(b"RIFF"):
            return BAD_FILE
        while Osc("/quit") not in state.received:
            message = decode(server.recv(65_536))
            assert isinstance(message, Osc)
            state.take(message)
            sys.stdout.write(f"{message.address} {' '.join(map(str, message.args))}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
