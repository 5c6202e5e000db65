"""What a bug leaves behind, for the next start to tell, and the journal to keep."""

import traceback
from types import TracebackType

from cuems.adapters.crash_file import LastWords
from cuems.app.supervise import bugs_in


class Obituary:
    """Sees what ends the block, and stops nothing."""

    def __init__(self, words: LastWords) -> None:
        self._words = words

    def __enter__(self) -> None:
        """Nothing to write yet."""

    def __exit__(
        self,
        _: type[BaseException] | None,
        error: BaseException | None,
        __: TracebackType | None,
    ) -> None:
        """Write down a bug; what says by itself what is wrong is none."""
        bug = bugs_in(error) if isinstance(error, Exception) else None
        if bug is not None:
            first = _first(bug)
            about = "; ".join([f"{type(first).__name__}: {first}", *_notes(first)])
            self._words.say("\n".join([about, *traceback.format_exception(bug)]))


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _notes(error: BaseException) -> list[str]:
    """What those in between knew of it: which cue it was."""
    return getattr(error, "__notes__", [])
