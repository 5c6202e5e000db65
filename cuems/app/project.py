"""Reading a project's show in a process of its own, so that timecode never waits for Python."""

from pathlib import Path

import anyio.to_process

from cuems.core.cues import Show
from cuems.core.errors import CuemsError
from cuems.core.validation import InvalidShowError, problems
from cuems.wire.show_xml import read_show

READ_DEADLINE_S = 60.0  # 10 000 cues take one; a library on a dead network drive takes for ever


class ProjectError(CuemsError):
    """A project that cannot be loaded; the text names the file or the cue."""


def project_folder(library: Path, project: str) -> Path:
    """Where a project's files are; raises ProjectError for a name that is no plain name."""
    if not project or "/" in project or project in {".", ".."} or "\0" in project:
        raise ProjectError(f"{project!r} is no project name: expected the name of a folder")
    return library / "projects" / project


def read_sound_show(script: Path) -> Show | str:
    """A project's show, or everything that is wrong with it, a line each."""
    try:
        show = read_show(script.read_bytes(), str(script)).show
    except FileNotFoundError:
        return f"{script}: no such file: expected a project with a script.xml"
    except OSError as error:
        return f"{script}: {error.strerror}"
    except CuemsError as error:
        return str(error)
    found = problems(show)
    return f"{script}: {InvalidShowError(found)}" if found else show


async def load_show(library: Path, project: str) -> Show:
    """A project's show; raises ProjectError. Given up when cancelled."""
    script = project_folder(library, project) / "script.xml"
    try:
        with anyio.fail_after(READ_DEADLINE_S):
            result = await anyio.to_process.run_sync(read_sound_show, script, cancellable=True)
    except TimeoutError:
        raise ProjectError(f"{script}: not read within {READ_DEADLINE_S:g} s") from None
    except anyio.BrokenWorkerProcess as error:  # no memory, or somebody killed it
        raise ProjectError(f"{script}: the process that read it has died; load again") from error
    except OSError as error:
        raise ProjectError(f"{script}: no process can be started: {error.strerror}") from error
    if isinstance(result, str):
        raise ProjectError(result)
    return result
