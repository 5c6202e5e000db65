import json
from pathlib import Path

from cuems.app.check import CheckReport
from cuems.cli.check import summary, table, to_json
from cuems.core.cues import CueId
from cuems.core.findings import Finding, Severity

FOLDER = Path("/lib/projects/p")
ERROR = Finding(
    severity=Severity.ERROR,
    code="media-missing",
    file="/lib/projects/p/script.xml",
    line=12,
    cue=CueId("c"),
    name="Gong",
    text="there is no 'gong.wav' in /lib/media",
    remedy="copy it there",
)
ADVICE = Finding(
    severity=Severity.ADVICE,
    code="long-gop",
    file="/etc/cuems/settings.xml",
    text="one two three four five six seven eight nine ten eleven twelve",
    remedy="do this:",
    command="ffmpeg " + "-x " * 40,
)


def report(*findings: Finding, cues: int | None = 2) -> CheckReport:
    return CheckReport(project="p", folder=FOLDER, cues=cues, media_files=1, findings=findings)


def plain(lines: list[str]) -> list[str]:
    for style in ("\x1b[31m", "\x1b[33m", "\x1b[36m", "\x1b[32m", "\x1b[1m", "\x1b[0m"):
        lines = [line.replace(style, "") for line in lines]
    return lines


def test_a_finding_is_a_row_with_its_remedy_below_the_text() -> None:
    assert plain(list(table(report(ERROR)))) == [
        "error    script.xml:12  Gong  there is no 'gong.wav' in /lib/media",
        "                              → copy it there",
    ]


def test_the_rows_of_all_findings_are_aligned() -> None:
    lines = plain(list(table(report(ADVICE, ERROR))))
    assert lines[0].index("one two") == lines[3].index("there is no")
    assert lines[0].startswith("advice   /etc/cuems/settings.xml  ")


def test_text_is_wrapped_to_the_terminal_and_a_command_never_is() -> None:
    lines = plain(list(table(report(ADVICE), width=80)))
    texts, command = lines[:-1], lines[-1]
    assert len(texts) == 3
    assert all(len(line) <= 80 for line in texts)
    assert command.strip() == ADVICE.command.strip()


def test_a_long_name_is_cut() -> None:
    named = Finding(severity=Severity.ERROR, code="", file="f", name="n" * 60, text="t")
    assert f"{'n' * 19}…  t" in plain(list(table(report(named))))[0]


def test_what_a_file_says_cannot_command_the_terminal() -> None:
    evil = Finding(severity=Severity.ERROR, code="", file="f", name="\x1b[2J", text="a\nb\x07")
    (line,) = plain(list(table(report(evil))))
    assert "\x1b" not in line
    assert line.endswith("�[2J  a�b�")


def test_the_summary_says_whether_the_show_can_go_on() -> None:
    (bad,) = plain([summary(report(ERROR, ADVICE))])
    assert bad == "p is not ready: 1 error, no warnings, 1 advice (2 cues, 1 media file)"
    (good,) = plain([summary(report(ADVICE, ADVICE))])
    assert good == "p is ready: no errors, no warnings, 2 advice (2 cues, 1 media file)"
    (unread,) = plain([summary(report(ERROR, cues=None))])
    assert unread.endswith("(cues and media not checked: correct script.xml first)")


def test_the_json_has_everything_the_table_has() -> None:
    told = json.loads(to_json(report(ERROR)))
    assert told["counts"] == {"error": 1, "warning": 0, "advice": 0}
    assert told["findings"] == [
        {
            "severity": "error",
            "code": "media-missing",
            "file": "/lib/projects/p/script.xml",
            "line": 12,
            "cue": "c",
            "name": "Gong",
            "field": "",
            "value": "",
            "text": "there is no 'gong.wav' in /lib/media",
            "remedy": "copy it there",
            "command": "",
        }
    ]
