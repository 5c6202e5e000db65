"""Seeds of a simulated rig on a bad network, each checked against the invariants of cluster.md 4.

    python -m tests.soak.soak_cluster [--seeds 10000] [--first 0] [--words]

A seed makes a show, two to four nodes, a loss of up to 40 %, a partition now and then, and an
operator who presses GO and STOP, moves the standby, disables cues and pauses; then the faults
cease. Checked: I1 no run of a cue starts twice on a node, but by joining or after a pause; I2
nothing starts from before a stop that its node has obeyed; I3 nothing starts later than a GO may,
but by joining; I5 every accepted GO is started by every node that has its cue, or reported; I6 it
starts at the same position everywhere; I7 three seconds after the last letter all replicas are
equal; and no node tells a cue as played that has never sounded there. With `--words` the operator
also fires, stops, holds and lets go single cues, loads to a time and panics. Prints each violation
with its seed; exit status 1 where there is one.
"""

import argparse
import random
import sys
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from cuems.core.cuelist import RunningOrder, nodes_of
from cuems.core.cues import AnyCue, AudioOutput, CueId, NodeId, Show
from cuems.core.effects import Start
from cuems.core.node_desk import Play, Say
from cuems.core.operator import (
    EnableCue,
    GoCue,
    LoadTo,
    MoveStandby,
    OperatorCommand,
    PauseCue,
    PressGo,
    PressPanic,
    PressPause,
    PressResume,
    PressStop,
    ResumeCue,
    StopCue,
)
from cuems.core.reports import CueEndedReport, CueFailedReport, CueStartedReport
from cuems.core.show_state import ShowState
from cuems.core.status import Notice, Status
from cuems.core.timecode import from_ms
from cuems.sim.cluster import Rig
from cuems.sim.diary import Diary
from cuems.sim.setup import Setup
from tests.bench.figures import judge, say
from tests.build import audio, show

MS = 1_000_000
PATIENCE = from_ms(2000)
SETTLED_NS = 3_000_000_000
LAST_LETTERS_NS = 180_000_000_000  # what TCP still repeats when the faults have ceased
NODE = "{:08d}-0000-4000-8000-000000000000"
POSTS = ("p", "g", "e")


class History(Diary):
    """The diary, and what it shows to be wrong."""

    def __init__(self, order: RunningOrder) -> None:
        super().__init__(order)
        self.rig: Rig | None = None
        self.violations: list[str] = []
        self.gos: dict[int, CueId] = {}
        self.reported: set[CueId] = set()
        self.stops: list[int] = [0]  # the run before each
        self.runs = 0  # GOs and words on single cues
        self._order_of_show = order
        self._asked_for: CueId | None = None
        self._goes_back = False
        self._started: set[tuple[NodeId, CueId, int, int]] = set()
        self._sounded: set[tuple[NodeId, CueId]] = set()
        self._told: set[tuple[NodeId, CueId, int]] = set()  # the last is how many runs there were
        self._where: dict[tuple[CueId, int], set[int]] = defaultdict(set)

    def asked(self, command: OperatorCommand) -> None:
        """The operator asks."""
        match command:
            case PressGo():
                self._asked_for = self.standby
            case GoCue(cue):
                self._asked_for = cue
            case PressPause():
                self._goes_back = True  # a node that hears of it late has to
            case StopCue(cue) | PauseCue(cue) | ResumeCue(cue):
                self._goes_back = True  # likewise
                self.reported |= set(self._order_of_show)  # the whole chain may not come
            case EnableCue(cue, False):
                self.reported.add(cue)  # it may be so before it has its turn
            case _:
                pass
        super().asked(command)

    def answered(self, command: OperatorCommand, reason: str) -> None:
        """The controller answers."""
        if isinstance(command, PressGo | GoCue | StopCue | PauseCue | ResumeCue) and not reason:
            self.runs += 1
            if isinstance(command, PressGo | GoCue) and self._asked_for is not None:
                self.gos[self.runs] = self._asked_for
        if isinstance(command, PressStop | PressPanic):
            self.stops.append(self.runs)
        super().answered(command, reason)

    def published(self, status: Status) -> None:
        """The controller lets everybody know."""
        if isinstance(status, Notice):
            self.reported |= {cue for cue in self._order_of_show if cue in status.text.split()}
            self.reported |= {c for n, c in self.gos.items() if f"refused GO {n}:" in status.text}
        super().published(status)

    def done(self, node: NodeId, done: Play | Say) -> None:
        """A node did something."""
        match done:
            case Play(Start() as start):
                self._starts(node, start)
            case Say(CueStartedReport(cue) | CueFailedReport(cue)):
                self._told.add((node, cue, self.runs))
            case Say(CueEndedReport(cue)) if (node, cue) not in self._sounded:
                self.violations.append(f"{cue} is told as played by {node[:8]}, and never sounded")
            case _:
                pass
        super().done(node, done)

    def _starts(self, node: NodeId, start: Start) -> None:
        assert self.rig is not None
        key = node, start.cue, start.run_seq, start.start
        what = f"{start.cue} run {start.run_seq} on node {node[:8]}"
        if key in self._started and start.elapsed <= start.late and not self._goes_back:
            self.violations.append(f"I1: {what} twice")
        if start.run_seq <= self.stops[self.rig.nodes[node].stop_generation]:
            self.violations.append(f"I2: {what}, from before a stop")
        if start.late > PATIENCE:
            self.violations.append(f"I3: {what}, after its deadline")
        self._started.add(key)
        self._sounded.add((node, start.cue))
        if self.gos.get(start.run_seq) == start.cue:
            self._where[start.cue, start.run_seq].add(start.start)

    def settled(self, rig: Rig) -> None:
        """All is quiet: whether everything that was asked for has come of it, everywhere."""
        for run, cue in self.gos.items():
            due = cue in self.reported or run <= self.stops[-1] or rig.state.paused
            for node in nodes_of(self._order_of_show[cue]):
                told = any(k[:2] == (node, cue) and k[2] >= run for k in self._told)
                if not due and not told:
                    self.violations.append(f"I5: GO {run} of {cue} is not started on {node[:8]}")
        for (cue, run), starts in self._where.items():
            if len(starts) > 1:
                self.violations.append(f"I6: {cue} run {run} starts at {sorted(starts)}")
        for name, simulated in rig.nodes.items():
            state = simulated.state
            if state is None or not _alike(state, rig.state):
                self.violations.append(f"I7: {name[:8]} stands as {state}, not {rig.state}")


def _alike(one: ShowState, other: ShowState) -> bool:
    return one.runs_as(other) and (one.at, one.paused, one.enabled) == (
        other.at,
        other.paused,
        other.enabled,
    )


def random_show(luck: random.Random, nodes: list[NodeId]) -> Show:
    def cue(number: int) -> AnyCue:
        where = luck.sample(nodes, luck.randint(1, len(nodes)))
        outputs = tuple(AudioOutput(output_name=f"{node}_0") for node in where)
        return audio(
            f"c{number}",
            luck.randint(100, 4000),
            luck.choice(POSTS),
            pre=luck.choice((0, 0, 300)),
            wait=luck.choice((0, 0, 200)),
            outputs=outputs,
        )

    return show(*(cue(number) for number in range(luck.randint(3, 8))))


def word(luck: random.Random, cue: CueId) -> OperatorCommand:
    words = StopCue(cue), PauseCue(cue), ResumeCue(cue), ResumeCue(cue), GoCue(cue)
    return luck.choice((*words, LoadTo(luck.randint(0, 3000)), PressPanic()))


def command(luck: random.Random, order: RunningOrder, *, words: bool) -> OperatorCommand:
    cue = luck.choice(list(order))
    if words and luck.random() < 0.4:
        return word(luck, cue)
    return luck.choice(
        (
            PressGo(),
            PressGo(),
            PressGo(),
            PressGo(),
            PressStop(),
            MoveStandby(cue),
            EnableCue(cue, luck.random() < 0.7),
            PressPause(),
            PressResume(),
            PressResume(),
        )
    )


def violations(seed: int, *, words: bool = False) -> list[str]:
    """What is wrong with the performance of a seed."""
    luck = random.Random(seed)
    ids = [NodeId(NODE.format(number + 1)) for number in range(luck.randint(2, 4))]
    performed = random_show(luck, ids)
    order = RunningOrder(performed)
    history = History(order)
    rig = Rig(
        performed, Setup(nodes=len(ids), loss=luck.choice((0.05, 0.2, 0.4)), seed=seed), history
    )
    history.rig = rig
    for _ in range(luck.randint(4, 12)):
        rig.run_to(rig.now_ns + luck.randint(20, 1500) * MS)
        if luck.random() < 0.15:
            rig.mail.cut(luck.choice(list(rig.nodes)), rig.now_ns + luck.randint(200, 6000) * MS)
        rig.ask(command(luck, order, words=words))
    rig.mail.heal()
    until_ns = rig.now_ns + LAST_LETTERS_NS
    while rig.mail.under_way and rig.now_ns < until_ns:
        rig.run_to(rig.now_ns + SETTLED_NS)
    rig.run_to(rig.now_ns + SETTLED_NS)
    history.settled(rig)
    return history.violations


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--words", action="store_true")
    options = parser.parse_args()
    began = time.monotonic()
    seeds = range(options.first, options.first + options.seeds)
    wrong = 0
    with ProcessPoolExecutor() as pool:
        check = partial(violations, words=options.words)
        for seed, found in zip(seeds, pool.map(check, seeds, chunksize=20), strict=True):
            for text in found:
                wrong += 1
                say(f"seed {seed}: {text}")
    say(f"{options.seeds} seeds, {wrong} violations, {time.monotonic() - began:.0f} s")
    judge("violations of the invariants", wrong, 0, "of them")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
