"""Scripts for the tests of checks: each cue on a line of its own, ten apart."""

from collections.abc import Iterable

from cuems.core.cuelist import walk
from cuems.core.cues import AnyCue, CueId
from cuems.core.findings import Finding, Script, to_script
from tests.build import show

LINES_A_CUE = 10


def script(*contents: AnyCue) -> Script:
    """A script of these cues, read from `script.xml`; the root stands on line 0."""
    authored = show(*contents)
    lines: dict[CueId, int] = {}
    repeats: list[tuple[CueId, int]] = []
    for number, cue in enumerate(walk(authored.cue_list)):
        if cue.id in lines:
            repeats.append((cue.id, LINES_A_CUE * number))
        else:
            lines[cue.id] = LINES_A_CUE * number
    return to_script("script.xml", authored, lines, repeats)


def told(findings: Iterable[Finding]) -> list[tuple[str, str, int | None]]:
    """Severity, code and line of each."""
    return [(finding.severity.value, finding.code, finding.line) for finding in findings]


def only(findings: Iterable[Finding]) -> Finding:
    """The one finding there is."""
    (finding,) = findings
    return finding
