"""OSC encode and decode against python-osc, in one run: `python -m tests.bench.bench_osc`.

Aim (limits.md A4): at least 3 times python-osc decoding, 5 times encoding.
"""

import sys
from collections.abc import Callable
from timeit import repeat

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from cuems.wire.osc import Osc, decode, encode

CALLS = 4_000
ROUNDS = 60
CUE = "/engine/status/cue/3f0f3d1e-8f5b-4a6e-9c55-1f1b6a3f2a10"
MESSAGES = {
    "timecode i": Osc("/engine/status/timecode", (12_000,)),
    "go s": Osc("/engine/command/go", ("",)),
    "load s": Osc("/engine/status/load", ("the_tempest",)),
    "cue status i": Osc(CUE, (57,)),
    "volume f": Osc("/engine/status/audio/mixer/0/0/master/volume", (0.5,)),
}


def ns_per_call(call: Callable[[], object]) -> float:
    return min(repeat(call, number=CALLS, repeat=ROUNDS)) / CALLS * 1e9


def python_osc_encode(message: Osc) -> bytes:
    builder = OscMessageBuilder(message.address)
    for value in message.args:
        builder.add_arg(value)  # type: ignore[arg-type]
    return builder.build().dgram


def main() -> None:
    """Print one line per message, and the smallest ratio of each column last."""
    line = "{:<14} {:>9} {:>9} {:>6}   {:>9} {:>9} {:>6}\n"
    head = ("ns/message", "encode", "p-osc", "ratio", "decode", "p-osc", "ratio")
    sys.stdout.write(line.format(*head))
    worst = [float("inf"), float("inf")]
    for name, message in MESSAGES.items():
        data = encode(message)
        ours = ns_per_call(lambda message=message: encode(message))  # type: ignore[misc]
        theirs = ns_per_call(lambda message=message: python_osc_encode(message))  # type: ignore[misc]
        ours_in = ns_per_call(lambda data=data: decode(data))  # type: ignore[misc]
        theirs_in = ns_per_call(lambda data=data: OscMessage(data).params)  # type: ignore[misc]
        ratios = theirs / ours, theirs_in / ours_in
        worst = [min(pair) for pair in zip(worst, ratios, strict=True)]
        figures = f"{ours:.0f}", f"{theirs:.0f}", f"{ratios[0]:.1f}"
        figures_in = f"{ours_in:.0f}", f"{theirs_in:.0f}", f"{ratios[1]:.1f}"
        sys.stdout.write(line.format(name, *figures, *figures_in))
    sys.stdout.write(
        f"smallest ratio: encode {worst[0]:.1f} (aim 5), decode {worst[1]:.1f} (aim 3)\n"
    )


if __name__ == "__main__":
    main()
