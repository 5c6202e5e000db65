"""How far the chase is from the true position of a reference encoder, at every rate.

    python -m tests.bench.bench_reference [--seconds 10]

The encoder (tests/fakes/mtc_encoder.py) counts by another library and plays into a JACK server of
this run; the chase is asked where it is at every quarter-frame's arrival.
"""

import argparse

import anyio

from cuems.adapters.midi import open_midi_input
from cuems.core.chase import Chase, ChaseState
from cuems.core.mtc_decoder import MtcDecoder
from cuems.core.timecode import FLICKS_PER_S, FrameRate, to_ns
from tests.bench.figures import say, show
from tests.fakes.mtc_encoder import CLIENT, PORT, open_encoder
from tests.jack import open_jack

STARTS = {
    "24": ("00:59:58:00", FrameRate.FPS_24),
    "25": ("00:59:58:00", FrameRate.FPS_25),
    "29.97": ("00:00:58:00", FrameRate.FPS_29_97_DF),
    "30": ("00:59:58:00", FrameRate.FPS_30),
}
SETTLE_PIECES = 40


async def errors(rate: str, pieces: int) -> list[int]:
    """How far the chase is from the encoder at each arrival once it has locked, ns."""
    start, _ = STARTS[rate]
    chase = Chase()
    decoder = MtcDecoder(chase.recognise)
    off: list[int] = []
    async with (
        open_encoder(rate, start) as source,
        open_midi_input(f"{CLIENT}:{PORT}", api="JACK") as midi,
    ):
        async for received_ns, message in midi:
            event = decoder.feed(message, received_ns)
            if event is not None:
                chase.feed(event, received_ns)
            here = chase.position_at(received_ns)
            if chase.state is ChaseState.LOCKED and here is not None:
                true = source.position_s(received_ns) * FLICKS_PER_S
                off.append(to_ns(round(abs(here - true))))
            if len(off) >= pieces + SETTLE_PIECES:
                break
    return off[SETTLE_PIECES:]


async def compare(seconds: float) -> None:
    async with open_jack():
        for rate, (_, frame_rate) in STARTS.items():
            half_frame_ns = to_ns(frame_rate.flicks_per_frame) // 2
            off = await errors(rate, round(seconds * 4 * frame_rate.nominal))
            show(f"{frame_rate}: chase off the encoder's position", off)
            say(
                f"    beyond half a frame ({half_frame_ns / 1000:.0f} µs): "
                f"{sum(each > half_frame_ns for each in off)} of {len(off)}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    anyio.run(compare, parser.parse_args().seconds)


if __name__ == "__main__":
    main()
