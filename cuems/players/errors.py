"""Why a cue cannot be played."""

from cuems.core.errors import CuemsError


class CannotPlayError(CuemsError):
    """A cue no player can play as it stands: what is wrong with which file, and what helps."""

    def __init__(self, subject: str, problem: str, remedy: str = "") -> None:
        super().__init__(f"{subject}: {problem}" + (f"; {remedy}" if remedy else ""))
        self.subject = subject
        self.problem = problem
        self.remedy = remedy
