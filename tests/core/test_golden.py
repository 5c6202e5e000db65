"""Whole performances, one per feature, each as the log that tests/shows/core keeps of it.

`python -m tests.core.golden` writes the logs anew.
"""

import pytest

from tests.core.golden import LOGS, log_of
from tests.core.scenes import SCENES


@pytest.mark.parametrize("title", SCENES)
def test_a_performance_goes_as_it_is_written_down(title: str) -> None:
    assert log_of(title, SCENES[title]) == (LOGS / f"{title}.log").read_text(encoding="utf-8")


def test_every_log_has_its_scene() -> None:
    assert {path.stem for path in LOGS.glob("*.log")} == set(SCENES)
