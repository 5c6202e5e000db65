"""OSC encode and decode against python-osc, in one run: `python -m tests.bench.bench_osc`.

Aim (limits.md A4): at least 5 times python-osc encoding, 3 times decoding. The four calls take
turns in short rounds and the best round of each counts, so that a busy machine disturbs all alike.
"""

import sys
from collections.abc import Callable
from functools import partial
from timeit import timeit

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from cuems.wire.osc import Osc, decode, encode

CALLS = 500
ROUNDS = 300
CUE = "/engine/status/cue/3f0f3d1e-8f5b-4a6e-9c55-1f1b6a3f2a10"
MESSAGES = {
    "timecode i": Osc("/engine/status/timecode", (12_000,)),
    "go s": Osc("/engine/command/go", ("",)),
    "load s": Osc("/engine/status/load", ("the_tempest",)),
    "cue status i": Osc(CUE, (57,)),
    "volume f": Osc("/engine/status/audio/mixer/0/0/master/volume", (0.5,)),
}
COLUMNS = "{:<14} {:>8} {:>8} {:>6}   {:>8} {:>8} {:>6}\n"


def python_osc_encode(message: Osc) -> bytes:
    builder = OscMessageBuilder(message.address)
    for value in message.args:
        builder.add_arg(value)  # type: ignore[arg-type]
    return builder.build().dgram


def python_osc_decode(data: bytes) -> object:
    return OscMessage(data).params


def best_ns(calls: list[Callable[[], object]]) -> list[float]:
    """The best round of each call, ns for one."""
    rounds = [[timeit(call, number=CALLS) for call in calls] for _ in range(ROUNDS)]
    return [min(times) / CALLS * 1e9 for times in zip(*rounds, strict=True)]


def main() -> None:
    """Print one line per message, and the smallest ratio of each column last."""
    head = ("ns/message", "encode", "p-osc", "ratio", "decode", "p-osc", "ratio")
    sys.stdout.write(COLUMNS.format(*head))
    worst = [float("inf"), float("inf")]
    for name, message in MESSAGES.items():
        data = encode(message)
        calls: list[Callable[[], object]] = [
            partial(encode, message),
            partial(python_osc_encode, message),
            partial(decode, data),
            partial(python_osc_decode, data),
        ]
        ours_out, theirs_out, ours_in, theirs_in = best_ns(calls)
        ratios = [theirs_out / ours_out, theirs_in / ours_in]
        worst = [min(pair) for pair in zip(worst, ratios, strict=True)]
        row = [f"{ours_out:.0f}", f"{theirs_out:.0f}", f"{ratios[0]:.1f}"]
        row += [f"{ours_in:.0f}", f"{theirs_in:.0f}", f"{ratios[1]:.1f}"]
        sys.stdout.write(COLUMNS.format(name, *row))
    encoding, decoding = worst
    sys.stdout.write(
        f"smallest ratio: encode {encoding:.1f} (aim 5), decode {decoding:.1f} (aim 3)\n"
    )


if __name__ == "__main__":
    main()
