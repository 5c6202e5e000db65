"""A stand-in for cuems-videocomposer: its port, its layers (interop.md 7.6)."""

import argparse
import sys

from cuems.wire.osc import Osc
from tests.fakes.osc_player import OscPlayer, log_file

ROOT = "/videocomposer/"
OF_ALL = {
    "reset": "", "quit": "", "check": "", "layer/load": "ss", "layer/load_shared": "sss",
    "layer/unload": "s", "master/xscale": "f", "master/yscale": "f", "master/opacity": "f",
    **dict.fromkeys((f"master/corner{number}" for number in (1, 2, 3, 4)), "ff"),
}  # fmt: skip
OF_A_LAYER = {
    "visible": "i", "autounload": "i", "offset": "i", "mtcfollow": "i", "loop": "i",
    "opacity": "f", "position": "ii", "scale": "ff", "rotation": "f", "zorder": "i",
    **dict.fromkeys((f"corner{number}" for number in (1, 2, 3, 4)), "ff"),
}  # fmt: skip


class Composer(OscPlayer):
    """`state` has the parameters of every layer that is loaded, by its id."""

    name = "composer"
    quit_address = f"{ROOT}quit"

    def types(self, address: str) -> str | None:
        rest = address.removeprefix(ROOT)
        if rest in OF_ALL:
            return OF_ALL[rest]
        match rest.split("/"):
            case ["layer", layer, what] if layer in self.state:
                return OF_A_LAYER.get(what)
            case _:
                return None

    def obey(self, message: Osc) -> None:
        match message.address.removeprefix(ROOT).split("/"), message.args:
            case ["layer", "load"], (path, str(layer)):
                self.state[layer] = {"file": path}
            case ["layer", "load_shared"], (path, str(layer), str(driver)) if driver in self.state:
                self.state[layer] = {"file": path, "shares": driver}
            case ["layer", "unload"], (str(layer),):
                self.state.pop(layer, None)
            case ["reset"], _:
                self.state.clear()
            case ["layer", layer, what], args:
                self.state[layer][what] = args[0] if len(args) == 1 else args
            case _:
                pass


def main() -> int:
    """Serve until told to quit; the return value is the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7000)
    options = parser.parse_args()
    Composer(options.port, log=log_file("composer")).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
