"""A stand-in for jack-volume: command line, port, addresses (interop.md 7.3)."""

import argparse
import sys
from pathlib import Path

from cuems.wire.osc import Osc
from tests.fakes.osc_player import OscPlayer, log_file

PORT_TAKEN = 1


class Mixer(OscPlayer):
    """`state` has the gain of every channel, and of the master."""

    name = "mixer"

    def __init__(
        self, port: int = 0, *, client: str = "0_mixer", channels: int = 2, log: Path | None = None
    ) -> None:
        super().__init__(port, log)
        self._prefix = f"/audiomixer/{client}/"
        self.state = dict.fromkeys(("master", *map(str, range(channels))), 1.0)

    def types(self, address: str) -> str | None:
        known = address.startswith(self._prefix)
        return "f" if known and address.removeprefix(self._prefix) in self.state else None

    def obey(self, message: Osc) -> None:
        self.state[message.address.removeprefix(self._prefix)] = message.args[0]


def main() -> int:
    """Serve for ever; the return value is the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-c", required=True)
    parser.add_argument("-p", type=int, required=True)
    parser.add_argument("-n", type=int, required=True)
    options, _ = parser.parse_known_args()
    try:
        mixer = Mixer(options.p, client=options.c, channels=options.n, log=log_file("mixer"))
    except OSError:
        return PORT_TAKEN
    mixer.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
