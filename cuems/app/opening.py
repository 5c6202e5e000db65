"""Opening hours at work: one task that waits for the clock on the wall, and presses the buttons.

What it presses goes through the controller's inbox like an operator's commands, into the journal
as asked by `schedule`. A show that somebody else has begun it leaves alone.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectSendStream

from cuems.adapters.schedule_file import keep, read_kept, read_schedule_file
from cuems.adapters.units import start_unit
from cuems.adapters.wall_clock import WallTimer, open_wall_timer, wall_s
from cuems.app.desk import ControlDesk
from cuems.app.links import Asker, Asks, ControllerItem
from cuems.core.errors import CuemsError
from cuems.core.hours import Act, Begin, End, Hours, Kept, Prepare, ShutDown
from cuems.core.operator import LoadProject, OperatorCommand, PressGo, PressStop, UnloadProject
from cuems.core.schedule import AutoStart, Run, Schedule
from cuems.core.status import (
    Armed,
    CuePlay,
    Loaded,
    OpeningHours,
    Running,
    SettingValue,
    Status,
    WaitingFor,
)

ADDRESS = "schedule"
ANSWER_S = 10.0
ARM_S = 60.0
NO_ANSWER = f"no answer within {ANSWER_S:g} s: it may be done or not"
OTHERS_SHOW = "a show runs that somebody else has begun"
RETRY_S = 0.5  # after a GO that was refused though all is armed
KEEP_S = 2.0  # a disk that hangs keeps no house shut
SETTING = "opening_hours"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FoundHours:
    """The opening hours of a machine, or none and what is wrong with the file."""

    schedule: Schedule
    fault: str
    kept: Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningParts:
    """What opening hours are kept with; `goes_on`: the show of the process before is there."""

    state: Path
    found: FoundHours
    desk: ControlDesk
    send: MemoryObjectSendStream[ControllerItem]
    goes_on: bool
    enabled: bool


def find_hours(state: Path) -> FoundHours:
    """The opening hours of this machine. Blocks."""
    try:
        return FoundHours(read_schedule_file(state), "", read_kept(state))
    except CuemsError as error:
        log.warning("there are no opening hours: %s", error)
        return FoundHours(Schedule(), str(error), Kept())


class Opening:
    """Keeps the opening hours, until it is told other ones."""

    def __init__(self, parts: OpeningParts) -> None:
        self._parts = parts
        self._hours = Hours(parts.found.schedule, parts.found.kept, enabled=parts.enabled)
        self._kept = parts.found.kept
        self._fault = parts.found.fault
        self._missed = ""
        self._enabled = parts.enabled
        self._schedule: Schedule | None = None
        # Whether the show that runs is one we began: only that is ours to stop.
        self._is_ours = parts.goes_on and parts.found.kept.run is not None
        self._armed_news = anyio.Event()
        self._waiting = anyio.CancelScope()
        self._doing = anyio.CancelScope()
        parts.desk.watchers.append(self._told)

    def _told(self, status: Status) -> None:
        """What the controller says; the operator's switch is a setting like others."""
        if isinstance(status, Armed | Loaded):
            self._armed_news.set()
            self._armed_news = anyio.Event()
        if isinstance(status, Running) and status.value is False:
            self._is_ours = False
        if isinstance(status, SettingValue) and status.name == SETTING:
            self._enabled = status.value == "on"
            self._waiting.cancel()

    async def read_again(self) -> None:
        """The file may be another now; one that cannot be used leaves the hours as they were."""
        try:
            self._schedule = await anyio.to_thread.run_sync(read_schedule_file, self._parts.state)
            self._fault = ""
        except CuemsError as error:
            self._fault = str(error)
            log.warning("the opening hours stay as they are: %s", error)
        self._waiting.cancel()

    async def serve(self) -> None:
        """Keep them until cancelled."""
        with open_wall_timer() as timer:
            async with anyio.create_task_group() as tasks:
                auto_start = self._hours.schedule.auto_start
                tasks.start_soon(_start_services, auto_start.services)
                if auto_start.go and not self._parts.goes_on:
                    tasks.start_soon(self._auto_go, auto_start, self._doing)
                acts = self._hours.resume(wall_s(), goes_on=self._parts.goes_on)
                while True:
                    await self._keep()
                    if acts:
                        self._doing.cancel()
                        self._doing = anyio.CancelScope()
                        tasks.start_soon(self._perform, acts, self._doing)
                    self._publish()
                    await self._wait(timer)
                    acts = self._look()

    async def _wait(self, timer: WallTimer) -> None:
        if self._is_news:
            return
        with anyio.CancelScope() as self._waiting:
            await timer.wait(self._hours.next_due_s(wall_s()))

    @property
    def _is_news(self) -> bool:
        return self._schedule is not None or self._enabled != self._hours.enabled

    def _look(self) -> tuple[Act, ...]:
        now_s = wall_s()
        schedule, self._schedule = self._schedule, None
        acts = self._hours.enable(self._enabled, now_s)
        if schedule is not None:
            return (*acts, *self._hours.replace(schedule, now_s))
        return (*acts, *self._hours.wake(now_s))

    async def _keep(self) -> None:
        """What a restart has to know, on the disk before it is done."""
        kept = self._hours.kept
        if kept == self._kept:
            return
        self._kept = kept
        try:
            with anyio.fail_after(KEEP_S):
                await anyio.to_thread.run_sync(
                    keep, self._parts.state, kept, abandon_on_cancel=True
                )
        except CuemsError as error:
            log.warning("a restart will not know of this show: %s", error)
        except TimeoutError:
            log.warning("a restart will not know of this show: the disk hangs")

    def _publish(self) -> None:
        now_s = wall_s()
        run, following = self._hours.run, self._hours.next(now_s)
        state = "off" if not self._hours.enabled else "closed"
        if run is not None:
            state = "open"
        elif not self._hours.schedule.windows:
            state = "none"
        self._parts.desk.publish(
            OpeningHours(
                state=state,
                window="" if run is None else run.window,
                next_start="" if following is None else to_text(following.start_s),
                fault=self._fault or self._missed,
            )
        )

    # ---- doing

    async def _perform(self, acts: tuple[Act, ...], scope: anyio.CancelScope) -> None:
        """Do what is due, unless something newer is by then."""
        with scope:
            for act in acts:
                await self._do(act)

    async def _do(self, act: Act) -> None:
        match act:
            case Prepare(run):
                await self._load(run)
            case Begin(run):
                await self._begin(run)
            case End(run):
                if self._is_ours:
                    log.info("opening hours: the show of %s is over", run.window)
                    await self._ask(PressStop())
            case ShutDown():
                await self._shut_down()

    async def _begin(self, run: Run) -> None:
        self._miss("")
        if self._plays:
            self._miss(f"{run.window}: not started: {OTHERS_SHOW}")
            return
        if self._is_running:
            await self._ask(PressStop())
        reason = await self._load(run) or await self._go(run.project)
        if reason:
            self._miss(f"{run.window}: not started: {reason}")
        else:
            log.info("opening hours: the show of %s has started", run.window)

    async def _shut_down(self) -> None:
        if self._plays and not self._is_ours:
            self._miss(f"outputs are not let go of: {OTHERS_SHOW}")
            return
        log.info("opening hours: the day is over")
        if self._is_running:
            await self._ask(PressStop())
        await self._ask(UnloadProject())

    async def _load(self, run: Run) -> str:
        """Have its project loaded; why that did not work."""
        if run.project in ("", self._loaded) or self._plays:
            return ""
        return await self._ask(LoadProject(run.project))

    async def _auto_go(self, auto_start: AutoStart, scope: anyio.CancelScope) -> None:
        """The GO of a controller that has started, unless it was told to load something else."""
        with scope:
            reason = await self._go(auto_start.project)
            if reason:
                self._miss(f"auto start: no GO: {reason}")
            else:
                log.info("auto start: GO for %s", self._loaded)

    async def _go(self, project: str) -> str:
        """Press GO for a project ("": for any) as soon as that is possible; why it was not."""
        reason = f"{project or 'a project'} is not loaded"
        board = self._parts.desk.board
        with anyio.move_on_after(ARM_S):
            while not self._is_running:
                is_armed = any(status.value for status in board.of(Armed))
                if is_armed and project in ("", self._loaded):
                    self._is_ours = True
                    reason = await self._ask(PressGo())
                    if reason in ("", NO_ANSWER):  # a GO that may have been obeyed is not repeated
                        return reason
                    await anyio.sleep(RETRY_S)
                else:
                    await self._armed_news.wait()
            return OTHERS_SHOW
        waiting = next((status.reason for status in board.of(WaitingFor)), "")
        return f"not within {ARM_S:g} s: {waiting or reason}"

    @property
    def _loaded(self) -> str:
        return next((status.project for status in self._parts.desk.board.of(Loaded)), "")

    @property
    def _is_running(self) -> bool:
        return any(status.value for status in self._parts.desk.board.of(Running))

    @property
    def _plays(self) -> bool:
        """Whether a cue plays; after its last one a show stays as it is until somebody stops it."""
        return any(0 < status.percent < 100 for status in self._parts.desk.board.of(CuePlay))

    async def _ask(self, command: OperatorCommand) -> str:
        asker = Asker(ADDRESS)
        with anyio.move_on_after(ANSWER_S):
            await self._parts.send.send(Asks(asker, ADDRESS, command))
            return await asker.answered()
        return NO_ANSWER

    def _miss(self, reason: str) -> None:
        self._missed = reason
        if reason:
            log.warning("opening hours: %s", reason)
        self._publish()


async def _start_services(units: tuple[str, ...]) -> None:
    for unit in units:
        reason = await start_unit(unit)
        if reason:
            log.warning("auto start: %s: %s", unit, reason)
        else:
            log.info("auto start: %s", unit)


def to_text(moment_s: int) -> str:
    """A moment for people and programs, in UTC."""
    return datetime.fromtimestamp(moment_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
