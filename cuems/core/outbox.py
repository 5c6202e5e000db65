"""A finished run's way to the controller: ready → packed → sent → retired (cluster.md 7).

Pure: `job` says what is to be done now, `done` takes what became of it. A run is packed only when
its turn has come, so that an unreachable controller costs no second copy of anything. Nothing is
given up silently: what the controller has otherwise, or will not have, is set aside and said.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import TypeAlias, assert_never

NS_PER_S = 1_000_000_000
FIRST_BACK_OFF_S = 1
LONGEST_BACK_OFF_S = 300
DENIED_BACK_OFF_S = 600  # somebody has to bring a key first
OK, CREATED = 200, 201
DENIED = (401, 403)
CONFLICT = 409
AGAIN = (408, 425, 429)


class Aside(StrEnum):
    """Why a run is kept apart, and where: its archive stays there until somebody looks at it."""

    CONFLICT = "conflict"  # the controller has another of this name
    REJECTED = "rejected"  # the controller will not have it


@dataclass(frozen=True, slots=True)
class Pack:
    """Make one file of a run."""

    run: str


@dataclass(frozen=True, slots=True)
class Send:
    """Offer a run's file to the controller."""

    run: str


@dataclass(frozen=True, slots=True)
class Retire:
    """The controller has it: it need not be kept here."""

    run: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """Keep a run's file apart."""

    run: str
    aside: Aside


Job: TypeAlias = Pack | Send | Retire | SetAside


@dataclass(frozen=True, slots=True)
class Done:
    """A job on the disk is done."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A job could not be done, and why: the disk, or nobody answers."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The controller's answer to a Send; `same`: it names the very content that was sent."""

    status: int
    same: bool
    reason: str = ""
    retry_after_s: int = 0


Result: TypeAlias = Done | Failed | Answered


class Stage(Enum):
    """How far a run has come."""

    READY = auto()
    PACKED = auto()
    SENT = auto()
    CONFLICTING = auto()
    REJECTED = auto()


class Outbox:
    """The runs of a machine that are on their way, the oldest first.

    `fraction` is any number from 0 to 1, another each time: two nodes do not knock at once.
    """

    def __init__(self, fraction: Callable[[], float]) -> None:
        self.trouble = ""  # what is in the way just now ("": nothing)
        self.sent = 0
        self.set_aside = 0
        self._fraction = fraction
        self._stages: dict[str, Stage] = {}  # in the order of their names
        self._busy: set[str] = set()
        self._failures = 0
        self._due_ns = 0

    def __len__(self) -> int:
        return len(self._stages)

    def find(self, ready: Iterable[str], packed: Iterable[str]) -> None:
        """This is what the disk has: sealed runs, and those of which the file is made already."""
        for run in ready:
            self._stages.setdefault(run, Stage.READY)
        for run in packed:
            if self._stages.get(run, Stage.READY) is Stage.READY and run not in self._busy:
                self._stages[run] = Stage.PACKED
        self._stages = dict(sorted(self._stages.items()))

    def job(self, now_ns: int) -> Job | None:
        """The next thing to do; None while there is none. It is nobody else's until `done`."""
        for run, stage in self._stages.items():
            if run in self._busy:
                continue
            job = self._job(run, stage)
            if now_ns >= self._due_ns or isinstance(job, Retire | SetAside):
                self._busy.add(run)
                return job
        return None

    def _job(self, run: str, stage: Stage) -> Job:
        match stage:
            case Stage.READY:
                return Pack(run)
            case Stage.PACKED:
                return Send(run)
            case Stage.SENT:
                return Retire(run)
            case Stage.CONFLICTING:
                return SetAside(run, Aside.CONFLICT)
            case Stage.REJECTED:
                return SetAside(run, Aside.REJECTED)
            case _:
                assert_never(stage)

    def next_due_ns(self) -> int | None:
        """When there may be a job again; None: not before something is found."""
        return self._due_ns if self._stages.keys() - self._busy else None

    def drop(self, job: Job) -> None:
        """A job was broken off: it is to be done another time."""
        self._busy.discard(job.run)

    def done(self, job: Job, result: Result, now_ns: int) -> str:
        """What became of a job; a line for people where it is news to them."""
        self._busy.discard(job.run)
        match result:
            case Failed(reason):
                return self._fail(reason, now_ns)
            case Answered():
                return self._answered(job.run, result, now_ns)
            case Done():
                return self._did(job)
            case _:
                assert_never(result)

    def _did(self, job: Job) -> str:
        match job:
            case Pack(run):
                self._stages[run] = Stage.PACKED
            case Retire(run):
                self.sent += 1
                del self._stages[run]
            case SetAside(run, aside):
                self.set_aside += 1
                del self._stages[run]
                return f"run {run} is kept in {aside}/: look at it, and delete or rename it"
            case Send(_):
                raise AssertionError("a send is answered")
        return ""

    def _answered(self, run: str, answer: Answered, now_ns: int) -> str:
        status = answer.status
        said = f"the controller answers {status} {answer.reason}".rstrip()
        if status in (OK, CREATED) and answer.same:
            self._failures, self._due_ns, self.trouble = 0, 0, ""
            self._stages[run] = Stage.SENT
            return ""
        if status == CONFLICT:
            self._stages[run] = Stage.CONFLICTING
            return f"run {run}: the controller has another of that name"
        if status in DENIED:
            return self._wait(f"{said}: does it have our cluster key?", DENIED_BACK_OFF_S, now_ns)
        if 400 <= status < 500 and status not in AGAIN:
            self._stages[run] = Stage.REJECTED
            return f"run {run} is not taken: {said}"
        return self._fail(said, now_ns, answer.retry_after_s)

    def _fail(self, reason: str, now_ns: int, least_s: int = 0) -> str:
        self._failures += 1
        back_off_s = min(FIRST_BACK_OFF_S << min(self._failures - 1, 16), LONGEST_BACK_OFF_S)
        return self._wait(reason, max(back_off_s, min(least_s, LONGEST_BACK_OFF_S)), now_ns)

    def _wait(self, trouble: str, wait_s: int, now_ns: int) -> str:
        jitter = 0.5 + self._fraction() / 2 if self._failures else 1.0
        self._due_ns = now_ns + int(wait_s * NS_PER_S * jitter)
        is_news, self.trouble = trouble != self.trouble, trouble
        return trouble if is_news else ""
