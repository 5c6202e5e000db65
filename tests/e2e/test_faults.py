"""Small versions of the soaks in tests/soak: a few kills, signals and bugs, each a real one."""

import random
import signal
from pathlib import Path

import pytest

from tests.soak.kill_points import kill_at, points
from tests.soak.soak_failpoints import TASKS, fails, untested
from tests.soak.soak_kill import TARGETS
from tests.soak.soak_signals import one

pytestmark = pytest.mark.slow

FEW = 5


@pytest.mark.parametrize("target", TARGETS)
def test_f51_a_kill_at_any_system_call_leaves_the_old_or_the_new(
    target: str, tmp_path: Path
) -> None:
    found = points(TARGETS[target], tmp_path)
    assert len(found) > 20
    for point in random.Random(1).sample(found, FEW):
        killed, wrong = kill_at(TARGETS[target], point, tmp_path)
        assert (killed, wrong) == (True, []), point


@pytest.mark.parametrize(
    ("wait_s", "first", "last"),
    [
        (0.7, signal.SIGTERM, signal.SIGTERM),
        (1.5, signal.SIGINT, signal.SIGINT),
        (2.5, signal.SIGHUP, signal.SIGTERM),
    ],
)
async def test_f61_a_signal_ends_it_in_good_order_and_a_hang_up_does_not(
    tmp_path: Path, wait_s: float, first: signal.Signals, last: signal.Signals
) -> None:
    assert await one(tmp_path, wait_s, first, last) == ""


def test_f65_every_task_of_the_engine_is_made_to_fail_somewhere() -> None:
    assert untested() == set()


@pytest.mark.parametrize(("module", "name"), TASKS[1::9])
async def test_f65_a_bug_in_a_task_is_never_silent(module: str, name: str) -> None:
    assert await fails(module, name) == ""
