"""A stand-in for cuems-gradient-motiond: its port, its node name, its motions (interop.md 7.5)."""

import argparse
import sys
from pathlib import Path
from typing import Any

from cuems.wire.osc import Osc
from tests.fakes.osc_player import OscPlayer, log_file

TYPES = {
    "/gradient/start_fade": "sssisffhiss",
    "/gradient/cancel_motion": "ss",
    "/gradient/cancel_all": "s",
}
CURVES = ("linear", "sigmoid", "bezier", "ease_in", "ease_out", "scurve")
FIELDS = (
    "node", "host", "port", "path", "start", "end", "start_mtc_ms", "duration_ms", "curve",
    "parameters",
)  # fmt: skip


class Motions(OscPlayer):
    """`state` has every running motion by its id; what bears another node's name is dropped."""

    name = "motions"
    quit_address = "/nothing"

    def __init__(self, port: int = 0, *, node: str = "node", log: Path | None = None) -> None:
        super().__init__(port, log)
        self._node = node

    def types(self, address: str) -> str | None:
        return TYPES.get(address)

    def take(self, message: Osc) -> None:
        own = {"/gradient/start_fade": 1, "/gradient/cancel_motion": 1}.get(message.address, 0)
        if message.args[own : own + 1] != (self._node,) or not self._is_possible(message):
            self.refused.append(message)
            return
        super().take(message)

    @staticmethod
    def _is_possible(message: Osc) -> bool:
        if message.address != "/gradient/start_fade":
            return True
        *_, duration_ms, curve, _ = message.args
        return isinstance(duration_ms, int) and duration_ms > 0 and curve in CURVES

    def obey(self, message: Osc) -> None:
        match message.address.rpartition("/")[2], message.args:
            case "start_fade", (str(motion), *rest):
                fields: dict[str, Any] = dict(zip(FIELDS, rest, strict=True))
                place = (fields["host"], fields["port"], fields["path"])
                for name, other in list(self.state.items()):
                    if (other["host"], other["port"], other["path"]) == place:
                        del self.state[name]
                self.state[motion] = fields
            case "cancel_motion", (str(motion), _):
                self.state.pop(motion, None)
            case "cancel_all", _:
                self.state.clear()
            case _:
                pass


def main() -> int:
    """Serve for ever; the return value is the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7100)
    parser.add_argument("--node-name", required=True)
    options, _ = parser.parse_known_args()
    Motions(options.port, node=options.node_name, log=log_file("motions")).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
