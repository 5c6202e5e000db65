"""What a bug leaves behind."""

from pathlib import Path

import pytest

from cuems.adapters.crash_file import open_last_words
from cuems.app.obituary import Obituary
from cuems.core.errors import CuemsError


def left_by(error: BaseException, folder: Path) -> str:
    with (
        pytest.raises(type(error)),
        open_last_words(folder / "words") as words,
        Obituary(words),
    ):
        raise error
    with open_last_words(folder / "words") as words:
        return words.before


def test_a_bug_leaves_what_it_was_which_cue_and_the_traceback(tmp_path: Path) -> None:
    bug = ValueError("no")
    bug.add_note("cue 'Gong'")
    left = left_by(ExceptionGroup("tasks", [bug, CuemsError("as expected")]), tmp_path)
    assert left.startswith("ValueError: no; cue 'Gong'\n")
    assert "in left_by" in left
    assert "as expected" not in left


@pytest.mark.parametrize("error", [CuemsError("said"), KeyboardInterrupt(), SystemExit(1)])
def test_an_end_that_is_no_bug_leaves_nothing(error: BaseException, tmp_path: Path) -> None:
    assert left_by(error, tmp_path) == ""
