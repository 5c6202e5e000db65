"""What is wrong with a project or configuration file: every fault with its line, in one error."""

from collections.abc import Iterable
from dataclasses import dataclass

from cuems.core.errors import CuemsError

SHOWN_CHARACTERS = 60  # of a faulty value: enough to find it, and one line stays one line


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing a file says that it may not: where, what it says, and what was expected.

    `path` names the elements from the root, an index from the second of a kind on
    (`contents/AudioCue[3]/loop`); for a text format it is the section and the key.
    """

    file: str
    line: int
    path: str
    value: str
    expected: str

    def __str__(self) -> str:
        value = self.value
        if len(value) > SHOWN_CHARACTERS:
            value = value[:SHOWN_CHARACTERS] + "…"
        return f"{self.file}:{self.line}: {self.path}: {value!r}: expected {self.expected}"


class ProjectFileError(CuemsError):
    """A file that can't be used; one line per fault, in the file's order."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.line))
        super().__init__("\n".join(map(str, self.faults)))
