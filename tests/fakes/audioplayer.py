"""A stand-in for cuems-audioplayer: its command line, OSC port, exit codes (interop.md 7.2).

It prints every message it receives, one a line.
"""

import argparse
import sys
from pathlib import Path

from cuems.wire.osc import Osc
from tests.fakes.osc_player import OscPlayer, announce, log_file

BAD_FILE, PORT_TAKEN = 253, 247
TYPES = {
    "/load": "s", "/vol0": "f", "/vol1": "f", "/volmaster": "f", "/offset": "f",
    "/mtcfollow": "i", "/stoponlost": "i", "/wait": "f", "/play": "", "/stop": "", "/check": "",
    "/quit": "",
}  # fmt: skip


class AudioPlayer(OscPlayer):
    """`state` has what it was told last at every address."""

    name = "audioplayer"

    def types(self, address: str) -> str | None:
        return TYPES.get(address)

    def obey(self, message: Osc) -> None:
        self.state[message.address.removeprefix("/")] = message.args[0] if message.args else None
        announce(f"{message.address} {' '.join(map(str, message.args))}")


def main() -> int:
    """Serve until /quit; the return value is the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--uuid", required=True)
    parser.add_argument("--output-latency-ms", type=int)
    parser.add_argument("-w", type=int)
    parser.add_argument("media", type=Path)
    options = parser.parse_args()
    try:
        player = AudioPlayer(options.port, log_file(f"audioplayer-{options.uuid}"))
    except OSError:
        return PORT_TAKEN
    if not options.media.read_bytes().startswith(b"RIFF"):
        return BAD_FILE
    player.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
