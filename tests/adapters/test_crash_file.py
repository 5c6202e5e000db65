"""The last words of a process."""

import signal
import subprocess
import sys
from pathlib import Path

from cuems.adapters.crash_file import open_last_words

HANGS = """
import os, signal, sys
from pathlib import Path
from cuems.adapters.crash_file import open_last_words
def hangs(): os.kill(os.getpid(), signal.SIGABRT)
with open_last_words(Path(sys.argv[1])): hangs()
"""


def test_what_one_process_says_the_next_one_hears_once(tmp_path: Path) -> None:
    with open_last_words(tmp_path / "words") as first:
        assert first.before == ""
        first.say("ValueError: no\nTraceback …\n")
    with open_last_words(tmp_path / "words") as second:
        assert second.before == "ValueError: no\nTraceback …"
    with open_last_words(tmp_path / "words") as third:
        assert third.before == ""


def test_a_process_that_is_aborted_leaves_word_where_it_was(tmp_path: Path) -> None:
    words = tmp_path / "words"
    died = subprocess.run([sys.executable, "-c", HANGS, str(words)], check=False, timeout=60)
    assert died.returncode == -signal.SIGABRT
    with open_last_words(words) as next_one:
        assert next_one.before.startswith("Fatal Python error: Aborted")
        assert "in hangs" in next_one.before
