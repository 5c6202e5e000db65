"""All figures of timecode in one table, each beside its floor of the same run.

    python -m tests.bench.timecode_table [--short]

About 20 minutes, on a machine that does nothing else; --short takes 2 and says less. Hand-off,
spacing and drift are bench_midi's, the position bench_reference's, cues bench_cue's, the bus
bench_bus_line's (which needs root), a killed JACK bench_jack_killed's: each says what it measures.
"""

import argparse
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial

import anyio

from cuems.core.timecode import FrameRate
from tests.bench import bench_bus_line, bench_cue, bench_jack_killed, bench_midi, bench_reference
from tests.bench.figures import say
from tests.unetem import Link, why_not

LINK = Link(delay_ms=5, jitter_ms=2)

Part = tuple[str, Callable[[], Awaitable[None]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much of everything: seconds, but for cues and kills."""

    idle_s: float
    loaded_s: float
    reference_s: float
    bus_s: float
    cues: int
    kills: int


FULL = Counts(idle_s=600, loaded_s=60, reference_s=20, bus_s=60, cues=1000, kills=10)
SHORT = Counts(idle_s=10, loaded_s=10, reference_s=3, bus_s=10, cues=30, kills=2)


def parts(counts: Counts) -> Iterator[Part]:
    """What is measured, one after the other."""
    heard = partial(bench_midi.measure, rate=FrameRate.FPS_25)
    yield "callback, spacing, drift: idle", partial(heard, counts.idle_s, under_load=False)
    yield "callback, spacing: under load", partial(heard, counts.loaded_s, under_load=True)
    yield "position, at every rate", partial(bench_reference.compare, counts.reference_s)
    cues = partial(bench_cue.measure, mtc="midi", killed=False)
    yield "cues: idle", partial(cues, max(1, counts.cues // 10), under_load=False)
    yield "cues: under load", partial(cues, counts.cues, under_load=True)
    killed = partial(bench_cue.measure, mtc="midi", under_load=False, killed=True)
    yield "cues: JACK killed before each", partial(killed, counts.kills)
    yield "JACK killed: loop and return", partial(bench_jack_killed.measure, counts.kills)
    if why_not():
        say(f"bus timecode is not measured: {why_not()}")
    else:
        yield "bus timecode", partial(bench_bus_line.compare, LINK, counts.bus_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    for title, measure in parts(SHORT if parser.parse_args().short else FULL):
        say(f"\n== {title}")
        anyio.run(measure)


if __name__ == "__main__":
    main()
