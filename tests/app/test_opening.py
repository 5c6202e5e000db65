"""Opening hours at work, before a controller that obeys: what is pressed, and when not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from anyio.streams.memory import MemoryObjectReceiveStream

from cuems.adapters.schedule_file import FILE, read_kept
from cuems.adapters.units import start_unit
from cuems.adapters.wall_clock import open_wall_timer, wall_s
from cuems.app.desk import ControlDesk
from cuems.app.front import Front
from cuems.app.links import Asker, Asks, ControllerItem
from cuems.app.opening import Opening, OpeningParts, find_hours
from cuems.core.access import Keyring
from cuems.core.cues import CueId
from cuems.core.operator import LoadProject, OperatorCommand, PressGo, PressStop
from cuems.core.status import Armed, CuePlay, Loaded, OpeningHours, Running, SettingValue

PATIENCE_S = 20.0
WINDOW = """
time_zone = "UTC"
[[window]]
name = "now"
start = {start}
end = {start}
run = "1h"
project = "welcome"
catch_up = true
"""


def hours_of_now() -> str:
    """Opening hours whose show has started a minute ago."""
    return WINDOW.format(start=f"{datetime.now(UTC) - timedelta(minutes=1):%H:%M:%S}")


class Controller:
    """Loads, arms where `arms`, starts and stops; keeps what it was asked."""

    def __init__(self, desk: ControlDesk, *, arms: bool) -> None:
        self.asked: list[OperatorCommand] = []
        self._desk = desk
        self._arms = arms
        self._news = anyio.Event()

    async def serve(self, inbox: MemoryObjectReceiveStream[ControllerItem]) -> None:
        async for item in inbox:
            assert isinstance(item, Asks)
            assert isinstance(item.client, Asker)
            assert (str(item.client), item.address) == ("schedule", "schedule")
            self.asked.append(item.command)
            match item.command:
                case LoadProject(project):
                    self._desk.publish(Loaded(project))
                    self._desk.publish(Armed(self._arms))
                case PressGo():
                    self._desk.publish(Running(True))
                case PressStop():
                    self._desk.publish(Running(False))
            item.client.answer("")
            self._news.set()
            self._news = anyio.Event()

    async def until(self, *asked: OperatorCommand) -> None:
        """Wait until just this was asked."""
        while self.asked != list(asked):
            await self._news.wait()


class House:
    """A desk that keeps opening hours, and what a test can see of it."""

    def __init__(self, state: Path, desk: ControlDesk, controller: Controller, opening: Opening):
        self.state = state
        self.desk = desk
        self.controller = controller
        self.opening = opening

    async def shows(self, state: str, fault: str = "") -> OpeningHours:
        """Wait for a state of the opening hours with a fault that begins so."""
        told = anyio.Event()
        self.desk.watchers.append(lambda _: told.set())
        while True:
            for status in self.desk.board.of(OpeningHours):
                if status.state == state and status.fault.startswith(fault):
                    return status
            await told.wait()
            told = anyio.Event()


@asynccontextmanager
async def open_house(
    state: Path, text: str, *, arms: bool = True, plays: bool = False
) -> AsyncIterator[House]:
    await anyio.Path(state / FILE).write_text(text)
    send, inbox = anyio.create_memory_object_stream[ControllerItem](64)
    desk = Front(send, Keyring()).desk
    if plays:
        desk.publish(Running(True))
        desk.publish(CuePlay(CueId("somebody's"), 50))
    controller = Controller(desk, arms=arms)
    found = await anyio.to_thread.run_sync(find_hours, state)
    parts = OpeningParts(
        state=state, found=found, desk=desk, send=send, goes_on=False, enabled=True
    )
    opening = Opening(parts)
    with anyio.fail_after(PATIENCE_S):
        async with send, inbox, anyio.create_task_group() as tasks:
            tasks.start_soon(controller.serve, inbox)
            tasks.start_soon(opening.serve)
            yield House(state, desk, controller, opening)
            tasks.cancel_scope.cancel()


async def test_a_show_that_is_due_is_loaded_and_started_and_stopped_at_once_when_disabled(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, hours_of_now()) as house:
        await house.controller.until(LoadProject("welcome"), PressGo())
        shown = await house.shows("open")
        assert (shown.window, shown.fault) == ("now", "")
        assert datetime.fromisoformat(shown.next_start) > datetime.now(UTC)
        kept = await anyio.to_thread.run_sync(read_kept, tmp_path)
        assert kept.run is not None
        assert kept.run.start_s <= wall_s() < kept.run.end_s
        house.desk.publish(SettingValue("opening_hours", "off"))
        await house.controller.until(LoadProject("welcome"), PressGo(), PressStop())
        assert (await house.shows("off")).next_start == ""


async def test_disabled_while_a_show_still_waits_to_be_armed_it_never_starts(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, hours_of_now(), arms=False) as house:
        await house.controller.until(LoadProject("welcome"))
        house.desk.publish(SettingValue("opening_hours", "off"))
        await house.shows("off")
        house.desk.publish(Armed(True))
        await anyio.wait_all_tasks_blocked()
        assert house.controller.asked == [LoadProject("welcome")]


async def test_a_show_that_somebody_else_has_begun_is_left_alone(tmp_path: Path) -> None:
    async with open_house(tmp_path, hours_of_now(), plays=True) as house:
        await house.shows("open", "now: not started: a show runs that somebody else has begun")
        house.desk.publish(SettingValue("opening_hours", "off"))  # nor does its end come with ours
        await house.shows("off")
        await anyio.wait_all_tasks_blocked()
        assert house.controller.asked == []


async def test_a_show_begun_by_hand_after_ours_was_stopped_is_left_alone_too(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, hours_of_now()) as house:
        await house.controller.until(LoadProject("welcome"), PressGo())
        for running in (False, True):  # STOP, and a GO
            house.desk.publish(Running(running))
        house.desk.publish(SettingValue("opening_hours", "off"))
        await house.shows("off")
        await anyio.wait_all_tasks_blocked()
        assert house.controller.asked == [LoadProject("welcome"), PressGo()]


async def test_other_hours_are_kept_when_they_are_read_and_bad_ones_are_named(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, "") as house:
        await house.shows("none")
        await anyio.Path(tmp_path / FILE).write_text(hours_of_now() + "runs = 3\n")
        await house.opening.read_again()
        await house.shows("none", f"{tmp_path / FILE}: window 1: runs: expected one of")
        await anyio.Path(tmp_path / FILE).write_text(hours_of_now())
        await house.opening.read_again()
        await house.controller.until(LoadProject("welcome"), PressGo())
        await house.shows("open")


async def test_a_controller_with_auto_start_presses_go_once_its_project_is_armed(
    tmp_path: Path,
) -> None:
    text = '[auto_start]\nproject = "welcome"\ngo = true\n'
    async with open_house(tmp_path, text) as house:
        house.desk.publish(Loaded("welcome"))
        house.desk.publish(Armed(True))
        await house.controller.until(PressGo())


async def test_auto_start_leaves_a_show_alone_that_somebody_has_begun_meanwhile(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, "[auto_start]\ngo = true\n", plays=True) as house:
        house.desk.publish(Armed(True))
        await house.shows("none", "auto start: no GO: a show runs that somebody else has begun")
        assert house.controller.asked == []


async def test_a_unit_that_cannot_be_started_is_told_why() -> None:
    with anyio.fail_after(PATIENCE_S):
        assert await start_unit("there-is-no-such-unit.service") != ""


async def test_what_was_kept_and_is_damaged_is_as_nothing_kept(tmp_path: Path) -> None:
    await anyio.Path(tmp_path / "schedule.kept").write_text('{"run": 3}')
    assert (await anyio.to_thread.run_sync(read_kept, tmp_path)).run is None


@pytest.mark.parametrize("ahead_s", [0, 1])
async def test_the_wall_timer_wakes_when_a_moment_has_come(ahead_s: int) -> None:
    moment_s = wall_s() + ahead_s
    with anyio.fail_after(PATIENCE_S), open_wall_timer() as timer:
        await timer.wait(moment_s)
        assert wall_s() >= moment_s
