"""How much faster than real time a show runs: `python -m tests.bench.bench_simulate`.

Two hours, 500 cues in chains of five: a sound with a picture on it, a fade of the sound, lights, a
sound at the end. The sequencer alone, then the rig of `cuems simulate` (controller and node: two
sequencers), then what makes that dearer. Goal: 10 000 x.
"""

import gc
import time
from collections.abc import Iterator

from cuems.core.chains import Scope
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import AnyCue, DmxCue, DmxOutput, DmxScene, Show, VideoOutput
from cuems.core.events import Event, Go, LineFound
from cuems.core.sequencer import Sequencer
from cuems.core.timecode import from_ms
from cuems.sim.log import Verb
from cuems.sim.rehearsal import Rehearsal, rehearse
from cuems.sim.report import report_on, to_text
from cuems.sim.setup import Setup
from cuems.sim.show import simulate
from cuems.sim.source import DropOut
from tests.bench.figures import say
from tests.build import NODE, audio, fade, show, video

CUES, CHAIN = 500, 5
HOURS = 2
CHAIN_MS = HOURS * 3_600_000 * CHAIN // CUES
ROUNDS = 3


def long_show() -> Show:
    return show(*(cue for number in range(CUES // CHAIN) for cue in _chain(number)))


def _chain(number: int) -> Iterator[AnyCue]:
    bed = audio(f"bed{number}", CHAIN_MS - 10_000, "g", wait=2000)
    yield bed
    yield video(
        f"picture{number}",
        CHAIN_MS // 2,
        "g",
        wait=20_000,
        outputs=(VideoOutput(output_name=f"{NODE}_0"),),
    )
    yield fade(f"fade{number}", bed.id, 40, 3000, "g", wait=1000)
    yield DmxCue(
        **{
            field: getattr(audio(f"light{number}", post="e"), field)
            for field in ("id", "name", "post_go")
        },
        scene=DmxScene(id=""),
        outputs=(DmxOutput(NODE),),
        fade_in_flicks=from_ms(CHAIN_MS - 40_000),
    )
    yield audio(f"tail{number}", 17_000)


def _run(name: str, setup: Setup, rounds: int = ROUNDS) -> Rehearsal:
    running = long_show()
    best_s = float("inf")
    for _ in range(rounds):
        gc.collect()
        before = time.perf_counter()
        rehearsal = rehearse(running, setup, press_go=True)
        best_s = min(best_s, time.perf_counter() - before)
    show_s = rehearsal.end_ns / 1e9
    say(f"{name:<44} {show_s / 3600:5.2f} h in {best_s:7.3f} s: {show_s / best_s:10,.0f} x")
    return rehearsal


def _sequencer_alone(rehearsal: Rehearsal) -> None:
    running = RunningOrder(long_show())
    everything = Scope(frozenset(running), frozenset(running))
    pressed = [(e.position, e.cue) for e in rehearsal.entries if e.verb is Verb.GO and e.cue]
    gos: list[tuple[int, Event]] = [
        (at, Go(run_seq=seq, cue=cue, at=at)) for seq, (at, cue) in enumerate(pressed, 1)
    ]
    end, best_s = from_ms(rehearsal.end_ns // 1_000_000), float("inf")
    for _ in range(ROUNDS):
        sequencer = Sequencer(running, everything)
        gc.collect()
        before = time.perf_counter()
        simulate(sequencer, [(0, LineFound(0)), *gos], end)
        best_s = min(best_s, time.perf_counter() - before)
    say(
        f"{'  the same, the sequencer alone':<44} {HOURS:5.2f} h in {best_s:7.3f} s:"
        f" {rehearsal.end_ns / 1e9 / best_s:10,.0f} x"
    )


def main() -> None:
    """The table."""
    rehearsal = _run("500 cues, one node", Setup())
    _sequencer_alone(rehearsal)
    before = time.perf_counter()
    text = to_text(report_on(long_show(), rehearsal))
    say(f"{'  its report':<44} {len(text) / 1e3:.0f} kB in {time.perf_counter() - before:.3f} s")
    _run("500 cues, 8 nodes", Setup(nodes=8), 1)
    _run("500 cues, 8 nodes, a fifth of the bus lost", Setup(nodes=8, loss=0.2), 1)
    _run("500 cues, one node on MIDI timecode", Setup(drop_outs=(DropOut(60, 3),)), 1)


if __name__ == "__main__":
    main()
