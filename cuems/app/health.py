"""The health of this process: gathered once a minute, and whenever somebody asks for it."""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from cuems.adapters.machine import read_machine
from cuems.adapters.notify import Notifier, open_notifier
from cuems.app.links import EVENTS
from cuems.core.health import Figures, Heart, Lag, Pulse, Queue, summary, warnings

EVERY_S = 60.0
FIRST_S = 2.0  # what is wrong from the start is told soon
FEEDS = 4  # in the time that the watchdog waits
NEVER_NS = 1 << 62
DISK_PATIENCE_S = 5.0  # a file system that is far away may never answer

log = logging.getLogger(__name__)

Tell = Callable[[str, str], Awaitable[None]]  # the line, and what is wrong ("": nothing)


def _none() -> Counter[str]:
    return Counter()


@dataclass(slots=True, kw_only=True)
class Health:
    """Who turns, and where the figures are; the roles fill it in."""

    notifier: Notifier
    heart: Heart
    disks: Mapping[str, Path]
    queues: list[Callable[[], Queue]] = field(default_factory=list)
    timecode: Callable[[], Counter[str]] = _none
    nodes: Callable[[], Counter[str]] = _none
    # A disk that never answers keeps one thread, and not one more each minute.
    one_at_a_time: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(1))

    @contextmanager
    def pulse(self, name: str) -> Iterator[Pulse]:
        """A deciding loop turns for as long as this is open."""
        try:
            yield self.heart.pulse(name)
        finally:
            self.heart.end(name)

    def add_stream(
        self,
        name: str,
        stream: MemoryObjectSendStream[Any] | MemoryObjectReceiveStream[Any],
        room: int = EVENTS,
    ) -> None:
        """Watch a stream between tasks, whose writer waits."""
        self.queues.append(
            lambda: Queue(name=name, waiting=stream.statistics().current_buffer_used, room=room)
        )

    async def figures(self) -> Figures:
        """All of them, now."""
        return await self._gathered({name: at.lag for name, at in self.heart.pulses.items()})

    async def _gathered(self, lags: dict[str, Lag]) -> Figures:
        with anyio.fail_after(DISK_PATIENCE_S):
            machine = await anyio.to_thread.run_sync(
                read_machine, self.disks, abandon_on_cancel=True, limiter=self.one_at_a_time
            )
        return Figures(
            lags=lags,
            timecode=self.timecode(),
            nodes=self.nodes(),
            queues=tuple(queue() for queue in self.queues),
            machine=machine,
        )

    async def watch(self, tell: Tell) -> None:
        """Say soon, and from then on once a minute, how it goes."""
        pause_s = FIRST_S
        while True:
            await anyio.sleep(pause_s)
            pause_s = EVERY_S
            lags = {name: pulse.take() for name, pulse in self.heart.pulses.items()}
            try:
                figures = await self._gathered(lags)
            except (OSError, TimeoutError) as error:
                line, wrong = "", f"the machine cannot be asked how it is: {error or 'no answer'}"
            else:
                line, wrong = summary(figures), "; ".join(warnings(figures))
            log.info("health: %s", line)
            if wrong:
                log.warning("health: %s", wrong)
            self.notifier.status(wrong or line)
            await tell(line, wrong)


@contextmanager
def open_health(environment: Mapping[str, str], disks: Mapping[str, Path]) -> Iterator[Health]:
    """The health of a process that a service manager may watch."""
    with open_notifier(environment) as notifier:
        every_ns = (notifier.watchdog_ns or NEVER_NS) // FEEDS
        yield Health(notifier=notifier, heart=Heart(notifier.alive, every_ns), disks=disks)
