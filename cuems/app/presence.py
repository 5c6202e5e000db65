"""That a node is there: its hello, what every new link is told, its heartbeats and its health."""

import logging
import platform
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio

import cuems
from cuems.app.following import Following
from cuems.app.health import Health
from cuems.app.node_parts import NodeParts
from cuems.core.chase_news import ChaseNews
from cuems.core.follower import Follower
from cuems.core.node import Node
from cuems.core.reports import ClockProbe, CrashReport, HealthReport, Heartbeat, Hello, NodeReport

HEARTBEAT_S = 0.25
PROBE_EVERY = 2  # heartbeats
FIRST_PROBES = 8  # of a new leader, whose clock is to be known at once
FIRST_PROBES_S = 0.02

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduction:
    """How a node introduces itself; `boot` names this start of it."""

    parts: NodeParts
    boot: str
    node: Node
    follower: Follower

    def hello(self) -> Hello:
        """Who we are, and how the show stands here."""
        timekeeper, by_lane = self.parts.timekeeper, self.parts.lane is not None
        now_ns, last = time.monotonic_ns(), timekeeper.last_line
        position = timekeeper.position_at(now_ns)
        rolling = timekeeper.moment_of(position or 0) is not None
        if position is None and last is not None:  # a controller that was away takes it up here
            position, rolling = last.position_at(now_ns), last.rolling
        return Hello(
            boot=self.boot,
            version=cuems.__version__,
            name=platform.node(),
            project=self.node.project,
            load_seq=self.node.load_seq,
            stop_generation=self.node.stop_generation,
            missing=self.parts.workshop.missing,
            led_by=self.follower.boot,
            state=self.node.state if by_lane else None,
            position=position,
            rolling=rolling,
            caps=("x1",) if by_lane else (),
            project_hash=self.node.project_hash,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Has the controller know that this node is there; `say` reports to it."""

    parts: NodeParts
    node: Node
    follower: Follower
    following: Following
    chase_news: ChaseNews
    say: Callable[[NodeReport], Awaitable[None]]

    async def greet(self) -> None:
        """Say who we are on every new link."""
        while True:
            peers = await self.parts.link.peers_changed()
            if peers.now:
                self.following.linked()
                self.node.relinked()
                self.chase_news.forget()
                await self.following.say_hello()
                if self.node.armed is not None:
                    await self.say(self.node.armed)
            else:
                log.warning("no controller on %s", self.parts.link.url)

    async def learn_clock(self) -> None:
        """Ask a new leader for its clock, so often that it is known at once."""
        if not self.parts.same_clock:
            for _ in range(FIRST_PROBES):
                await self.say(ClockProbe(time.monotonic_ns()))
                await anyio.sleep(FIRST_PROBES_S)

    async def keep_in_touch(self) -> None:
        """Say that we are alive, and ask the controller for its clock."""
        if self.parts.same_clock:
            return  # in one process nobody is missed
        beats, died = 0, self.parts.died
        while True:
            if beats % PROBE_EVERY == 0:
                await self.say(ClockProbe(time.monotonic_ns()))
            await self.say(Heartbeat(armed=self.node.armed))
            if died and self.follower.led:
                await self.say(CrashReport(died))
                died = ""
            await anyio.sleep(HEARTBEAT_S)
            beats += 1

    def show_in(self, health: Health) -> None:
        """What there is to say of this node in its process's health."""
        health.timecode = lambda: Counter((self.parts.timekeeper.state,))
        health.nodes = lambda: Counter(("led" if self.follower.led else "not led",))

    async def tell_health(self, line: str, wrong: str) -> None:
        """Have the controller know how this process gets on."""
        await self.say(HealthReport(line, wrong))
