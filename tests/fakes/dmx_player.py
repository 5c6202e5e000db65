"""A stand-in for cuems-dmxplayer: command line, port, scenes by bundle (interop.md 7.4)."""

import argparse
import sys
from pathlib import Path

from cuems.wire.osc import Osc, OscBundle
from tests.fakes.osc_player import OscPlayer, line, log_file, tags

PORT_TAKEN = 247
SINGLE = {
    "/quit": "", "/check": "", "/blackout": "", "/mtcfollow": "i", "/stoponlost": "",
}  # fmt: skip
IN_SCENES = {"/mtc_time": "s", "/fade_time": "f", "/start_offset": "i"}


class DmxPlayer(OscPlayer):
    """`state` has the levels of its universes, faded to, and whether it follows.

    `scenes` are the bundles: frames, when, how long.
    """

    name = "dmxplayer"

    def __init__(self, port: int = 0, log: Path | None = None) -> None:
        super().__init__(port, log)
        self.state = {"following": False, "levels": {}}
        self.scenes: list[tuple[dict[int, dict[int, int]], str, float]] = []

    def types(self, address: str) -> str | None:
        return SINGLE.get(address)

    def obey(self, message: Osc) -> None:
        match message:
            case Osc("/mtcfollow", (int(following),)):
                self.state["following"] = bool(following)
            case Osc("/blackout"):
                self.state["levels"] = {}
            case _:
                pass

    def obey_bundle(self, bundle: OscBundle) -> None:
        """A scene is taken as a whole or not at all."""
        frames: dict[int, dict[int, int]] = {}
        times: dict[str, object] = {}
        messages = [element for element in bundle.elements if isinstance(element, Osc)]
        if not all(map(_is_of_scene, messages)):
            self.refused += messages
            self._note("REFUSED a bundle")
            return
        for message in messages:
            self.received.append(message)
            self._note(line(message))
            if message.address == "/frame":
                universe, *slots = (value for value in message.args if isinstance(value, int))
                frames[universe] = dict(zip(slots[::2], slots[1::2], strict=True))
            else:
                times[message.address] = message.args[0]
        mtc_time, fade_time = times.get("/mtc_time", "now"), times.get("/fade_time", 0.0)
        assert isinstance(mtc_time, str)
        assert isinstance(fade_time, float)
        self.scenes.append((frames, mtc_time, fade_time))
        for universe, levels in frames.items():
            self.state["levels"].setdefault(universe, {}).update(levels)


def _is_of_scene(message: Osc) -> bool:
    if message.address == "/frame":
        return set(tags(message)) == {"i"} and len(message.args) % 2 == 1
    return IN_SCENES.get(message.address) == tags(message)


def main() -> int:
    """Serve until /quit; the return value is the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--uuid", required=True)
    parser.add_argument("--output-latency-ms", type=int)
    options = parser.parse_args()
    try:
        player = DmxPlayer(options.port, log=log_file("dmxplayer"))
    except OSError:
        return PORT_TAKEN
    player.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
