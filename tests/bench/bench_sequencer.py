"""What a step of the line and a GO cost, by cues loaded: `python -m tests.bench.bench_sequencer`.

100 cues run while 10, 100, 1 000 or 10 000 more are loaded. Goal: at most 1.5 times as much with
10 000 as with 10.
"""

import time
from collections.abc import Callable, Iterator

from cuems.core.chains import Scope
from cuems.core.cues import AnyCue, CueId
from cuems.core.events import Advance, Go, LineFound, Locate, SetNextCue
from cuems.core.sequencer import Sequencer
from cuems.core.timecode import from_ms
from tests.bench.figures import say
from tests.build import audio, cues, order

LOADED = (10, 100, 1_000, 10_000)
RUNNING = 100
GROUP = 10
ROUNDS = 7
STEP_FLICKS = from_ms(10)  # a quarter-frame at 25 fps
LONG_MS = 3_600_000


def contents(loaded: int) -> list[AnyCue]:
    """Groups of ten, most of them waiting for a GO; before them a list of all that is to run."""
    running = [audio(f"r{i}", LONG_MS, "g" if i % 2 else "e") for i in range(RUNNING)]
    groups = [
        cues(f"g{at}", *(audio(f"c{at}.{i}", 1000, "gep"[i % 3]) for i in range(GROUP)))
        for at in range(loaded // GROUP)
    ]
    return [*running, *groups]


def rolling(loaded: int) -> Sequencer:
    """A show in which 100 cues run."""
    running_order = order(*contents(loaded))
    everything = frozenset(running_order)
    sequencer = Sequencer(running_order, Scope(everything, everything))
    sequencer.begin()
    sequencer.handle(LineFound(0))
    for i in range(RUNNING):
        sequencer.handle(Go(run_seq=i, cue=CueId(f"r{i}"), at=0))
    sequencer.handle(SetNextCue(CueId("g0")))
    return sequencer


def advance_ns(loaded: int) -> Iterator[float]:
    """The cost of one quarter-frame while nothing is due but percentages."""
    sequencer, position = rolling(loaded), 0
    while True:
        began_ns = time.perf_counter_ns()
        for _ in range(500):
            position += STEP_FLICKS
            sequencer.handle(Advance(position))
        yield (time.perf_counter_ns() - began_ns) / 500


def boundary_ns(loaded: int) -> Iterator[float]:
    """The cost of a step in which a cue ends and the next of its group begins."""
    sequencer, position, run_seq = rolling(loaded), 0, RUNNING
    while True:
        taken_ns = steps = 0
        run_seq += 1
        sequencer.handle(Go(run_seq=run_seq, cue=CueId("g0"), at=position))
        for _ in range(12):
            position += from_ms(250)
            began_ns = time.perf_counter_ns()
            sequencer.handle(Advance(position))
            taken_ns += time.perf_counter_ns() - began_ns
            steps += 1
        yield taken_ns / steps


def go_ns(loaded: int) -> Iterator[float]:
    """The cost of a GO of a group."""
    sequencer, position, run_seq = rolling(loaded), 0, RUNNING
    while True:
        taken_ns = 0
        for _ in range(10):
            run_seq += 1
            position += STEP_FLICKS
            sequencer.handle(Advance(position))
            go = Go(run_seq=run_seq, cue=CueId("g0"), at=position)
            began_ns = time.perf_counter_ns()
            sequencer.handle(go)
            taken_ns += time.perf_counter_ns() - began_ns
        yield taken_ns / 10


def locate_ns(loaded: int) -> Iterator[float]:
    """The cost of a jump back, caught up with from the first GO."""
    sequencer = rolling(loaded)
    sequencer.handle(Advance(from_ms(10_000)))
    while True:
        began_ns = time.perf_counter_ns()
        sequencer.handle(Locate(from_ms(5_000)))
        yield time.perf_counter_ns() - began_ns


def best(measured: list[Iterator[float]]) -> list[float]:
    """Interleaved rounds, best of each: a busy machine hits all alike, never all rounds."""
    rounds = [[next(measure) for measure in measured] for _ in range(ROUNDS)]
    return [min(times) for times in zip(*rounds, strict=True)]


def main() -> None:
    sizes = "".join(f"{loaded:>12,}" for loaded in LOADED)
    say(f"{RUNNING} running, µs, loaded:{sizes}   10 000 : 10")
    measures: tuple[Callable[[int], Iterator[float]], ...] = (
        advance_ns,
        boundary_ns,
        go_ns,
        locate_ns,
    )
    for measure in measures:
        costs = best([measure(loaded) for loaded in LOADED])
        figures = "".join(f"{cost / 1000:>12.1f}" for cost in costs)
        name = measure.__name__.removesuffix("_ns")
        say(f"{name:<20}{figures}   {costs[-1] / costs[0]:.2f}")


if __name__ == "__main__":
    main()
