"""A check of a project: what the disks and ffprobe say, judged by the core."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import anyio
import anyio.to_process

from cuems.adapters.media_probe import probe
from cuems.app.check_files import SCRIPT_FILE, CheckRequest, Looked, look
from cuems.core.check import check_script
from cuems.core.check_fields import check_fields
from cuems.core.check_media import check_media
from cuems.core.check_outputs import check_outputs
from cuems.core.cues import MediaCue
from cuems.core.errors import CuemsError
from cuems.core.findings import Finding, Script, Severity, in_file_order
from cuems.core.media_facts import MeasuredMedia, MediaFacts, UnmeasuredMedia
from cuems.players import ByMpv, casting
from cuems.players.limits import check_players
from cuems.players.mpv import REMEDY as INSTALL_MPV

LOOK_DEADLINE_S = 60.0  # 10 000 cues and their files take a few; a dead network drive for ever
PROBES_AT_ONCE = 4  # a probe waits for the disk more than it computes

OnProgress = Callable[[int, int], None]


class NoSuchProjectError(CuemsError):
    """Nothing to check under that name."""


class CheckError(CuemsError):
    """The check could not be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What was found, in file order; `cues` is None where there is no script to look into."""

    project: str
    folder: Path
    cues: int | None
    media_files: int
    findings: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        """How many findings are so bad."""
        return Counter(finding.severity for finding in self.findings)[severity]


def _no_progress(_done: int, _of: int) -> None:
    pass


async def check_project(
    request: CheckRequest, on_progress: OnProgress = _no_progress
) -> CheckReport:
    """Check a project; `on_progress` is told how many media files of how many were probed.

    Raises NoSuchProjectError, CheckError.
    """
    looked = await _look(request)
    media = dict(looked.media)
    if looked.ffprobe is not None:
        await _probe_all(looked.ffprobe, looked.media_folder, media, on_progress)
    return CheckReport(
        project=looked.folder.name,
        folder=looked.folder,
        cues=None if looked.script is None else len(looked.script.cues()),
        media_files=len(media),
        findings=in_file_order(chain(looked.findings, _findings(looked, media))),
    )


async def _look(request: CheckRequest) -> Looked:
    try:
        with anyio.fail_after(LOOK_DEADLINE_S):
            looked = await anyio.to_process.run_sync(look, request, cancellable=True)
    except TimeoutError:
        reason = f"its files were not read within {LOOK_DEADLINE_S:g} s: check the disk"
        raise CheckError(f"{request.project}: {reason}") from None
    if isinstance(looked, str):
        raise NoSuchProjectError(looked)
    return looked


async def _probe_all(
    program: str, folder: Path, media: dict[str, MediaFacts], on_progress: OnProgress
) -> None:
    """Put what ffprobe says in place of what was known of every file that can be opened."""
    names = [
        name for name, facts in media.items() if isinstance(facts, UnmeasuredMedia | MeasuredMedia)
    ]
    limiter = anyio.CapacityLimiter(PROBES_AT_ONCE)
    done = 0

    async def probe_one(name: str) -> None:
        nonlocal done
        async with limiter:
            media[name] = await probe(program, folder / name)
        done += 1
        on_progress(done, len(names))

    async with anyio.create_task_group() as tg:
        for name in names:
            tg.start_soon(probe_one, name)


def _findings(looked: Looked, media: dict[str, MediaFacts]) -> list[Finding]:
    script = looked.script
    if script is None:
        return []
    found = [*check_script(script), *check_fields(script)]
    found += check_media(script, media, str(looked.media_folder))
    found += check_players(script, looked.players, looked.rig)
    if looked.rig is not None:
        found += check_outputs(script, looked.rig)
    elif not any(finding.file.endswith("mappings.xml") for finding in looked.findings):
        found.append(_no_mappings(looked))
    found += _missing_tools(looked, script)
    return found


def _no_mappings(looked: Looked) -> Finding:
    return Finding(
        severity=Severity.ADVICE,
        code="no-mappings",
        file=str(looked.folder / SCRIPT_FILE),
        text="the project has no mappings.xml, and --config no default_mappings.xml: whether the"
        " outputs that cues name exist was not checked",
        remedy="save the project in the editor, or give --config",
    )


def _missing_tools(looked: Looked, script: Script) -> list[Finding]:
    cues = [cue for cue in script.cues() if isinstance(cue, MediaCue)]
    by_mpv = [cue for cue in cues if isinstance(casting(cue, looked.players), ByMpv)]
    found = []
    if by_mpv and not looked.has_mpv:
        found.append(
            Finding(
                severity=Severity.WARNING,
                code="no-mpv",
                file=script.file,
                text=f"mpv is not installed here: {len(by_mpv)} cues cannot play on this machine",
                remedy=INSTALL_MPV,
            )
        )
    if cues and looked.ffprobe is None:
        found.append(
            Finding(
                severity=Severity.ADVICE,
                code="no-ffprobe",
                file=script.file,
                text="ffprobe is not installed here: media files were only looked for, and WAV"
                " headers read",
                remedy="apt install ffmpeg, then run this again",
            )
        )
    return found
