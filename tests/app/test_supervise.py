"""The outermost boundary: a line for what is wrong outside, a traceback for what is wrong in us."""

import logging
from collections.abc import Callable

import anyio
import pytest

from cuems.app.supervise import BUG, FAILED, run_to_exit_status
from cuems.core.errors import CuemsError


class PortTakenError(CuemsError):
    """Something outside."""


def failing(error: Exception, times: int = 1) -> Callable[[], int]:
    """A program of which several tasks fail while another would run for ever."""

    async def fail() -> None:
        await anyio.lowlevel.checkpoint()
        raise error

    async def run() -> int:
        async with anyio.create_task_group() as outer, anyio.create_task_group() as tasks:
            outer.start_soon(anyio.sleep_forever)
            for _ in range(times):
                tasks.start_soon(fail)
        return 0

    return lambda: anyio.run(run)


def test_a_program_that_ends_well_keeps_its_status() -> None:
    assert run_to_exit_status(lambda: 130) == 130


@pytest.mark.parametrize("times", [1, 2])
def test_what_is_wrong_outside_is_one_line_and_exit_1(
    times: int, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    error = PortTakenError("port 9190 is taken")
    assert run_to_exit_status(failing(error, times)) == FAILED == 1
    assert capsys.readouterr().err == "cuems: port 9190 is taken\n"
    assert caplog.records == []


def test_an_error_outside_every_task_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> int:
        raise PortTakenError("no such file")

    assert run_to_exit_status(main) == FAILED
    assert capsys.readouterr().err == "cuems: no such file\n"


def test_a_bug_in_one_task_ends_all_with_its_traceback_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert run_to_exit_status(failing(KeyError("rain"))) == BUG == 70
    (record,) = caplog.records
    assert record.levelno == logging.CRITICAL
    assert "KeyError: 'rain'" in caplog.text
    assert "in fail" in caplog.text


def test_a_bug_is_not_hidden_behind_what_else_went_wrong(
    caplog: pytest.LogCaptureFixture,
) -> None:
    group = ExceptionGroup("both", [PortTakenError("taken"), ZeroDivisionError("a bug")])

    def main() -> int:
        raise group

    assert run_to_exit_status(main) == BUG
    assert "ZeroDivisionError: a bug" in caplog.text
