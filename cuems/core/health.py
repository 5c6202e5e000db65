"""How a process of the rig gets on: its deciding loops, and figures folded into one line.

A loop's lag is how late it came to what was due, taken from the alarms that it sets anyway: nothing
is woken up to be measured. The watchdog is fed by the loops themselves, and only once all of
them have turned: one that hangs starves it, whatever else still runs.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

RECENT_LAGS = 1024  # of a minute: a loop has four alarms a second at rest
NS_PER_US = 1000
NS_PER_MS = 1_000_000
LAG_BUCKETS_US = (100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 1_000_000)
MIB = 1 << 20
GIB = 1 << 30

# From here on a figure is a warning.
LAG_WARNING_NS = 20_000_000
DISK_WARNING_BYTES = GIB
FILES_WARNING_SHARE = 0.8
GOOD_TIMECODE = frozenset(("internal", "locked", "stopped"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How late a loop came: of the last minute, and in all."""

    p50_ns: int = 0
    p99_ns: int = 0
    max_ns: int = 0
    buckets: tuple[int, ...] = (0,) * (len(LAG_BUCKETS_US) + 1)  # the last one has no bound
    total_ns: int = 0


class Pulse:
    """One deciding loop; `tell` hears of every turn, with its moment."""

    def __init__(self, tell: Callable[[int], None] = lambda _: None) -> None:
        self._tell = tell
        self._recent: deque[int] = deque(maxlen=RECENT_LAGS)
        self._buckets = [0] * (len(LAG_BUCKETS_US) + 1)
        self._total_ns = 0

    def late(self, late_ns: int) -> None:
        """The loop came so late to what was due."""
        self._recent.append(late_ns)
        self._total_ns += late_ns
        us = late_ns / NS_PER_US
        at = next((at for at, most in enumerate(LAG_BUCKETS_US) if us <= most), -1)
        self._buckets[at] += 1

    def turned(self, now_ns: int) -> None:
        """The loop has done what there was to do."""
        self._tell(now_ns)

    def take(self) -> Lag:
        """The figures; the next ones are of what comes from now on."""
        lag = self.lag
        self._recent.clear()
        return lag

    @property
    def lag(self) -> Lag:
        """The figures so far."""
        recent = sorted(self._recent) or [0]
        return Lag(
            p50_ns=recent[len(recent) // 2],
            p99_ns=recent[len(recent) * 99 // 100],
            max_ns=recent[-1],
            buckets=tuple(self._buckets),
            total_ns=self._total_ns,
        )


class Heart:
    """All deciding loops of a process, by name; `feed` is called while all of them turn."""

    def __init__(self, feed: Callable[[], None], every_ns: int) -> None:
        self._feed = feed
        self._every_ns = every_ns
        self._fed_ns: int | None = None
        self._still: set[str] = set()  # have not turned since it was fed
        self.pulses: dict[str, Pulse] = {}

    def pulse(self, name: str) -> Pulse:
        """One more loop that must turn from now on."""

        def turned(now_ns: int) -> None:
            self._still.discard(name)
            self._beat(now_ns)

        self.pulses[name] = Pulse(turned)
        self._still.add(name)
        return self.pulses[name]

    def end(self, name: str) -> None:
        """A loop is over, as it should be."""
        del self.pulses[name]
        self._still.discard(name)

    def _beat(self, now_ns: int) -> None:
        is_due = self._fed_ns is None or now_ns - self._fed_ns >= self._every_ns
        if is_due and not self._still:
            self._fed_ns = now_ns
            self._still = set(self.pulses)
            self._feed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Where files are kept, and how much room is left there."""

    name: str
    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the machine knows of a process; `children` counts its processes by program."""

    memory_bytes: int
    open_files: int
    most_files: int
    children: Counter[str] = field(default_factory=Counter)
    disks: tuple[Disk, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits between tasks; `dropped` counts what found no room since the start."""

    name: str
    waiting: int
    room: int
    dropped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All there is to say. `timecode` and `nodes` count by state."""

    lags: dict[str, Lag]
    timecode: Counter[str]
    nodes: Counter[str]
    queues: tuple[Queue, ...]
    machine: Machine


def summary(figures: Figures) -> str:
    """One line for a person."""
    machine = figures.machine
    lag_ns = max((lag.p99_ns for lag in figures.lags.values()), default=0)
    dropped = [f"{queue.name} {queue.dropped}" for queue in figures.queues if queue.dropped]
    parts = [
        f"loop {lag_ns / NS_PER_MS:.1f} ms late at p99",
        f"timecode {_counted(figures.timecode) or 'none'}",
        f"bus {_counted(figures.nodes) or 'nobody'}",
        f"processes {_counted(machine.children) or 'none'}",
        f"dropped: {', '.join(dropped) or 'nothing'}",
        f"{machine.memory_bytes // MIB} MiB",
        f"{machine.open_files} files open",
        *(f"{disk.name} {disk.free_bytes / GIB:.1f} GiB free" for disk in machine.disks),
    ]
    return ", ".join(parts)


def warnings(figures: Figures) -> Iterator[str]:
    """What somebody should look at."""
    machine = figures.machine
    for name, lag in figures.lags.items():
        if lag.p99_ns > LAG_WARNING_NS:
            yield f"the loop of the {name} is {lag.p99_ns / NS_PER_MS:.0f} ms late at p99"
    bad = {state: count for state, count in figures.timecode.items() if state not in GOOD_TIMECODE}
    if bad:
        yield f"timecode is {_counted(Counter(bad))}"
    for queue in figures.queues:
        if queue.waiting > queue.room // 2:
            yield f"{queue.name}: {queue.waiting} of {queue.room} places are taken"
    if machine.open_files > machine.most_files * FILES_WARNING_SHARE:
        yield f"{machine.open_files} of {machine.most_files} files are open"
    for disk in machine.disks:
        if disk.free_bytes < DISK_WARNING_BYTES:
            yield f"{disk.name}: {disk.free_bytes // MIB} MiB are free"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{what} {count}" for what, count in sorted(counts.items()) if count)


def died_of(text: str) -> str:
    """A crash in one line; `text` begins with what it was, and the traceback follows."""
    first = text.partition("\n")[0]
    return f"the program has died and was started again: {first}"
