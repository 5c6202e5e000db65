"""A real node between leaders who follow one another, over a bad network: what it may never do.

I1: no run is fired twice. I2: nothing is fired from before a stop that was obeyed. I3: nothing is
fired after its deadline. I4: only the highest epoch is acted on. (Design: cluster.md 4.)
"""

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from cuems.core import bus
from cuems.core.cues import CueId, NodeId
from cuems.core.delivery import NS_PER_MS, Numbered, Sender
from cuems.core.effects import Arm, Start
from cuems.core.events import Advance, CueArmed, Go, LineFound
from cuems.core.follower import Follower, FollowerEffect, SayHello
from cuems.core.node import Node
from cuems.core.node_desk import Fetch, Fetched, Moved, Play, Proved, Say
from cuems.core.reports import Receipt
from cuems.core.show_state import ShowState
from cuems.core.timecode import from_ms, from_ns
from tests.build import NODE, audio, show

NODE_ID = NodeId(NODE)
SHOW = show(*(audio(f"c{number}", 600_000, "p") for number in range(4)))
CUES = [CueId(f"c{number}") for number in range(4)]
LOAD = bus.LoadCommand(project="show", load_seq=1)
PATIENCE_MS = 500


@dataclass
class Leader:
    """Somebody who thinks that he leads."""

    name: NodeId
    sender: Sender
    stop_generation: int

    def envelope(self, message: bus.NodeCommand, stamp: bus.Stamp | None = None) -> bus.Envelope:
        return bus.Envelope(self.name, message, stamp, self.sender.boot)


@dataclass(frozen=True)
class Given:
    """A GO as it was given."""

    deadline: int
    stop_generation: int


@dataclass
class World:
    """What is true, whoever knows it."""

    now_ns: int = 0
    given: dict[int, Given] = field(default_factory=dict)
    fired: set[int] = field(default_factory=set)
    stopped_by: int = 0

    @property
    def position(self) -> int:
        return from_ns(self.now_ns)


class TwoLeaders(RuleBasedStateMachine):
    """Leaders, one node, and letters that get lost, doubled and out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.leaders: list[Leader] = []
        self.letters: list[bus.Envelope] = []
        self.run_seq = self.stops = 0
        self.node = Node(NODE_ID)
        self.follower = Follower(NODE_ID, self.node)
        self.take(self.node.handle(Moved(LineFound(0))))
        self.take_over()
        self.deliver(self.letters.pop())

    # ---- leaders

    @rule()
    def take_over(self) -> None:
        epoch = len(self.leaders) + 1
        if epoch <= 4:
            sender = Sender(epoch, f"b{epoch}")
            self.leaders.append(Leader(NodeId(f"leader {epoch}"), sender, self.stops))
            self.welcome(self.leaders[-1])

    def welcome(self, leader: Leader) -> None:
        snapshot = bus.Snapshot(
            node=NODE_ID,
            epoch=leader.sender.epoch,
            boot=leader.sender.boot,
            next_seq=leader.sender.join(NODE_ID),
            stop_generation=leader.stop_generation,
            load=LOAD,
            # Who knows of a stop says how the show stands after it: nothing waits any more.
            state=ShowState() if leader.stop_generation else None,
        )
        self.letters.append(leader.envelope(snapshot))

    @rule(which=st.integers(0, 3), cue=st.sampled_from(CUES))
    def go(self, which: int, cue: CueId) -> None:
        leader = self.leaders[which % len(self.leaders)]
        self.run_seq += 1
        at = self.world.position + from_ms(80)
        deadline = at + from_ms(PATIENCE_MS)
        self.world.given[self.run_seq] = Given(deadline, self.stops)
        command = Go(run_seq=self.run_seq, cue=cue, at=at, deadline=deadline)
        self.post(leader, command)

    @rule(which=st.integers(0, 3))
    def stop(self, which: int) -> None:
        leader = self.leaders[which % len(self.leaders)]
        if which % len(self.leaders) == len(self.leaders) - 1:
            self.stops += 1
            leader.stop_generation = self.stops
            self.post(leader, bus.StopCommand(self.stops))

    def post(self, leader: Leader, command: Numbered) -> None:
        stamp = leader.sender.post(
            command,
            self.world.now_ns,
            deadline_ns=self.world.now_ns + PATIENCE_MS * NS_PER_MS,
            stop_generation=leader.stop_generation,
        )
        self.letters.append(leader.envelope(command, stamp))

    # ---- time, and the network

    @rule(ms=st.integers(1, 400))
    def wait(self, ms: int) -> None:
        self.world.now_ns += ms * NS_PER_MS
        self.take(self.node.handle(Moved(Advance(self.world.position))))
        for leader in self.leaders:
            for resend in leader.sender.wake(self.world.now_ns):
                self.letters.append(leader.envelope(resend.command, resend.stamp))

    @rule(luck=st.randoms(use_true_random=False), keep=st.booleans())
    def deliver_one(self, luck: random.Random, keep: bool) -> None:
        if self.letters:
            at = luck.randrange(len(self.letters))
            self.deliver(self.letters[at] if keep else self.letters.pop(at))

    @rule(luck=st.randoms(use_true_random=False))
    def lose_one(self, luck: random.Random) -> None:
        if self.letters:
            self.letters.pop(luck.randrange(len(self.letters)))

    def deliver(self, letter: bus.Envelope) -> None:
        before = self.follower.receiver.stop_generation
        self.take(self.follower.hear(letter, self.world.position))
        self.world.stopped_by = max(before, self.follower.receiver.stop_generation)

    # ---- the node

    def take(self, effects: Iterable[FollowerEffect]) -> None:
        coming = deque(effects)
        while coming:
            effect = coming.popleft()
            match effect:
                case Play(Start(run_seq=run_seq)):
                    self.fires(run_seq)
                case Play(Arm(cue=cue)):
                    coming += self.node.handle(Proved(CueArmed(cue)))
                case Fetch(load):
                    coming += self.node.handle(Fetched(load, SHOW))
                case SayHello():
                    self.welcome(self.leaders[-1])
                case Say(Receipt(boot, seq, _, "")):
                    leader = next(one for one in self.leaders if one.sender.boot == boot)
                    assert leader.sender.epoch == self.follower.receiver.term.epoch  # I4
                    leader.sender.answered(NODE_ID, seq, self.world.now_ns)
                case _:
                    pass

    def fires(self, run_seq: int) -> None:
        assert run_seq not in self.world.fired  # I1
        self.world.fired.add(run_seq)
        given = self.world.given[run_seq]
        assert given.stop_generation >= self.world.stopped_by  # I2
        assert self.world.position <= given.deadline  # I3


TwoLeaders.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestTwoLeaders = TwoLeaders.TestCase
