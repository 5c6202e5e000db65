"""Processes whose wall clock is set while they run; nobody else's clock is touched.

A few lines of C come between them and the C library (fakes/clock_step.c), so a compiler is needed.
"""

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).parent / "fakes" / "clock_step.c"


def why_not() -> str:
    """Why this machine cannot; "" where it can."""
    return "" if shutil.which("cc") else "setting a process's clock needs a C compiler (cc)"


class SteppedClock:
    """A wall clock that `variables` give to a process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._file = folder / "step"
        self._library = folder / "clock_step.so"
        output = ["-o", str(self._library), str(SOURCE)]
        subprocess.run(["cc", "-shared", "-fPIC", *output, "-ldl"], check=True, timeout=60)
        self.step(0)

    @property
    def variables(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self._library), "CLOCK_STEP": str(self._file)}

    def step(self, seconds: int) -> None:
        """From now on it is so far ahead of the machine's."""
        new = self._file.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self._file)
